"""Files of bets: an export comes back to the letter, and an import changes nothing that is there."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policytrader.app.tracking.exporting import FORMS
from policytrader.app.tracking.exporting import exported as export
from policytrader.app.tracking.importing import Imported, import_bets
from policytrader.app.tracking.new_bet import Request
from policytrader.app.tracking.records import COLUMNS
from policytrader.app.tracking.values import Refusal
from policytrader.model.outcomes import Outcome
from tests.tracked_bets import OTHER, OWNER, MadeBook

if TYPE_CHECKING:
    from policytrader.model.tracked import TrackedBet
    from policytrader.ports.bet_store import Owner


def exported(made: MadeBook, form: str, owner: Owner = OWNER) -> str:
    return "".join(export(made.store, owner, form))


def imported(made: MadeBook, text: str, form: str = "csv", owner: Owner = OWNER, **more: Any) -> Imported:
    return import_bets(made.book, owner, text, form, **more)


def rows(*cells: dict[str, str]) -> str:
    out = io.StringIO()
    names = list(dict.fromkeys(name for row in cells for name in row))
    writer = csv.DictWriter(out, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(cells)
    return out.getvalue()


ROW = {"player": "Mohamed Salah", "market": "Player Goals", "line": "0.5", "direction": "over", "odds": "2.10",
       "stake": "10", "unit_size": "5", "match": "A vs B", "date": "2024-03-10", "time": "16:30"}  # fmt: skip

TEXTS = (
    st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=15)
    .map(lambda text: " ".join(text.split()))
    .filter(lambda text: text.isprintable() and bool(text))
)
BETS = st.fixed_dictionaries(
    {
        "Player": TEXTS
        | st.sampled_from(["=SUM(A1)", "'quoted", "'=x", "-1", "+44", "@me", 'a "b", c', "[1]", "TRUE"]),
        "Market": TEXTS | st.sampled_from(["Player Goals", "Player Shots On Target"]),
        "Threshold": st.sampled_from([None, 0.5, 1.5, 2.25]),
        "market_direction": st.sampled_from([None, "over", "under"]),
        "Odds": st.decimals("1.01", "90", places=3),
        "Date": st.sampled_from([None, "2024-03-10", "2024-07-10"]),
        "Time": st.sampled_from([None, "16:30"]),
        "bookmaker": st.none() | TEXTS,
        "fixture_id": st.none() | st.integers(0, 10**9),
    }
)
LABELS = st.lists(TEXTS | st.sampled_from(["a;b", "[x]"]), max_size=3)
RESULTS = st.tuples(st.sampled_from(list(Outcome)), st.booleans(), st.none() | st.integers(-3, 9))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(BETS, LABELS, TEXTS, RESULTS, st.booleans()), max_size=5), st.sampled_from(FORMS))
def test_an_export_changes_nothing_here_and_makes_the_same_elsewhere(made_of: list[tuple[Any, ...]], form: str) -> None:
    made = MadeBook()
    for alert, tags, note, (status, manual, actual), twice in made_of:
        request = Request(alert=alert, actual_stake=7.77, unit_size=2, tags=tags, note=note)
        for again in (False, True)[: 1 + twice]:
            made.clock.wait(1)
            answer = made.book.track(OWNER, request, allow_duplicate=again)
            if answer.is_done and answer.bet is not None:
                made.book.set_result(OWNER, answer.bet.bet_id, str(status), actual, is_manual=manual)
                made.book.set_closing_odds(OWNER, answer.bet.bet_id, 1.95)
    before, text = list(made.store.bets(OWNER)), exported(made, form)
    found = imported(made, text, form)
    assert sorted(found.unchanged) == sorted(bet.bet_id for bet in before)
    assert (found.added, found.review, found.refused, found.deleted) == ([], [], [], [])
    assert list(made.store.bets(OWNER)) == before
    other = MadeBook()
    assert sorted(imported(other, text, form).added) == sorted(bet.bet_id for bet in before)
    assert list(map(comparable, other.store.bets(OWNER))) == list(map(comparable, before))


def comparable(bet: TrackedBet) -> TrackedBet:
    """Without what one store alone knows: how often it was changed, and when it was last looked at."""
    return replace(bet, version=1, result=replace(bet.result, last_checked_at=None))


def test_every_field_has_a_column() -> None:
    made = MadeBook()
    made.tracked()
    header, line = exported(made, "csv").splitlines()
    assert header.split(",") == list(COLUMNS)
    assert len(next(csv.reader([line]))) == len(COLUMNS)
    document = json.loads(exported(made, "json"))
    assert document["schema"] == "policytrader/bets/1"
    assert (document["bets"][0]["odds"], document["bets"][0]["result_tracking"]["api_type_id"]) == ("2.1", 86)


def test_nothing_is_a_formula() -> None:
    made = MadeBook()
    made.tracked(Player="=HYPERLINK(0)", Team="@x", Market="+1+A1")
    cells = next(csv.DictReader(io.StringIO(exported(made, "csv"))))
    assert (cells["player_name"], cells["team"], cells["market"]) == ("'=HYPERLINK(0)", "'@x", "'+1+A1")


def test_a_file_of_another_tracker() -> None:
    made = MadeBook()
    found = imported(made, rows(ROW, ROW | {"player": "Other", "result": "Void", "actual_value": "0"}, ROW))
    assert len(found.added) == 2
    assert [(one.row, one.bet_id) for one in found.review] == [(3, found.added[0])]
    bet, voided = (made.store.bet(OWNER, bet_id) for bet_id in found.added)
    assert bet is not None
    assert voided is not None
    assert (bet.market_key, bet.status, bet.unit_size) == ("Player Goals", Outcome.PENDING, Decimal(5))
    assert (voided.status, voided.returns, voided.settled_at) == (Outcome.REFUND, Decimal(10), voided.kickoff_at)
    assert [entry.by for entry in made.store.history(OWNER, bet.bet_id)] == ["import"]


def test_the_unit_may_be_said_beside_the_file() -> None:
    made = MadeBook()
    text = rows({name: cell for name, cell in ROW.items() if name != "unit_size"})
    assert [one.why.split(":")[0] for one in imported(made, text).refused] == ["unit_size"]
    assert len(imported(made, text, unit_size=4.0).added) == 1


WRONG: list[dict[str, str]] = [
    {"odds": "1"}, {"odds": "2,1"}, {"odds": "NaN"}, {"stake": "-5"}, {"stake": "2000000"}, {"line": "1,5"},
    {"market": ""}, {"player": ""}, {"status": "wonn"}, {"user_id": "5"}, {"bot_type": "team"},
    {"tracked_at": "yesterday"}, {"settled_at": "2024-03-10 16:30", "status": "won"}, {"manual_override": "perhaps"},
    {"closing_odds": "1"}, {"actual_value": "two", "status": "won"}, {"result_tracking.reason": "because"},
    {"kickoff_at": "0000-00-00T00:00:00Z"},
]  # fmt: skip


@pytest.mark.parametrize("change", WRONG, ids=[" ".join(one) for one in WRONG])
def test_a_wrong_row_is_refused_and_the_others_are_added(change: dict[str, str]) -> None:
    made = MadeBook()
    change = {"status": change["status"]} | change if "status" in change else change
    found = imported(made, rows(ROW | change, ROW | {"player": "Other"}))
    assert [one.row for one in found.refused] == [1]
    assert found.refused[0].why.isprintable()
    assert len(found.added) == 1
    assert len(list(made.store.bets(OWNER))) == 1


@pytest.mark.parametrize(
    ("text", "form"),
    [("", "csv"), ("a,b\n1,2\n", "csv"), ("market,market\n", "csv"), ('market,odds\n"x', "csv"), ("{", "json"),
     ("{}", "json"), ('{"schema": "other/1", "bets": []}', "json"), ("5", "json"), ("[" * 100_000, "json"),
     ("x", "xml"), (5, "csv"), (None, "json")],
)  # fmt: skip
def test_what_is_no_file_of_bets(text: Any, form: str) -> None:
    made = MadeBook()
    if text == "":
        assert imported(made, text).message == "the file holds no bets"
    else:
        with pytest.raises(Refusal):
            imported(made, text, form)


@pytest.mark.parametrize("text", ['["bet", 5, null, [], {}, {"markt": 1}]', "market\nx,y\nz,\n"])
def test_rows_that_are_none(text: str) -> None:
    found = imported(MadeBook(), text, "json" if text[0] == "[" else "csv")
    assert len(found.refused) == (6 if text[0] == "[" else 2)
    assert found.added == []


@pytest.mark.parametrize("form", FORMS)
def test_a_deleted_bet_stays_deleted(form: str) -> None:
    made = MadeBook()
    bet = made.tracked()
    text = exported(made, form)
    made.book.delete(OWNER, bet.bet_id)
    tombstone = made.stored(bet)
    assert [one.bet_id for one in imported(made, text, form).deleted] == [bet.bet_id]
    unnamed = text.replace(bet.bet_id, "bet_other")
    assert [one.bet_id for one in imported(made, unnamed, form).deleted] == [bet.bet_id]
    assert made.stored(bet) == tombstone
    assert list(made.store.bets(OWNER)) == []


def test_an_older_export_takes_nothing_back() -> None:
    made = MadeBook()
    bet = made.tracked()
    text = exported(made, "csv")
    made.book.set_result(OWNER, bet.bet_id, "won", 2.0, is_manual=True)
    settled = made.stored(bet)
    found = imported(made, text)
    assert [one.bet_id for one in found.review] == [bet.bet_id]
    assert "status" in found.review[0].why
    assert made.stored(bet) == settled


def test_the_bet_of_somebody_else_is_not_touched_and_not_told() -> None:
    made = MadeBook()
    bet = made.tracked(OTHER)
    mine = rows(ROW | {"bet_id": bet.bet_id})
    found = imported(made, mine)
    assert [one.row for one in found.refused] == [1]
    assert made.stored(bet) == bet
    theirs = exported(made, "csv", OTHER)
    assert [one.why.split(":")[0] for one in imported(made, theirs).refused] == ["user_id"]
    assert list(made.store.bets(OWNER)) == []


def test_a_public_document_is_read_as_well() -> None:
    made = MadeBook()
    document = {"player_name": "Salah", "market": "Player Goals", "odds": 2.1, "actual_stake": 10.0, "unit_size": 10,
                "threshold": 0.5, "market_direction": "over", "status": "won", "manual_override": True,
                "result_tracking": {"expected_threshold": 0.5, "result_status": "won", "actual_value": 1.0},
                "tags": ["a;b"]}  # fmt: skip
    found = imported(made, json.dumps([document]), "json")
    assert found.refused == []
    (bet,) = made.store.bets(OWNER)
    assert (bet.tags, bet.manual_override, bet.returns) == (("a;b",), True, Decimal("21.00"))
