# ruff: noqa: E501 - the shown lines are as wide as they are
"""A replay as text, as JSON and as a page: what each says, that it is all there, and that it stays small."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import replace
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from policytrader.app.replay.causes import Cause, CauseKind, ConditionSeen
from policytrader.app.replay.compare import compare
from policytrader.app.replay.report import ReplayReport, Source, report_of
from policytrader.app.replay.summary import by_period, summarise
from policytrader.app.replay.why import Explained
from policytrader.cli.replay_document import document_of
from policytrader.cli.replay_html import html_of
from policytrader.cli.replay_orders import COLUMNS, orders_csv
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
from policytrader.cli.replay_words import did_text, verdict_line
from policytrader.engine.explain import LeafSeen
from policytrader.errors import printable
from policytrader.model.journal import Purpose
from policytrader.model.replay import Problem
from policytrader.model.snapshot import Side
from tests.app.replay.replays import HOUR, invalid, money, order, pick, replay, season
from tests.app.reported_day import NASTY
from tests.app.test_report import Page, drawn, words
from tests.one_day import MINUTE, OFF

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.model.replay import Replay
    from tests.cli.conftest import Run

LONDON = ZoneInfo("Europe/London")
CONDITION = ConditionSeen(
    LeafSeen("not empty", "fact.short_priced_removed", "Short Cut, 8.00 this morning", "true", "", None),
    LeafSeen("not empty", "fact.short_priced_removed", "none", "false", "", None),
)
RULE = Cause(
    kind=CauseKind.VALIDATION,
    name="short-price-removed",
    before="true: invalidate Invalid Short Price Removed",
    after="not true",
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
    problems = (Problem("1.9: the recording ends before the off"),)
    before = replay(stopped, same, idle, problems=problems)
    return before, replay(went_on, same, idle, policy="b" * 64, problems=problems)


ONE_TEXT = """\
Replay of 2026-05-02: 3 races, 3 markets, 3 selections, 1 not replayed
Decided every 15s: 100 ticks
Policy: rules (aaaaaaa)

net profit                 +5.21
net profit, 95 % interval  0.00 to +11.40
return on turnover         +20.04 %
orders                     2
risk matched               26.00
SP beat                    +5.71 %
SP beat, 95 % interval     0.00 to +20.00 %
largest drawdown           0.00
profit before commission   5.48
commission                 0.27
risk sent                  42.00
stake sent                 18.00
stake matched              14.00
hedges                     1
selections with orders     2
selections matched         2
selections invalidated     1
decisions                  300
decided    WAIT 297, PLACE 3
refused    max_spread_ticks: orders of 1 of 3 selections on 1 of 1 days, at 7 ticks
invalid    1 Invalid Short Price Removed

Day           Net    Return  Selections  Orders  Risk matched
2026-05-02  +5.21  +20.04 %           3       2         26.00

Bet         Net    Return  Selections  Orders  Risk matched
BACK WIN  +1.41  +14.10 %           2       1         10.00
LAY WIN   +3.80  +23.75 %           1       1         16.00

Off               Course  Runner   Bet       Price  Orders  Hedges   Sent  Matched  Average    SP  Outcome    Net  Why invalid
2026-05-02 15:10  York    Horse a  BACK WIN   8.00       1       1  10.00    10.00     8.00  8.00  WON      +1.41  Invalid Short Price Removed
2026-05-02 16:10  York    Horse b  LAY WIN    8.00       1       -   8.00     4.00     5.00  6.00  WON      +3.80
1 without an order or an invalidation

not replayed: 1
  1.9: the recording ends before the off
"""
TWO_TEXT = """\
Replay of 2026-05-02: 3 races, 3 markets, 3 selections, 1 not replayed
Decided every 15s: 100 ticks
Policy A: rules (aaaaaaa)
Policy B: edited/rules (bbbbbbb)

                                          A                 B            B - A
net profit                            +5.21            +70.30           +65.09
net profit, 95 % interval    0.00 to +11.40   0.00 to +199.50  0.00 to +195.27
return on turnover                 +20.04 %         +270.38 %        +250.34 %
orders                                    2                 2                0
risk matched                          26.00             26.00             0.00
SP beat                             +5.71 %           +5.71 %           0.00 %
SP beat, 95 % interval     0.00 to +20.00 %  0.00 to +20.00 %
largest drawdown                       0.00              0.00             0.00
profit before commission               5.48             74.00           +68.52
commission                             0.27              3.70            +3.43
risk sent                             42.00             42.00             0.00
stake sent                            18.00             18.00             0.00
stake matched                         14.00             14.00             0.00
hedges                                    1                 0               -1
selections with orders                    2                 2                0
selections matched                        2                 2                0
selections invalidated                    1                 0               -1
decisions                               300               300                0
A decided    WAIT 297, PLACE 3
A refused    max_spread_ticks: orders of 1 of 3 selections on 1 of 1 days, at 7 ticks
A invalid    1 Invalid Short Price Removed
B decided    WAIT 298, PLACE 2
B refused    max_spread_ticks: orders of 1 of 3 selections on 1 of 1 days, at 7 ticks

