"""``bets.csv``: bets to be graded against one match, without a store. A row that cannot be read refuses no other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from policytrader.app.csv_rows import UNFIT, Row, column_problems, is_fit, plain_number, read_rows, read_text
from policytrader.authoring.suggest import did_you_mean, quoted
from policytrader.errors import Diagnostic, Place, Severity, SnapshotError
from policytrader.model.grades import BetToGrade
from policytrader.model.money import ONE, PENNY, ZERO, half_up

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Warn: TypeAlias = Callable[[Diagnostic], object]

REQUIRED = ("market", "player_or_team", "direction", "threshold")
OPTIONAL = ("period", "odds", "stake", "bookmaker")
COLUMNS = (*REQUIRED, *OPTIONAL)
_COLUMNS_READ = f"Columns that are read: {', '.join(COLUMNS)}."
MATCH = "match"
"""What ``player_or_team`` says for a total of the match."""

DEFAULT_ODDS, DEFAULT_STAKE = Decimal("2.00"), Decimal("1.00")
MOST_ODDS, MOST_STAKE = Decimal(10_000), Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class BetRow:
    """A row: the bet, or the ``problem`` for which there is none. ``row`` counts from 0."""

    row: int
    bet: BetToGrade | None
    problem: str = ""


def read_bet_file(path: Path, warn: Warn) -> tuple[BetRow, ...]:
    """Every row of the file; ``warn`` is told what is not read of it.

    Raises ``SnapshotError`` for a file that is none, or without the columns.
    """
    return read_bets(read_text(path, "bets"), str(path), warn)


def read_bets(text: str, file: str, warn: Warn) -> tuple[BetRow, ...]:
    """Every row of a text with a header line; ``file`` is its name in messages."""
    numbers = count()
    extra: list[Diagnostic] = []

    def check_header(header: list[str], place: Place) -> list[Diagnostic]:
        extra.extend(_extra_columns(header, place))
        return _header_problems(header, place)

    def read(row: Row) -> BetRow:
        bet = _bet(row)
        number = next(numbers)
        return BetRow(number, replace(bet, key=str(number)))

    def instead(error: SnapshotError) -> BetRow:
        return BetRow(next(numbers), None, "; ".join(one.message for one in error.diagnostics))

    rows = read_rows(text, file, check_header=check_header, read_row=read, empty=None, instead=instead)
    if not rows:
        extra.append(Diagnostic(Place(file), "S105", "the file holds no bets", severity=Severity.WARNING))
    for one in extra:
        warn(one)
    return rows


def _header_problems(header: list[str], place: Place) -> list[Diagnostic]:
    read = [name for name in header if not _is_extra(name, header)]
    return column_problems(read, place, required=REQUIRED, optional=OPTIONAL)


def _is_extra(name: str, header: list[str]) -> bool:
    """Whether a column is none of ours, nor one that is missing in other letters: its default would be a guess."""
    missing = [one for one in COLUMNS if one not in header]
    return name not in COLUMNS and not did_you_mean(name, missing)


def _extra_columns(header: list[str], place: Place) -> list[Diagnostic]:
    return [
        Diagnostic(
            place,
            "S104",
            f"column {quoted(name)} is not read{did_you_mean(name, COLUMNS)}",
            _COLUMNS_READ,
            severity=Severity.WARNING,
        )
        for name in dict.fromkeys(header)
        if _is_extra(name, header)
    ]


def _bet(row: Row) -> BetToGrade:
    for name, cell in row.cells.items():
        if name in COLUMNS and not is_fit(cell):
            _refuse(row, name, "S113", UNFIT)
    for name in ("market", "player_or_team"):
        if not row.cells[name]:
            _refuse(row, name, "S105", "empty")
    named = None if row.cells["player_or_team"].casefold() == MATCH else row.cells["player_or_team"]
    return BetToGrade(
        key="",
        market=row.cells["market"],
        direction=row.cells["direction"] or None,
        line=_number(row, "threshold") if row.cells["threshold"] else None,
        odds=_amount(row, "odds", DEFAULT_ODDS, above=ONE, most=MOST_ODDS),
        stake=_stake(row),
        period=row.cells.get("period") or None,
        # Which of the two is meant, the market says.
        player_name=named,
        team_name=named,
        bookmaker=row.cells.get("bookmaker") or None,
    )


def _amount(row: Row, name: str, default: Decimal, *, above: Decimal, most: Decimal) -> Decimal:
    if not row.cells.get(name):
        return default
    amount = _number(row, name)
    if not above < amount <= most:
        _refuse(row, name, "S106", f"{row.cells[name]} must be more than {above} and at most {most:,}")
    return amount


def _stake(row: Row) -> Decimal:
    """Whole pennies, a half up, as tracked stakes are."""
    stake = half_up(_amount(row, "stake", DEFAULT_STAKE, above=ZERO, most=MOST_STAKE))
    if not stake:
        _refuse(row, "stake", "S106", f"{row.cells['stake']} must be at least {PENNY}")
    return stake


def _number(row: Row, name: str) -> Decimal:
    number = plain_number(row.cells[name])
    if number is None:
        hint = ": decimals follow a point, as in 1.5" if "," in row.cells[name] else ""
        _refuse(row, name, "S106", f"{row.cells[name]} is not a plain number{hint}")
    return number


def _refuse(row: Row, column: str, code: str, problem: str) -> NoReturn:
    raise SnapshotError([Diagnostic(row.place_of(column), code, f"{column}: {problem}")])
