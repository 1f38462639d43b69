# ruff: noqa: E501 - the shown lines are as wide as they are
"""A replay as text, as JSON and as a page: what each says, that it is all there, and that it stays small."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from policytrader.app.replay.causes import Cause, CauseKind, ConditionSeen
from policytrader.app.replay.compare import compare
from policytrader.app.replay.report import ReplayReport, report_of
from policytrader.app.replay.summary import by_period, summarise
from policytrader.app.replay.why import Explained
from policytrader.cli.replay_document import document_of
from policytrader.cli.replay_html import html_of
from policytrader.cli.replay_pictures import (
    MOST_POINTS,
    Bar,
    Line,
    Middle,
    bars_picture,
    intervals_picture,
    lines_picture,
)
from policytrader.cli.replay_text import replay_lines
from policytrader.engine.explain import LeafSeen
from policytrader.errors import printable
from policytrader.model.journal import Purpose
from policytrader.model.snapshot import Side
from tests.app.replay.replays import HOUR, invalid, money, order, pick, replay, season
from tests.app.reported_day import NASTY
from tests.app.test_report import Page, drawn, words
from tests.one_day import MINUTE, OFF

if TYPE_CHECKING:
    from policytrader.model.replay import Replay

LONDON = ZoneInfo("Europe/London")
CONDITION = ConditionSeen(
    LeafSeen("not empty", "fact.short_priced_removed", "Short Cut, 8.00 this morning", "true", "", None),
    LeafSeen("not empty", "fact.short_priced_removed", "none", "false", "", None),
)
RULE = Cause(
    kind=CauseKind.VALIDATION,
    name="short-price-removed",
    before="true: invalidate Invalid Short Price Removed",
    after="false: invalidate Invalid Short Price Removed",
    conditions=(CONDITION,),
)


def two(before: Replay, after: Replay, cause: Cause = RULE) -> ReplayReport:
    comparison = compare(before, after)
    return ReplayReport(
        names=("rules", "edited/rules"),
        results=(comparison.before, comparison.after),
        resamples=2000,
        comparison=comparison,
        explained=tuple(Explained(difference=one, causes=(cause,)) for one in comparison.differences),
    )


@pytest.fixture
def hand_made() -> tuple[Replay, Replay]:
    """Three races: A stops the first pick and closes it, B lets it win; the others are the same."""
    own = order("a", 2 * HOUR, "8.00", "10.00", profit=money(70))
    hedge = order("a", HOUR, "7.00", "11.42", side=Side.LAY, purpose=Purpose.HEDGE, profit=money("-68.52"))
    lay = order("b", 20 * MINUTE, "5.00", "8.00", side=Side.LAY, size_matched=money(4), off=OFF + HOUR, profit=money(4))
    stopped = invalid(
        pick("a", own, hedge, commission=money("0.07"), outcome="WON"), OFF - HOUR,
        "Invalid Short Price Removed", "short-price-removed",
    )  # fmt: skip
    went_on = pick("a", own, commission=money("3.50"), outcome="WON")
    same = pick("b", lay, race=2, side=Side.LAY, starting_price=money("6.00"), commission=money("0.20"), outcome="WON")
    idle = pick("c", race=3, outcome=None, starting_price=None, refused={"max_spread_ticks": 7})
    problems = ("1.9: the recording ends before the off",)
    before = replay(stopped, same, idle, problems=problems)
    return before, replay(went_on, same, idle, policy="b" * 64, problems=problems)


ONE_TEXT = """\
REPLAY  cadence 15s  3 races  3 markets  3 selections  100 ticks
policy aaaaaaa  rules

decisions                 300
selections with orders    2
selections matched        2
selections invalidated    1
orders                    2
hedges                    1
stake sent                18.00
risk sent                 42.00
stake matched             14.00
risk matched              26.00
profit before commission  5.48
commission                0.27
net profit                +5.21
net, 95 % of resamples    0.00 to +11.40
SP beat                   +5.71 %
SP beat, 95 %             0.00 to +20.00 %
largest drawdown          0.00
decided    WAIT 297, PLACE 3
refused    max_spread_ticks 7
invalid    1 Invalid Short Price Removed

