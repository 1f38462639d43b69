"""The tables, once, for both databases; and the two views.

The seed's seven come first, its columns with its names, types and order, then ours behind them. Where a row is one of
ours it has a ``selection_ref`` (``race_ref`` in the tables that know races only): rows that a user wrote by hand have
none, and are left alone. One constraint of the seed's is lifted: ``market_state.back_price_win`` may be NULL, for a
runner may have no price in the morning, and a number made up in its place would be bet on.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKey, Identity, Index, MetaData, Table

from policytrader.adapters.sql.types import Amount, Day, FixedWords, Flag, Moment, Whole, Words, seed_now

SCHEMA = "live_betting"
METADATA = MetaData(
    schema=SCHEMA,
    naming_convention={"pk": "%(table_name)s_pkey", "fk": "%(table_name)s_%(column_0_name)s_fkey"},
)

REASON_LENGTH = NAME_LENGTH = 132
"""What fits into the seed's copies of a reason and a name in ``upcoming_bets`` and ``live_results``."""


def _table(name: str, *parts: Any) -> Table:
    return Table(name, METADATA, *parts, sqlite_strict=True)


def _seed_time(name: str, **options: Any) -> Column[Any]:
    return Column(name, Moment(has_zone=False), **options)


def _time(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Moment(), nullable=nullable)


def _text(name: str, *parts: Any, nullable: bool = False) -> Column[Any]:
    return Column(name, Words(), *parts, nullable=nullable)


def _price(name: str) -> Column[Any]:
    return Column(name, Amount(8, 2))


def _size(name: str) -> Column[Any]:
    return Column(name, Amount(15, 2))


def _average(name: str) -> Column[Any]:
    return Column(name, Amount(20, 8))


def _sequence() -> Column[Any]:
    return Column("seq", Whole(), Identity(), primary_key=True)


# --- The seed's -------------------------------------------------------------------------------------------------------

selections = _table(
    "selections",
    Column("unique_id", Words(255)),
    Column("race_id", Whole(4), nullable=False),
    _seed_time("race_time", nullable=False),
    Column("race_date", Day(), nullable=False),
    Column("horse_id", Whole(4), nullable=False),
    Column("horse_name", Words(255), nullable=False),
    Column("selection_type", Words(50)),
    Column("market_type", Words(50)),
    Column("market_id", Words(255)),
    Column("selection_id", Whole()),
    _price("requested_odds"),
    Column("stake_points", Amount()),
    Column("valid", Flag()),
    _seed_time("invalidated_at"),
    _text("invalidated_reason", nullable=True),
    _size("size_matched"),
    _price("average_price_matched"),
    Column("fully_matched", Flag()),
    Column("cashed_out", Flag()),
    Column("customer_strategy_ref", Words(255)),
    _seed_time("created_at", server_default=seed_now()),
    _seed_time("processed_at", server_default=seed_now()),
    # Ours.
    _text("selection_ref", nullable=True),
    _text("race_ref", nullable=True),
    _text("course", nullable=True),
    _text("runner_name", nullable=True),
    _text("capture_id", nullable=True),
    _average("average_price_exact"),
    _text("mode", nullable=True),
)
Index("selections_selection_ref", selections.c.selection_ref, unique=True)
_is_ours = selections.c.selection_ref.is_not(None)
Index(
    "selections_market_runner_side",
    selections.c.market_id,
    selections.c.selection_id,
    selections.c.selection_type,
    unique=True,
    postgresql_where=_is_ours,
    sqlite_where=_is_ours,
)
Index("selections_race_date", selections.c.race_date)

market_state = _table(
    "market_state",
    Column("selection_id", Whole(4), nullable=False),
    _price("back_price_win"),
    Column("race_id", Whole(4), nullable=False),
    Column("race_date", Day(), nullable=False),
    _seed_time("race_time"),
    Column("market_id_win", Words(255), nullable=False),
    Column("market_id_place", Words(255), nullable=False),
    Column("number_of_runners", Whole(4), nullable=False),
    _seed_time("created_at", server_default=seed_now()),
    Column("unique_id", Words(132)),
    Column("bet_selection_id", Whole(4)),
    Column("bet_type", FixedWords(16)),
    Column("market_type", Words(16)),
    Column("horse_id", Whole(4)),
    # Ours.
    _text("selection_ref", nullable=True),
    _text("race_ref", nullable=True),
    _text("capture_id", nullable=True),
    _text("runner_name", nullable=True),
    _text("runner_status", nullable=True),
)
Index("market_state_race_date", market_state.c.race_date)

