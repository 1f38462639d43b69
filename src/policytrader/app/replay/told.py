"""How the picks of a replay came about, in lines: what was left out, and what could not be replayed."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from policytrader.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policytrader.model.replay import PicksMade, Problem, RulePicks

_NUMBER = re.compile(r"([0-9]{1,18})")
_MOST_ALIKE = 3
"""So many of one group are told one by one."""


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """By text, numbers by value: a file's lines one after the other, and the same whoever replayed which day."""
    return tuple(sorted(problems, key=lambda one: [_sort_key(part) for part in _NUMBER.split(one.text)]))


def _sort_key(part: str) -> tuple[int, str]:
    return (int(part), "") if _NUMBER.fullmatch(part) else (-1, part)


def problem_lines(problems: Iterable[Problem]) -> Iterator[str]:
    """A line a problem, in order; a group with more than a few is one line, where its first stood."""
    groups: dict[str, list[Problem]] = defaultdict(list)
    for number, problem in enumerate(problems):
        groups[problem.group or str(number)].append(problem)
    for name, alike in groups.items():
        if len(alike) > _MOST_ALIKE:
            shown = min(alike, key=lambda one: one.rank)
            yield printable(f"{len(alike)} {name}, such as: {shown.text}")
        else:
            yield from (printable(one.text) for one in alike)


def made_lines(made: PicksMade) -> Iterator[str]:
    """How many captures were moved, and what each rule picked and left out."""
    if made.moved:
        moved = f"{made.moved} of {made.captures}"
        yield f"Captured later than asked for, when the recording of their markets begins: {moved}"
    for rule in made.rules:
        yield _rule_line(rule)
        yield from (printable(f"rule {rule.rule}: {one}") for one in rule.not_found)


def _rule_line(rule: RulePicks) -> str:
    """``rule middle-prices: picked 22; left out: country 40 races, price 31 runners``."""
    left = [_counted(what, count, "race") for what, count in rule.races_left_out.items()]
    left += [_counted(what, count, "runner") for what, count in rule.runners_left_out.items()]
    return f"rule {rule.rule}: picked {rule.picked}{'; left out: ' if left else ''}{', '.join(left)}"


def _counted(what: str, count: int, noun: str) -> str:
    return f"{what} {count} {noun}{'' if count == 1 else 's'}"
