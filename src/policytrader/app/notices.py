"""What a person is told while the daemon trades: a line for what matters, nothing for a tick in which all is well.

The second consumer of the daemon's log. What the log does not say (levers that were pulled, cash-outs that ended) is
read from the store after each tick; a store that fails costs the line, never the tick.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from policytrader.errors import PolicytraderError
from policytrader.model.journal import ControlKind, EventKind
from policytrader.model.money import ZERO, money_text
from policytrader.model.times import LONDON, london_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime

    from policytrader.model.journal import Control
    from policytrader.ports.store import Store

_LOOK_BACK = timedelta(days=1)

_FORMS: dict[str, str] = {
    "activated": "rules activated: {policy:.12}",
    "policy": "policy {hash:.12} decides",
    "leads": "leads, epoch {epoch}; {quarantined} of unknown fate from before",
    "standby": "standby: another process leads",
    "lease_lost": "LEASE LOST, nothing more is sent: {why}",
    "order": "{purpose} {side} {size} @ {price}, {selection}: {fate} {code}",
    "invalidated": "INVALID {selection}: {why}",
    "no_orders": "NO ORDERS, the {because} fails: {why}",
    "recovered": "recovered after {failures} failures",
    "policy_refused": "POLICY REFUSED, {keeps} stays: {why}",
    "shadow_refused": "shadow policy refused: {why}",
    "clock_jump": "CLOCK: {why}",
    "clock_skew": "CLOCK: {why}",
    "ended": "ended ({reason}): {orders} orders in {ticks} ticks, {without_result} picks without a result",
    "failed": "ENDED BY AN ERROR: {why}",
}
_LEVERS = {
    ControlKind.KILL: "KILLED by {who}: {why}",
    ControlKind.PAUSE: "paused by {who}: {why}",
    ControlKind.RESUME: "resumed by {who}: {why}",
    ControlKind.LATCH: "LATCH {about}: {why}",
}


class _Fields(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


class Notices:
    """Takes the daemon's log lines and sends what a person wants to know; use it as a ``Say``."""

    def __init__(self, send: Callable[[str], None], store: Store, started_at: datetime) -> None:
        """What was pulled before ``started_at`` is no news."""
        self._send = send
        self._store = store
        self._since = started_at - _LOOK_BACK
        self._last_control: int | None = None
        self._last_event: int | None = None
        self._failing = ""
        self._look()

    def __call__(self, level: str, event: str, at: datetime | None, **fields: Any) -> None:  # noqa: ARG002 - a Say
        """One line of the log."""
        if event in {"tick", "ended"}:
            self._look()
        if self._is_repeated(event, fields):
            return
        form = _FORMS.get(event)
        if form is not None:
            self._line(at, " ".join(form.format_map(_Fields(fields)).split()))
        if event == "ended" and at is not None:
            self._totals(london_day(at), at)

    def _is_repeated(self, event: str, fields: dict[str, Any]) -> bool:
        """The same failure again: told once, until something works or something else fails."""
        if event == "no_orders":
            what = f"{fields.get('because')} {fields.get('code')}"
            is_same, self._failing = what == self._failing, what
            return is_same
        if event in {"tick", "recovered"}:
            self._failing = ""
        return False

    def _line(self, at: datetime | None, text: str) -> None:
        self._send(f"{at.astimezone(LONDON):%H:%M:%S}  {text}" if at is not None else text)

    # --- What the store says ------------------------------------------------------------------------------------------

    def _look(self) -> None:
        for news in (self._new_controls(), self._new_endings()):
            with suppress(PolicytraderError):  # the next look finds it
                for at, text in news:
                    self._line(at, text)

    def _new_controls(self) -> Iterator[tuple[datetime, str]]:
        found = self._store.controls(self._since)
        last, self._last_control = self._last_control, max((one.seq for one in found), default=0)
        if last is None:
            return
        for control in found:
            if control.seq > last:
                yield control.at, " ".join(_lever(control).split())

    def _new_endings(self) -> Iterator[tuple[datetime, str]]:
        last = self._last_event
        after = last or 0
        while found := self._store.events(since=self._since, after=after):
            after = found[-1].seq
            for event in found:
                if last is not None and event.kind == EventKind.CASH_OUT:
                    yield event.at, f"cash-out done ({event.code}): {event.detail}"
        self._last_event = after

    def _totals(self, day: date, at: datetime) -> None:
        try:
            results = self._store.live_results(day)
        except PolicytraderError as error:
            self._line(at, f"the day's totals cannot be read: {error.render()}")
            return
        profit = sum((one.profit or ZERO for one in results), ZERO)
        commission = sum((one.commission or ZERO for one in results), ZERO)
        net = profit - commission
        money = f"profit {money_text(profit)}, commission {money_text(commission)}, net {money_text(net)}"
        self._line(at, f"{day.isoformat()}: {len(results)} results, {money}")


def _lever(control: Control) -> str:
    about = f"{control.cause} {control.subject}".strip()
    return _LEVERS[control.kind].format(who=control.who, why=control.why, about=about)
