"""Picks by a rule, in races made by hand: which runners, at which price, and the capture beside them."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.app.replay.select import (
    Picked,
    RaceAt,
    RunnerAt,
    asked_price,
    pick_runners,
    picking_time,
    with_names,
)
from policytrader.authoring.load import load_selections
from policytrader.authoring.reference.examples import EXAMPLES
from policytrader.errors import PolicyError
from policytrader.model.price import is_on_ladder
from policytrader.model.replay import PicksMade
from policytrader.model.snapshot import MarketType, RunnerStatus, Side
from tests.one_day import OFF

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.policy.selections import SelectionsPolicy

EXAMPLE = EXAMPLES["selections"]
AT = OFF - timedelta(hours=2)


@pytest.fixture
def load(tmp_path: Path) -> Any:
    def read(*edits: tuple[str, str]) -> SelectionsPolicy:
        text = EXAMPLE
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "picks.yaml"
        path.write_text(text, "utf-8")
        return load_selections(path)

    return read


def runner(number: int, back: str | None, lay: str | None = None, last: str | None = None, **more: Any) -> RunnerAt:
    prices = [None if one is None else Decimal(one) for one in (back, lay, last)]
    facts = {"market_id": "1.1", "market_type": MarketType.WIN, "status": RunnerStatus.ACTIVE} | more
    return RunnerAt(
        facts["market_id"], facts["market_type"], number, f"Horse {number}", facts["status"], *prices,
    )  # fmt: skip


def race(*runners: RunnerAt, **more: Any) -> RaceAt:
    facts: dict[str, Any] = {"course": "York", "country_code": "GB", "at": AT, "race_time": OFF}
    return RaceAt(race_id="r1", runners=runners, **(facts | more))


def told(picked: Picked) -> list[tuple[int, str]]:
    return [(one.selection_id, str(one.price_requested)) for one in picked.selections]


FIELD = (
    runner(1, "4.90"), runner(2, "5.00"), runner(3, "8.00"), runner(4, "12.00"), runner(5, "12.50"), runner(6, None),
    runner(7, "6.00", status=RunnerStatus.REMOVED), runner(8, "6.40"),
)  # fmt: skip


def test_every_runner_in_the_range_at_ten_percent_more(load: Any) -> None:
    """5.00 + 10 % is 5.50; 8.80 stands on the ladder; 6.40 + 10 % = 7.04, up to 7.20; the fourth is one too many."""
    picked = pick_runners(load(), race(*FIELD))
    assert told(picked) == [(2, "5.50"), (3, "8.80"), (8, "7.20")]
    assert picked.rules == ("middle-prices",) * 3
    first = picked.selections[0]
    assert (first.selection_ref, first.race_id, first.race_time) == ("1.1-2-back", "r1", OFF)
    assert (first.market_id, first.market_type, first.side) == ("1.1", MarketType.WIN, Side.BACK)
    assert first.stake_points == 1
    assert (first.runner_name, first.valid, first.closed, first.invalidated_reason) == ("Horse 2", True, False, None)
    every = pick_runners(load(("    most_per_race: 3\n", "")), race(*FIELD))
    assert told(every) == [(2, "5.50"), (3, "8.80"), (4, "13.50"), (8, "7.20")]


def test_both_bounds_are_in_the_range(load: Any) -> None:
    policy = load(("    most_per_race: 3\n", ""))
    assert told(pick_runners(policy, race(runner(1, "4.99"), runner(2, "12.01")))) == []


def test_the_capture_is_the_mornings(load: Any) -> None:
    """Those who take part; the best back price, else the last traded one, else none."""
    field = (runner(3, "8.00"), runner(2, None, last="6.00"), runner(1, None), runner(7, "6.00", status=None))
    picked = pick_runners(load(), race(*field))
    rows = [(one.selection_id, one.reference_price, one.number_of_runners, one.status) for one in picked.capture]
    active = RunnerStatus.ACTIVE
    assert rows == [(1, None, 3, active), (2, Decimal("6.00"), 3, active), (3, Decimal("8.00"), 3, active)]
    assert (
        {one.capture_id for one in picked.capture} == {picked.selections[0].capture_id} == {"r1@20260502T121000000000Z"}
    )
    assert {(one.captured_at, one.race_id) for one in picked.capture} == {(AT, "r1")}


def test_the_price_of_the_capture_is_that_of_the_win_market(load: Any) -> None:
    place = {"market_id": "1.2", "market_type": MarketType.PLACE}
    both = race(runner(1, "8.00"), runner(1, "6.00", **place), runner(2, "5.00", **place))
    policy = load(("[WIN]", "[PLACE]"))
    picked = pick_runners(policy, both)
    assert [(one.market_id, one.selection_id) for one in picked.selections] == [("1.2", 1), ("1.2", 2)]
    assert [(one.selection_id, one.reference_price) for one in picked.capture] == [(1, Decimal("8.00"))]
    alone = pick_runners(policy, replace(both, runners=both.runners[1:]))
    assert [(one.selection_id, one.reference_price) for one in alone.capture] == [(1, None), (2, None)]


def test_each_market_has_its_own_favourites(load: Any) -> None:
    place = {"market_id": "1.2", "market_type": MarketType.PLACE}
    field = [runner(1, "5.00"), runner(2, "6.00"), runner(1, "8.00", **place), runner(2, "7.00", **place)]
    policy = load(("[WIN]", "[WIN, PLACE]"), ("most_per_race: 3", "most_per_race: 1"))
    picked = pick_runners(policy, race(*field))
    assert [(one.market_type, one.selection_id) for one in picked.selections] == [("WIN", 1), ("PLACE", 2)]


LAY = (("side: BACK", "side: LAY"), ("best_back", "best_lay"))


def test_a_lay_is_asked_for_downwards(load: Any) -> None:
    """6.40 less 3 % = 6.208: 6.20, never more than was meant to be laid at; 12.00 + 10 % = 13.2: 13.00."""
    policy = load(*LAY, ("ask_percent: 10", "ask_percent: -3"))
    picked = pick_runners(policy, race(runner(1, "6.00", "6.40"), runner(2, "5.00", None)))
    assert told(picked) == [(1, "6.20")]
    assert picked.selections[0].side is Side.LAY
    assert told(pick_runners(load(*LAY), race(runner(1, "6.00", "12.00")))) == [(1, "13.00")]


def test_what_is_asked_for_is_never_worse_than_said(load: Any) -> None:
    back, lay = load().picks[0], load(*LAY).picks[0]
    for number in range(101, 90_000, 37):
        price = Decimal(number).scaleb(-2)
        exact = price * Decimal("1.1")
        asked_back, asked_lay = asked_price(back, price), asked_price(lay, price)
        assert asked_back is not None
        assert asked_lay is not None
        assert is_on_ladder(asked_back)
        assert is_on_ladder(asked_lay)
        assert asked_lay <= exact <= asked_back
        assert (asked_lay == asked_back) is is_on_ladder(exact)


def test_beyond_the_ladder_there_is_no_pick(load: Any) -> None:
    wide = ("from: 5, to: 12", "from: 1.01, to: 1000")
    assert told(pick_runners(load(wide), race(runner(1, "920.00"), runner(2, "900.00")))) == [(2, "990.00")]
    policy = load(wide, *LAY, ("ask_percent: 10", "ask_percent: -50"))
    assert told(pick_runners(policy, race(runner(1, None, "2.00"), runner(2, None, "2.04")))) == [(2, "1.02")]


def test_who_cannot_be_asked_for_takes_nobodys_place(load: Any) -> None:
    policy = load(("from: 5, to: 12", "from: 1.01, to: 1000"), *LAY, ("ask_percent: 10", "ask_percent: -50"),
                  ("most_per_race: 3", "most_per_race: 1"))  # fmt: skip
    assert told(pick_runners(policy, race(runner(1, None, "2.00"), runner(2, None, "2.04")))) == [(2, "1.02")]


@pytest.mark.parametrize(
    ("facts", "is_picked"),
    [
        ({}, True), ({"country_code": "IE"}, True), ({"country_code": "FR"}, False), ({"country_code": None}, False),
        ({"course": "york "}, True), ({"course": "Ascot"}, False), ({"course": None}, False),
    ],
)  # fmt: skip
def test_courses_and_countries(load: Any, facts: dict[str, Any], is_picked: bool) -> None:  # noqa: FBT001 - a column
    policy = load(("    countries: [GB, IE]\n", "    countries: [GB, IE]\n    courses: [York]\n"))
    picked = pick_runners(policy, race(*FIELD, **facts))
    assert bool(picked.selections) is bool(picked.capture) is is_picked


def test_what_was_left_out_is_counted(load: Any) -> None:
    """A race by what keeps it out, else each of its runners by what keeps that one out."""
    picked = pick_runners(load(), race(*FIELD, runner(9, "7.00")))
    (told_of,) = picked.told
    assert (told_of.picked, +Counter(told_of.runners_left_out)) == (
        3, {"price": 2, "no best_back": 1, "not active": 1, "most_per_race": 2},
    )  # fmt: skip
    assert told_of.picked + sum(told_of.runners_left_out.values()) == len(FIELD) + 1
    for facts, reason in (({"country_code": "FR"}, "country"), ({"country_code": "FR", "course": "Ascot"}, "country")):
        (told_of,) = pick_runners(load(), race(*FIELD, **facts)).told
        assert (told_of.picked, told_of.races_left_out, told_of.runners_left_out) == (0, {reason: 1}, {})
    of_york = load(("    countries: [GB, IE]\n", "    courses: [York]\n"))
    for found, reason in (
        (race(*FIELD, course="Ascot"), "course"),
        (race(), "no open market"),
        (race(runner(1, "6.00", market_type=MarketType.PLACE)), "market_type"),
    ):
        assert pick_runners(of_york, found).told[0].races_left_out == {reason: 1}


def test_a_runner_of_an_earlier_rule_is_left_out_of_the_next(load: Any) -> None:
    second = EXAMPLE[EXAMPLE.index("  - id") : EXAMPLE.index("end:")].replace("middle-prices", "again")
    picked = pick_runners(load(("end: selections", f"{second}end: selections")), race(*FIELD))
    first, again = picked.told
    assert (first.picked, again.picked, again.runners_left_out["earlier rule"]) == (3, 0, 3)


def test_names_that_no_race_has(load: Any) -> None:
    policy = load(("    countries: [GB, IE]\n", "    countries: [GB, UK]\n    courses: [Yarmuth, ayr ]\n"))
    told_of = pick_runners(policy, race(*FIELD)).told
    made = PicksMade(rules=told_of, countries=frozenset({"GB"}), courses=frozenset({"Yarmouth", "Ayr"}))
    assert with_names(made, policy).rules[0].not_found == (
        "no race in `UK`; recorded: GB",
        "no race at `Yarmuth`; did you mean `Yarmouth`?; recorded: Ayr, Yarmouth",
    )


def test_the_first_rule_has_a_runner_that_two_pick(load: Any) -> None:
    second = EXAMPLE[EXAMPLE.index("  - id") : EXAMPLE.index("end:")]
    second = (
        second.replace("middle-prices", "long-prices").replace("from: 5", "from: 8").replace("points: 1", "points: 2")
    )
    policy = load(("end: selections", f"{second}end: selections"))
    picked = pick_runners(policy, race(*FIELD))
    assert list(zip(told(picked), picked.rules, strict=True)) == [
        ((2, "5.50"), "middle-prices"), ((3, "8.80"), "middle-prices"), ((4, "13.50"), "long-prices"),
        ((8, "7.20"), "middle-prices"),
    ]  # fmt: skip
    assert [one.stake_points for one in picked.selections] == [1, 1, 2, 1]
    assert Counter([*picked.rules, *picked.rules]) == {"long-prices": 2, "middle-prices": 6}


def test_the_order_of_the_rows_decides_nothing(load: Any) -> None:
    """Also where two runners have the same price and one place is left."""
    policy = load(("most_per_race: 3", "most_per_race: 2"))
    field = [runner(number, "6.00") for number in (3, 1, 2, 9)]
    expected = pick_runners(policy, race(*field))
    assert told(expected) == [(1, "6.60"), (2, "6.60")]
    for seed in range(20):
        shuffled = random.Random(seed).sample(field, len(field))  # noqa: S311 - an order, no secret
        assert pick_runners(policy, race(*shuffled)) == expected


def test_the_moment(load: Any) -> None:
    assert picking_time(load(), OFF) == AT
    assert picking_time(load(("at: 2h", "at: 90s")), OFF) == OFF - timedelta(seconds=90)


# --- The file -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "place", "code", "message"),
    [
        ("to: 12", "to: 4", "10:41", "E219", "no price lies between 5 and 4"),
        ("at: 2h", "at: 0s", "3:5", "E105", "`at` must be at least 1s"),
        ("at: 2h", "at: 8", "3:5", "E104", "`at` must be a duration such as 8h, 30m or 15s"),
        ("side: BACK", "side: back", "8:11", "E103", "`side` cannot be `back`; did you mean `BACK`?"),
        ("of: best_back", "of: best", "10:17", "E103", "`of` cannot be `best`"),
        (
            "most_per_race",
            "most_per_rase",
            "13:5",
            "E102",
            "unknown key `most_per_rase`; did you mean `most_per_race`?",
        ),
        ("    side: BACK\n", "", "5:5", "E101", "missing key `side`"),
        ("from: 5", "from: 1", "10:34", "E105", "`from` must be from 1.01 to 1000"),
        ("ask_percent: 10", "ask_percent: -100", "11:18", "E105", "`ask_percent` must be from -99 to 1000"),
        ("most_per_race: 3", "most_per_race: 0", "13:20", "E105", "`most_per_race` must be at least 1"),
        ("[GB, IE]", "[gb]", "14:17", "E105", "must be a country's code in capitals, such as GB or IE"),
        ("stake_points: 1", "stake_points: 0", "12:19", "E105", "`stake_points` must be from 0.01 to 1000"),
        ("policy: selections", "policy: staking", "1:9", "E107", "`staking` is no kind of a selections policy"),
        ("at: 2h\n", "at: 3h\nignore: [W208]\n", "4:10", "E218", "there is no check `W208`"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_place(
    load: Any, old: str, new: str, place: str, code: str, message: str
) -> None:
    with pytest.raises(PolicyError) as refused:
        load((old, new))
    found = refused.value.diagnostics[0]
    assert (f"{found.place.line}:{found.place.column}", found.code) == (place, code)
    assert message in found.message


def test_a_file_that_is_no_yaml_is_told_once(load: Any) -> None:
    """Not also that no file of its kind is there."""
    with pytest.raises(PolicyError) as refused:
        load(("title: Back", "title: Back:"))
    assert [one.code for one in refused.value.diagnostics] == ["E005"]


def test_two_rules_of_one_name(load: Any) -> None:
    second = EXAMPLE[EXAMPLE.index("  - id") : EXAMPLE.index("end:")]
    with pytest.raises(PolicyError, match="E206  a second rule `middle-prices`"):
        load(("end: selections", f"{second}end: selections"))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="E001"):
        load_selections(tmp_path / "nothing.yaml")
