"""What bookmakers ask of a player and of a fixture: participation, waiting times, how cards count."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from policytrader.policy.rules import PolicyFile
from policytrader.policy.values import Duration, Model

ParticipationName = Literal["must_appear", "must_start"]
WRITTEN_NAME = r"^\S(.*\S)?$"
BookmakerName = Annotated[str, StringConstraints(pattern=WRITTEN_NAME, max_length=60)]
TermsMarket = Annotated[str, StringConstraints(pattern=WRITTEN_NAME, max_length=80)]
CardPoints = Annotated[int, Field(ge=0, le=10)]


class CardCounting(Model):
    """What each card counts, and at most how much a player brings; staff and men off the pitch never count."""

    yellow: CardPoints = 1
    red: CardPoints = 1
    second_yellow: CardPoints = 1
    most_per_player: CardPoints = 2


class Terms(Model):
    """One bookmaker's terms; what is left out is the default's. ``markets``: participation of single markets, by name.

    ``void_window``: how long after the listed kick-off a postponed fixture may still be played.
    """

    participation: ParticipationName | None = None
    markets: dict[TermsMarket, ParticipationName] = {}
    void_window: Duration | None = None
    cards: CardCounting | None = None


class DefaultTerms(Model):
    """The terms where a bookmaker has none of its own; complete."""

    participation: ParticipationName
    markets: dict[TermsMarket, ParticipationName] = {}
    void_window: Duration
    cards: CardCounting = CardCounting()


class ParticipationPolicy(PolicyFile):
    """Terms by bookmaker; names are compared without case."""

    policy: Literal["participation"]
    default: DefaultTerms
    bookmakers: dict[BookmakerName, Terms] = {}
    end: Literal["participation"] | None = None