Day         Net A   Net B  Net B - A  Return A   Return B  Selections  Orders A  Orders B  Risk matched A  Risk matched B
2026-05-02  +5.21  +70.30     +65.09  +20.04 %  +270.38 %           3         2         2           26.00           26.00

Bet       Net A   Net B  Net B - A  Return A   Return B  Selections  Orders A  Orders B  Risk matched A  Risk matched B
BACK WIN  +1.41  +66.50     +65.09  +14.10 %  +665.00 %           2         1         1           10.00           10.00
LAY WIN   +3.80   +3.80       0.00  +23.75 %   +23.75 %           1         1         1           16.00           16.00

1 of 3 selections differ; B makes 65.09 more than A, 95 % interval 0.00 to +195.27: chance may explain it

Picks  Net B - A  Because of
    1     +65.09  rule short-price-removed

Off               Course  Runner   Bet       At                   A                                     B        Net B - A  Because of
2026-05-02 15:10  York    Horse a  BACK WIN  2026-05-02 14:10:00  invalid: Invalid Short Price Removed  nothing     +65.09  rule short-price-removed
    rule short-price-removed: A true: invalidate Invalid Short Price Removed | B not true
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


def test_b_may_make_less_or_as_much() -> None:
    one, two_ = season(2), season(2, shift=5)
    assert "; B makes 0.10 less than A, 95 %" in verdict_line(two(one, two_))
    assert "; B makes 0.10 more than A, 95 %" in verdict_line(two(two_, one))
    stopped = replay(*(invalid(one, OFF, "Invalid Small Field", "small-field") for one in one.selections))
    assert "; B makes as much as A, 95 %" in verdict_line(two(season(2), stopped))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, "matched"),
        ({"size_matched": money(0), "size_voided": money(8)}, "voided"),
        ({"size_matched": money(5), "size_cancelled": money(1), "size_lapsed": money(2)}, "5.00 matched, 1.00 cancelled, 2.00 lapsed"),
        ({"size_matched": money(0)}, "nothing matched"),
    ],
)  # fmt: skip
def test_what_became_of_an_order(more: dict[str, Decimal], told: str) -> None:
    (explained,) = two(replay(pick("a")), replay(pick("a", order("a", HOUR, "8.00", "8.00", **more)))).explained
    assert [did_text(explained, number) for number in (0, 1)] == ["nothing", f"back 8.00 @ 8.00, {told}"]


def test_an_order_that_was_not_taken_has_its_answer() -> None:
    dead = order("a", HOUR, "8.00", "8.00", code="INVALID_ODDS", size_matched=money(0))
    (explained,) = two(replay(pick("a")), replay(pick("a", dead))).explained
    assert did_text(explained, 1) == "back 8.00 @ 8.00 (INVALID_ODDS)"


def test_a_share_of_commission_is_told_in_money() -> None:
    own = order("a", HOUR, "8.00", "8.00")
    one, other = (replay(pick("a", own, commission=money(amount))) for amount in ("0.10", "0.12"))
    (explained,) = two(one, other).explained
    assert [did_text(explained, number) for number in (0, 1)] == ["0.10 commission", "0.12 commission"]


def test_a_refusal_is_shown_and_when_it_was() -> None:
    """Where the other one sent an order: not `nothing`."""
    refused_at = {"max_daily_loss": (OFF - HOUR, OFF - MINUTE)}
    refused = pick("a", refused={"max_daily_loss": 18}, refused_at=refused_at)
    report = two(replay(refused), replay(pick("a", order("a", HOUR, "8.00", "8.00"))))
    (explained,) = report.explained
    report = replace(report, explained=(replace(explained, refused=("max_daily_loss", None)),))
    assert did_text(report.explained[0], 0) == "refused: max_daily_loss"
    document = document_of(report)
    assert document["policies"][0]["selections"][0]["refused_at"] == {
        "max_daily_loss": {"first": "2026-05-02T13:10:00Z", "last": "2026-05-02T14:09:00Z"}
    }
    (difference,) = document["comparison"]["differences"]
    assert (difference["a"]["refused"], difference["b"]["refused"]) == ("max_daily_loss", None)


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
    assert next(line for line in lines if line.startswith("net profit, 95 % interval ")).endswith("  0.00 to 0.00")
    comparison = document_of(report)["comparison"]
    assert comparison == {
        "net": "0.00", "net_interval": {"low": "0.00", "high": "0.00"}, "same": 30, "differing": 0, "causes": [],
        "differences": [],
    }  # fmt: skip
    assert "the two policies do the same" in html_of(report, LONDON)


