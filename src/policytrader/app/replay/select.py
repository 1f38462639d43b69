"""Picks by a rule: what a ``policy: selections`` file picks in a race as it stood, and the capture of that moment."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from policytrader.app.capture import capture_id_of, capture_of
from policytrader.model.price import PRICES
from policytrader.model.snapshot import MarketType, RunnerStatus, Selection, Side
from policytrader.policy.values import duration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from decimal import Decimal

    from policytrader.model.snapshot import ReferenceRunner
    from policytrader.policy.selections import PickRule, SelectionsPolicy

_HUNDRED = 100


class RunnerAt(NamedTuple):
    """One runner of one market as it stood; a missing price is None."""

    market_id: str
    market_type: MarketType
    selection_id: int
    runner_name: str | None
    status: RunnerStatus | None
    best_back: Decimal | None
    best_lay: Decimal | None
    last_traded: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceAt:
    """A race at the moment ``at``: the runners of its markets that are open and not in play, in any order."""

    race_id: str
    race_time: datetime
    course: str | None
    country_code: str | None
    at: datetime
    runners: tuple[RunnerAt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """The picks of a race and the capture that they are judged against, as a morning's import makes it.

    ``rules`` says for each pick which rule made it. Without a pick there is no capture either.
    """

    selections: tuple[Selection, ...] = ()
    capture: tuple[ReferenceRunner, ...] = ()
    rules: tuple[str, ...] = ()


def picking_time(policy: SelectionsPolicy, race_time: datetime) -> datetime:
    """When the picks of a race with this off are made. The off is the one that was scheduled at that moment."""
    return race_time - duration(policy.at)


def pick_runners(policy: SelectionsPolicy, race: RaceAt) -> Picked:
    """What the file picks in a race: by market, runner and side. Pure: the same race gives the same picks.

    Only active runners are picked, and only where the price that was looked at is known.
    """
    capture_id = capture_id_of(race.race_id, race.at)
    found: dict[tuple[str, int, Side], tuple[Selection, str]] = {}
    for rule in policy.picks:
        for runner, price in _picked(rule, race):
            side = Side(rule.side)
            selection = Selection(
                f"{runner.market_id}-{runner.selection_id}-{side}".lower(),
                race.race_id,
                race.race_time,
                runner.market_id,
                runner.market_type,
                runner.selection_id,
                runner.runner_name,
                side,
                price,
                rule.stake_points,
                capture_id,
                valid=True,
                invalidated_reason=None,
                closed=False,
            )
            found.setdefault((runner.market_id, runner.selection_id, side), (selection, rule.id))
    if not found:
        return Picked()
    made = [found[key] for key in sorted(found)]
    return Picked(
        selections=tuple(one for one, _ in made), capture=_capture(race), rules=tuple(rule for _, rule in made)
    )


def asked_price(rule: PickRule, price: Decimal) -> Decimal | None:
    """What the rule asks for at this price, on the ladder: never a worse one. None beyond the ladder's end."""
    exact = price * (_HUNDRED + rule.ask_percent) / _HUNDRED
    place = bisect_left(PRICES, exact) if rule.side == Side.BACK else bisect_right(PRICES, exact) - 1
    return PRICES[place] if 0 <= place < len(PRICES) else None


def _picked(rule: PickRule, race: RaceAt) -> Iterator[tuple[RunnerAt, Decimal]]:
    """The runners that a rule picks and what it asks for; market by market, the lowest prices first."""
    if not _is_meant(rule, race):
        return
    for market_type in dict.fromkeys(rule.market_type):
        priced = [
            (price, runner)
            for runner in race.runners
            if runner.market_type == market_type
            and runner.status is RunnerStatus.ACTIVE
            and (price := getattr(runner, rule.price.of)) is not None
            and rule.price.from_ <= price <= rule.price.to
        ]
        priced.sort(key=lambda one: (one[0], one[1].market_id, one[1].selection_id))
        asked = [(runner, asked_price(rule, price)) for price, runner in priced]
        known = [(runner, price) for runner, price in asked if price is not None]
        yield from known if rule.most_per_race is None else known[: int(rule.most_per_race)]


def _is_meant(rule: PickRule, race: RaceAt) -> bool:
    """Whether country and course are among those that the rule names; one that is not known is not among them."""
    course = (race.course or "").strip().casefold()
    in_country = not rule.countries or race.country_code in rule.countries
    return in_country and (not rule.courses or course in {one.strip().casefold() for one in rule.courses})


def _capture(race: RaceAt) -> tuple[ReferenceRunner, ...]:
    """The runners that take part, by number, with the prices of the WIN market: best back, else last traded.

    They are those of the WIN market; of a race without one those of its markets, with no price.
    """
    rows = [one for one in race.runners if one.market_type is MarketType.WIN] or race.runners
    active = {one.selection_id: one for one in rows if one.status is RunnerStatus.ACTIVE}
    return capture_of(
        race.race_id,
        race.at,
        ((number, active[number].runner_name, _reference_price(active[number])) for number in sorted(active)),
    )


def _reference_price(runner: RunnerAt) -> Decimal | None:
    if runner.market_type is not MarketType.WIN:
        return None
    return runner.last_traded if runner.best_back is None else runner.best_back
