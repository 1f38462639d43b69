"""What is the matter with a bet that cannot be graded, in words: field, value, remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.engine.grading.batch import amount_problem, line_problem
from policytrader.engine.grading.people import names_somebody
from policytrader.model.money import ONE, ZERO
from policytrader.model.outcomes import BetPeriod, Direction
from policytrader.policy.grading.folding import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policytrader.model.grades import BetToGrade
    from policytrader.policy.grading.catalogue import Catalogue, Listing


def unknown_market(bet: BetToGrade) -> str:
    """For a bet whose market no name or alias fits."""
    return f"market `{bet.market}` is not in the catalogue: add it to markets.yaml, as a market or as an alias"


def bet_problem(bet: BetToGrade, catalogue: Catalogue) -> str:
    """For a bet that is not sound; everything that is wrong with it."""
    listing = catalogue.listing(bet.market)
    return "; ".join(
        [
            *_name_problems(bet, listing),
            *_word_problems(bet, listing, catalogue),
            *_line_problems(bet, listing),
            *_amount_problems(bet),
        ]
    )


def _name_problems(bet: BetToGrade, listing: Listing | None) -> Iterator[str]:
    if listing is not None and listing.market.scope == "match" and names_somebody(bet.player_name):
        yield f"the market is about the match, and the bet names {bet.player_name}: write match"


def _word_problems(bet: BetToGrade, listing: Listing | None, catalogue: Catalogue) -> Iterator[str]:
    market = listing.market if listing else None
    word = fold(bet.direction or "")
    direction, said = catalogue.directions.get(word), listing.said_direction if listing else None
    if not word:
        if listing is None or listing.direction is None:
            yield f"no direction, and market {bet.market} has none of its own: say over, under or handicap"
    elif direction is None:
        yield _unknown("direction", word, Direction)
    elif said is not None and direction != Direction.OVER and (said == "handicap") != (direction == "handicap"):
        yield f"direction `{bet.direction}` contradicts market {bet.market}, which is {said}: correct one of them"
    if market is not None and market.scope != "team" and Direction.HANDICAP in {direction, said}:
        yield f"direction `{bet.direction}` on {bet.market}: only a team can have a handicap, so say over or under"
    yield from _period_problems(bet, listing, catalogue.periods)


def _period_problems(bet: BetToGrade, listing: Listing | None, words: Mapping[str, str]) -> Iterator[str]:
    word = fold(bet.period or "")
    if not word:
        return
    period, said = words.get(word), listing.period if listing else None
    if period is None:
        yield _unknown("period", word, BetPeriod)
    elif said is not None and period not in {said, BetPeriod.MATCH}:
        yield f"period `{bet.period}` contradicts market {bet.market}, which is {said}: correct one of them"


def _unknown(field: str, word: str, known: type[Direction | BetPeriod]) -> str:
    *others, last = map(str, known)
    return f"{field} `{word}` is unknown: say {', '.join(others)} or {last}, or add the word to markets.yaml"


def _line_problems(bet: BetToGrade, listing: Listing | None) -> Iterator[str]:
    said, usual = (listing.said_line, listing.line) if listing else (None, None)
    line = usual if bet.line is None else bet.line
    if line is None:
        yield f"no threshold, and market {bet.market} has none of its own: give one, such as 0.5"
        return
    problem = line_problem(line)
    if problem is not None:
        of = "" if bet.line is not None else f" of market {bet.market}"
        yield f"threshold {line}{of} {problem}: lines go in quarters, such as 1.5 or 1.75"
    elif said is not None and said != line:
        yield f"threshold {line} contradicts market {bet.market}, which is {said}: correct one of them"


def _amount_problems(bet: BetToGrade) -> Iterator[str]:
    for field, amount, above in (("stake", bet.stake, ZERO), ("odds", bet.odds, ONE)):
        problem = amount_problem(amount, above)
        if problem is not None:
            yield f"{field} {amount} {problem}: correct it, then it is graded"
