"""What every store of tracked bets asks of a bet before it writes, and in what form it keeps one.

Stores differ in what they would do with NaN, a time of a microsecond or an amount of 40 digits. So that they do not
differ for their users, all of them take exactly what is allowed here, and refuse the rest with ``ValueError``.
"""

from __future__ import annotations

import math
from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NoReturn

from policytrader.model.ids import LARGEST_ID
from policytrader.model.money import ONE, ZERO, divide, half_up

if TYPE_CHECKING:
    from policytrader.model.tracked import HistoryEntry, ResultTracking, TrackedBet

UNIT_STEP = Decimal("0.0000000001")
"""Units are kept, and added up, to ten decimals."""
MAX_UNITS = Decimal(900_000_000)
"""Above any stake, or return, of one bet; sums of millions of such bets are still exact."""
MAX_TEXT, MAX_KEY, MAX_TAGS = 100_000, 1_000, 1_000
"""Characters of a text, characters of one that is looked up by, number of tags."""
MAX_EVIDENCE, MAX_DEPTH = 100_000, 50
"""Values and characters in a mapping of a history entry, together; levels in it."""

_DIGITS_BEFORE, _DIGITS_AFTER = 12, 20
_KEYS = ("bet_id", "dedup_key", "fixture_id", "duplicate_of")
_SHOWN = 60


def kept(bet: TrackedBet) -> TrackedBet:
    """The bet as stores keep it: times in UTC, cut to milliseconds. Raises ``ValueError`` for one that none keeps."""
    _check_whole("user_id", bet.user_id)
    _check_whole("version", bet.version)
    if bet.version < 1:
        _refuse("version", bet.version, "at least 1")
    if len(bet.tags) > MAX_TAGS:
        _refuse("tags", len(bet.tags), f"at most {MAX_TAGS}")
    for tag in bet.tags:
        _check_text("tags", tag, MAX_KEY)
    result = replace(bet.result, **_cut(bet.result))
    bet = replace(bet, result=result, tags=tuple(bet.tags), **_cut(bet))
    for units in (units_of(bet, bet.actual_stake), units_of(bet, bet.returns), _units_to_win(bet)):
        if abs(units) > MAX_UNITS:
            amounts = f"{bet.actual_stake} at odds {bet.odds} and unit_size {bet.unit_size}"
            _refuse("actual_stake", amounts, f"what returns at most {MAX_UNITS:,} units")
    return bet


def kept_entry(entry: HistoryEntry) -> HistoryEntry:
    """The same for a history entry; its mappings become plain dicts and lists."""
    _check_whole("user_id", entry.user_id)
    _check_whole("version", entry.version)
    mappings = {name: plain(name, getattr(entry, name)) for name in ("evidence", "before", "after")}
    return replace(entry, **mappings, **_cut(entry))


def kept_time(moment: datetime, name: str = "time") -> datetime:
    """In UTC, cut to milliseconds. Raises ``ValueError`` for a time without a zone."""
    if moment.tzinfo is None:
        _refuse(name, moment, "a time with a zone")
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        _refuse(name, moment, "within the years 1 to 9999 in UTC")
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def kept_step(changed: TrackedBet, entry: HistoryEntry) -> tuple[TrackedBet, HistoryEntry]:
    """Both as they are kept. Raises ``ValueError`` also where the entry is not of this version of this bet."""
    if (entry.bet_id, entry.user_id, entry.version) != (changed.bet_id, changed.user_id, changed.version):
        message = f"bet {changed.bet_id}, version {changed.version}: its history entry is of another bet or version"
        raise ValueError(message)
    return kept(changed), kept_entry(entry)


def is_done(there: TrackedBet, known: HistoryEntry | None, changed: TrackedBet, entry: HistoryEntry) -> bool:
    """Whether a step was done before: ``there`` is the stored bet, ``known`` its history entry of that version.

    A later version stands on the step, whatever it changed since. What a look at a pending bet left is no version.
    """
    if known != entry or there.version < changed.version:
        return False
    return there.version > changed.version or _without_look(there) == _without_look(changed)


def units_of(bet: TrackedBet, amount: Decimal) -> Decimal:
    """An amount of the bet's in its own units, half up at ten decimals; zero where the unit is not above zero."""
    return half_up(divide(amount, bet.unit_size), UNIT_STEP) if bet.unit_size > ZERO else ZERO


