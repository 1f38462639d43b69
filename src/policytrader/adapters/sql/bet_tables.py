"""The tables of tracked bets: a file of their own, beside the trading store's and never in it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, MetaData, PrimaryKeyConstraint, Table

from policytrader.adapters.sql.types import Amount, Flag, Moment, Whole, Words

METADATA = MetaData(naming_convention={"pk": "%(table_name)s_pkey"})


def _table(name: str, *parts: Any) -> Table:
    return Table(name, METADATA, *parts, sqlite_strict=True)


def _text(name: str) -> Column[Any]:
    return Column(name, Words(), nullable=False)


def _text_or_null(name: str) -> Column[Any]:
    return Column(name, Words())


def _amount(name: str) -> Column[Any]:
    return Column(name, Amount(), nullable=False)


def _whole(name: str) -> Column[Any]:
    return Column(name, Whole(), nullable=False)


def _flag(name: str) -> Column[Any]:
    return Column(name, Flag(), nullable=False)


bets = _table(
    "bets",
    Column("bet_id", Words(), primary_key=True),
    _whole("user_id"),
    _text("bot_type"),
    Column("tracked_at", Moment(), nullable=False),
    _text("market"),
    _amount("odds"),
    _amount("actual_stake"),
    _amount("unit_size"),
    _text_or_null("alert_id"),
    _text_or_null("player_name"),
    _text_or_null("player_id"),
    _text_or_null("team"),
    _text_or_null("team_id"),
    _text_or_null("market_key"),
    _text_or_null("match"),
    _text_or_null("date"),
    _text_or_null("time"),
    Column("kickoff_at", Moment()),
    Column("threshold", Amount()),
    _text_or_null("market_direction"),
    _text("period"),
    _text_or_null("bookmaker"),
    _flag("is_lay"),
    _text("status"),
    _flag("manual_override"),
    _amount("returns"),
    _amount("profit_loss"),
    _text_or_null("fixture_id"),
    Column("actual_value", Amount()),
    Column("settled_at", Moment()),
    Column("closing_odds", Amount()),
    _text("tags"),
    _text("note"),
    _text("dedup_key"),
    _text_or_null("duplicate_of"),
    Column("deleted_at", Moment()),
    _whole("version"),
    # How the result is found, and was found.
    Column("api_type_id", Whole()),
    _text_or_null("api_location"),
    _text_or_null("stat_type"),
    Column("graded_at", Moment()),
    _text_or_null("reason"),
    _text_or_null("rule_id"),
    _text_or_null("policy_hash"),
    _text_or_null("stat_source"),
    _text_or_null("snapshot_hash"),
    _text_or_null("quality"),
    _flag("graded_immediately"),
    Column("last_checked_at", Moment()),
    Column("first_seen_value", Whole()),
    Column("first_seen_at", Moment()),
    # Derived when written, in 1e-10 units: whole numbers are what SQLite adds up exactly.
    _whole("units_staked_e10"),
    _whole("units_returned_e10"),
    # Columns of later versions stand behind those of the first.
    _text_or_null("matched_by"),
)
Index("bets_pending", bets.c.user_id, bets.c.bot_type, bets.c.status, bets.c.kickoff_at, bets.c.bet_id)
Index("bets_newest", bets.c.user_id, bets.c.bot_type, bets.c.tracked_at, bets.c.bet_id)
Index("bets_fixture", bets.c.fixture_id, bets.c.status)
Index("bets_rotation", bets.c.status, bets.c.last_checked_at)
# For the second rotation: what was settled of late.
Index("bets_settled", bets.c.settled_at, bets.c.fixture_id, sqlite_where=bets.c.settled_at.is_not(None))
Index("bets_chosen", bets.c.user_id, bets.c.bot_type, bets.c.bet_id, sqlite_where=bets.c.matched_by == "person")
# An empty key is none.
Index(
    "bets_dedup_key",
    bets.c.user_id,
    bets.c.bot_type,
    bets.c.dedup_key,
    unique=True,
    sqlite_where=bets.c.duplicate_of.is_(None) & (bets.c.dedup_key != ""),
)
# Holds all that the statistics add up, so that no row is read.
Index(
    "bets_totals",
    bets.c.user_id,
    bets.c.bot_type,
    bets.c.deleted_at,
    bets.c.status,
    bets.c.units_staked_e10,
    bets.c.units_returned_e10,
)

bet_history = _table(
    "bet_history",
    _text("bet_id"),
    _whole("version"),
    _whole("user_id"),
    Column("at", Moment(), nullable=False),
    _text("by"),
    _text("reason"),
    _text("from_status"),
    _text("to_status"),
    Column("actual_from", Amount()),
    Column("actual_to", Amount()),
    _text_or_null("rule_id"),
    _text_or_null("policy_hash"),
    _text("evidence"),
    _text("before"),
    _text("after"),
    _text("note"),
    PrimaryKeyConstraint("bet_id", "version"),
)

bet_store = _table("bet_store", Column("schema_version", Whole(), primary_key=True))
