"""The engines of a running day: that of the policy that decides, and that of the shadow, which only watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.app.activate import ActivePolicy
from policytrader.app.decision_log import DecisionLog
from policytrader.engine.evaluate import Engine
from policytrader.errors import PolicyError, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from policytrader.app.surroundings import Say
    from policytrader.app.tick import Tick
    from policytrader.model.money import MinimumSize
    from policytrader.policy.schedule import SchedulePolicy
    from policytrader.ports.store import RuleStore


class Engines:
    """Takes an activated policy over between two ticks, and nowhere else."""

    def __init__(self, store: RuleStore, minimum: MinimumSize, mode: str, say: Say) -> None:
        """Nothing is read yet."""
        self._store = store
        self._minimum = minimum
        self._say = say
        self._active = ActivePolicy(store)
        self._shadow = ActivePolicy(store, shadow=True)
        self._shadow_log = DecisionLog(store, mode)
        self._engine: Engine | None = None
        self._shadow_engine: Engine | None = None
        self._problem = ""

    def current(self, now: datetime) -> Engine:
        """The active policy's engine.

        Raises ``UsageError`` where none is activated, ``PolicyError`` where the first one cannot be used.
        """
        has_changed = self._active.refresh()
        if self._active.problem and self._active.problem != self._problem:
            self._say("error", "policy_refused", now, why=self._active.problem, keeps=self.short_hash)
        self._problem = self._active.problem
        policy = self._active.policy
        if policy is None:
            message = "no policy is activated: `policytrader activate` checks the project's rules and stores them"
            raise UsageError(message)
        if self._engine is None or has_changed:
            engine, old = Engine(policy, minimum=self._minimum), self._engine
            self._engine = engine
            if old is not None:
                old.close()
            self._say("info", "policy", now, hash=policy.hash)
        return self._engine

    @property
    def schedule(self) -> SchedulePolicy | None:
        """When the policy in use ticks; None before the first."""
        return self._engine.policy.schedule if self._engine is not None else None

    @property
    def short_hash(self) -> str:
        """How lines name the policy in use."""
        return self._active.policy.hash[:12] if self._active.policy is not None else ""

    def follow_shadow(self, tick: Tick) -> None:
        """What the shadow policy would have decided, into the decision log; it never sends, and never stops a tick."""
        try:
            has_changed = self._shadow.refresh()
        except PolicyError as error:
            self._say("error", "shadow_refused", tick.at, why=error.render())
            return
        if has_changed:
            if self._shadow_engine is not None:
                self._shadow_engine.close()
            policy = self._shadow.policy
            self._shadow_engine = Engine(policy, minimum=self._minimum) if policy is not None else None
        if self._shadow_engine is not None:
            plan = self._shadow_engine.evaluate(tick.plan.snapshot)
            self._shadow_log.append_changed(plan, is_shadow=True)

    def close(self) -> None:
        """Give both back."""
        for engine in (self._engine, self._shadow_engine):
            if engine is not None:
                engine.close()
