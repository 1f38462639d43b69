"""The markets that bets are tracked on: names, statistic, whose, which period, and the words for directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from policytrader.model.fixture import Stat
from policytrader.policy.grading.rules import DirectionName, ScopeName, one_of_words
from policytrader.policy.rules import PolicyFile
from policytrader.policy.values import Line, Model

MarketText = Annotated[str, Field(min_length=2, max_length=80)]
MarketWord = Annotated[str, Field(min_length=1, max_length=40)]
PeriodName = Literal["match", "first_half", "second_half"]
EventCount = Literal["cards", "header_goals", "first_goal", "last_goal"]
EVENT_COUNTS: tuple[EventCount, ...] = get_args(EventCount)
"""What is counted from events alone, beside the statistics."""
_LOCATIONS: Mapping[str, Literal["player", "total", "side"]] = {"player": "player", "team": "side", "match": "total"}


class MarketAlias(Model):
    """Another name of a market; ``line``, ``direction`` or ``period`` where the name itself says them."""

    name: MarketText
    line: Line | None = None
    direction: DirectionName | None = None
    period: PeriodName | None = None


def _statistic(word: str) -> str:
    return word if word in EVENT_COUNTS else Stat(word)


def _is_mapping(value: Any) -> str:
    return "<MarketAlias>" if isinstance(value, (dict, MarketAlias)) else "<text>"


if TYPE_CHECKING:
    Statistic = Stat | EventCount
else:
    Statistic = Annotated[Any, *one_of_words((*Stat, *EVENT_COUNTS), _statistic)]

AliasForm = Annotated[
    Annotated[MarketAlias, Tag("<MarketAlias>")] | Annotated[MarketText, Tag("<text>")], Discriminator(_is_mapping)
]


class Market(Model):
    """One market.

    ``statistics`` are summed; ``cards`` and the kinds of goals are counted from events. ``combine: lower`` takes the
    lower of the two teams' numbers (both teams to score). ``is_whole: false`` marks a statistic that is no whole
    number: the margin table refuses it. ``api_type_id`` is the other feed's number, left out until it is confirmed.
    ``line`` and ``direction`` stand for a bet that states none.
    """

    name: MarketText
    aliases: Annotated[tuple[AliasForm, ...], Field(strict=False)] = ()
    statistics: Annotated[tuple[Statistic, ...], Field(strict=False, min_length=1)]
    scope: ScopeName
    combine: Literal["sum", "lower"] = "sum"
    period: PeriodName | None = None
    is_whole: bool = True
    can_only_grow: bool = True
    needs_var: bool = False
    line: Line | None = None
    direction: DirectionName | None = None
    api_type_id: Annotated[int, Field(ge=1, le=99_999)] | None = None
    api_location: Literal["player", "total", "side"] | None = None

    @property
    def location(self) -> Literal["player", "total", "side"]:
        """Where the other feed has the number of a market of this scope; ``api_location`` may not say another."""
        return _LOCATIONS[self.scope]

    @model_validator(mode="after")
    def _lower_of_two(self) -> Market:
        if self.combine == "lower" and self.scope != "match":
            kind = "combine"
            raise PydanticCustomError(kind, "has `combine: lower`, which compares the two teams: `scope` must be match")
        return self


WrittenWords = Annotated[tuple[MarketWord, ...], Field(strict=False, min_length=1)]


class Words(Model):
    """How alerts and files write directions; compared without case."""

    over: WrittenWords
    under: WrittenWords
    handicap: WrittenWords


class PeriodWords(Model):
    """How alerts and files write periods; compared without case."""

    match: WrittenWords
    first_half: WrittenWords
    second_half: WrittenWords


class MarketsPolicy(PolicyFile):
    """Every market; a name stands once, over all names and aliases."""

    policy: Literal["markets"]
    directions: Words
    periods: PeriodWords
    markets: Annotated[tuple[Market, ...], Field(strict=False, min_length=1)]
    end: Literal["markets"] | None = None