@pytest.mark.parametrize(
    ("source", "cadence", "told"),
    [
        (
            Source("morning.csv", is_rules=False, at="8h"), "schedule",
            [
                "Selections from morning.csv, made and captured 8h before the off",
                "Decided at the times of each policy's schedule: 100 ticks",
            ],
        ),
        (
            Source("morning.csv", is_rules=False, at=OFF), "change",
            [
                "Selections from morning.csv, made and captured at 2026-05-02 15:10:00",
                "Decided at every change of a race: 100 ticks",
            ],
        ),
        (
            Source("rule.yaml", is_rules=True, at="4h"), "15s",
            [
                "Selections by the rules of rule.yaml, made and captured 4h before the off",
                "Decided every 15s: 100 ticks",
            ],
        ),
    ],
)  # fmt: skip
def test_what_was_replayed_is_told_in_words(source: Source, cadence: str, told: list[str]) -> None:
    report = replace(report_of(replace(season(60), cadence=cadence), "rules"), source=source)
    lines = list(replay_lines(report, LONDON))
    head = "Replay of 4 days, 2026-05-02 to 2026-05-05: 60 races, 60 markets, 60 selections"
    assert lines[:3] == [head, *told]
    page = html_of(report, LONDON)
    assert all(f"<p>{escape(line)}</p>" in page for line in (head, *told))


def test_amounts_that_are_shown_can_be_subtracted_and_percentages_too() -> None:
    """1.004 and 1.006 are shown as 1.00 and 1.01; what is between them is 0.002, and shown as 0.01."""

    def made(profit: str) -> Replay:
        return replay(pick("a", order("a", HOUR, "8.00", "10.00", profit=money(profit))), policy=profit.zfill(64))

    report = two(made("1.004"), made("1.006"))
    rows = {line.split("  ")[0]: line.split()[-3:] for line in replay_lines(report, LONDON) if "  " in line}
    assert rows["net profit"] == ["+1.00", "+1.01", "+0.01"]
    assert "B makes 0.01 more than A" in "\n".join(replay_lines(report, LONDON))
    assert ["2026-05-02", "+1.00", "+1.01", "+0.01"] in [line.split()[:4] for line in replay_lines(report, LONDON)]
    assert document_of(report)["comparison"]["net"] == "0.01"
    assert ["B - A", "+0.01", "no interval: fewer than 2 races"] in [
        row for rows in Page(html_of(report, LONDON)).tables for row in rows
    ]
    line = next(line for line in replay_lines(report, LONDON) if line.startswith("return on turnover"))
    assert line.split()[-6:] == ["+10.04", "%", "+10.06", "%", "+0.02", "%"]


def test_text_folds_many_days() -> None:
    lines = list(replay_lines(report_of(season(2000), "rules"), LONDON))
    assert sum(line.startswith("2026-") and "%" in line for line in lines) == 13
    assert any(line.startswith("71 others ") for line in lines)


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
    assert difference["b"] == {
        "orders": [], "invalidated": False, "reason": None, "rule": None, "refused": None,
    }  # fmt: skip
    (cause,) = difference["causes"]
    assert cause["conditions"][0]["b"] == {
        "field": "fact.short_priced_removed", "condition": "not empty", "seen": "none", "note": None, "truth": "false",
        "place": None,
    }  # fmt: skip


