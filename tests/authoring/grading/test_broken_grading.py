"""Broken grading policies: what each is told, and where; one thing wrong, one finding."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from policytrader.authoring.codes import ERRORS
from tests.authoring.grading.written import Edit, Told, edited, errors_of, loaded


class Broken(NamedTuple):
    """One edit of the small policy and its one finding."""

    name: str
    edit: Edit
    code: str
    marked: str
    message: str


_NOT_PLAYED = "when: {field: player.took_part, op: is_false}"
_STATUS = "{field: fixture.status, op: ne, value: FINISHED}"
_RETURNS = "returns: {won: stake * odds, half_win: stake * (odds + 1) / 2, refund: stake, half_loss: stake / 2"
_HALF_ROW = '{margin: "0.25", outcome: half_win, reason: quarter_line}'
_PUSH_ROW = '    - {margin: "0", outcome: refund, reason: push}\n'
_DEFAULT = "  - name: Team Corners Handicap\n    statistics: [corners]\n    scope: team\n"

# fmt: off
BROKEN = (
    # conditions, as for trading rules, over the grading catalogue
    Broken("unknown field", ("grading", "field: player.took_part", "field: player.took_parts"), "E201",
           "player.took_parts", "unknown field `player.took_parts`; did you mean `player.took_part`?"),
    Broken("field of trading rules", ("grading", "field: fixture.status, op: ne", "field: market.status, op: ne"),
           "E201",
           "market.status", "`market.status` is a field of trading rules"),
    Broken("operator of another type", ("grading", _NOT_PLAYED, "when: {field: player.took_part, op: eq, value: true}"),
           "E202", "eq", "`eq` does not apply to `player.took_part`, which is true or false"),
    Broken("operator for missing values", ("grading", "op: is_true}", "op: is_missing}"), "E202", "is_missing",
           "`is_missing` does not apply to `bet.manual_override`, which is true or false"),
    Broken("word that there is not", ("grading", _STATUS, "{field: fixture.status, op: ne, value: FINISHD}"), "E203",
           "FINISHD", "`value` must be one of SCHEDULED, LIVE, HALF_TIME, FINISHED, POSTPONED, ABANDONED, CANCELLED, "
           "AWARDED, UNKNOWN; did you mean `FINISHED`?"),
    Broken("number for a duration", ("grading", "when: {field: bet.margin, op: is_present}",
           "when: {field: fixture.since_kickoff, op: gt, value: 90}"), "E203", "90",
           "`value` must be a duration such as 8h, 30m or 15s"),
    Broken("different units", ("grading", "when: {field: bet.margin, op: is_present}",
           "when: {field: bet.margin, op: gt, other: bet.seen_for}"), "E204", "bet.seen_for",
           "`bet.margin` (a number of count) and `bet.seen_for` (a duration) cannot be compared"),
    Broken("fact", ("grading", "field: player.took_part", "field: fact.took_part"), "E205", "fact.took_part",
           "unknown fact `fact.took_part`; did you mean `player.took_part`?"),
    Broken("invalidated_by", ("grading", _NOT_PLAYED, "when: {invalidated_by: [x]}"), "E102", "invalidated_by",
           "`invalidated_by` belongs to cash-out triggers"),
    Broken("scope that there is not", ("grading", "{scope: [player]}", "{scope: [keeper]}"), "E103", "keeper",
           "item 1 of `scope` cannot be `keeper`"),
    # rules and their tests
    Broken("rule twice", ("grading", "id: not-finished\n", "id: keep-manual\n"), "E206", "keep-manual",
           "a second rule `keep-manual` (the first is number 1)"),
    Broken("expectation", ("grading", "expect: half_win}", "expect: halfwin}"), "E103", "halfwin",
           "`expect` cannot be `halfwin`; did you mean `half_win`?"),
    Broken("expectation of trading", ("grading", "{fixture.status: FINISHED}, expect: next}",
           "{fixture.status: FINISHED}, expect: keep}"), "E103", "keep", "`expect` cannot be `keep`"),
    Broken("given of another type", ("grading", "{bet.margin: 0.25}", "{bet.margin: quarter}"), "E203", "quarter",
           "`bet.margin` must be a number, without quotes and without a unit"),
    Broken("given that there is not", ("grading", "{bet.margin: 0.25}", "{bet.margn: 0.25}"), "E201", "bet.margn",
           "unknown field `bet.margn`; did you mean `bet.margin`?"),
    # what follows
    Broken("result without a reason", ("grading", "{outcome: refund, reason: did_not_play}", "{outcome: refund}"),
           "E105", "then", "`then` needs the `reason` of its outcome"),
    Broken("reason of a pending bet", ("grading", "then: {pending: not_finished}",
           "then: {pending: not_finished, reason: line}"), "E105", "then",
           "`then` has a `reason`, which belongs to an `outcome`; `pending` names its own"),
    Broken("two consequences", ("grading", "then: {pending: not_finished}",
           "then: {pending: not_finished, keep: manual_override}"), "E105", "then",
           "`then` must be exactly one of `outcome`, `pending` and `keep`"),
    Broken("outcome that there is not", ("grading", "then: {outcome: by_margin}", "then: {outcome: by_margins}"),
           "E103",
           "by_margins", "`outcome` cannot be `by_margins`; did you mean `by_margin`?"),
    Broken("reason of another kind", ("grading", "reason: did_not_play}", "reason: not_finished}"), "E103",
           "not_finished", "`reason` cannot be `not_finished`"),
    Broken("on_missing of another kind", ("grading", "on_missing: not_finished", "on_missing: hold"), "E103", "hold",
           "`on_missing` cannot be `hold`"),
    Broken("otherwise by margin", ("grading", "otherwise: {pending: stat_unavailable}",
           "otherwise: {outcome: by_margin}"),
           "E226", "by_margin", "`otherwise` cannot be by_margin: what no rule decides may have no margin"),
    Broken("otherwise keeps", ("grading", "otherwise: {pending: stat_unavailable}",
           "otherwise: {keep: manual_override}"),
           "E226", "manual_override",
           "`otherwise` cannot keep what a person decided: it is for bets that no rule is about"),
    # the margin table
    Broken("gap of one step", ("grading", _PUSH_ROW, ""), "E220", "rows", "no row for a margin of 0"),
    Broken("gap of several", ("grading", 'margin: ">= 0.5"', 'margin: ">= 1.25"'), "E220", "rows",
           "no row for a margin from 0.5 to 1"),
    Broken("open at the bottom", ("grading", 'margin: "<= -0.5"', 'margin: "-0.5"'), "E220", "rows",
           "no row for a margin at or below -0.75"),
    Broken("open at the top", ("grading", 'margin: ">= 0.5"', 'margin: "0.5"'), "E220", "rows",
           "no row for a margin at or above 0.75"),
    Broken("two rows for one margin", ("grading", 'margin: ">= 0.5"', 'margin: ">= 0.25"'), "E220", '"0.25"',
           "`0.25` and `>= 0.25` (line 40) both meet a margin of 0.25"),
    Broken("the same row twice", ("grading", _PUSH_ROW, _PUSH_ROW + _PUSH_ROW), "E220", '"0"',
           "`0` and `0` (line 42) both meet a margin of 0"),
    Broken("no quarter step", ("grading", 'margin: "0.25"', 'margin: "0.3"'), "E105", '"0.3"',
           '`margin` must be a margin in quotes, in quarter steps: ">= 0.5", "0.25", "<= -0.5"'),
    Broken("margin without quotes", ("grading", 'margin: "0.25"', "margin: 0.25"), "E104", "0.25",
           '`margin` must be a margin in quotes, in quarter steps: ">= 0.5", "0.25", "<= -0.5"'),
    # the money
    Broken("won without odds", ("grading", _RETURNS, _RETURNS.replace("won: stake * odds", "won: stake * 2")), "E225",
           "stake * 2", "`won` comes to 20 with a stake of 10 and odds of 3, and must come to 30"),
    Broken("refund with a fee", ("grading", "refund: stake,", "refund: stake * 0.99,"), "E225", "stake * 0.99",
           "`refund` comes to 9.9 with a stake of 10 and odds of 3, and must come to 10"),
    Broken("lost gives something", ("grading", 'lost: "0"', "lost: stake / 100"), "E225", "stake / 100",
           "`lost` comes to 0.1 with a stake of 10 and odds of 3, and must come to 0"),
    Broken("half win above the full one", ("grading", "(odds + 1) / 2", "(odds + 1)"), "E225", "stake * (odds + 1)",
           "`half_win` comes to 40 with a stake of 10 and odds of 3, and must come to 20"),
    Broken("half loss of nothing", ("grading", "half_loss: stake / 2", "half_loss: stake"), "E225", "stake",
           "`half_loss` comes to 10 with a stake of 10 and odds of 3, and must come to 5"),
    Broken("right at the first stake and odds only",
           ("grading", "won: stake * odds", "won: stake * odds + (stake - 10) * (odds - 3)"), "E225",
           "stake * odds + (stake - 10) * (odds - 3)",
           "`won` comes to 39 with a stake of 11 and odds of 3.5, and must come to 38.5"),
    Broken("divides by odds", ("grading", "refund: stake,", "refund: stake * odds / odds,"), "E225",
           "stake * odds / odds", "`refund` divides by stake or odds: for some of them there would be no amount"),
    Broken("formula that runs something", ("grading", "refund: stake,", "refund: stake.real,"), "E105", "stake.real",
           "`refund` may not hold `stake.real`: numbers, stake, odds, + - * / and brackets"),
    Broken("number without quotes", ("grading", 'lost: "0"', "lost: 0"), "E104", "0", "`lost` must be a text"),
    # settings and schedule
    Broken("setting that there is not", ("grading", "otherwise:", "settings: {live_confirms: 5s}\notherwise:"), "E102",
           "live_confirms", "unknown key `live_confirms`; did you mean `live_confirm`?"),
    Broken("setting that no rule reads", ("grading", "otherwise:", "settings: {live_confirm: 5s}\notherwise:"), "E227",
           "live_confirm", "no rule reads the setting `live_confirm`"),
    Broken("interval under the shortest", ("grading", "otherwise:", "schedule: {interval: 30s}\notherwise:"), "E212",
           "30s", "`interval` (30s) is less than `shortest` (60s)"),
    Broken("interval above the longest", ("grading", "otherwise:", "schedule: {interval: 2h}\notherwise:"), "E212",
           "schedule", "`longest` (3600s) is less than `interval` (2h)"),
    Broken("no pause at all", ("grading", "otherwise:", "schedule: {shortest: 0s}\notherwise:"), "E212", "0s",
           "`shortest` must be at least 1s"),
    Broken("gives up before the first look", ("grading", "otherwise:", "schedule: {give_up_after: 1h}\notherwise:"),
           "E212", "1h", "`give_up_after` (1h) is less than `first_look` (105m)"),
    Broken("looks again all the time", ("grading", "otherwise:", "settings: {regrade_every: 59s}\notherwise:"), "E212",
           "59s", "`regrade_every` (59s) must be at least 1m"),
    Broken("window over before the second look", ("grading", "otherwise:",
           "settings: {regrade_window: 29m}\notherwise:"), "E212", "settings",
           "`regrade_every` (30m) is more than `regrade_window` (29m): no settled fixture would be looked at again"),
    Broken("count out of range", ("grading", "otherwise:", "schedule: {faster_after_successes: 0}\notherwise:"), "E105",
           "0", "`faster_after_successes` must be at least 1"),
    # markets
    Broken("market twice", ("markets", "name: Match Corners", "name: player  goals"), "E206", "player  goals",
           "a second market `player  goals`"),
    Broken("alias of another market", ("markets", "name: First Half Corners", "name: ANYTIME goalscorer"), "E206",
           "ANYTIME goalscorer", "`ANYTIME goalscorer` is a name of `Player Goals` (line 9) already"),
    Broken("alias that is a later market's name", ("markets", "- Player Total Goals", "- match corners"), "E206",
           "match corners", "`match corners` is a name of `Match Corners` (line 15) already"),
    Broken("word for two directions", ("markets", "under: [under, u,", "under: [under, O,"), "E206", "O",
           "`O` is a word for over already"),
    Broken("line off the quarters", ("markets", "line: 0.5", "line: 0.6"), "E221", "0.6",
           "a line of 0.6 is no multiple of 0.25"),
    Broken("no statistic", ("markets", "statistics: [goals]", "statistics: []"), "E105", "statistics",
           "`statistics` must have at least one item"),
    Broken("statistic left out", ("markets", "    statistics: [goals]\n", ""), "E101", "n",
           "missing key `statistics`"),
    Broken("statistic that there is not", ("markets", "statistics: [goals]", "statistics: [goal]"), "E103", "goal",
           "item 1 of `statistics` cannot be `goal`; did you mean `goals`?"),
    Broken("not whole", ("markets", "    scope: match", "    scope: match\n    is_whole: false"), "E222", "is_whole",
           "`Match Corners` does not count in whole numbers: its margins may fall between the table's rows"),
    Broken("handicap that only grows", ("markets", "    can_only_grow: false\n", ""), "E223", "handicap",
           "`Team Corners Handicap` is a handicap, which also falls when the other team's number grows"),
    Broken("handicap of a match", ("markets", _DEFAULT, _DEFAULT.replace("scope: team", "scope: match")), "E223",
           "match",
           "a handicap compares a team with the other, and `Team Corners Handicap` is about a match"),
    Broken("alias against its market", ("markets", "aliases: [{name: First Half Corners, period: first_half}]",
           "period: match\n    aliases: [{name: First Half Corners, period: first_half}]"), "E223", "first_half",
           "`First Half Corners` says first_half, and `Match Corners` is always match"),
    Broken("lower of one", ("markets", "    needs_var: true\n", "    combine: lower\n"), "E105", "n",
           "item 1 of `markets` has `combine: lower`, which compares the two teams: `scope` must be match"),
    Broken("place of another scope", ("markets", "api_location: player", "api_location: total"), "E223", "total",
           "a market about a player is not read at `total`"),
    Broken("number of another statistic", ("markets", "    scope: match", "    scope: match\n    api_type_id: 52"),
           "E223",
           "52", "52 is the number of goals in `Player Goals`"),
    # participation
    Broken("terms of no market", ("participation", '"Player Goals"', '"Player Goal"'), "E224", '"Player Goal"',
           "there is no market `Player Goal`; did you mean `Player Goals`?"),
    Broken("terms of an alias", ("participation", '"Player Goals"', '"player total goals"'), "E224",
           '"player total goals"', "`player total goals` is another name of `Player Goals`"),
    Broken("bookmaker twice", ("participation", "  Bet365:", "  bet365: {void_window: 1h}\n  Bet365:"), "E206",
           "Bet365",
           "a second bookmaker `Bet365` (the first is `bet365`)"),
    Broken("participation that there is not", ("participation", "participation: must_appear", "participation: starts"),
           "E103", "starts", "`participation` cannot be `starts`; did you mean `must_start`?"),
    Broken("cards out of range", ("participation", "{red: 2,", "{red: 11,"), "E105", "11", "`red` must be at most 10"),
    Broken("cards that are no number", ("participation", "{red: 2,", "{red: two,"), "E104", "two",
           "`red` must be a whole number, without quotes"),
    # names
    Broken("id of two", ("names", "    - {name: Rodri, also: [Rodrigo Hernández]}",
           '    - {name: Rodri, ids: [7]}\n    - {name: Rodrygo, ids: ["7"]}'), "E206", '"7"',
           "7 is the id of `Rodri` already"),
    Broken("likeness of too much", ("names", "score: 85", "score: 8500"), "E105", "8500",
           "`score` must be from 0 to 1000"),
    # every file
    Broken("check of trading switched off", ("grading", "end: grading", "ignore: [W206]\nend: grading"), "E218", "W206",
           "there is no check `W206`; did you mean `W208`?"),
    Broken("end that is not last", ("names", "end: names\n", "end: names\nignore: [W208]\n"), "E217", "end",
           "`end` is not the last key"),
    Broken("kind misspelt", ("grading", "policy: grading", "policy: gradin"), "E107", "gradin",
           "unknown kind of policy `gradin`; did you mean `grading`?"),
    Broken("kind of trading", ("names", "policy: names", "policy: schedule"), "E107", "schedule",
           "`schedule` is no kind of a grading policy: the file belongs into another folder"),
)
# fmt: on


def test_the_small_policy_is_in_order() -> None:
    assert errors_of() == []
    assert len(loaded(edited()).grading_set().hash) == 64


@pytest.mark.parametrize("one", BROKEN, ids=lambda one: one.name)
def test_one_thing_wrong_is_one_finding(one: Broken) -> None:
    assert errors_of(one.edit) == [Told(one.code, one.edit[0], one.marked, one.message)]


def test_there_are_enough_of_them() -> None:
    assert len({one.name for one in BROKEN}) == len(BROKEN) >= 40
    about_grading = {code for code in ERRORS if code.startswith("E22")}
    assert about_grading <= {one.code for one in BROKEN}


@pytest.mark.parametrize("one", BROKEN, ids=lambda one: one.name)
def test_each_finding_says_what_to_do(one: Broken) -> None:
    (found,) = loaded(edited(one.edit)).diagnostics
    assert found.help
    assert found.place.line > 0
    assert found.message[-1] not in ".:"
