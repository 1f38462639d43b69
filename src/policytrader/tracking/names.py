"""Which player or team a name means, by the shipped rules: for programs that have a name and a list."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from policytrader.authoring.yaml import read_yaml_file
from policytrader.engine.player_names import NameMatcher, PlayerMatch, TeamMatch
from policytrader.policy.grading.names import NamesPolicy
from policytrader.resources import resource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policytrader.engine.player_names import Id

__all__ = ["PlayerMatch", "TeamMatch", "match", "match_team"]


def match(name: object, players: Mapping[Id, object]) -> PlayerMatch[Id]:
    """The player called ``name`` among ``{player_id: name}`` of a fixture's two squads.

    ``player_id`` of the answer is the key as it was given, or ``None`` with a ``reason``: ``player_ambiguous`` or
    ``player_not_found``; ``suggestions`` are the three nearest. Never a guess, and no error for a bad name.
    """
    return _shipped().match_player(name, players)


def match_team(name: object, teams: Mapping[Id, object]) -> TeamMatch[Id]:
    """The team called ``name`` among ``{team_id: name}`` of a fixture, as ``match`` finds a player.

    Refused as ``team_ambiguous`` or ``team_not_found``.
    """
    return _shipped().match_team(name, teams)


@cache
def _shipped() -> NameMatcher:
    """The matcher of the rules that came with this installation."""
    document = read_yaml_file(resource("rules") / "football" / "names.yaml")
    return NameMatcher(NamesPolicy.model_validate(document.value))
