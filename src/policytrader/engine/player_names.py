"""Finding a written name among the players of a fixture's two squads, or its two teams: one, or a reason why not.

In this order: an id that a person chose, the same name, an alias, a name that agrees word by word. Names agree when
every word of the shorter has a counterpart in the longer and what they share can name someone. The score of names that
agree is 100 less the share of misspelt letters; of all others it is rapidfuzz's ``token_set_ratio``, which decides
nothing but stands against whoever is not ahead of it.

A name that the alias table gives to several is a question anyone may ask, and no proof of who somebody is: "Rodri" is
the one Rodrigo Sánchez of a fixture, but Rodrigo Sánchez is not whoever a squad calls "Rodri".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from rapidfuzz import fuzz

from policytrader.engine.name_forms import join_as, normalise, pair_words, words_that_count
from policytrader.model.outcomes import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from policytrader.engine.name_forms import Pair
    from policytrader.policy.grading.names import Acceptance, Alias, NamesPolicy, NameWords

Id = TypeVar("Id", bound="int | str")

SUGGESTION_COUNT: Final = 3
_ALIKE: Final = 100.0
_WORDS_OF_A_USUAL_NAME: Final = 2
_LEAST_LIKENESS: Final = 40.0
"""Names that look less alike are not compared word by word, which is slow: they have no word in common."""


class MatchedBy(StrEnum):
    """What decided."""

    ID = "id"
    EXACT = "exact"
    ALIAS = "alias"
    ALIKE = "alike"


@dataclass(frozen=True, slots=True)
class Suggestion(Generic[Id]):
    """One of those who came nearest; ``score`` from 0 to 100, one decimal."""

    id: Id
    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Likeness:
    """How two names compare, from 0 to 100: how far they agree, and how like they look, which only says no."""

    matched_by: MatchedBy | None
    agreed: float
    alike: float


@dataclass(frozen=True, slots=True)
class _Found(Generic[Id]):
    id: Id | None
    matched_by: MatchedBy | None
    is_ambiguous: bool
    suggestions: tuple[Suggestion[Id], ...]


@dataclass(frozen=True, slots=True)
class PlayerMatch(Generic[Id]):
    """Which player is meant: ``player_id`` is the key as it was given, or ``None`` with a ``reason``.

    ``reason`` is ``player_ambiguous``, ``player_not_found``, or ``None`` when the player was found.
    """

    player_id: Id | None
    reason: str | None
    matched_by: MatchedBy | None
    suggestions: tuple[Suggestion[Id], ...]


@dataclass(frozen=True, slots=True)
class TeamMatch(Generic[Id]):
    """Which team is meant: as ``PlayerMatch``, with ``team_ambiguous`` and ``team_not_found``."""

    team_id: Id | None
    reason: str | None
    matched_by: MatchedBy | None
    suggestions: tuple[Suggestion[Id], ...]


class NameMatcher:
    """The rules of a names policy, ready to be asked.

    Names are matched within the given ones only, so they must be those of one fixture. Whatever is not a text, or holds
    no letter or digit, is nobody's name: it is refused as asked, and passed over as an answer. Whatever is not a
    mapping holds nobody.
    """

    def __init__(self, policy: NamesPolicy) -> None:
        self._players = _Book(policy.players, policy.accept)
        self._teams = _Book(policy.teams, policy.accept)

    def match_player(self, name: object, players: Mapping[Id, object]) -> PlayerMatch[Id]:
        """The player called ``name`` among ``{id: name}`` of both squads. Never raises for a bad argument."""
        found = self._players.find(name, players)
        return PlayerMatch(
            found.id,
            _refusal(found, Reason.PLAYER_AMBIGUOUS, Reason.PLAYER_NOT_FOUND),
            found.matched_by,
            found.suggestions,
        )

    def match_team(self, name: object, teams: Mapping[Id, object]) -> TeamMatch[Id]:
        """The team called ``name`` among ``{id: name}`` of one fixture. Never raises for a bad argument."""
        found = self._teams.find(name, teams)
        return TeamMatch(
            found.id, _refusal(found, "team_ambiguous", "team_not_found"), found.matched_by, found.suggestions
        )

    def compare_teams(self, name: str, written: str) -> Likeness:
        """How a team's name compares with one that stands alone; ``matched_by`` only where that alone would do."""
        return self._teams.compare(name, written)

    def sides_named(self, name: str) -> frozenset[str]:
        """The words of a team's name that make it another team of its club: reserves, youth, women."""
        return self._teams.distinct_in(name)


def _refusal(found: _Found[Id], ambiguous: str, not_found: str) -> str | None:
    if found.id is not None:
        return None
    return ambiguous if found.is_ambiguous else not_found