def test_the_document_tells_what_was_replayed_and_breaks_it_down(hand_made: tuple[Replay, Replay]) -> None:
    document = document_of(report_of(hand_made[0], "rules"))
    assert (document["days"], document["picks_from"]) == (["2026-05-02"], None)
    (policy,) = document["policies"]
    assert policy["totals"]["return_percent"] == "20.04"
    assert (policy["refused"], policy["refused_picks"], policy["refused_days"]) == (
        {"max_spread_ticks": 7}, {"max_spread_ticks": 1}, {"max_spread_ticks": 1},
    )  # fmt: skip
    assert list(policy["breakdowns"]) == ["day", "bet", "price", "course"]
    assert policy["breakdowns"]["bet"] == [
        {
            "group": "BACK WIN",
            "picks": 2,
            "orders": 1,
            "risk_matched": "10.00",
            "net": "1.41",
            "return_percent": "14.10",
        },
        {
            "group": "LAY WIN",
            "picks": 1,
            "orders": 1,
            "risk_matched": "16.00",
            "net": "3.80",
            "return_percent": "23.75",
        },
    ]
    ruled = replay(pick("a", picked_by="short"))
    (policy,) = document_of(report_of(ruled, "rules"))["policies"]
    assert policy["selections"][0]["picked_by"] == "short"
    assert policy["breakdowns"]["rule"] == [
        {"group": "short", "picks": 1, "orders": 0, "risk_matched": "0.00", "net": "0.00", "return_percent": None}
    ]
    source = Source("picks.csv", is_rules=False, at=OFF)
    assert document_of(replace(report_of(ruled, "rules"), source=source))["picks_from"] == {
        "file": "picks.csv", "by_rule": False, "at": "2026-05-02T14:10:00Z",
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
    totals, refused, days, bets, prices, courses, profit, nets, more, beats, bands, reasons, causes, differences = (
        page.tables
    )
    assert [row[0] for row in totals[1:6]] == [
        "net profit", "net profit, 95 % interval", "return on turnover", "orders", "risk matched",
    ]  # fmt: skip
    assert refused[1:] == [["max_spread_ticks", "1 of 3", "1 of 3", "1 of 1", "1 of 1", "7", "7"]]
    assert days[1] == [
        "2026-05-02", "+5.21", "+70.30", "+65.09", "+20.04 %", "+270.38 %", "3", "2", "2", "26.00", "26.00",
    ]  # fmt: skip
    assert [[row[0], row[3]] for row in bets[1:]] == [["BACK WIN", "+65.09"], ["LAY WIN", "0.00"]]
    assert [prices[0][0], *(row[0] for row in prices[1:])] == ["Price requested", "8 to 12"]
    assert [courses[0][0], *(row[0] for row in courses[1:])] == ["Course", "York"]
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
    assert differences[1][4:] == ["2026-05-02 14:10:00", "invalid: Invalid Short Price Removed", "nothing", "+65.09"]
    # Why is long: it has a row of its own, as wide as the table.
    assert differences[2][0].startswith("Because of: rule short-price-removed: A true")
    assert "fact.short_priced_removed: A Short Cut" in differences[2][0]
    assert [one["colspan"] for tag, one in page.elements if tag == "td" and "colspan" in one] == ["8"]
    assert sum(tag == "svg" for tag, _ in page.elements) == 7
    assert all(one.get("scope") in {"col", "row"} for tag, one in page.elements if tag == "th")


def test_the_page_of_one_policy(hand_made: tuple[Replay, Replay]) -> None:
    page = Page(html_of(report_of(hand_made[0], "rules"), LONDON))
    picks = page.tables[-1]
    assert [row[2] for row in picks if len(row) > 1] == ["Runner", "Horse a", "Horse b"]
    assert picks[2] == ["Why invalid: Invalid Short Price Removed"]
    assert len(picks) == 4
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
    # At a phone's width neither a list of facts nor a long name makes the page wider than the screen.
    assert "dl { display: grid; grid-template-columns: max-content minmax(0, 1fr)" in text
    assert "dd { margin: 0; overflow-wrap: anywhere }" in text
    assert ".pair > * { min-width: 0 }" in text
    assert text == html_of(report, LONDON)


def test_every_text_is_only_text() -> None:
    nasty = invalid(pick("a", order("a", HOUR, "8.00", "2.00"), course="</table><i>"), OFF - HOUR, NASTY, "<u>")
    named = replace(nasty, selection=nasty.selection._replace(runner_name=NASTY))
    other = replace(named, reason="other\x1b[0m")
    cause = replace(RULE, name="<b>", before="<script>", after=NASTY)
    problems = (Problem("<img src=x>\x1b"),)
    report = replace(two(replay(named, problems=problems), replay(other), cause), names=("<u>", '"><i>'))
    text = html_of(report, LONDON)
    tags = {tag for tag, _ in Page(text).elements}
    assert not tags & {"i", "u", "b", "script", "img"}
    assert "\x1b" not in text
    assert printable(NASTY) in Page(text).tables[-1][1][2]
    assert all(line.isprintable() for line in replay_lines(report, LONDON))


@pytest.mark.parametrize("picks", [2000, 5000])
@pytest.mark.parametrize("more", ["of a rather long name", '"' * 330])
def test_a_season_is_still_a_small_page(picks: int, more: str) -> None:
    """Long names, long reasons, a difference in each, and what is left out is told; some characters take six bytes."""
    long = "Invalid " + "x" * 110 + more

    def grown(one: Replay) -> Replay:
        return replace(
            one,
            selections=tuple(
                invalid(
                    replace(
                        pick,
                        selection=pick.selection._replace(runner_name=f"Horse {more}"),
                        course=f"{number % 90} course {more}",
                        picked_by=f"{number % 70}-{'x' * 60}",
                        refused={f"limit_{code}": number for code in range(20)},
                    ),
                    OFF, f"{number % 60} {long}", "x",
                )
                for number, pick in enumerate(one.selections)
            ),
            problems=tuple(Problem(f"1.{number}: {long}") for number in range(500)),
        )  # fmt: skip

    report = two(grown(season(picks)), grown(season(picks, shift=9)))
    text = html_of(report, LONDON)
    assert len(text.encode()) < 300_000
    assert f"Left out here: {picks - 120} of {picks} selections, those with the smallest difference" in text
    assert "Left out here: 40 of 60 reasons" in text
    assert "Left out here: 460 of 500 problems" in text
    assert any(row[0].endswith(" others") for row in Page(text).tables[2])
    alone = html_of(report_of(grown(season(picks)), "rules"), LONDON)
    assert len(alone.encode()) < 300_000
    assert f"Left out here: {picks - 120} of {picks} selections, those with the smallest net" in alone


def test_the_largest_differences_are_those_that_stay() -> None:
    before, after = season(200), season(200)
    big = replace(after.selections[150], profit=money(5000))
    after = replace(after, selections=(*after.selections[:150], big, *after.selections[151:]), policy_hash="b" * 64)
    small = [replace(one, profit=one.profit + Decimal("0.01")) for one in after.selections[:150]]
    after = replace(after, selections=(*small, *after.selections[150:]))
    rows = [row for row in Page(html_of(two(before, after), LONDON)).tables[-1] if len(row) > 1]
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


# --- Orders as CSV ---------------------------------------------------------------------------------------------------


def test_every_order_is_a_row(hand_made: tuple[Replay, Replay]) -> None:
    before, after = hand_made
    text = orders_csv(two(before, after))
    head, *lines = text.splitlines()
    assert head == ",".join(COLUMNS)
    rows = list(csv.DictReader(text.splitlines()))
    names = ("policy", "selection_ref", "purpose", "side", "price", "size", "size_matched", "outcome", "profit")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("A", "a", "opening", "BACK", "8.00", "10.00", "10.00", "WON", "70.00"),
        ("A", "a", "hedge", "LAY", "7.00", "11.42", "11.42", "LOST", "-68.52"),
        ("A", "b", "opening", "LAY", "5.00", "8.00", "4.00", "WON", "4.00"),
        ("B", "a", "opening", "BACK", "8.00", "10.00", "10.00", "WON", "70.00"),
        ("B", "b", "opening", "LAY", "5.00", "8.00", "4.00", "WON", "4.00"),
    ]
    assert lines[1].startswith("A,2026-05-02T13:10:00Z,a,2026-05-02T14:10:00Z,York,Horse a,WIN,hedge,LAY,7.00,")
    assert rows[1]["average_price_matched"] == "7.00"