updated_price_data = _table(
    "updated_price_data",
    _seed_time("race_time"),
    Column("horse_name", Words(255)),
    Column("race_date", Day()),
    Column("course", Words(100)),
    Column("status", Words(50)),
    Column("market_id_win", Words(32)),
    Column("selection_id", Whole(4)),
    _price("betfair_win_sp"),
    _price("betfair_place_sp"),
    _price("back_price_1_win"),
    _size("back_price_1_depth_win"),
    _price("back_price_2_win"),
    _price("lay_price_1_win"),
    _size("lay_price_1_depth_win"),
    _price("back_price_1_place"),
    _size("back_price_1_depth_place"),
    _price("back_price_2_place"),
    _price("lay_price_1_place"),
    _size("lay_price_1_depth_place"),
    Column("market_id_place", Words(255)),
    _seed_time("created_at"),
    Column("unique_id", Words(132)),
    # Ours; the seed's own views read a race_id here.
    Column("race_id", Whole(4)),
    _text("race_ref", nullable=True),
)
Index("updated_price_data_race_runner", updated_price_data.c.race_ref, updated_price_data.c.selection_id, unique=True)


def _bets(name: str) -> Table:
    table = _table(
        name,
        Column("unique_id", Words(132)),
        Column("race_id", Words(132)),
        _seed_time("race_time"),
        Column("race_date", Day()),
        Column("horse_id", Whole(4)),
        Column("horse_name", Words(NAME_LENGTH)),
        Column("selection_type", Words(132)),
        Column("market_type", Words(132)),
        Column("market_id", Words(132)),
        Column("selection_id", Whole(4)),
        _price("requested_odds"),
        Column("valid", Flag()),
        _seed_time("invalidated_at"),
        Column("invalidated_reason", Words(REASON_LENGTH)),
        _price("size_matched"),
        _price("average_price_matched"),
        Column("cashed_out", Flag()),
        Column("fully_matched", Flag()),
        Column("customer_strategy_ref", Words(132)),
        _seed_time("created_at"),
        _seed_time("processed_at"),
        Column("bet_outcome", Words(132)),
        _price("price_matched"),
        _price("profit"),
        _price("commission"),
        Column("side", Words(32)),
        # Ours.
        _text("selection_ref", nullable=True),
        _average("average_price_exact"),
        _text("mode", nullable=True),
        _average("starting_price"),
    )
    Index(f"{name}_selection_ref", table.c.selection_ref, unique=True)
    Index(f"{name}_race_date", table.c.race_date)
    return table


upcoming_bets = _bets("upcoming_bets")
live_results = _bets("live_results")

# The seed names these two without their columns.
contender_selections = _table(
    "contender_selections",
    Column("race_id", Whole(4), nullable=False),
    _seed_time("race_time"),
    Column("race_date", Day()),
    Column("horse_id", Whole(4)),
    Column("horse_name", Words(255)),
    Column("selection_id", Whole()),
    Column("contender", Words(50)),
    Column("betfair_win_sp", Amount(8, 2)),
    _seed_time("created_at", server_default=seed_now()),
    _text("race_ref", nullable=True),
)
Index(
    "contender_selections_race_runner",
    contender_selections.c.race_ref,
    contender_selections.c.selection_id,
    unique=True,
)

market_types = _table(
    "market_types",
    Column("market_type", Words(50), primary_key=True),
    Column("betfair", Words(255)),
    Column("matchbook", Words(255)),
    Column("betdaq", Words(255)),
)

SEED_TABLES = (
    selections,
    market_state,
    updated_price_data,
    upcoming_bets,
    live_results,
    contender_selections,
    market_types,
)

# --- Ours -------------------------------------------------------------------------------------------------------------

