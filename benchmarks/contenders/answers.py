"""What a contender answers, and whether it is what the engine says."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from policytrader.engine.plan import Plan


class Answer(NamedTuple):
    """A decision, as far as all contenders make it. ``target`` in pounds: stake (BACK) or liability (LAY)."""

    selection_ref: str
    verdict: str
    target: Decimal | float
    meets: bool
    action: str


class DisagreementError(Exception):
    """A contender decides differently: its time says nothing."""


def read_answers(plan: Plan) -> list[Answer]:
    """The engine's, each amount worked out: a plan does that only when it is asked for."""
    return [
        Answer(
            decision.selection.selection_ref,
            decision.verdict,
            decision.stake.target,
            decision.price.meets,
            decision.action,
        )
        for decision in plan
    ]


def agree(name: str, answers: Iterable[Answer], plan: Plan) -> None:
    """Raise ``DisagreementError`` unless ``answers`` are the plan's, in any order."""
    given = {answer.selection_ref: _plain(answer) for answer in answers}
    wanted = {answer.selection_ref: _plain(answer) for answer in read_answers(plan)}
    different = [reference for reference in wanted if given.get(reference) != wanted[reference]]
    if different or len(given) != len(wanted):
        first = different[0] if different else "(number of answers)"
        message = f"{name} and the engine disagree on {len(different)} of {len(wanted)} selections, first on {first}: "
        raise DisagreementError(message + f"{given.get(first)} instead of {wanted.get(first)}")


def _plain(answer: Answer) -> tuple[str, float, bool, str]:
    return str(answer.verdict), float(answer.target), bool(answer.meets), str(answer.action)
