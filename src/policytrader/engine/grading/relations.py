"""The relations that a grade is read from: the bet as its market understands it, what was counted, what rules see.

SQL here joins, compares, adds and subtracts whole numbers; it never divides or rounds. NULL is unknown throughout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.engine.grading.tables import PROBLEMS, QUALITIES
from policytrader.engine.sql import case, quote, text
from policytrader.model.fixture import Quality
from policytrader.policy.grading.fields import GRADING_CATALOGUE
from policytrader.policy.values import duration_microseconds

if TYPE_CHECKING:
    from policytrader.policy.grading.rules import Settings

HALF = 50
"""Half a unit in hundredths: a count so far past a line stays past it."""

_UNAVAILABLE = QUALITIES.index(Quality.UNAVAILABLE)

_NOT_STATED = ("stat_unavailable", "extra_time_unsplit")
"""Where a feed has no number of goals, its events are counted instead; where it contradicts itself they are not."""

PLACED = """placed AS MATERIALIZED (
  SELECT b.*, f.* EXCLUDE (fixture_no), m.* EXCLUDE (written), t.* EXCLUDE (terms_of, market),
    w.* EXCLUDE (fixture_no, player_no),
    CASE WHEN b.direction_word IS NULL THEN coalesce(m.said_direction, m.usual_direction)
      WHEN d.direction = 'over' THEN coalesce(m.said_direction, 'over')
      WHEN (m.said_direction = 'handicap') <> (d.direction = 'handicap') THEN NULL
      ELSE d.direction END AS direction,
    CASE WHEN b.period_word IS NULL OR p.period = 'match' THEN coalesce(m.said_period, 'match')
      WHEN m.said_period <> p.period THEN NULL
      ELSE p.period END AS period,
    CASE WHEN NOT b.has_line THEN coalesce(m.said_line, m.usual_line)
      WHEN m.said_line <> b.own_line THEN NULL
      ELSE b.own_line END AS line
  FROM bets b
  LEFT JOIN markets m ON m.written = b.written_market
  LEFT JOIN directions d ON d.word = b.direction_word
  LEFT JOIN periods p ON p.word = b.period_word
  LEFT JOIN fixtures f ON f.fixture_no = b.fixture_no
  LEFT JOIN players w ON w.fixture_no = b.fixture_no AND w.player_no = b.player_no
  LEFT JOIN terms t ON t.terms_of = b.terms_of AND t.market = coalesce(m.market, ''))"""
"""The bet with its market, fixture, player and terms. `over` and `match` are what trackers put where nobody said
anything, so they give way to what the market's name says; a word that contradicts the name leaves the bet without."""

ASKED = """owned AS (
  SELECT bet_no, 1 AS place,
    CASE scope WHEN 'player' THEN player_no WHEN 'team' THEN team_no ELSE 0 END AS owner_no
  FROM placed
  UNION ALL
  SELECT bet_no, 2, CASE scope WHEN 'match' THEN 1 ELSE 1 - team_no END
  FROM placed
  WHERE scope = 'match' OR (scope = 'team' AND direction = 'handicap')),
asked AS MATERIALIZED (
  SELECT o.*, b.fixture_no, b.status IN ('LIVE', 'HALF_TIME') AS is_running, b.has_events, a.part,
    CASE b.period WHEN 'match' THEN 'regular' ELSE b.period END AS read_period,
    b.scope = 'player' AS is_player, b.yellow, b.red, b.second_yellow, b.most_per_player
  FROM owned o
  JOIN placed b ON b.bet_no = o.bet_no
  JOIN parts a ON a.market = b.market
  WHERE o.owner_no IS NOT NULL AND b.fixture_no IS NOT NULL AND b.period IS NOT NULL AND b.is_whole)"""
"""What has to be counted: a row for each part of the sum and for each side that it is about."""