class _Book:
    """One sort of names."""

    def __init__(self, words: NameWords, accept: Acceptance) -> None:
        self._ignored = frozenset(words.ignored)
        self._common_first = frozenset(words.common_first)
        self._never_alone = frozenset(words.never_alone)
        self._distinct = frozenset(words.distinct)
        self._first_word_names = words.first_word_names
        self._other_forms = _by_word(words.other_forms)
        self._aliases: dict[str, list[Alias]] = {}
        for alias in words.aliases:
            for key in self._keys([alias]):
                self._aliases.setdefault(key, []).append(alias)
        self._shared = frozenset(key for key, aliases in self._aliases.items() if len(aliases) > 1)
        self._least_score = float(accept.score)
        self._least_lead = float(accept.ahead_by)

    def find(self, name: object, pool: Mapping[Id, object]) -> _Found[Id]:
        """One of the pool, or none."""
        asked = normalise(name) if isinstance(name, str) else ""
        if not asked or not isinstance(pool, Mapping):
            return _Found(None, None, is_ambiguous=False, suggestions=())
        forms = {
            id_: form for id_, written in pool.items() if isinstance(written, str) and (form := normalise(written))
        }
        names = self._names_by_alias(asked)
        for matched_by, found in (
            (MatchedBy.ID, _with_id(pool, self._aliases.get(self._key(asked), ()))),
            (MatchedBy.EXACT, [id_ for id_, form in forms.items() if form == asked]),
            (MatchedBy.ALIAS, [id_ for id_, form in forms.items() if self._key(form) in names]),
        ):
            if len(found) == 1:
                return _Found(found[0], matched_by, is_ambiguous=False, suggestions=())
            if found:
                scores = dict.fromkeys(found, (_ALIKE, _ALIKE))
                return _Found(None, None, is_ambiguous=True, suggestions=_nearest(scores, pool))
        if not forms:
            return _Found(None, None, is_ambiguous=False, suggestions=())
        return self._find_alike(pool, {id_: self._score(asked, form) for id_, form in forms.items()})

    def compare(self, name: str, written: str) -> Likeness:
        """One name with one other."""
        asked, form = normalise(name), normalise(written)
        if not asked or not form:
            return Likeness(None, 0.0, 0.0)
        if asked == form:
            return Likeness(MatchedBy.EXACT, _ALIKE, _ALIKE)
        if self._key(form) in self._names_by_alias(asked):
            return Likeness(MatchedBy.ALIAS, _ALIKE, _ALIKE)
        agreed, alike = self._score(asked, form)
        return Likeness(MatchedBy.ALIKE if agreed >= self._least_score else None, agreed, max(agreed, alike))

    def distinct_in(self, name: str) -> frozenset[str]:
        """The words that tell a club's other teams apart, as far as they are in a name."""
        return self._distinct.intersection(normalise(name).split())

    def _names_by_alias(self, asked: str) -> set[str]:
        key = self._key(asked)
        return self._keys(self._aliases.get(key, ())) - (self._shared - {key})

    def _find_alike(self, pool: Mapping[Id, object], scores: Mapping[Id, tuple[float, float]]) -> _Found[Id]:
        best, *others = sorted(scores.items(), key=lambda item: item[1], reverse=True)
        agreed, second = best[1][0], max((max(both) for _, both in others), default=0.0)
        if agreed >= self._least_score and agreed - second >= self._least_lead:
            return _Found(best[0], MatchedBy.ALIKE, is_ambiguous=False, suggestions=())
        several = sum(max(both) >= self._least_score for both in scores.values()) > 1
        is_ambiguous = several or agreed >= self._least_score
        return _Found(None, None, is_ambiguous=is_ambiguous, suggestions=_nearest(scores, pool))

    def _score(self, asked: str, form: str) -> tuple[float, float]:
        """How far the names agree in any spelling, 0 where they do not; and how like they look as they are."""
        asked_key, form_key = self._key(asked), self._key(form)
        likeness = self._likeness(asked_key.split(), form_key.split())
        asked_aliases, form_aliases = self._aliases.get(asked_key, ()), self._aliases.get(form_key, ())
        if asked_aliases and form_aliases:
            return 0.0, likeness  # the table knows both, and no alias of one as the other's
        if asked_aliases:
            return max(self._agreement_by_alias(form, asked_key, alias) for alias in asked_aliases), likeness
        if not form_aliases:
            return self._agreement(asked, form), likeness
        agreement = max(self._agreement_by_alias(asked, form_key, alias) for alias in form_aliases)
        if form_key in self._shared:
            return self._agreement_as_written(asked, form_key), max(agreement, likeness)
        return agreement, likeness

    def _agreement_as_written(self, name: str, shared: str) -> float:
        """How far a name agrees with one of several people's: a word more may tell them apart, so it says no."""
        is_longer = len(self._words(name)) > len(shared.split())
        return 0.0 if is_longer or " " not in shared else self._agreement(name, shared)

    def _agreement_by_alias(self, name: str, known: str, alias: Alias) -> float:
        """How far a name that the table does not hold agrees with a ``known`` one that it gives to ``alias``.

        A name that the table gives to someone is nobody else's: "Rodrigo" is not Rodrigo Bentancur. It stands for its
        aliases, of which those of one word count only as they are. Unless it agrees with the ``known`` one as that is
        written, a person's name must agree with one of the others whole, or with all of them and have the surname:
        Pedri is Pedro González and Pedro González López, so nobody whom the squad calls Pedri is Pedro López.
        """
        words = self._words(name)
        agreements = {full: self._agreement(name, full) for full in sorted(self._keys([alias])) if " " in full}
        if not agreements:
            return 0.0
        shortest = min(agreements, key=lambda full: full.count(" ")).split()
        has_surname = shortest[-1] in words and (len(words) > 1 or len(shortest) == _WORDS_OF_A_USUAL_NAME)
        if self._first_word_names or (has_surname and all(agreements.values())):
            return max(agreements.values())
        accepted = (full for full in agreements if full == known or len(full.split()) == len(words))
        return max((agreements[full] for full in accepted), default=0.0)

    def _agreement(self, one: str, other: str) -> float:
        first, second = self._words(one), self._words(other)
        if self._likeness(first, second) < _LEAST_LIKENESS:
            return 0.0
        first, second = self._words(join_as(one, other)), self._words(join_as(other, one))
        shorter, longer = (first, second) if len(first) <= len(second) else (second, first)
        pairs = pair_words(shorter, longer, self._other_forms)
        if pairs is None or not self._can_name(pairs, longer):
            return 0.0
        return _ALIKE * (1 - sum(pair.edits for pair in pairs) / sum(map(len, shorter)))

    def _likeness(self, first: Sequence[str], second: Sequence[str]) -> float:
        return 0.0 if self._is_other_side(first, second) else fuzz.token_set_ratio(" ".join(first), " ".join(second))

    def _is_other_side(self, first: Iterable[str], second: Iterable[str]) -> bool:
        """True for a first team and its reserves, its youth, its women."""
        return bool(self._distinct) and self._distinct.intersection(first) != self._distinct.intersection(second)

    def _words(self, form: str) -> tuple[str, ...]:
        return words_that_count(form, self._ignored)

    def _key(self, form: str) -> str:
        """What the table knows a name by."""
        return " ".join(self._words(form))

    def _keys(self, aliases: Iterable[Alias]) -> set[str]:
        return {self._key(normalise(name)) for alias in aliases for name in alias.names}

    def _can_name(self, pairs: Sequence[Pair], longer: Sequence[str]) -> bool:
        """True when what two names share is enough to name someone: a surname, or two whole words."""
        if len(pairs) == 1:
            [pair] = pairs
            if pair.word != longer[pair.position]:
                return False
            is_weak = not pair.is_whole or pair.word in self._never_alone
            return len(longer) == 1 or (not is_weak and self._names_alone(pair, longer))
        whole = [pair for pair in pairs if pair.is_whole]
        return len(whole) > 1 or any(not pair.edits and self._names_alone(pair, longer) for pair in whole)

    def _names_alone(self, pair: Pair, longer: Sequence[str]) -> bool:
        last = len(longer) - 1
        if pair.position == last:
            return True
        # Of given name and surname the given name says little; people of many names may be known by any of them.
        return longer[pair.position] not in self._common_first and (last > 1 or self._first_word_names)


def _with_id(pool: Iterable[Id], aliases: Sequence[Alias]) -> list[Id]:
    known = {str(id_) for alias in aliases for id_ in alias.ids}
    return [id_ for id_ in pool if str(id_) in known]


def _nearest(scores: Mapping[Id, tuple[float, float]], pool: Mapping[Id, object]) -> tuple[Suggestion[Id], ...]:
    ordered = sorted(scores, key=lambda id_: (-max(scores[id_]), str(pool[id_]), str(id_)))
    return tuple(Suggestion(id_, str(pool[id_]), round(max(scores[id_]), 1)) for id_ in ordered[:SUGGESTION_COUNT])


def _by_word(groups: Iterable[Sequence[str]]) -> dict[str, set[str]]:
    table: dict[str, set[str]] = {}
    for group in groups:
        for word in group:
            table.setdefault(word, set()).update(group)
    return table