Off               Course  Runner   Bet       Price  Orders   Sent  Matched  Average    SP  Outcome    Net  Why invalid
2026-05-02 15:10  York    Horse a  BACK WIN   8.00       2  10.00    10.00     8.00  8.00  WON      +1.41  Invalid Short Price Removed
2026-05-02 16:10  York    Horse b  LAY WIN    8.00       1   8.00     4.00     5.00  6.00  WON      +3.80
1 without an order or an invalidation

not replayed: 1
  1.9: the recording ends before the off
"""
TWO_TEXT = """\
REPLAY  cadence 15s  3 races  3 markets  3 selections  100 ticks
A  aaaaaaa  rules
B  bbbbbbb  edited/rules

                                         A                 B            B - A
decisions                              300               300                0
selections with orders                   2                 2                0
selections matched                       2                 2                0
selections invalidated                   1                 0               -1
orders                                   2                 2                0
hedges                                   1                 0               -1
stake sent                           18.00             18.00             0.00
risk sent                            42.00             42.00             0.00
stake matched                        14.00             14.00             0.00
risk matched                         26.00             26.00             0.00
profit before commission              5.48             74.00           +68.52
commission                            0.27              3.70            +3.43
net profit                           +5.21            +70.30           +65.09
net, 95 % of resamples      0.00 to +11.40   0.00 to +199.50  0.00 to +195.27
SP beat                            +5.71 %           +5.71 %           0.00 %
SP beat, 95 %             0.00 to +20.00 %  0.00 to +20.00 %
largest drawdown                      0.00              0.00             0.00
A decided    WAIT 297, PLACE 3
A refused    max_spread_ticks 7
A invalid    1 Invalid Short Price Removed
B decided    WAIT 298, PLACE 2
B refused    max_spread_ticks 7

1 of 3 selections differ; B makes +65.09 more than A, 95 % of resamples 0.00 to +195.27: chance may explain it

Picks  Net B - A  Because of
    1     +65.09  rule short-price-removed

Off               Course  Runner   Bet       At                   A                                     B        Net B - A  Because of
2026-05-02 15:10  York    Horse a  BACK WIN  2026-05-02 14:10:00  invalid: Invalid Short Price Removed  nothing     +65.09  rule short-price-removed
    rule short-price-removed: A true: invalidate Invalid Short Price Removed | B false: invalidate Invalid Short Price Removed
      fact.short_priced_removed: A Short Cut, 8.00 this morning not empty true | B none not empty false

not replayed: 1
  1.9: the recording ends before the off
