"""Names found among 45, beside a plain pipeline: ``python -m benchmarks.names [--seed N] [--draws N]``.

Reads the recorded pairs beside the project. For each pair and draw the spelling of one site is looked for among 45
official names: once the player's own is one of them (decided, wrong), once it is not (accepted though absent).
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rapidfuzz import fuzz

from benchmarks.live_day import NotMeasuredError
from benchmarks.measure import Stopwatch
from benchmarks.report import Goal, Section, ms, table
from policytrader.authoring.yaml import read_yaml_file
from policytrader.engine.name_forms import normalise
from policytrader.engine.player_names import NameMatcher
from policytrader.policy.grading.names import NamesPolicy
from policytrader.resources import resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Match = Callable[[str, Mapping[int, str]], int | None]
    Vary = Callable[[str, random.Random], str]

PAIRS = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "names" / "pairs.csv"
POOL_SIZE = 45
SEED = 1
DRAW_COUNT = 20
OURS, UNAIDED, PLAIN = "policytrader", "policytrader, no aliases", "plain pipeline"


class NamePair(NamedTuple):
    """One player, as two sources write him."""

    feed_name: str
    official_name: str


@dataclass(slots=True)
class Tally:
    """What came of looking for names; ``wrong`` are decided too."""

    asked: int = 0
    decided: int = 0
    wrong: int = 0
    absent_accepted: int = 0

    @property
    def right_percent(self) -> float:
        """Decided correctly."""
        return 100 * (self.decided - self.wrong) / self.asked

    @property
    def absent_percent(self) -> float:
        """Somebody else taken for a player who is not there."""
        return 100 * self.absent_accepted / self.asked


def measure_names(seed: int = SEED, draw_count: int = DRAW_COUNT) -> Section:
    """The pairs as they are, and altered in the usual ways. Raises ``NotMeasuredError`` without the recorded pairs."""
    pairs = read_pairs()
    matchers = {PLAIN: match_plainly, UNAIDED: _ours(aliased=False), OURS: _ours(aliased=True)}
    rows, data = [], {}
    tallies: dict[str, Tally] = {}
    for name, match in matchers.items():
        watch = Stopwatch()
        with watch.lap():
            tally = tallies[name] = tally_pairs(pairs, match, seed, draw_count)
        each = watch.timing.cpu_p50 / (2 * tally.asked)
        rows.append([name, *_cells(tally), ms(each)])
        data[name] = _figures(tally) | {"cpu_ms_each": round(each, 4)}
    text = table(["as recorded", "decided right", "wrong", "absent accepted", "CPU ms each"], rows)
    altered, altered_data = _measure_altered(pairs, {PLAIN: match_plainly, OURS: matchers[OURS]}, seed)
    return Section(
        f"Names, {len(pairs)} pairs in pools of {POOL_SIZE}, {draw_count} draws, seed {seed}",
        f"{text}\n\n{altered}",
        data | {"altered": altered_data},
        _goals(tallies[OURS], tallies[PLAIN]),
        ("Emerson is the name of two players in the pairs: where one is missing, the other is taken for him.",),
    )


def _goals(ours: Tally, plain: Tally) -> tuple[Goal, ...]:
    return (
        Goal(
            "names decided right", ours.right_percent, plain.right_percent, "%", "the plain pipeline's", at_least=True
        ),
        Goal("names decided wrong", ours.wrong, 0, ""),
        Goal("absent players accepted", ours.absent_percent, plain.absent_percent, "%", "the plain pipeline's"),
    )


def _measure_altered(
    pairs: Sequence[NamePair], matchers: Mapping[str, Match], seed: int
) -> tuple[str, dict[str, dict[str, Any]]]:
    rows, data = [], {}
    for kind, vary in ALTERATIONS.items():
        for name, match in matchers.items():
            tally = tally_pairs(list(_altered(pairs, vary, seed)), match, seed, draw_count=2)
            rows.append([f"{kind}: {name}", f"{tally.asked:,}", *_cells(tally)])
            data[f"{kind}: {name}"] = _figures(tally)
    return table(["official names, altered", "asked", "decided right", "wrong", "absent accepted"], rows), data


def _cells(tally: Tally) -> list[str]:
    return [f"{tally.right_percent:.2f} %", f"{tally.wrong} of {tally.asked:,}", f"{tally.absent_percent:.3f} %"]


def _figures(tally: Tally) -> dict[str, Any]:
    return {
        "asked": tally.asked,
        "right_percent": round(tally.right_percent, 3),
        "wrong": tally.wrong,
        "absent_accepted_percent": round(tally.absent_percent, 3),
    }


def read_pairs() -> list[NamePair]:
    """The recorded pairs. Raises ``NotMeasuredError`` where they are absent."""
    if not PAIRS.is_file():
        message = f"no recorded name pairs at {PAIRS}"
        raise NotMeasuredError(message)
    with PAIRS.open(encoding="utf-8", newline="") as file:
        return [NamePair(row["feed_name"], row["official_name"]) for row in csv.DictReader(file)]


def tally_pairs(pairs: Sequence[NamePair], match: Match, seed: int, draw_count: int) -> Tally:
    """Each pair in ``draw_count`` pools with its own name, and as many without."""
    chance, tally = random.Random(seed), Tally()
    numbers = range(len(pairs))
    for _ in range(draw_count):
        for number, pair in enumerate(pairs):
            others = [other for other in chance.sample(numbers, POOL_SIZE + 1) if other != number][:POOL_SIZE]
            present = [number, *others[1:]]
            chance.shuffle(present)
            found = match(pair.feed_name, {one: pairs[one].official_name for one in present})
            tally.asked += 1
            tally.decided += found is not None
            tally.wrong += found not in {None, number}
            tally.absent_accepted += (
                match(pair.feed_name, {one: pairs[one].official_name for one in others}) is not None
            )
    return tally


def match_plainly(name: str, pool: Mapping[int, str]) -> int | None:
    """What the design began with: equal when normalised, else ``token_set_ratio`` at 85 and 5 ahead of the second."""
    asked = normalise(name)
    forms = {one: normalise(official) for one, official in pool.items()}
    equal = [one for one, form in forms.items() if form == asked]
    if len(equal) == 1:
        return equal[0]
    (best, number), (second, _), *_ = sorted(
        ((fuzz.token_set_ratio(asked, form), one) for one, form in forms.items()), reverse=True
    )
    return number if best >= 85 and best - second >= 5 else None


def _ours(*, aliased: bool) -> Match:
    value = read_yaml_file(resource("rules") / "football" / "names.yaml").value
    policy = NamesPolicy.model_validate(value)
    if not aliased:
        policy = policy.model_copy(update={"players": policy.players.model_copy(update={"aliases": ()})})
    matcher = NameMatcher(policy)
    return lambda name, pool: matcher.match_player(name, pool).player_id


def _altered(pairs: Sequence[NamePair], vary: Vary, seed: int) -> Iterator[NamePair]:
    """Official names that have a given name and a surname, written otherwise."""
    chance = random.Random(seed)
    for pair in pairs:
        if " " in pair.official_name:
            yield NamePair(vary(pair.official_name, chance), pair.official_name)


def _with_typo(name: str, chance: random.Random) -> str:
    """A letter left out, doubled, replaced, or changed with its neighbour; never the first of a word."""
    places = [at for at in range(1, len(name) - 1) if name[at - 1 : at + 2].isalpha()]
    at = chance.choice(places)
    return chance.choice(
        [
            name[:at] + name[at + 1 :],
            name[:at] + name[at] + name[at:],
            name[:at] + chance.choice("abcdefghijklmnopqrstuvwxyz") + name[at + 1 :],
            name[:at] + name[at + 1] + name[at] + name[at + 2 :],
        ]
    )


ALTERATIONS: dict[str, Vary] = {
    "accents off": lambda name, _: normalise(name),
    "surname first": lambda name, _: " ".join([name.split()[-1], *name.split()[:-1]]),
    "surname only": lambda name, _: name.split()[-1],
    "initial and surname": lambda name, _: f"{name[0]}. {name.split()[-1]}",
    "one typo": _with_typo,
    "given name only": lambda name, _: name.split()[0],
}


def main() -> int:
    """Print the section. Returns 1 without recorded pairs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.names", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--draws", type=int, default=DRAW_COUNT)
    options = parser.parse_args()
    try:
        print(measure_names(options.seed, options.draws).render())
    except NotMeasuredError as error:
        print(f"benchmarks: could not run: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