def test_an_order_without_a_match_or_a_result() -> None:
    idle = order("x", HOUR, "8.00", "10.00", size_matched=money(0), code="BET_TAKEN_OR_LAPSED")
    (row,) = csv.DictReader(orders_csv(report_of(replay(pick("x", idle, outcome=None)), "rules")).splitlines())
    assert (row["policy"], row["code"], row["size_matched"]) == ("A", "BET_TAKEN_OR_LAPSED", "0.00")
    assert (row["average_price_matched"], row["outcome"]) == ("", "")
    assert orders_csv(report_of(replay(), "rules")) == ",".join(COLUMNS) + "\n"


def test_files_are_looked_at_before_the_replay(run: Run, here: Path) -> None:
    (here / "history").mkdir()
    (here / "file").write_text("x", "utf-8")
    for option in ("--html", "--orders"):
        for name, why in (("nowhere/x", "No such file"), ("history", "Is a directory"), ("file/x", "Not a directory")):
            ran = run("replay", "history", "--selections", "none.csv", option, name)
            assert (ran.code, ran.out) == (2, "")
            assert ran.err.startswith(f"error: {option} {name}: cannot be written: {why}")
    assert sorted(path.name for path in here.iterdir()) == ["file", "history"]
    (here / "file").chmod(0o400)
    if not os.access(here / "file", os.W_OK):
        assert "Permission denied" in run("replay", "history", "--selections", "none.csv", "--html", "file").err
