"""The relations that the grading statement reads, and how bets, fixtures and policy get into them.

Fixtures, players and bets are numbered within a call. ``owner_no`` says whose a number is: 0 and 1 are the teams,
players follow. Lines and counts in SQL are whole hundredths; durations whole microseconds. Of players and their
statistics only those go in that a bet asks for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from policytrader.engine.tables import Table
from policytrader.model.fixture import CardHolder, FixtureStatus, Period, Quality, Stat, TeamSide, Value
from policytrader.policy.grading.catalogue import STATS
from policytrader.policy.grading.fields import VALUE_PROBLEMS
from policytrader.policy.grading.folding import fold
from policytrader.policy.values import duration_microseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from decimal import Decimal

    from policytrader.model.fixture import Fixture
    from policytrader.policy.grading.catalogue import Catalogue
    from policytrader.policy.grading.markets import MarketsPolicy
    from policytrader.policy.grading.participation import CardCounting, DefaultTerms, ParticipationPolicy, Terms

_TEXT, _FLAG, _NUMBER, _WHOLE = pa.string(), pa.bool_(), pa.int32(), pa.int64()


def _table(name: str, **columns: pa.DataType) -> Table:
    return Table(name, pa.schema(list(columns.items())))


BETS = _table(
    "bets",
    bet_no=_NUMBER,
    fixture_no=_NUMBER,
    written_market=_TEXT,
    direction_word=_TEXT,
    period_word=_TEXT,
    has_line=_FLAG,
    own_line=_WHOLE,
    has_amounts=_FLAG,
    terms_of=_TEXT,
    bookmaker=_TEXT,
    manual_override=_FLAG,
    seen_value=_WHOLE,
    seen_ago=_WHOLE,
    since_kickoff=_WHOLE,
    player_no=_NUMBER,
    player_match=_TEXT,
    team_no=_NUMBER,
    team_match=_TEXT,
    names_player=_FLAG,
)
FIXTURES = _table(
    "fixtures",
    fixture_no=_NUMBER,
    status=_TEXT,
    var_pending=_FLAG,
    decided_by=_TEXT,
    match_over=_FLAG,
    first_half_over=_FLAG,
    second_half_over=_FLAG,
    has_events=_FLAG,
)
PLAYERS = _table(
    "players",
    fixture_no=_NUMBER,
    player_no=_NUMBER,
    listed=_TEXT,
    took_part=_FLAG,
    started=_FLAG,
    is_off=_FLAG,
)
VALUES = _table(
    "stated",
    fixture_no=_NUMBER,
    owner_no=_NUMBER,
    period=_TEXT,
    part=_TEXT,
    count=_WHOLE,
    quality_no=_NUMBER,
    problem_no=_NUMBER,
)
"""Numbers that the feed states. ``quality_no`` and ``problem_no`` count through ``QUALITIES`` and ``PROBLEMS``."""

CARDS = _table(
    "cards",
    fixture_no=_NUMBER,
    owner_no=_NUMBER,
    period=_TEXT,
    holder=_TEXT,
    kind=_TEXT,
    is_certain=_FLAG,
)
"""A card once for its side and once for each asked player whose it is, or may be where nobody says whose.

A card of nobody knows whom is certain for nobody: it may be of the staff, or a second one of somebody who has one.
"""

GOALS = _table(
    "goals",
    fixture_no=_NUMBER,
    goal_no=_NUMBER,
    owner_no=_NUMBER,
    period=_TEXT,
    is_own=_FLAG,
    is_header=_FLAG,
    is_certain=_FLAG,
)
"""As ``cards``. An own goal has a row for the side that it counts for, and none for a player."""

MARKETS = _table(
    "markets",
    written=_TEXT,
    market=_TEXT,
    scope=_TEXT,
    takes_lower=_FLAG,
    is_whole=_FLAG,
    can_only_grow=_FLAG,
    needs_var=_FLAG,
    usual_line=_WHOLE,
    usual_direction=_TEXT,
    said_line=_WHOLE,
    said_direction=_TEXT,
    said_period=_TEXT,
)
"""A row for each written name. ``said_…`` is what the name says; ``usual_…`` stands for bets that say nothing."""

PARTS = _table("parts", market=_TEXT, part=_TEXT)
DIRECTIONS = _table("directions", word=_TEXT, direction=_TEXT)
PERIODS = _table("periods", word=_TEXT, period=_TEXT)
TERMS = _table(
    "terms",
    terms_of=_TEXT,
    market=_TEXT,
    participation=_TEXT,
    void_window=_WHOLE,
    yellow=_NUMBER,
    red=_NUMBER,
    second_yellow=_NUMBER,
    most_per_player=_NUMBER,
)
"""Each bookmaker's terms for each market, ``''`` for bookmakers without terms and for unknown markets."""

