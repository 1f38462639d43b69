"""The field catalogue: every name that a condition may read.

One declared list; from it come the JSON Schemas' enums, the SQL bindings, the generated documentation and the
did-you-mean list. Adding a field is one entry here and one test.

``sql`` is written over the aliases of the compiled statement: ``s`` the selection with its market, its runner there and
the header of its capture, ``w`` its runner over the race's markets, ``p`` the position; in the ``runners`` scope,
``l`` a live runner of the race and ``r`` its row in the capture.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FieldType(StrEnum):
    """What a field holds; it decides which operators apply and what a literal looks like."""

    NUMBER = "number"
    MONEY = "money"
    PRICE = "price"
    DURATION = "duration"
    ENUM = "enum"
    TEXT = "text"
    BOOLEAN = "boolean"
    LIST = "list"


class Operator(StrEnum):
    """The operators of conditions."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    BETWEEN = "between"
    IN = "in"
    NOT_IN = "not_in"
    IS_TRUE = "is_true"
    IS_FALSE = "is_false"
    EMPTY = "empty"
    NOT_EMPTY = "not_empty"
    CONTAINS = "contains"
    SIZE_GTE = "size_gte"
    IS_MISSING = "is_missing"
    IS_PRESENT = "is_present"


_ORDERED = (
    Operator.EQ,
    Operator.NE,
    Operator.LT,
    Operator.LTE,
    Operator.GT,
    Operator.GTE,
    Operator.BETWEEN,
    Operator.IN,
)
_NAMED = (Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN)

OPERATORS: dict[FieldType, tuple[Operator, ...]] = {
    FieldType.NUMBER: _ORDERED,
    FieldType.MONEY: _ORDERED,
    FieldType.PRICE: _ORDERED,
    FieldType.DURATION: _ORDERED,
    FieldType.ENUM: _NAMED,
    FieldType.TEXT: _NAMED,
    FieldType.BOOLEAN: (Operator.IS_TRUE, Operator.IS_FALSE),
    FieldType.LIST: (Operator.EMPTY, Operator.NOT_EMPTY, Operator.CONTAINS, Operator.SIZE_GTE),
}
"""Operators by type; nullable fields also take ``is_missing`` and ``is_present``."""

COMPARISONS = frozenset({Operator.EQ, Operator.NE, Operator.LT, Operator.LTE, Operator.GT, Operator.GTE})
"""Operators that may compare with another field (``other:``)."""

WITHOUT_OPERAND = frozenset(
    {
        Operator.IS_TRUE,
        Operator.IS_FALSE,
        Operator.EMPTY,
        Operator.NOT_EMPTY,
        Operator.IS_MISSING,
        Operator.IS_PRESENT,
    }
)
"""Operators that take neither ``value`` nor ``other``."""


class Scope(StrEnum):
    """Where a field may be read: about the selection, about each runner of the race (facts' ``where``), about a bet."""

    SELECTION = "selection"
    RUNNERS = "runners"
    BET = "bet"


@dataclass(frozen=True, slots=True)
class Field:
    """One name that a condition may read.

    The compiled statement holds it as a whole number of ``10 ** -places``: prices and sizes in pennies, for example.
    """

    name: str
    type: FieldType
    unit: str
    scope: Scope
    sql: str
    source: str
    description: str
    nullable: bool = True
    values: tuple[str, ...] = ()
    places: int = 0

    @property
    def operators(self) -> tuple[Operator, ...]:
        """The operators that this field takes."""
        missing = (Operator.IS_MISSING, Operator.IS_PRESENT) if self.nullable else ()
        return OPERATORS[self.type] + missing

    @property
    def column(self) -> str:
        """Its column in the compiled statement."""
        return self.name.replace(".", "_")


_SIDES = ("BACK", "LAY")
_MARKET_TYPES = ("WIN", "PLACE")
_MARKET_STATUSES = ("INACTIVE", "OPEN", "SUSPENDED", "CLOSED")
# HIDDEN is absent on purpose: the exchange does not say, so the field is missing.
_RUNNER_STATUSES = ("ACTIVE", "REMOVED", "WINNER", "LOSER", "PLACED")

_S = Scope.SELECTION
_R = Scope.RUNNERS
_T = FieldType

