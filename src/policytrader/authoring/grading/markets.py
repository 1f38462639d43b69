"""Meaning of the catalogue of markets: names, words, lines, and numbers of the other feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from policytrader.authoring.lint_findings import warn
from policytrader.policy.grading.folding import fold
from policytrader.policy.grading.markets import MarketAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from decimal import Decimal

    from policytrader.authoring.yaml import YamlDocument
    from policytrader.errors import Diagnostic
    from policytrader.policy.conditions import Path
    from policytrader.policy.grading.markets import Market, MarketsPolicy
    from policytrader.policy.values import Model

HANDICAP: Final = "handicap"
_QUARTERS: Final = 4


class _Name(NamedTuple):
    """A name of a market as it is written, and where."""

    text: str
    path: Path
    market: int
    is_alias: bool


def check_markets(model: MarketsPolicy, document: YamlDocument) -> Iterator[Diagnostic]:
    """Errors of the catalogue."""
    yield from _check_words(model.directions, "directions", document)
    yield from _check_words(model.periods, "periods", document)
    yield from _check_names(model, document)
    for number, market in enumerate(model.markets):
        yield from _check_market(market, ("markets", number), document)
    yield from _check_api_types(model, document)


def lint_markets(model: MarketsPolicy, document: YamlDocument) -> Iterator[Diagnostic]:
    """W214: an alias that is the name of its own market."""
    for name in _names(model):
        market = model.markets[name.market]
        if name.is_alias and fold(name.text) == fold(market.name):
            message = f"`{name.text}` is the name of its own market"
            yield warn(document, name.path, "W214", message, "Names are compared without case: delete the alias.")


def _names(model: MarketsPolicy) -> Iterator[_Name]:
    for number, market in enumerate(model.markets):
        yield _Name(market.name, ("markets", number, "name"), number, is_alias=False)
        for index, alias in enumerate(market.aliases):
            path: Path = ("markets", number, "aliases", index)
            if isinstance(alias, MarketAlias):
                yield _Name(alias.name, (*path, "name"), number, is_alias=True)
            else:
                yield _Name(alias, path, number, is_alias=True)


def _check_names(model: MarketsPolicy, document: YamlDocument) -> Iterator[Diagnostic]:
    own = {fold(market.name) for market in model.markets}
    first: dict[str, _Name] = {}
    # Own names first: an alias that is another market's name is the one at fault, wherever it stands.
    for name in sorted(_names(model), key=lambda one: one.is_alias):
        text = fold(name.text)
        known = first.setdefault(text, name)
        is_own_name = name.is_alias and text in own and known.market == name.market
        if known is name or is_own_name:
            continue
        whose = f"`{model.markets[known.market].name}` (line {document.place(known.path).line})"
        message = (
            f"a second market `{name.text}`" if not name.is_alias else f"`{name.text}` is a name of {whose} already"
        )
        yield document.diagnostic(
            name.path, "E206", message, "A name means one market: names are compared without case."
        )


def _check_words(words: Model, key: str, document: YamlDocument) -> Iterator[Diagnostic]:
    seen: dict[str, str] = {}
    for meaning in type(words).model_fields:
        for index, word in enumerate(getattr(words, meaning)):
            known = seen.setdefault(fold(word), f"{meaning} {index}")
            if known != f"{meaning} {index}":
                message = f"`{word}` is a word for {known.split()[0]} already"
                yield document.diagnostic((key, meaning, index), "E206", message, "A word has one meaning: delete one.")


def _check_market(market: Market, path: Path, document: YamlDocument) -> Iterator[Diagnostic]:
    yield from _check_line(market.line, (*path, "line"), document)
    for index, alias in enumerate(market.aliases):
        if isinstance(alias, MarketAlias):
            place = (*path, "aliases", index)
            yield from _check_line(alias.line, (*place, "line"), document)
            yield from _check_alias(market, alias, place, document)
    aliases = [alias.direction for alias in market.aliases if isinstance(alias, MarketAlias)]
    if HANDICAP in {market.direction, *aliases} and market.scope != "team":
        message = f"a handicap compares a team with the other, and `{market.name}` is about a {market.scope}"
        yield document.diagnostic((*path, "scope"), "E223", message, "Write `scope: team`, or another direction.")
    if market.direction == HANDICAP and market.can_only_grow:
        message = f"`{market.name}` is a handicap, which also falls when the other team's number grows"
        yield document.diagnostic((*path, "direction"), "E223", message, "Write `can_only_grow: false`.")
    if market.api_location not in {None, market.location}:
        message = f"a market about a {market.scope} is not read at `{market.api_location}`"
        remedy = f"Write `api_location: {market.location}`."
        yield document.diagnostic((*path, "api_location"), "E223", message, remedy)


def _check_alias(market: Market, alias: MarketAlias, path: Path, document: YamlDocument) -> Iterator[Diagnostic]:
    for key in ("direction", "period"):
        own, said = getattr(market, key), getattr(alias, key)
        if own is not None and said is not None and own != said:
            message = f"`{alias.name}` says {said}, and `{market.name}` is always {own}"
            yield document.diagnostic((*path, key), "E223", message, "Make it a market of its own, or correct one.")


def _check_line(line: Decimal | None, path: Path, document: YamlDocument) -> Iterator[Diagnostic]:
    if line is not None and line * _QUARTERS % 1:
        message = f"a line of {line} is no multiple of 0.25"
        yield document.diagnostic(path, "E221", message, "Lines are whole, half or quarter numbers: 2, 2.5, 2.25.")


def _check_api_types(model: MarketsPolicy, document: YamlDocument) -> Iterator[Diagnostic]:
    """One number of the other feed is one statistic: a market with another's number is graded on the wrong count."""
    first: dict[int, int] = {}
    for number, market in enumerate(model.markets):
        if market.api_type_id is None:
            continue
        known = model.markets[first.setdefault(market.api_type_id, number)]
        if known.statistics != market.statistics:
            message = f"{market.api_type_id} is the number of {_listed(known.statistics)} in `{known.name}`"
            remedy = "Leave `api_type_id` out until somebody has confirmed it."
            yield document.diagnostic(("markets", number, "api_type_id"), "E223", message, remedy)


def _listed(statistics: Iterable[str]) -> str:
    return " and ".join(map(str, statistics))
