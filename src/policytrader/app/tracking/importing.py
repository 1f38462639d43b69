"""Bets from a file: what is new is added, what is there stays as it is, and what is unclear is listed for a person.

A file changes no bet that is there, brings no deleted one back, and drops nothing in silence: a bet that looks like
another may really have been placed twice.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from policytrader.app.tracking import values
from policytrader.app.tracking.changes import first_entry
from policytrader.app.tracking.imported_bet import COLUMNS_READ, OTHER_NAMES, imported_bet
from policytrader.app.tracking.records import SCHEMA, flat, from_cell
from policytrader.app.tracking.values import Refusal
from policytrader.authoring.suggest import did_you_mean, quoted
from policytrader.errors import StoreConflictError
from policytrader.model.tracked import By, Change, TrackedBet
from policytrader.ports.bet_store import BetFilter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policytrader.app.tracking.book import BetBook
    from policytrader.ports.bet_store import Owner

FORMS = ("csv", "json")
_CHANGES_BY_ITSELF = ("version", "deleted_at", "dedup_key", "duplicate_of", "result", "market_key")
"""What differs between a file and a store without anybody's doing."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A row that was not added, and why. ``row`` counts from 1, as rows of bets; ``bet_id`` is the bet it is like."""

    row: int
    why: str
    bet_id: str | None = None


@dataclass(slots=True)
class Imported:
    """What became of each row."""

    added: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    deleted: list[Remark] = field(default_factory=list)
    review: list[Remark] = field(default_factory=list)
    refused: list[Remark] = field(default_factory=list)

    @property
    def message(self) -> str:
        """In words."""
        parts = (
            (len(self.added), "added"),
            (len(self.unchanged), "there already"),
            (len(self.deleted), "deleted here, and left so"),
            (len(self.review), "to review"),
            (len(self.refused), "refused"),
        )
        return ", ".join(f"{number} {word}" for number, word in parts if number) or "the file holds no bets"

    def document(self) -> dict[str, Any]:
        """Ids of bets, and remarks on rows."""
        return {
            "added": list(self.added),
            "unchanged": list(self.unchanged),
            "deleted": _remarks(self.deleted),
            "review": _remarks(self.review),
            "refused": _remarks(self.refused),
        }


def _remarks(remarks: list[Remark]) -> list[dict[str, Any]]:
    return [{"row": one.row, "why": one.why, "bet_id": one.bet_id} for one in remarks]


def import_bets(book: BetBook, owner: Owner, text: object, form: object, *, unit_size: object = None) -> Imported:
    """Add what is new. ``unit_size`` is for rows without one. Raises ``Refusal`` for a file that is none of ours."""
    if form not in FORMS:
        message = f"form: {quoted(str(form))} is not one of {', '.join(FORMS)}"
        raise Refusal(message)
    if not isinstance(text, str):
        message = "text: must be the text of a file"
        raise Refusal(message)
    rows = list(_csv_rows(text) if form == "csv" else _json_rows(text))
    found = Imported()
    # Read once: a file of many bets asks nothing of the store for each of them.
    known = {bet.bet_id: bet for bet in book.store.bets(owner, BetFilter(with_deleted=True))}
    # The first of two equal bets is there before the second, which names it.
    for number, row in sorted(rows, key=lambda one: isinstance(one[1], dict) and bool(one[1].get("duplicate_of"))):
        if isinstance(row, str):
            found.refused.append(Remark(number, row))
            continue
        try:
            _import_one(book, owner, number, _with_unit(row, unit_size), known, found)
        except Refusal as refusal:
            found.refused.append(Remark(number, str(refusal)))
    for remarks in (found.deleted, found.review, found.refused):
        remarks.sort(key=lambda one: one.row)
    return found


def _import_one(
    book: BetBook, owner: Owner, number: int, row: Mapping[str, Any], known: dict[str, TrackedBet], found: Imported
) -> None:
    bet_id = values.text("bet_id", row.get("bet_id"))
    there = known.get(bet_id) if bet_id is not None else None
    if there is not None and there.deleted_at is not None:
        found.deleted.append(Remark(number, "this bet was deleted", there.bet_id))
        return
    bet = imported_bet(owner, bet_id or book.rules.new_id(), row, book.rules, there)
    if there is not None:
        differing = _differences(there, bet)
        if differing:
            found.review.append(Remark(number, f"differs from the bet that is there: {', '.join(differing)}", bet_id))
        else:
            found.unchanged.append(there.bet_id)
        return
    if bet.deleted_at is not None:
        found.deleted.append(Remark(number, "this bet was deleted", bet.bet_id))
        return
    if _add(book, owner, number, bet, found):
        known[bet.bet_id] = bet


def _add(book: BetBook, owner: Owner, number: int, bet: TrackedBet, found: Imported) -> bool:
    if bet.duplicate_of is not None and book.find(owner, bet.duplicate_of) is None:
        bet = replace(bet, duplicate_of=None)
    try:
        added = book.add(bet, first_entry(bet, By.IMPORT, Change.IMPORTED))
    except StoreConflictError:
        message = f"bet_id: {quoted(bet.bet_id)} cannot be used"  # whose it is, is nobody's business
        raise Refusal(message) from None
    if added.existing is None:
        found.added.append(bet.bet_id)
    elif added.existing.deleted_at is not None:
        found.deleted.append(Remark(number, "a bet like this one was deleted", added.existing.bet_id))
    else:
        found.review.append(Remark(number, "a bet like this one is there already", added.existing.bet_id))
    return added.existing is None


def _differences(there: TrackedBet, bet: TrackedBet) -> list[str]:
    names = (one.name for one in fields(TrackedBet) if one.name not in _CHANGES_BY_ITSELF)
    return [name for name in names if getattr(there, name) != getattr(bet, name)]


def _with_unit(row: Mapping[str, Any], unit_size: object) -> Mapping[str, Any]:
    return row if row.get("unit_size") is not None or unit_size is None else {**row, "unit_size": unit_size}


def _csv_rows(text: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        header = _header([name.strip() for name in next(reader, [])])
        for number, cells in enumerate((row for row in reader if any(cell.strip() for cell in row)), start=1):
            if len(cells) != len(header):
                yield number, f"{len(cells)} cells, and the header has {len(header)}"
            else:
                yield number, {name: from_cell(cell) for name, cell in zip(header, cells, strict=True)}
    except csv.Error as error:
        message = f"line {reader.line_num}: not CSV: {error}"
        raise Refusal(message) from None


def _header(names: list[str]) -> list[str]:
    found = [OTHER_NAMES.get(name, name) for name in names]
    for name in found:
        if name not in COLUMNS_READ:
            message = f"unknown column {quoted(name)}{did_you_mean(name, COLUMNS_READ)}"
            raise Refusal(message)
        if found.count(name) > 1:
            message = f"column `{name}` twice"
            raise Refusal(message)
    return found


def _json_rows(text: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"not JSON: {error}"
        raise Refusal(message) from None
    bets = document.get("bets") if isinstance(document, dict) and document.get("schema") == SCHEMA else document
    if not isinstance(bets, list):
        message = f"not a list of bets, and no document of {SCHEMA}"
        raise Refusal(message)
    for number, bet in enumerate(bets, start=1):
        if not isinstance(bet, dict):
            yield number, "not a bet: must be an object"
            continue
        row = {OTHER_NAMES.get(name, name): value for name, value in flat(bet).items()}
        unknown = next((name for name in row if name not in COLUMNS_READ), None)
        yield number, row if unknown is None else f"unknown key {quoted(unknown)}{did_you_mean(unknown, COLUMNS_READ)}"