EVENTS = """covers AS (
  SELECT * FROM (VALUES ('regular', 'regular', TRUE), ('regular', 'first_half', TRUE), ('regular', 'second_half', TRUE),
    ('first_half', 'first_half', TRUE), ('second_half', 'second_half', TRUE),
    ('first_half', 'regular', FALSE), ('second_half', 'regular', FALSE)) AS c(read_period, period, is_sure)),
carded AS (
  SELECT bet_no, place, CASE WHEN bool_and(is_certain) THEN sum(points)::BIGINT END AS count
  FROM (
    SELECT a.bet_no, a.place, bool_and(c.is_certain AND v.is_sure) AS is_certain,
      least(sum(CASE c.kind WHEN 'yellow' THEN a.yellow WHEN 'red' THEN a.red ELSE a.second_yellow END),
        a.most_per_player) AS points
    FROM asked a
    JOIN cards c ON c.fixture_no = a.fixture_no AND c.owner_no = a.owner_no
    JOIN covers v ON v.read_period = a.read_period AND v.period = c.period
    WHERE a.part = 'cards'
    GROUP BY a.bet_no, a.place, a.most_per_player, c.holder)
  GROUP BY bet_no, place),
ends AS (
  SELECT g.fixture_no, v.read_period, bool_and(v.is_sure) AS is_sure,
    min(g.goal_no) AS first_no, min(g.goal_no) FILTER (WHERE NOT g.is_own) AS first_scored,
    max(g.goal_no) AS last_no, max(g.goal_no) FILTER (WHERE NOT g.is_own) AS last_scored
  FROM goals g
  JOIN covers v ON v.period = g.period
  GROUP BY g.fixture_no, v.read_period),
scored AS (
  SELECT bet_no, place, part, CASE WHEN bool_and(is_sure OR NOT may_count) THEN count(*) FILTER (WHERE may_count) END
    AS count
  FROM (
    SELECT a.bet_no, a.place, a.part,
      g.is_certain AND v.is_sure AND (a.part <> 'header_goals' OR g.is_header IS NOT NULL)
        AND (a.part NOT IN ('first_goal', 'last_goal') OR e.is_sure) AS is_sure,
      CASE a.part WHEN 'goals' THEN TRUE
        WHEN 'header_goals' THEN NOT g.is_own AND g.is_header IS NOT FALSE
        WHEN 'first_goal' THEN NOT e.is_sure
          OR g.goal_no = CASE WHEN a.is_player THEN e.first_scored ELSE e.first_no END
        ELSE NOT e.is_sure
          OR g.goal_no = CASE WHEN a.is_player THEN e.last_scored ELSE e.last_no END END AS may_count
    FROM asked a
    JOIN goals g ON g.fixture_no = a.fixture_no AND g.owner_no = a.owner_no
    JOIN covers v ON v.read_period = a.read_period AND v.period = g.period
    JOIN ends e ON e.fixture_no = a.fixture_no AND e.read_period = a.read_period
    WHERE a.part IN ('goals', 'header_goals', 'first_goal', 'last_goal'))
  GROUP BY bet_no, place, part)"""
"""Cards under the terms' counting, and goals. One that may be somebody else's, or of the other half, makes the count
unknown. For a player the first goal is the first that is no own goal; for a team the first that counts for either."""


def counted() -> str:
    """Each part's number: the feed's, or from events; else what is the matter with it; then all parts together."""
    events_instead = ", ".join(str(PROBLEMS.index(problem)) for problem in _NOT_STATED)
    unavailable = PROBLEMS.index("stat_unavailable")
    return f"""read AS (
  SELECT a.bet_no, a.place, a.part, a.has_events,
    CASE WHEN s.quality_no > 0 AND a.is_running THEN NULL ELSE s.count END AS stated_count,
    s.quality_no, coalesce(s.problem_no, {unavailable}) AS problem_no,
    a.part IN ('cards', 'header_goals', 'first_goal', 'last_goal') OR (a.part = 'goals' AND s.count IS NULL
      AND (NOT a.is_player OR a.read_period <> 'regular')
      AND coalesce(s.problem_no, {unavailable}) IN ({events_instead})) AS is_from_events,
    CASE WHEN a.part = 'cards' THEN CASE WHEN c.bet_no IS NULL THEN 0 ELSE c.count END
      WHEN g.bet_no IS NULL THEN 0 ELSE g.count END AS event_count
  FROM asked a
  LEFT JOIN stated s ON s.fixture_no = a.fixture_no AND s.owner_no = a.owner_no AND s.period = a.read_period
    AND s.part = a.part
  LEFT JOIN carded c ON c.bet_no = a.bet_no AND c.place = a.place
  LEFT JOIN scored g ON g.bet_no = a.bet_no AND g.place = a.place AND g.part = a.part),
parted AS (
  SELECT bet_no, place, is_from_events,
    CASE WHEN NOT is_from_events THEN stated_count WHEN has_events THEN event_count END AS count, problem_no, quality_no
  FROM read),
summed AS (
  SELECT bet_no,
    CASE WHEN count(*) FILTER (WHERE place = 1 AND count IS NULL) = 0
      THEN sum(count) FILTER (WHERE place = 1) END::BIGINT AS own,
    CASE WHEN count(*) FILTER (WHERE place = 2 AND count IS NULL) = 0
      THEN sum(count) FILTER (WHERE place = 2) END::BIGINT AS other,
    min(problem_no) FILTER (WHERE count IS NULL) AS problem_no,
    max(CASE WHEN count IS NULL THEN greatest(coalesce(quality_no, {_UNAVAILABLE}), {_UNAVAILABLE})
      WHEN is_from_events THEN 0 ELSE quality_no END) AS quality_no
  FROM parted
  GROUP BY bet_no),
counted AS (
  SELECT b.*,
    s.quality_no,
    CASE WHEN b.market IS NOT NULL AND b.fixture_no IS NOT NULL THEN coalesce(s.problem_no, {unavailable}) END
      AS problem_no,
    CASE WHEN b.scope = 'match' AND b.takes_lower THEN CASE WHEN s.own < s.other THEN s.own
        WHEN s.own >= s.other THEN s.other END
      WHEN b.scope = 'match' THEN s.own + s.other
      WHEN b.direction = 'handicap' THEN s.own - s.other
      ELSE s.own END * 100 AS actual
  FROM placed b
  LEFT JOIN summed s ON s.bet_no = b.bet_no)"""