journal = _table(
    "journal",
    Column("ref", Words(32), primary_key=True),
    _text("state"),
    _text("account"),
    Column("epoch", Whole(), nullable=False),
    _text("mode"),
    _text("selection_ref"),
    _text("purpose"),
    _text("market_id"),
    Column("selection_id", Whole(), nullable=False),
    _text("side"),
    Column("price", Amount(8, 2), nullable=False),
    Column("size", Amount(15, 2), nullable=False),
    Column("payout", Amount(17, 2)),
    Column("market_version", Whole(), nullable=False),
    _text("strategy_ref"),
    _text("decision_id"),
    _text("policy_hash"),
    _text("snapshot_hash"),
    _time("created_at"),
    Column("day", Day(), nullable=False),
    _time("sent_at", nullable=True),
    _time("updated_at"),
    _text("bet_id", nullable=True),
    _text("code"),
    _text("detail"),
    _size("size_matched"),
    _average("average_price_matched"),
    _size("size_remaining"),
    _size("size_cancelled"),
    _size("size_lapsed"),
    _size("size_voided"),
    _time("sizes_at", nullable=True),
)
# The same bet twice is one bet.
Index("journal_bet_id", journal.c.account, journal.c.bet_id, unique=True)
Index("journal_day", journal.c.day)
Index("journal_selection_ref", journal.c.selection_ref)
_is_open = journal.c.state.in_(["reserved", "sent", "unknown", "seen"])
Index("journal_open", journal.c.account, postgresql_where=_is_open, sqlite_where=_is_open)

journal_events = _table(
    "journal_events",
    _sequence(),
    _time("at"),
    _text("kind"),
    Column("ref", Words(32), ForeignKey(journal.c.ref)),
    _text("code"),
    _text("detail"),
    _text("who"),
    Column("epoch", Whole()),
)
Index("journal_events_ref", journal_events.c.ref)
Index("journal_events_at", journal_events.c.at)

results_history = _table(
    "results_history",
    _sequence(),
    _time("at"),
    _text("selection_ref"),
    _text("bet_outcome"),
    Column("profit", Amount(15, 2), nullable=False),
    Column("commission", Amount(15, 2), nullable=False),
    Column("size_matched", Amount(15, 2), nullable=False),
    _average("average_price_matched"),
    _average("starting_price"),
)
Index("results_history_selection_ref", results_history.c.selection_ref)

decision_inputs = _table(
    "decision_inputs",
    Column("inputs_hash", Words(), primary_key=True),
    _text("document"),
)

decisions = _table(
    "decisions",
    Column("decision_id", Words(), primary_key=True),
    _time("at"),
    _text("selection_ref"),
    _text("policy_hash"),
    _text("snapshot_hash"),
    _text("action"),
    _text("code"),
    Column("is_shadow", Flag(), nullable=False),
    _text("mode"),
    _text("document"),
    _text("inputs_hash", ForeignKey(decision_inputs.c.inputs_hash)),
)
Index("decisions_selection_ref", decisions.c.selection_ref, decisions.c.at)

policies = _table(
    "policies",
    Column("policy_hash", Words(), primary_key=True),
    _text("content"),
    _text("content_sha256"),
    _time("stored_at"),
)

activations = _table(
    "activations",
    _sequence(),
    _time("at"),
    _text("policy_hash", ForeignKey(policies.c.policy_hash), nullable=True),
    _text("who"),
    Column("is_shadow", Flag(), nullable=False),
)

leases = _table(
    "leases",
    Column("account", Words(), primary_key=True),
    Column("epoch", Whole(), nullable=False),
    _text("holder"),
    _time("acquired_at"),
    _time("renewed_at"),
    _time("released_at", nullable=True),
)

controls = _table(
    "controls",
    _sequence(),
    _time("at"),
    _text("kind"),
    _text("who"),
    _text("why"),
    _text("cause"),
    _text("subject"),
    _text("evidence"),
    Column("cancels_open", Flag(), nullable=False),
)

store_settings = _table(
    "store_settings",
    Column("name", Words(), primary_key=True),
    _text("value"),
)

# --- Views ------------------------------------------------------------------------------------------------------------

_FUTURE = {"postgresql": "race_time > now() AT TIME ZONE 'UTC'", "sqlite": "race_time > strftime('%Y-%m-%dT%H:%M:%fZ')"}
# SQLite knows no time zones: its today is UTC's.
_TODAY = {"postgresql": "race_date = (now() AT TIME ZONE 'Europe/London')::date", "sqlite": "race_date = date('now')"}


def views(dialect: str) -> dict[str, str]:
    """The seed's two views: name -> the SELECT behind it."""
    schema = f"{SCHEMA}." if dialect == "postgresql" else ""
    return {
        "todays_selections": (
            f"SELECT * FROM {schema}selections\n"  # noqa: S608 - nothing in it comes from outside
            f"WHERE {_TODAY[dialect]} AND valid IS NOT FALSE AND cashed_out IS NOT TRUE"
        ),
        "updated_price_data_vw": f"SELECT * FROM {schema}updated_price_data\nWHERE {_FUTURE[dialect]}",  # noqa: S608
    }
