"""Picks by a rule: what a ``policy: selections`` file picks in a race as it stood, and the capture of that moment."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from policytrader.app.capture import capture_id_of, capture_of
from policytrader.authoring.suggest import did_you_mean, quoted
from policytrader.model.price import PRICES
from policytrader.model.replay import RulePicks
from policytrader.model.snapshot import MarketType, RunnerStatus, Selection, Side
from policytrader.policy.values import duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from decimal import Decimal

    from policytrader.model.replay import PicksMade
    from policytrader.model.snapshot import ReferenceRunner
    from policytrader.policy.selections import PickRule, SelectionsPolicy

_HUNDRED = 100
_MOST_NAMES = 20


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

    ``rules`` says for each pick which rule made it, ``told`` of every rule what it left out. Without a pick there is no
    capture either.
    """

    selections: tuple[Selection, ...] = ()
    capture: tuple[ReferenceRunner, ...] = ()
    rules: tuple[str, ...] = ()
    told: tuple[RulePicks, ...] = ()


@dataclass(frozen=True, slots=True)
class _LeftOut:
    races: Counter[str] = field(default_factory=Counter)
    runners: Counter[str] = field(default_factory=Counter)


def picking_time(policy: SelectionsPolicy, race_time: datetime) -> datetime:
    """When the picks of a race with this off are made. The off is the one that was scheduled at that moment."""
    return race_time - duration(policy.at)


def pick_runners(policy: SelectionsPolicy, race: RaceAt) -> Picked:
    """What the file picks in a race: by market, runner and side. Pure: the same race gives the same picks.

    Only active runners are picked, and only where the price that was looked at is known.
    """
    capture_id = capture_id_of(race.race_id, race.at)
    found: dict[tuple[str, int, Side], tuple[Selection, str]] = {}
    told: list[RulePicks] = []
    for rule in policy.picks:
        left, before = _LeftOut(), len(found)
        for runner, price in _picked(rule, race, left):
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
            _, owner = found.setdefault((runner.market_id, runner.selection_id, side), (selection, rule.id))
            if owner != rule.id:
                left.runners["earlier rule"] += 1
        told.append(
            RulePicks(
                rule=rule.id, picked=len(found) - before, races_left_out=left.races, runners_left_out=left.runners
            )
        )
    made = [found[key] for key in sorted(found)]
    return Picked(
        selections=tuple(one for one, _ in made),
        capture=_capture(race) if made else (),
        rules=tuple(rule for _, rule in made),
        told=tuple(told),
    )


def with_names(made: PicksMade, policy: SelectionsPolicy) -> PicksMade:
    """The same, each rule with those of its countries and courses that no race has: they never let anything through."""
    countries, courses = sorted(made.countries), sorted(made.courses)
    known = set(map(_key, courses))
    of_rule = {
        rule.id: (
            *(_not_found("in", one, countries) for one in rule.countries if one not in countries),
            *(_not_found("at", one, courses) for one in rule.courses if _key(one) not in known),
        )
        for rule in policy.picks
    }
    return replace(made, rules=tuple(replace(one, not_found=of_rule[one.rule]) for one in made.rules))


def _not_found(where: str, name: str, there: Sequence[str]) -> str:
    shown = ", ".join([*there[:_MOST_NAMES], *(["…"] if len(there) > _MOST_NAMES else [])])
    return f"no race {where} {quoted(name)}{did_you_mean(name, there)}; recorded: {shown or 'none that is known'}"


def asked_price(rule: PickRule, price: Decimal) -> Decimal | None:
    """What the rule asks for at this price, on the ladder: never a worse one. None beyond the ladder's end."""
    exact = price * (_HUNDRED + rule.ask_percent) / _HUNDRED
    place = bisect_left(PRICES, exact) if rule.side == Side.BACK else bisect_right(PRICES, exact) - 1
    return PRICES[place] if 0 <= place < len(PRICES) else None


def _picked(rule: PickRule, race: RaceAt, left: _LeftOut) -> Iterator[tuple[RunnerAt, Decimal]]:
    """The runners that a rule picks and what it asks for; market by market, the lowest prices first."""
    if reason := _why_not(rule, race):
        left.races[reason] += 1
        return
    for market_type in dict.fromkeys(rule.market_type):
        priced = []
        for runner in race.runners:
            if runner.market_type == market_type:
                price = getattr(runner, rule.price.of)
                if runner.status is not RunnerStatus.ACTIVE:
                    left.runners["not active"] += 1
                elif price is None:
                    left.runners[f"no {rule.price.of}"] += 1
                elif not rule.price.from_ <= price <= rule.price.to:
                    left.runners["price"] += 1
                else:
                    priced.append((price, runner))
        priced.sort(key=lambda one: (one[0], one[1].market_id, one[1].selection_id))
        asked = [(runner, asked_price(rule, price)) for price, runner in priced]
        known = [(runner, price) for runner, price in asked if price is not None]
        kept = known if rule.most_per_race is None else known[: int(rule.most_per_race)]
        left.runners.update({"ask_percent": len(asked) - len(known), "most_per_race": len(known) - len(kept)})
        yield from kept


def _why_not(rule: PickRule, race: RaceAt) -> str | None:
    """What keeps a race out: a country or a course that the rule does not name, or no market of its type to bet in."""
    if not race.runners:
        return "no open market"
    if rule.countries and race.country_code not in rule.countries:
        return "country"
    if rule.courses and _key(race.course or "") not in set(map(_key, rule.courses)):
        return "course"
    return None if {one.market_type for one in race.runners} & set(rule.market_type) else "market_type"


def _key(course: str) -> str:
    return course.strip().casefold()


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