_FIELDS = {
    "bet.manual_override": "manual_override",
    "bet.market": "market",
    "bet.scope": "scope",
    "bet.can_only_grow": "can_only_grow",
    "bet.needs_var": "needs_var",
    "bet.direction": "direction",
    "bet.period": "period",
    "bet.line": "line",
    # A handicap sets one team against the other: there is none on a player, or on the match as a whole. Nor is a bet
    # that names a player one on the match.
    "bet.is_sound": "coalesce(has_amounts AND direction IS NOT NULL AND period IS NOT NULL AND line IS NOT NULL"
    " AND line % 25 = 0 AND (direction <> 'handicap' OR scope = 'team') AND (scope <> 'match' OR NOT names_player),"
    " FALSE)",
    "bet.bookmaker": "bookmaker",
    "bet.actual": "actual",
    "bet.margin": "CASE direction WHEN 'over' THEN actual - line WHEN 'under' THEN line - actual"
    " WHEN 'handicap' THEN actual + line END",
    "team.match": "CASE WHEN scope IN ('team', 'match') THEN team_match END",
    "player.match": "CASE WHEN scope = 'player' THEN player_match END",
    "fixture.is_known": "fixture_no IS NOT NULL",
    "fixture.status": "status",
    "fixture.since_kickoff": "since_kickoff",
    "fixture.period_over": "CASE period WHEN 'match' THEN match_over WHEN 'first_half' THEN first_half_over"
    " WHEN 'second_half' THEN second_half_over END",
    "fixture.var_pending": "var_pending",
    "fixture.decided_by": "decided_by",
    "terms.participation": "participation",
    "terms.void_window": "void_window",
}
_PLAYER_FIELDS = ("listed", "took_part", "started", "is_off")


def graded(settings: Settings) -> str:
    """``g``: one row per bet with every field that rules may read, in a column of the field's name."""
    qualities = case([(f"quality_no = {number}", text(word)) for number, word in enumerate(QUALITIES)], "NULL")
    problems = case([(f"problem_no = {number}", text(word)) for number, word in enumerate(PROBLEMS)], "NULL")
    # Of a number past its line it counts how long it has been: what comes on top of it takes nothing away.
    is_past, was_past = f"actual - line >= {HALF}", f"seen_value * 100 - line >= {HALF}"
    is_counting = "coalesce(direction IN ('over', 'under'), FALSE)"
    computed = {
        **_FIELDS,
        **{f"player.{name}": f"CASE WHEN scope = 'player' THEN {name} END" for name in _PLAYER_FIELDS},
        "bet.quality": qualities,
        "bet.value_problem": f"CASE WHEN actual IS NULL THEN {problems} END",
        "bet.seen_for": f"CASE WHEN {is_counting} AND {is_past} AND {was_past} THEN seen_ago ELSE 0 END",
        "terms.live_confirm": str(duration_microseconds(settings.live_confirm)),
        "terms.live_under_losses": "TRUE" if settings.live_under_losses else "FALSE",
    }
    fields = [f"{computed[field.name]} AS {quote(field.column)}" for field in GRADING_CATALOGUE]
    listed = ",\n    ".join(fields)
    return f"""g AS (
  SELECT bet_no, player_no, team_no,
    coalesce({is_counting} AND {is_past}, FALSE) AS is_past,
    coalesce({is_counting} AND {was_past}, FALSE) AS was_past,
    {listed}
  FROM counted)"""