def closing_line_value(bet: TrackedBet) -> Decimal | None:
    """Odds taken against the last odds before kick-off, less one: 3.30 against 3.20 is 0.03125.

    Half up at ten decimals. None without closing odds, or with zero, which another program may have written.
    """
    if not bet.closing_odds:
        return None
    value = divide(bet.odds, bet.closing_odds) - ONE
    # What no odds come to has no decimals worth rounding, and may have more digits than can be rounded.
    return half_up(value, UNIT_STEP) if abs(value) < MAX_UNITS else value


def plain(name: str, value: object) -> Any:
    """JSON values as plain dicts, lists and texts; ``name`` is for the error. Raises ``ValueError`` for others."""
    return _Plain(name).of(value, MAX_DEPTH)


class _Plain:
    """One mapping on its way in; counts what it holds, for a document has to fit into every store."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._room = MAX_EVIDENCE

    def of(self, value: object, levels: int) -> Any:
        self._take(1)
        if levels < 0:
            _refuse(self._name, "…", f"at most {MAX_DEPTH} levels")
        if isinstance(value, str):
            return self._text(value)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            _check_whole(self._name, value)
            return value
        if isinstance(value, float):
            if not math.isfinite(value):
                _refuse(self._name, value, "a finite number")
            return value
        return self._nested(value, levels)

    def _nested(self, value: object, levels: int) -> Any:
        if isinstance(value, (list, tuple)):
            return [self.of(one, levels - 1) for one in value]
        if hasattr(value, "items"):
            return {self._key(key): self.of(one, levels - 1) for key, one in value.items()}
        return _refuse(self._name, value, "a JSON value")

    def _key(self, key: object) -> str:
        if not isinstance(key, str):
            _refuse(self._name, key, "a text as key")
        return self._text(key)

    def _text(self, text: str) -> str:
        self._take(len(text))
        if not _is_text(text):
            _refuse(self._name, text, "text")
        return str(text)

    def _take(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            _refuse(self._name, "…", f"at most {MAX_EVIDENCE:,} values and characters")


def _cut(value: TrackedBet | ResultTracking | HistoryEntry) -> dict[str, Any]:
    """Check every field of a simple kind; the times among them, as they are kept."""
    times = {}
    for field in fields(value):
        found = getattr(value, field.name)
        if isinstance(found, Decimal):
            _check_amount(field.name, found)
        elif isinstance(found, datetime):
            times[field.name] = kept_time(found, field.name)
        elif isinstance(found, str) and not isinstance(found, StrEnum):
            _check_text(field.name, found, MAX_KEY if field.name in _KEYS else MAX_TEXT)
        elif isinstance(found, float):
            _refuse(field.name, found, "a Decimal")
        elif isinstance(found, int):
            _check_whole(field.name, found)
    return times


def _without_look(bet: TrackedBet) -> TrackedBet:
    notes: dict[str, Any] = {"last_checked_at": None, "first_seen_value": None, "first_seen_at": None}
    if not bet.status.is_settled:
        notes["reason"] = None
    return replace(bet, result=replace(bet.result, **notes))


def _units_to_win(bet: TrackedBet) -> Decimal:
    return units_of(bet, bet.actual_stake * bet.odds)


def _check_amount(name: str, amount: Decimal) -> None:
    if not amount.is_finite():
        _refuse(name, amount, "a finite number")
    # By digits: arithmetic would round at the context's precision before it compared.
    _, digits, exponent = amount.as_tuple()
    assert isinstance(exponent, int)
    if len(digits) + exponent > _DIGITS_BEFORE and amount:
        _refuse(name, amount, f"at most {_DIGITS_BEFORE} digits before the point")
    if -exponent > _DIGITS_AFTER:
        _refuse(name, amount, f"at most {_DIGITS_AFTER} decimals")
    if exponent > _DIGITS_BEFORE:
        _refuse(name, amount, "an amount that is written out")


def _check_whole(name: str, value: object) -> None:
    if not isinstance(value, int) or abs(value) > LARGEST_ID:
        _refuse(name, value, "a whole number of eight bytes")


def _check_text(name: str, text: str, length: int) -> None:
    if len(text) > length:
        _refuse(name, f"{text[:20]}…", f"at most {length:,} characters")
    if "\0" in text or not _is_text(text):
        _refuse(name, text, "text without NUL and without halves of characters")


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse(name: str, value: object, wanted: str) -> NoReturn:
    shown = repr(value)
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
    message = f"{name}: {shown} cannot be stored, only {wanted}"
    raise ValueError(message)