BATCH_TABLES = (BETS, FIXTURES, PLAYERS, VALUES, CARDS, GOALS)
POLICY_TABLES = (MARKETS, PARTS, DIRECTIONS, PERIODS, TERMS)

QUALITIES: tuple[Quality, ...] = (Quality.EXACT, Quality.ZERO_INFERRED, Quality.UNAVAILABLE, Quality.SUSPECT)
"""From best to worst: the sum of several numbers is as good as the worst of them."""

PROBLEMS: tuple[str, ...] = VALUE_PROBLEMS
"""From worst to mildest: of several problems the first is told."""

ANYBODY = ""
"""``terms_of`` and ``market`` of the terms that stand for all others."""

SIDES: dict[TeamSide, int] = {side: number for number, side in enumerate(TeamSide)}
FIRST_PLAYER = len(SIDES)
_SIDE_OF = tuple(TeamSide)


def to_arrow(table: Table, rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    """Rows in column order as an Arrow table."""
    columns = zip(*rows, strict=True) if rows else [[] for _ in table.schema]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, table.schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=table.schema)


# --- The policy -------------------------------------------------------------------------------------------------------


def policy_tables(
    catalogue: Catalogue, markets: MarketsPolicy, participation: ParticipationPolicy
) -> dict[str, pa.Table]:
    """What does not change between calls, by table name."""
    parts = [(market.name, str(part)) for market in markets.markets for part in dict.fromkeys(market.statistics)]
    return {
        "markets": to_arrow(MARKETS, list(_market_rows(catalogue))),
        "parts": to_arrow(PARTS, parts),
        "directions": to_arrow(DIRECTIONS, list(catalogue.directions.items())),
        "periods": to_arrow(PERIODS, list(catalogue.periods.items())),
        "terms": to_arrow(TERMS, list(_terms_rows(catalogue, participation))),
    }


def _market_rows(catalogue: Catalogue) -> Iterator[tuple[Any, ...]]:
    for listing in catalogue.listings.values():
        market = listing.market
        yield (
            listing.written,
            market.name,
            market.scope,
            market.combine == "lower",
            market.is_whole,
            market.can_only_grow,
            market.needs_var,
            _hundredths(market.line),
            market.direction,
            _hundredths(listing.said_line),
            listing.said_direction,
            listing.period,
        )


def _hundredths(line: Decimal | None) -> int | None:
    return None if line is None else int(line.scaleb(2))


def _terms_rows(catalogue: Catalogue, policy: ParticipationPolicy) -> Iterator[tuple[Any, ...]]:
    markets = dict.fromkeys(listing.market.name for listing in catalogue.listings.values())
    named: dict[str, Terms | DefaultTerms] = {fold(name): terms for name, terms in policy.bookmakers.items()}
    for bookmaker, terms in {ANYBODY: policy.default, **named}.items():
        window = duration_microseconds(terms.void_window or policy.default.void_window)
        cards: CardCounting = terms.cards or policy.default.cards
        own, usual = _by_market(catalogue, terms), _by_market(catalogue, policy.default)
        for market in (ANYBODY, *markets):
            asked = own.get(market) or terms.participation or usual.get(market) or policy.default.participation
            counting = (cards.yellow, cards.red, cards.second_yellow, cards.most_per_player)
            yield (bookmaker, market, asked, window, *counting)


def _by_market(catalogue: Catalogue, terms: Terms | DefaultTerms) -> Mapping[str, str]:
    """Participation by the market's own name, whatever name of it the terms use."""
    listings = [(catalogue.listing(name), asked) for name, asked in terms.markets.items()]
    return {listing.market.name: asked for listing, asked in listings if listing is not None}


# --- The fixtures -----------------------------------------------------------------------------------------------------


def fixture_row(number: int, fixture: Fixture) -> tuple[Any, ...]:
    """A row of ``fixtures``."""
    over = fixture.finished_periods
    is_finished = fixture.status is FixtureStatus.FINISHED
    return (
        number,
        str(fixture.status),
        fixture.is_var_pending,
        str(fixture.decided_by),
        is_finished or Period.REGULAR in over,
        is_finished or Period.FIRST_HALF in over,
        is_finished or Period.SECOND_HALF in over,
        fixture.has_events,
    )