# fmt: off
CATALOGUE: tuple[Field, ...] = (
    Field("selection.side", _T.ENUM, "", _S, "s.side", "selections.csv", "BACK or LAY.", nullable=False, values=_SIDES),
    Field(
        "selection.market_type", _T.ENUM, "", _S, "s.market_type", "selections.csv",
        "WIN or PLACE.", nullable=False, values=_MARKET_TYPES,
    ),
    Field(
        "selection.price_requested", _T.PRICE, "odds", _S, "s.price_requested", "selections.csv",
        "The price the trader asks for.", nullable=False, places=2,
    ),
    Field(
        "selection.stake_points", _T.NUMBER, "points", _S, "s.stake_points", "selections.csv",
        "The trader's multiplier of the ladder; 1 is the normal stake.", nullable=False, places=4,
    ),
    Field(
        "selection.time_to_off", _T.DURATION, "time", _S, "s.time_to_off", "selections.csv, snapshot.yaml",
        "Time until the off as scheduled now; negative after it.", nullable=False,
    ),
    Field(
        "market.status", _T.ENUM, "", _S, "s.market_status", "markets.csv",
        "The exchange's status of the selection's market.", values=_MARKET_STATUSES,
    ),
    Field("market.in_play", _T.BOOLEAN, "", _S, "s.in_play", "markets.csv", "True once the market has turned in play."),
    Field(
        "market.number_of_winners", _T.NUMBER, "winners", _S, "s.number_of_winners", "markets.csv",
        "How many runners the market pays.",
    ),
    Field(
        "market.price_age", _T.DURATION, "time", _S, "s.price_age", "markets.csv",
        "Time since the market's prices were published.",
    ),
    Field("market.course", _T.TEXT, "", _S, "s.course", "markets.csv", "The race course."),
    Field(
        "runner.own_status", _T.ENUM, "", _S, "w.status", "runners.csv",
        "Status of the selected runner over the race's markets: REMOVED if any says so, ACTIVE if one says so and none "
        "says REMOVED; missing while the exchange does not say (HIDDEN, or no longer listed).",
        values=_RUNNER_STATUSES,
    ),
    Field(
        "runner.best_back", _T.PRICE, "odds", _S, "s.best_back", "runners.csv",
        "Best price available to back the selected runner.", places=2,
    ),
    Field(
        "runner.best_back_size", _T.MONEY, "gbp", _S, "s.best_back_size", "runners.csv",
        "Money available at the best back price.", places=2,
    ),
    Field(
        "runner.best_lay", _T.PRICE, "odds", _S, "s.best_lay", "runners.csv",
        "Best price available to lay the selected runner.", places=2,
    ),
    Field(
        "runner.best_lay_size", _T.MONEY, "gbp", _S, "s.best_lay_size", "runners.csv",
        "Money available at the best lay price.", places=2,
    ),
    Field(
        "runner.last_traded", _T.PRICE, "odds", _S, "s.last_traded", "runners.csv",
        "Last traded price of the selected runner in the selection's market.", places=2,
    ),
    Field(
        "runner.adjustment_factor", _T.NUMBER, "percent", _S, "s.adjustment_factor", "runners.csv",
        "The selected runner's reduction factor, in percent.", places=5,
    ),
    Field(
        "reference.number_of_runners", _T.NUMBER, "runners", _S, "s.number_of_runners", "reference.csv",
        "Active runners when the selection was made.",
    ),
    Field(
        "reference.age", _T.DURATION, "time", _S, "s.reference_age", "reference.csv",
        "Time since the selection's capture was taken.",
    ),
    Field(
        "position.size_matched", _T.MONEY, "gbp", _S, "p.size_matched", "orders.csv",
        "Matched size on the selection's own side, ours and foreign.", nullable=False, places=2,
    ),
    Field(
        "position.size_unmatched", _T.MONEY, "gbp", _S, "p.size_unmatched", "orders.csv",
        "Unmatched size on the selection's own side, orders of unknown fate in full.", nullable=False,
        places=2,
    ),
    Field(
        "position.exposure", _T.MONEY, "gbp", _S, "p.exposure", "orders.csv",
        "Money at risk on the selection's own side: stake of a back, liability of a lay.",
        nullable=False, places=10,
    ),
    Field(
        "position.closed", _T.BOOLEAN, "", _S, "s.closed", "selections.csv",
        "True once the position was cashed out.", nullable=False,
    ),
    Field(
        "runner.selection_id", _T.NUMBER, "selection id", _R, "l.selection_id", "runners.csv",
        "The exchange's number of the runner.", nullable=False,
    ),
    Field(
        "runner.status", _T.ENUM, "", _R, "l.status", "runners.csv",
        "Status over the race's markets: REMOVED if any says so, ACTIVE if one says so and none says REMOVED; "
        "missing while the exchange does not say (HIDDEN, or captured as ACTIVE and no longer listed).",
        values=_RUNNER_STATUSES,
    ),
    Field(
        "runner.active_at_capture", _T.BOOLEAN, "", _R, "l.active_at_capture", "reference.csv, runners.csv",
        "False for a runner removed before the capture or captured as not active; missing when nobody says.",
    ),
    Field(
        "runner.reference_price", _T.PRICE, "odds", _R, "r.reference_price", "reference.csv",
        "The runner's price in the capture: best back in the WIN market, else last traded.", places=2,
    ),
    Field(
        "runner.captured_status", _T.ENUM, "", _R, "r.captured_status", "reference.csv",
        "The runner's status in the capture.", values=_RUNNER_STATUSES,
    ),
    Field(
        "runner.win_best_back", _T.PRICE, "odds", _R, "l.win_best_back", "runners.csv",
        "Best back price in the race's WIN market now.", places=2,
    ),
    Field(
        "runner.win_last_traded", _T.PRICE, "odds", _R, "l.win_last_traded", "runners.csv",
        "Last traded price in the race's WIN market.", places=2,
    ),
)

# fmt: on
SELECTION_FIELDS: dict[str, Field] = {field.name: field for field in CATALOGUE if field.scope is _S}
RUNNER_FIELDS: dict[str, Field] = {field.name: field for field in CATALOGUE if field.scope is _R}

CATALOGUE_VERSION = 1
"""Raised when a field's meaning changes; part of every policy's hash."""
