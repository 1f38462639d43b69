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
from policytrader.app.tracking.backup import HISTORY, KeptBet, kept_bet
from policytrader.app.tracking.changes import first_entry
from policytrader.app.tracking.exporting import FORMS
from policytrader.app.tracking.imported_bet import COLUMNS_READ, OTHER_NAMES, check_owner, imported_bet
from policytrader.app.tracking.records import SCHEMA, flat, from_cell
from policytrader.app.tracking.values import Refusal
from policytrader.authoring.suggest import did_you_mean, quoted
from policytrader.errors import StoreConflictError
from policytrader.model.tracked import By, Change, TrackedBet
from policytrader.ports.bet_store import BetFilter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policytrader.app.tracking.book import BetBook
    from policytrader.model.tracked import HistoryEntry
    from policytrader.ports.bet_store import Owner

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
            if HISTORY in row:
                _restore_one(book, owner, number, row, known, found)
            else:
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
        if not _is_for_review(there, bet, number, found):
            found.unchanged.append(there.bet_id)
        return
    if bet.deleted_at is not None:
        found.deleted.append(Remark(number, "this bet was deleted", bet.bet_id))
        return
    if _add(book, owner, number, bet, found):
        known[bet.bet_id] = bet


def _restore_one(
    book: BetBook, owner: Owner, number: int, row: Mapping[str, Any], known: dict[str, TrackedBet], found: Imported
) -> None:
    """A bet of a backup: as it was, with its history and its version; one that is there stays as it is."""
    check_owner(owner, row)
    whole = kept_bet(row)
    bet, there = whole.bet, known.get(whole.bet.bet_id)
    if there is None:
        if not _is_stored(book, number, *whole.steps[0], found):
            return
        known[bet.bet_id] = bet
    elif there.deleted_at is not None and bet.deleted_at is None:
        found.deleted.append(Remark(number, "this bet was deleted", bet.bet_id))
        return
    elif _is_for_review(there, bet, number, found):
        return
    # The version says how long the history is: that of a bet that is there whole is not asked for.
    elif there.version >= bet.version or not whole.goes_on_after(book.store.history(owner, bet.bet_id)):
        found.unchanged.append(bet.bet_id)
        return
    # Also of a bet that an import before this one left unfinished: it has the content, and not all of the history.
    _finish(book, number, whole, found)


def _finish(book: BetBook, number: int, whole: KeptBet, found: Imported) -> None:
    bet_id = whole.bet.bet_id
    if not all(book.replace_all(whole.steps[1:])):
        found.review.append(Remark(number, "others changed this bet while its history was read", bet_id))
    elif whole.bet.deleted_at is not None:
        found.deleted.append(Remark(number, "this bet was deleted, and stays so", bet_id))
    else:
        found.added.append(bet_id)


def _add(book: BetBook, owner: Owner, number: int, bet: TrackedBet, found: Imported) -> bool:
    if bet.duplicate_of is not None and book.find(owner, bet.duplicate_of) is None:
        bet = replace(bet, duplicate_of=None)
    is_stored = _is_stored(book, number, bet, first_entry(bet, By.IMPORT, Change.IMPORTED), found)
    if is_stored:
        found.added.append(bet.bet_id)
    return is_stored


def _is_stored(book: BetBook, number: int, bet: TrackedBet, entry: HistoryEntry, found: Imported) -> bool:
    try:
        added = book.add(bet, entry)
    except StoreConflictError:
        message = f"bet_id: {quoted(bet.bet_id)} cannot be used"  # whose it is, is nobody's business
        raise Refusal(message) from None
    if added.existing is None:
        return True
    if added.existing.deleted_at is not None:
        found.deleted.append(Remark(number, "a bet like this one was deleted", added.existing.bet_id))
    else:
        found.review.append(Remark(number, "a bet like this one is there already", added.existing.bet_id))
    return False


def _is_for_review(there: TrackedBet, bet: TrackedBet, number: int, found: Imported) -> bool:
    differing = _differences(there, bet)
    if differing:
        why = f"differs from the bet that is there: {', '.join(differing)}"
        found.review.append(Remark(number, why, there.bet_id))
    return bool(differing)


def _differences(there: TrackedBet, bet: TrackedBet) -> list[str]:
    names = (one.name for one in fields(TrackedBet) if one.name not in _CHANGES_BY_ITSELF)
    deleted = ["deleted_at"] if bet.deleted_at is not None and there.deleted_at is None else []
    return deleted + [name for name in names if getattr(there, name) != getattr(bet, name)]


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
        unknown = next((name for name in row if name not in {HISTORY, *COLUMNS_READ}), None)
        yield number, row if unknown is None else f"unknown key {quoted(unknown)}{did_you_mean(unknown, COLUMNS_READ)}"