"""


def test_one_policy_as_text(hand_made: tuple[Replay, Replay]) -> None:
    text = "\n".join(replay_lines(report_of(hand_made[0], "rules"), LONDON))
    assert text + "\n" == ONE_TEXT


def test_two_policies_as_text(hand_made: tuple[Replay, Replay]) -> None:
    text = "\n".join(replay_lines(two(*hand_made), LONDON))
    assert text + "\n" == TWO_TEXT


def test_of_many_selections_the_first_are_shown(hand_made: tuple[Replay, Replay]) -> None:
    lines = list(replay_lines(report_of(season(60), "rules"), LONDON, most=10))
    assert lines[-1] == "… and 50 more: --json has all of them"
    assert sum(" York " in line for line in lines) == 10
    lines = list(replay_lines(two(season(60), season(60, shift=5)), LONDON, most=10))
    assert lines[-1] == "… and 50 more: --json has all of them"
    assert sum(line.startswith("    rule short-price-removed: A true") for line in lines) == 10
    assert "nothing more" not in "".join(replay_lines(two(*hand_made), LONDON))


def test_the_same_twice() -> None:
    report = two(season(30), season(30))
    lines = list(replay_lines(report, LONDON))
    assert lines[-1] == "0 of 30 selections differ: the two policies do the same"
    assert next(line for line in lines if "resamples" in line).split()[:5] == ["net,", "95", "%", "of", "resamples"]
    assert next(line for line in lines if "resamples" in line).endswith("0.00 to 0.00")
    comparison = document_of(report)["comparison"]
    assert comparison == {
        "net": "0.00", "net_interval": {"low": "0.00", "high": "0.00"}, "same": 30, "differing": 0, "causes": [],
        "differences": [],
    }  # fmt: skip
    assert "the two policies do the same" in html_of(report, LONDON)


def test_few_races_are_told() -> None:
    text = "\n".join(replay_lines(two(season(1), season(1, shift=10)), LONDON))
    assert text.count("no interval: fewer than 2 races") == 4
    assert document_of(report_of(season(1), "rules"))["policies"][0]["net_interval"] is None
    assert "no interval: fewer than 2 races" in html_of(report_of(season(1), "rules"), LONDON)


# --- JSON -----------------------------------------------------------------------------------------------------------


def test_the_document_has_everything(hand_made: tuple[Replay, Replay]) -> None:
    document = json.loads(json.dumps(document_of(two(*hand_made))))
    assert document["schema"] == "policytrader/replay/1"
    assert (document["cadence"], document["races"], document["markets"], document["ticks"]) == ("15s", 3, 3, 100)
    before, after = document["policies"]
    assert (before["name"], after["hash"]) == ("rules", "b" * 64)
    assert (before["totals"]["net"], after["totals"]["net"]) == ("5.21", "70.30")
    assert before["totals"]["beat_percent"] == "5.71"
    assert [len(one["selections"]) for one in (before, after)] == [3, 3]
    first = before["selections"][0]
    assert (first["invalidated_reason"], first["rule"]) == ("Invalid Short Price Removed", "short-price-removed")
    assert [one["purpose"] for one in first["orders"]] == ["opening", "hedge"]
    assert before["selections"][2]["refused"] == {"max_spread_ticks": 7}
    assert before["offs"][-1] == {
        "off": "2026-05-02T16:10:00Z", "picks": 1, "net": "0.00", "total": "5.21", "drawdown": "0.00",
    }  # fmt: skip
    assert document["problems"] == ["1.9: the recording ends before the off"]
    assert document_of(report_of(hand_made[0], "rules"))["comparison"] is None
    comparison = document["comparison"]
    assert comparison["causes"] == [{"because": ["rule short-price-removed"], "picks": 1, "net": "65.09"}]
    (difference,) = comparison["differences"]
    assert (difference["at"], difference["first"], difference["net"]) == (
        "2026-05-02T13:10:00Z", "invalidation", "65.09",
    )  # fmt: skip
    assert difference["a"]["rule"] == "short-price-removed"
    assert difference["b"] == {"orders": [], "invalidated": False, "reason": None, "rule": None}
    (cause,) = difference["causes"]
    assert cause["conditions"][0]["b"] == {
        "field": "fact.short_priced_removed", "condition": "not empty", "seen": "none", "note": None, "truth": "false",
        "place": None,
    }  # fmt: skip


def floats(value: object) -> list[object]:
    match value:
        case dict():
            return [found for one in value.values() for found in floats(one)]
        case list():
            return [found for one in value for found in floats(one)]
        case _:
            return [value] if isinstance(value, float) else []


def test_no_amount_is_a_float() -> None:
    assert floats(json.loads(json.dumps(document_of(two(season(20), season(20, shift=1)))))) == []


# --- The page -------------------------------------------------------------------------------------------------------


def test_the_page_shows_what_the_text_shows(hand_made: tuple[Replay, Replay]) -> None:
    report = two(*hand_made)
    page = Page(html_of(report, LONDON))
    totals, profit, nets, more, beats, bands, reasons, causes, differences = page.tables
    assert ["net profit", "+5.21", "+70.30", "+65.09"] in totals
    assert profit[0] == ["Off", "Selections", "Net A", "Net B", "Total A", "Total B", "Drawdown A", "Drawdown B"]
    assert profit[1] == ["2026-05-02 15:10", "1", "+1.41", "+66.50", "+1.41", "+66.50", "0.00", "0.00"]
    assert nets[-1] == ["Net B", "+70.30", "0.00 to +199.50"]
    assert more[1:] == [["B - A", "+65.09", "0.00 to +195.27"]]
    assert beats[1:] == [["SP beat A", "+5.71 %", "0.00 to +20.00 %"], ["SP beat B", "+5.71 %", "0.00 to +20.00 %"]]
    assert bands[1:] == [
        ["2h to 4h", "1", "1", "10.00", "10.00", "10.00", "10.00"],
        ["15m to 30m", "1", "1", "32.00", "32.00", "16.00", "16.00"],
    ]
    assert reasons[1:] == [["Invalid Short Price Removed", "1", "0"]]
    assert causes[1:] == [["rule short-price-removed", "1", "+65.09"]]
    assert differences[1][4:8] == ["2026-05-02 14:10:00", "invalid: Invalid Short Price Removed", "nothing", "+65.09"]
    assert "fact.short_priced_removed: A Short Cut" in differences[1][8]
    assert sum(tag == "svg" for tag, _ in page.elements) == 7
    assert all(one.get("scope") in {"col", "row"} for tag, one in page.elements if tag == "th")


def test_the_page_of_one_policy(hand_made: tuple[Replay, Replay]) -> None:
    page = Page(html_of(report_of(hand_made[0], "rules"), LONDON))
    picks = page.tables[-1]
    assert [row[2] for row in picks] == ["Runner", "Horse a", "Horse b"]
    assert picks[1][-1] == "Invalid Short Price Removed"
    assert page.tables[0][0] == ["", "Total"]
    assert Page(html_of(report_of(replay(), "rules"), LONDON)).tables


def test_the_page_needs_nothing_from_elsewhere_and_suits_every_reader() -> None:
    report = two(season(30, stops=3), season(30, shift=5))
    text = html_of(report, LONDON)
    for word in ("http:", "https:", "//", "src=", "href=", "url(", "@import", "<script", "<link", "<iframe", "<img"):
        assert word not in text, word
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text
    assert 'name="viewport" content="width=device-width' in text
    assert text == html_of(report, LONDON)


def test_every_text_is_only_text() -> None:
    nasty = invalid(pick("a", order("a", HOUR, "8.00", "2.00"), course="</table><i>"), OFF - HOUR, NASTY, "<u>")
    named = replace(nasty, selection=nasty.selection._replace(runner_name=NASTY))
    other = replace(named, reason="other\x1b[0m")
    cause = replace(RULE, name="<b>", before="<script>", after=NASTY)
    problems = ("<img src=x>\x1b",)
    report = replace(two(replay(named, problems=problems), replay(other), cause), names=("<u>", '"><i>'))
    text = html_of(report, LONDON)
    tags = {tag for tag, _ in Page(text).elements}
    assert not tags & {"i", "u", "b", "script", "img"}
    assert "\x1b" not in text
    assert printable(NASTY) in Page(text).tables[-1][1][2]
    assert all(line.isprintable() for line in replay_lines(report, LONDON))


@pytest.mark.parametrize("picks", [2000, 5000])
def test_a_season_is_still_a_small_page(picks: int) -> None:
    """Long names, long reasons, a difference in each, and what is left out is told."""
    long = "Invalid " + "x" * 110

    def grown(one: Replay) -> Replay:
        return replace(
            one,
            selections=tuple(
                invalid(
                    replace(pick, selection=pick.selection._replace(runner_name="Horse of a rather long name")),
                    OFF, f"{number % 60} {long}", "x",
                )
                for number, pick in enumerate(one.selections)
            ),
            problems=tuple(f"1.{number}: {long}" for number in range(500)),
        )  # fmt: skip

    report = two(grown(season(picks)), grown(season(picks, shift=9)))
    text = html_of(report, LONDON)
    assert len(text.encode()) < 300_000
    assert f"Left out here: {picks - 120} of {picks} selections, those with the smallest difference" in text
    assert "Left out here: 40 of 60 reasons" in text
    assert "Left out here: 460 of 500 problems" in text
    alone = html_of(report_of(grown(season(picks)), "rules"), LONDON)
    assert len(alone.encode()) < 300_000
    assert f"Left out here: {picks - 120} of {picks} selections, those with the smallest net" in alone


def test_the_largest_differences_are_those_that_stay() -> None:
    before, after = season(200), season(200)
    big = replace(after.selections[150], profit=money(5000))
    after = replace(after, selections=(*after.selections[:150], big, *after.selections[151:]), policy_hash="b" * 64)
    small = [replace(one, profit=one.profit + Decimal("0.01")) for one in after.selections[:150]]
    after = replace(after, selections=(*small, *after.selections[150:]))
    rows = Page(html_of(two(before, after), LONDON)).tables[-1]
    assert len(rows) == 121
    assert any("Horse pick-0151" in row for row in rows)


def test_the_profit_by_off_day_month_and_year() -> None:
    """Each as coarse as it has to be; sums and worst drawdowns are kept."""
    moments = summarise(season(2000)).moments
    expected = [(3000, "Off"), (100, "Day"), (10, "Month"), (2, "Year"), (1, "Year")]
    for most, unit in expected:
        found, periods = by_period(moments, LONDON, most)
        assert found == unit
        assert sum(one.picks for one in periods) == 2000
        assert sum(one.net for one in periods) == moments[-1].total == periods[-1].total
        assert max(one.drawdown for one in periods) == max(one.drawdown for one in moments)
    assert by_period(moments, LONDON, 100)[1][0].name == "2026-05-02"


# --- Pictures -------------------------------------------------------------------------------------------------------


def test_lines_step_from_nothing() -> None:
    picture = lines_picture("x", [Line("A", [money(10), money(-5)]), Line("B", [money(0), money(10)])], ("1", "2"))
    one, two_ = [path["d"] for path in drawn(picture, "path") if path["class"].startswith("line ")][:2]
    assert one == "M54 117.3 H64 V12 H222 V170 H390"
    assert two_ == "M54 117.3 H64 V117.3 H222 V12 H390"
    assert [path["class"] for path in drawn(picture, "path") if "line" in path["class"]] == [
        "line a", "line b", "line a", "line b",
    ]  # fmt: skip
    assert words(picture)[-4:] == ["1", "2", "A", "B"]


def test_many_points_are_thinned_and_the_worst_stays() -> None:
    amounts = [Decimal(-1000) if number == 1777 else Decimal(number % 5) for number in range(5000)]
    for lowest in (True, False):
        picture = lines_picture("x", [Line("", amounts)], ("a", "b"), lowest=lowest)
        (path,) = [one["d"] for one in drawn(picture, "path") if one["class"] == "line a"]
        assert path.count("V") <= MOST_POINTS
        assert ("-1000" in words(picture)) is lowest


def test_an_interval_stands_over_its_dot() -> None:
    interval = summarise(season(40)).net_interval
    middles = [Middle("A", "a", money(5), interval, "A: 5"), Middle("B", "b", money(0), None, "B: 0")]
    picture = intervals_picture("x", middles)
    dots = drawn(picture, "circle")
    assert [one["class"] for one in dots] == ["bar a", "bar b"]
    (whisker,) = [one for one in drawn(picture, "path") if one["class"].startswith("whisker")]
    assert whisker["d"].count("M") == 3
    assert words(picture)[-2:] == ["A", "B"]


def test_bars_stand_within_what_was_sent() -> None:
    bars = [Bar("a", money(20), money(40), "A 50 %"), Bar("b", money(0), money(0), "B -")]
    picture = bars_picture("x", [("1h to 2h", bars), ("x" * 80, [Bar("a", money(10), None, "10")])])
    assert [(one["class"], one["width"]) for one in drawn(picture, "rect")] == [
        ("bar a", "145"), ("whole", "290"), ("bar b", "0.1"), ("whole", "0.1"), ("bar a", "72.5"),
    ]  # fmt: skip
    assert words(picture) == ["1h to 2h", "A 50 %", "B -", "x" * 51 + "…", "10"]
