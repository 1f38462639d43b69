"""Meaning of bookmakers' terms, and of the alias tables of names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.authoring.suggest import did_you_mean, quoted
from policytrader.policy.grading.catalogue import Catalogue
from policytrader.policy.grading.folding import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policytrader.authoring.yaml import YamlDocument
    from policytrader.errors import Diagnostic
    from policytrader.policy.conditions import Path
    from policytrader.policy.grading.markets import MarketsPolicy
    from policytrader.policy.grading.names import NamesPolicy
    from policytrader.policy.grading.participation import ParticipationPolicy


def check_participation(model: ParticipationPolicy, document: YamlDocument) -> Iterator[Diagnostic]:
    """E206 for a bookmaker that stands twice: names are compared without case."""
    seen: dict[str, str] = {}
    for name in model.bookmakers:
        first = seen.setdefault(fold(name), name)
        if first != name:
            message = f"a second bookmaker {quoted(name)} (the first is {quoted(first)})"
            remedy = "Names are compared without case: merge the two."
            yield document.diagnostic(("bookmakers", name), "E206", message, remedy, at_key=True)


def check_term_markets(
    participation: ParticipationPolicy, markets: MarketsPolicy, document: YamlDocument
) -> Iterator[Diagnostic]:
    """E224 for terms of a market that the catalogue does not have under this name."""
    catalogue, own = Catalogue(markets), {market.name for market in markets.markets}
    for path, terms in _market_terms(participation):
        for name in terms:
            if name in own:
                continue
            if (listing := catalogue.listing(name)) is not None:
                meant = listing.market.name
                message, remedy = f"{quoted(name)} is another name of `{meant}`", f'Write "{meant}".'
            else:
                message = f"there is no market {quoted(name)}{did_you_mean(name, own)}"
                remedy = "Markets are named as in markets.yaml, not by an alias."
            yield document.diagnostic((*path, name), "E224", message, remedy, at_key=True)


def _market_terms(model: ParticipationPolicy) -> Iterator[tuple[Path, Mapping[str, str]]]:
    yield ("default", "markets"), model.default.markets
    for name, terms in model.bookmakers.items():
        yield ("bookmakers", name, "markets"), terms.markets


def check_aliases(model: NamesPolicy, document: YamlDocument) -> Iterator[Diagnostic]:
    """E206 for an id that two people, or two teams, are given: it would name both."""
    for key in ("players", "teams"):
        first: dict[str, int] = {}
        aliases = getattr(model, key).aliases
        for number, alias in enumerate(aliases):
            for index, id_ in enumerate(alias.ids):
                known = first.setdefault(str(id_), number)
                if known != number:
                    path = (key, "aliases", number, "ids", index)
                    message = f"{id_} is the id of {quoted(aliases[known].name)} already"
                    yield document.diagnostic(path, "E206", message, "An id names one: delete it in one of the two.")
