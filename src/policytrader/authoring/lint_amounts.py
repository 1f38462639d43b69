"""Amounts: ladders, protections and the schedule, each by itself and beside each other (W206, W207, W209 to W211)."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from policytrader.authoring.lint_findings import list_names, warn
from policytrader.model.money import MINIMUM_SIZES, ZERO, divide, size_for_liability
from policytrader.model.price import PRICES
from policytrader.policy.protection import Protections
from policytrader.policy.values import duration_microseconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from policytrader.authoring.yaml import YamlDocument
    from policytrader.errors import Diagnostic
    from policytrader.policy.conditions import Path
    from policytrader.policy.protection import ProtectionPolicy
    from policytrader.policy.rules import SideName
    from policytrader.policy.schedule import SchedulePolicy
    from policytrader.policy.staking import Ladder, StakingPolicy

_MINIMUM = MINIMUM_SIZES["GBP"]
_KEYS: tuple[tuple[SideName, str], ...] = (("BACK", "back_stake"), ("LAY", "lay_liability"))
_SHOWN_RANGES = 3
_MICROSECONDS_PER_SECOND = 1_000_000


def lint_ladders(model: StakingPolicy, document: YamlDocument) -> Iterator[Diagnostic]:
    """W206 and W207 for every amount of a side that the ladder serves."""
    for number, ladder in enumerate(model.ladders):
        for side, key in _KEYS:
            if side in ladder.applies_to.side:
                yield from _falling(ladder, key, ("ladders", number, "steps"), document)
                yield from _unplaceable(ladder, side, key, ("ladders", number, "steps"), document)


def _falling(ladder: Ladder, key: str, path: Path, document: YamlDocument) -> Iterator[Diagnostic]:
    for number, (before, after) in enumerate(pairwise(ladder.steps), start=1):
        amount, earlier = getattr(after, key), getattr(before, key)
        if amount < earlier:
            message = f"{key} falls from {earlier} at `{before.from_}` to {amount} at `{after.from_}`"
            remedy = "What is matched is not sold again: from this step on, a selection only waits."
            yield warn(document, (*path, number, key), "W206", message, remedy)


def _unplaceable(ladder: Ladder, side: str, key: str, path: Path, document: YamlDocument) -> Iterator[Diagnostic]:
    for number, step in enumerate(ladder.steps):
        amount: Decimal = getattr(step, key)
        prices = [] if amount == ZERO else [price for price in PRICES if not _is_placeable(side, amount, price)]
        if not prices:
            continue
        message = f"{key} {amount} cannot be placed at {len(prices)} of {len(PRICES)} prices: {_ranges_text(prices)}"
        yield warn(document, (*path, number, key), "W207", message, _why_unplaceable(side, amount))


def _is_placeable(side: str, amount: Decimal, price: Decimal) -> bool:
    return _MINIMUM.allows(amount if side == "BACK" else size_for_liability(amount, price), price)


def _why_unplaceable(side: str, amount: Decimal) -> str:
    least, payout = _plain(_MINIMUM.size), _plain(_MINIMUM.payout)
    if side == "BACK":
        price = next((price for price in PRICES if price >= divide(_MINIMUM.payout, amount)), None)
        needed = f"a price of {_plain(price)} or more" if price is not None else "a price that does not exist"
        return f"The exchange takes a stake under {least} only for a payout of {payout}: here that is {needed}."
    return (
        f"A lay's size is liability / (price - 1), floored to the penny. The exchange takes one under {least} only "
        f"where size x price is {payout} or more."
    )


def _ranges_text(prices: Sequence[Decimal]) -> str:
    """``6.2 to 9.8, 950 and 980 to 1000``: neighbours on the ladder of prices joined."""
    unplaceable = set(prices)
    groups = [list(group) for is_in, group in groupby(PRICES, unplaceable.__contains__) if is_in]
    texts = [
        _plain(group[0]) if len(group) == 1 else f"{_plain(group[0])} to {_plain(group[-1])}"
        for group in groups[:_SHOWN_RANGES]
    ]
    more = f" and {len(groups) - _SHOWN_RANGES} ranges more" if len(groups) > _SHOWN_RANGES else ""
    return ", ".join(texts) + more


def _plain(amount: Decimal) -> str:
    return format(amount.normalize(), "f")


def lint_protections(model: ProtectionPolicy, document: YamlDocument) -> Iterator[Diagnostic]:
    """W209: the limits that are not there."""
    missing = [name for name in Protections.model_fields if getattr(model.protections, name) is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        message = f"{list_names(missing)} {verb} missing: without it no order is placed at all"
        remedy = "No limit is no permission. Set it; to allow much, set it high."
        if len(missing) > 1:
            message = message.replace("without it", "without them")
            remedy = "No limit is no permission. Set them; to allow much, set them high."
        yield warn(document, ("protections",), "W209", message, remedy, at_key=True)


_LIMITS: tuple[tuple[str, str, SideName], ...] = (
    ("max_order", "stake", "BACK"),
    ("max_order", "liability", "LAY"),
    ("max_exposure_per_selection", "back_stake", "BACK"),
    ("max_exposure_per_selection", "lay_liability", "LAY"),
)


def lint_limits(protection: ProtectionPolicy, staking: StakingPolicy, document: YamlDocument) -> Iterator[Diagnostic]:
    """W210: limits below the ladders' caps; ``document`` is the protections'."""
    for name, key, side in _LIMITS:
        ladders = [ladder for ladder in staking.ladders if side in ladder.applies_to.side]
        limit = getattr(getattr(protection.protections, name), key, None)
        if limit is None or not ladders:
            continue
        ladder = max(ladders, key=lambda ladder: ladder.limits.amount(side))
        cap = ladder.limits.amount(side)
        points = next((points for points in (1, 2) if limit < cap * points), None)
        if points is None:
            continue
        wanted = f"{_plain(cap * points)}, the cap of ladder `{ladder.id}` at {points} stake point{'s'[: points - 1]}"
        message = f"`{name}.{key}` {_plain(limit)} is lower than {wanted}"
        remedy = "A normal selection cannot" if points == 1 else "A selection of twice the normal stake cannot"
        remedy += " reach its full stake: raise the limit, or lower the ladder's."
        yield warn(document, ("protections", name, key), "W210", message, remedy)


def lint_price_age(
    protection: ProtectionPolicy, schedule: SchedulePolicy, document: YamlDocument
) -> Iterator[Diagnostic]:
    """W211: prices that are too old before the next are fetched, at every time of day."""
    limit = protection.protections.max_price_age_seconds
    shortest = min(schedule.intervals, key=lambda interval: duration_microseconds(interval.every))
    seconds = duration_microseconds(shortest.every) // _MICROSECONDS_PER_SECOND
    if limit is not None and limit < seconds:
        message = f"`max_price_age_seconds` {_plain(limit)} is shorter than the shortest interval, {shortest.every}"
        remedy = "Prices are fetched once in an interval: they are too old before the next come. Fetch more often."
        yield warn(document, ("protections", "max_price_age_seconds"), "W211", message, remedy)
