"""The engines of a running day: that of the policy that decides, and that of the shadow, which only watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.app.activate import ActivePolicy
from policytrader.app.decision_log import DecisionLog
from policytrader.engine.evaluate import Engine
from policytrader.errors import PolicyError, StoreError, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from policytrader.app.tick import Tick
    from policytrader.model.money import MinimumSize
    from policytrader.policy.schedule import SchedulePolicy
    from policytrader.ports import Say
    from policytrader.ports.store import RuleStore


class _InUse:
    """One policy in use, with its engine; a newer one that cannot be used is told once, and the last good one stays."""

    def __init__(self, store: RuleStore, minimum: MinimumSize, say: Say, *, shadow: bool) -> None:
        self._active = ActivePolicy(store, shadow=shadow)
        self._minimum = minimum
        self._say = say
        self._name = "shadow" if shadow else "policy"
        self._told = ""
        self.engine: Engine | None = None

    @property
    def short_hash(self) -> str:
        return self._active.policy.hash[:12] if self._active.policy is not None else ""

    def refresh(self, now: datetime) -> Engine | None:
        """Take over what is activated. Raises ``PolicyError`` where there is no last good one."""
        has_changed = self._active.refresh()
        self.refused(now, self._active.problem)
        policy = self._active.policy
        if policy is None or has_changed or self.engine is None:
            engine = Engine(policy, minimum=self._minimum) if policy is not None else None
            self.close()
            self.engine = engine
            if policy is not None:
                self._say("info", self._name, now, hash=policy.hash)
        return self.engine

    def refused(self, now: datetime, problem: str) -> None:
        """Say why the newest is not the one in use, unless that was said; nothing where it is."""
        if problem and problem != self._told:
            self._say("error", f"{self._name}_refused", now, why=problem, keeps=self.short_hash)
        self._told = problem

    def close(self) -> None:
        engine, self.engine = self.engine, None
        if engine is not None:
            engine.close()


class Engines:
    """Takes an activated policy over between two ticks, and nowhere else."""

    def __init__(self, store: RuleStore, minimum: MinimumSize, mode: str, say: Say) -> None:
        """Nothing is read yet."""
        self._active = _InUse(store, minimum, say, shadow=False)
        self._shadow = _InUse(store, minimum, say, shadow=True)
        self._shadow_log = DecisionLog(store, mode, is_shadow=True)

    def current(self, now: datetime) -> Engine:
        """The active policy's engine.

        Raises ``UsageError`` where none is activated, ``PolicyError`` where the first one cannot be used.
        """
        engine = self._active.refresh(now)
        if engine is None:
            message = "no policy is activated: `policytrader activate` checks the project's rules and stores them"
            raise UsageError(message)
        return engine

    @property
    def schedule(self) -> SchedulePolicy | None:
        """When the policy in use ticks; None before the first."""
        return self._active.engine.policy.schedule if self._active.engine is not None else None

    @property
    def short_hash(self) -> str:
        """How lines name the policy in use."""
        return self._active.short_hash

    def follow_shadow(self, tick: Tick) -> None:
        """What the shadow policy would have decided, into the decision log; it never sends, and never stops a tick."""
        try:
            engine = self._shadow.refresh(tick.at)
            if engine is not None:
                self._shadow_log.append_changed(engine.evaluate(tick.plan.snapshot))
        except (PolicyError, StoreError) as error:
            self._shadow.refused(tick.at, error.render())

    def close(self) -> None:
        """Give both back."""
        self._active.close()
        self._shadow.close()
