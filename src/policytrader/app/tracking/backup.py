"""A user's bets as a whole: each with its history, so that an empty store has them again as they were.

A file of bets says what a bet is now; a backup also says how it came to be so, and which bets were deleted. It is read
to the letter, where a file of another tracker is read as if a person typed it.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from policytrader.app.csv_rows import plain_number
from policytrader.app.tracking.changes import first_entry
from policytrader.app.tracking.records import RESULT, json_value, nested_record
from policytrader.app.tracking.values import Refusal
from policytrader.model.money import ONE, ZERO
from policytrader.model.outcomes import Outcome, Reason
from policytrader.model.times import parse_utc
from policytrader.model.tracked import BotType, By, Change, HistoryEntry, ResultTracking, TrackedBet
from policytrader.model.tracked_checks import kept_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from dataclasses import Field
    from datetime import datetime
    from decimal import Decimal

    from policytrader.ports.bet_store import BetStore, Owner

HISTORY: Final = "history"
"""The key of a bet's history: a bet that has it is one of a backup."""
_OF_BET = ("bet_id", "user_id")
_OTHER_NAMES = {"from_status": "from", "to_status": "to"}
_SHOWN = 40

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class KeptBet:
    """A bet of a backup, and the steps that lead to it: its content is that of the last one in all of them."""

    bet: TrackedBet
    entries: tuple[HistoryEntry, ...]

    @property
    def steps(self) -> list[tuple[TrackedBet, HistoryEntry]]:
        """What a store is to do, one after the other; the first adds the bet."""
        return [(replace(self.bet, version=entry.version), entry) for entry in self.entries]

    def goes_on_after(self, history: Sequence[HistoryEntry]) -> bool:
        """Whether a store that has this history has a beginning of this bet's."""
        return 0 < len(history) < len(self.entries) and tuple(history) == self.entries[: len(history)]


def backup_records(store: BetStore, owner: Owner, bets: Iterator[TrackedBet]) -> Iterator[dict[str, Any]]:
    """Each bet as JSON has it, with its history."""
    for bet in bets:
        entries = store.history(owner, bet.bet_id)
        # Of a bet that is changed meanwhile: nothing of what it is not yet.
        told = [_entry_record(entry) for entry in entries if entry.version <= bet.version]
        yield nested_record(bet) | {HISTORY: told}


def kept_bet(row: Mapping[str, Any]) -> KeptBet:
    """The bet of a flat row with a history. Raises ``Refusal`` where it is none, or not whole."""
    told = row[HISTORY]
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        message = f"{HISTORY}: is not a list of entries"
        raise Refusal(message)
    bet = _made(TrackedBet, row, {"result": _made(ResultTracking, row, {}, RESULT)})
    of_bet = {name: getattr(bet, name) for name in _OF_BET}
    entries = tuple(_made(HistoryEntry, one, of_bet, f"{HISTORY}: ") for one in told)
    _check(bet, entries)
    # A bet of another program has no history: what is known of it is that it came from here.
    whole = KeptBet(bet, entries or (first_entry(bet, By.IMPORT, Change.IMPORTED),))
    try:
        steps = [kept_step(*step) for step in whole.steps]
    except ValueError as error:
        raise Refusal(str(error)) from None
    return KeptBet(steps[-1][0], tuple(entry for _, entry in steps))


def _entry_record(entry: HistoryEntry) -> dict[str, Any]:
    return {
        _OTHER_NAMES.get(field.name, field.name): json_value(getattr(entry, field.name))
        for field in fields(entry)
        if field.name not in _OF_BET
    }


def _check(bet: TrackedBet, entries: Sequence[HistoryEntry]) -> None:
    """What every bet of a store is, whoever wrote the file."""
    versions = [entry.version for entry in entries]
    problems = (
        (bet.odds <= ONE, f"odds: {bet.odds} is not above 1"),
        (bet.actual_stake <= ZERO, f"actual_stake: {bet.actual_stake} is not above 0"),
        (bet.unit_size <= ZERO, f"unit_size: {bet.unit_size} is not above 0"),
        (not bet.bet_id, "bet_id: is empty"),
        (not _is_paid(bet), "profit_loss: is not what returned, less the stake"),
        (
            bool(versions) and versions != list(range(bet.version - len(versions) + 1, bet.version + 1)),
            f"{HISTORY}: its versions do not lead to version {bet.version}",
        ),
        (bool(entries) and entries[-1].to_status is not bet.status, f"{HISTORY}: ends with another status"),
    )
    for is_wrong, message in problems:
        if is_wrong:
            raise Refusal(message)


def _is_paid(bet: TrackedBet) -> bool:
    if not bet.status.is_settled:
        return bet.returns == bet.profit_loss == ZERO
    return bet.returns - bet.actual_stake == bet.profit_loss


def _made(kind: type[Made], row: Mapping[str, Any], known: Mapping[str, Any], prefix: str = "") -> Made:
    """A value of ``kind``, each field by its type; what the file does not have is as it is without."""
    column = "" if kind is HistoryEntry else prefix
    values = dict(known)
    declared: tuple[Field[Any], ...] = fields(kind)  # type: ignore[arg-type]
    for field in declared:
        name = column + _OTHER_NAMES.get(field.name, field.name)
        if field.name in known:
            continue
        if name in row:
            values[field.name] = _value(str(field.type), prefix + field.name, row[name])
        elif field.default is MISSING and field.default_factory is MISSING:
            message = f"{prefix}{field.name}: is missing"
            raise Refusal(message)
    return kind(**values)


def _value(kind: str, name: str, value: Any) -> Any:
    plain = kind.removesuffix(" | None")
    if value is None and plain != kind:
        return None
    try:
        return _READ[plain](value)
    except (ValueError, TypeError):
        message = f"{name}: `{str(value)[:_SHOWN]}` is not what an export has there"
        raise Refusal(message) from None


def _exactly(kind: type[Made]) -> Callable[[Any], Made]:
    def read(value: Any) -> Made:
        if type(value) is not kind:
            raise TypeError
        found: Made = value
        return found

    return read


def _amount(value: Any) -> Decimal:
    number = plain_number(_exactly(str)(value))
    if number is None:
        raise ValueError
    return number


def _moment(value: Any) -> datetime:
    return parse_utc(_exactly(str)(value))


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_exactly(str)(one) for one in _exactly(list)(value))


_READ: Mapping[str, Callable[[Any], Any]] = {
    "str": _exactly(str),
    "int": _exactly(int),
    "bool": _exactly(bool),
    "Decimal": _amount,
    "datetime": _moment,
    "tuple[str, ...]": _texts,
    "Mapping[str, Any]": _exactly(dict),
    "Mapping[str, str | None]": _exactly(dict),
    "BotType": BotType,
    "By": By,
    "Outcome": Outcome,
    "Reason": Reason,
}
"""By the type that a field is declared with."""