def player_rows(number: int, fixture: Fixture, players: Mapping[str, int]) -> Iterator[tuple[Any, ...]]:
    """Rows of ``players``; ``players`` are those that are asked for, with their numbers."""
    for player_id, player_no in players.items():
        player = fixture.players[player_id]
        listed = None if player.listed is None else str(player.listed)
        yield number, player_no, listed, player.took_part, player.started, player.is_off


def value_rows(
    number: int,
    fixture: Fixture,
    asked: Iterable[tuple[int, str]],
    players: Mapping[str, int],
    *,
    tackles_from_attempts: bool,
) -> Iterator[tuple[Any, ...]]:
    """Rows of ``stated`` for the (owner, statistic) pairs in ``asked``."""
    by_number = {player_no: player_id for player_id, player_no in players.items()}
    for owner_no, part in asked:
        player_id = by_number.get(owner_no)
        found = stated_values(fixture, owner_no, player_id, STATS[part], tackles_from_attempts=tackles_from_attempts)
        for period, value in found:
            yield number, owner_no, period.value, part, *_judged(value)


def stated_values(
    fixture: Fixture, owner_no: int, player_id: str | None, stat: Stat, *, tackles_from_attempts: bool
) -> list[tuple[Period, Value]]:
    """What the feed states, by period: of a player for the whole match alone."""
    found = _stated(fixture, owner_no, player_id, stat)
    if not tackles_from_attempts or stat is not Stat.TACKLES:
        return found
    won = {period: _attempted(value) for period, value in _stated(fixture, owner_no, player_id, Stat.TACKLES_WON)}
    counted = {period: value for period, value in found if value.value is not None}
    tried = {period: value for period, value in won.items() if value is not None}
    return list({**dict(found), **tried, **counted}.items())


def _stated(fixture: Fixture, owner_no: int, player_id: str | None, stat: Stat) -> list[tuple[Period, Value]]:
    if player_id is not None:
        value = fixture.players[player_id].stats.get(stat)
        return [] if value is None else [(Period.REGULAR, value)]
    side = _SIDE_OF[owner_no]
    by_period = ((period, stats.get(stat)) for period, stats in fixture.team_stats.items())
    return [(period, sides[side]) for period, sides in by_period if sides is not None and side in sides]


def _attempted(won: Value | None) -> Value | None:
    """Tackles, where the feed states how many of them were won."""
    if won is None or won.attempts is None or won.quality is not Quality.EXACT:
        return None
    return Value(won.attempts, Quality.EXACT, won.source_path)


def _judged(value: Value) -> tuple[int | None, int, int | None]:
    """Count, quality and problem: a number that the feed contradicts, or does not have, is none."""
    if value.value is not None and value.quality in {Quality.EXACT, Quality.ZERO_INFERRED}:
        return value.value, QUALITIES.index(value.quality), None
    is_suspect = value.quality is Quality.SUSPECT
    quality = Quality.SUSPECT if is_suspect else Quality.UNAVAILABLE
    reason = value.reason if value.reason in PROBLEMS else "inconsistent_value" if is_suspect else "stat_unavailable"
    return None, QUALITIES.index(quality), PROBLEMS.index(reason)


def card_rows(number: int, fixture: Fixture, players: Mapping[str, int]) -> Iterator[tuple[Any, ...]]:
    """Rows of ``cards``: those of players on the pitch before the final whistle. Staff are not counted."""
    for card in fixture.cards:
        if card.holder is not CardHolder.PLAYER or card.is_after_whistle:
            continue
        is_certain = card.player_id is not None
        for owner_no, _ in _owners(fixture, card.side, card.player_id, players):
            yield number, owner_no, str(card.period), card.player_id, str(card.kind), is_certain


def goal_rows(number: int, fixture: Fixture, players: Mapping[str, int]) -> Iterator[tuple[Any, ...]]:
    """Rows of ``goals``."""
    for goal_no, goal in enumerate(fixture.goals):
        owners = _owners(fixture, goal.side, goal.player_id, {} if goal.is_own else players)
        for owner_no, is_certain in owners:
            yield number, goal_no, owner_no, str(goal.period), goal.is_own, goal.is_header, is_certain


def _owners(
    fixture: Fixture, side: TeamSide, player_id: str | None, players: Mapping[str, int]
) -> Iterator[tuple[int, bool]]:
    """Whose an event is, and whether that is certain: without a name it may be anybody's of its side."""
    yield SIDES[side], True
    if player_id is not None:
        if player_id in players:
            yield players[player_id], True
        return
    for other, player_no in players.items():
        if fixture.players[other].side is side:
            yield player_no, False
