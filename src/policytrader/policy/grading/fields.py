"""The field catalogue of grading: every name that a grading rule may read.

As the racing catalogue is for racing rules. ``sql`` reads the relation ``g`` of the compiled statement: a row for
each bet, with a column for each field.
"""

from __future__ import annotations

from policytrader.model.fixture import DecidedBy, FixtureStatus, Listed, Quality
from policytrader.model.outcomes import BetPeriod, Direction
from policytrader.policy.fields import Field, FieldType, Scope

SCOPES = ("player", "team", "match")
"""Whose statistic a market is about."""

PARTICIPATION = ("must_appear", "must_start")

VALUE_PROBLEMS = ("stat_unavailable", "unreconciled", "inconsistent_value", "extra_time_unsplit")
"""Why there is no number to grade on: reasons of ``model.outcomes.Reason``. Of several the first here is told."""

NAME_MATCHES = ("found", "ambiguous", "not_found")

_T = FieldType


_UNITS = {_T.DURATION: "time", _T.NUMBER: "count"}


def _field(
    name: str, kind: FieldType, description: str, *, source: str, values: tuple[str, ...] = (), nullable: bool = True
) -> Field:
    """One entry; unit, decimals and column follow from name and type. Counts have two decimals, as lines do."""
    places = 2 if kind is _T.NUMBER else 0
    sql = "g." + name.replace(".", "_")
    return Field(name, kind, _UNITS.get(kind, ""), Scope.BET, sql, source, description, nullable, values, places)


# fmt: off
GRADING_CATALOGUE: tuple[Field, ...] = (
    _field("bet.manual_override", _T.BOOLEAN, "True once a person graded it.", source="bet", nullable=False),
    _field("bet.market", _T.TEXT, "The catalogue's name of the market; missing where none fits.", source="markets"),
    _field("bet.scope", _T.ENUM, "Whose statistic it is.", source="markets", values=SCOPES),
    _field("bet.can_only_grow", _T.BOOLEAN, "True where a live number cannot fall again.", source="markets"),
    _field("bet.needs_var", _T.BOOLEAN, "True where a video review may take back what counts.", source="markets"),
    _field(
        "bet.direction", _T.ENUM, "What the bet needs; missing where its word is unknown.", source="bet",
        values=tuple(Direction),
    ),
    _field(
        "bet.period", _T.ENUM, "The part of the match; missing where its word is unknown.", source="bet",
        values=tuple(BetPeriod),
    ),
    _field("bet.line", _T.NUMBER, "The line, in quarters; missing where none is.", source="bet"),
    _field("bet.is_sound", _T.BOOLEAN, "False where the bet itself cannot be graded.", source="bet", nullable=False),
    _field("bet.bookmaker", _T.TEXT, "Where the bet stands.", source="bet"),
    _field(
        "bet.actual", _T.NUMBER, "The count; of a handicap own minus other. Missing where there is none to believe.",
        source="statistics",
    ),
    _field(
        "bet.margin", _T.NUMBER, "Actual minus line; line minus actual for under; actual plus line for a handicap.",
        source="statistics",
    ),
    _field(
        "bet.quality", _T.ENUM, "How far the count can be believed.", source="statistics", values=tuple(Quality),
    ),
    _field(
        "bet.value_problem", _T.ENUM, "Why there is no count; missing where there is one.", source="statistics",
        values=VALUE_PROBLEMS,
    ),
    _field(
        "bet.seen_for", _T.DURATION,
        "How long a live fixture has shown a count half a step or more past the line; 0s where it has not.",
        source="statistics",
    ),
    _field("team.match", _T.ENUM, "Whether the bet's team is one of the two.", source="names", values=NAME_MATCHES),
    _field("player.match", _T.ENUM, "Whether the bet's player was found in the squads.", source="names",
           values=NAME_MATCHES),
    _field("player.listed", _T.ENUM, "How the line-up lists the player.", source="line-up", values=tuple(Listed)),
    _field("player.took_part", _T.BOOLEAN, "Any minute on the pitch; missing while it is open.", source="line-up"),
    _field("player.started", _T.BOOLEAN, "On the pitch from the start.", source="line-up"),
    _field("player.is_off", _T.BOOLEAN, "Substituted or sent off: the count cannot grow.", source="line-up"),
    _field("fixture.is_known", _T.BOOLEAN, "Whether the bet has a fixture.", source="fixture", nullable=False),
    _field("fixture.status", _T.ENUM, "Where the fixture stands.", source="fixture", values=tuple(FixtureStatus)),
    _field("fixture.since_kickoff", _T.DURATION, "Time since the kick-off as first listed.", source="fixture"),
    _field("fixture.period_over", _T.BOOLEAN, "True once the bet's period is over for good.", source="fixture"),
    _field("fixture.var_pending", _T.BOOLEAN, "True while a video review is open, if the feed says.", source="fixture"),
    _field("fixture.decided_by", _T.ENUM, "How far it went.", source="fixture", values=tuple(DecidedBy)),
    _field("terms.participation", _T.ENUM, "What the bookmaker asks of the player.", source="participation",
           values=PARTICIPATION),
    _field("terms.void_window", _T.DURATION, "How long a postponed fixture is waited for.", source="participation"),
    _field(
        "terms.live_confirm", _T.DURATION, "How long a live count must stand before it decides.", source="settings",
        nullable=False,
    ),
    _field("terms.live_under_losses", _T.BOOLEAN, "Whether a live under may be lost early.", source="settings",
           nullable=False),
)
# fmt: on

GRADING_FIELDS: dict[str, Field] = {field.name: field for field in GRADING_CATALOGUE}

GRADING_CATALOGUE_VERSION = 1
"""Raised when a field's meaning changes; part of every grading policy's hash."""
