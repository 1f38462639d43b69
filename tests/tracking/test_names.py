"""The shipped rules for names, as other programs ask them; held to the recorded pairs where those are at hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.names import PAIRS, NamePair, read_pairs, tally_pairs
from policytrader.tracking.names import match, match_team

PROJECT = Path(__file__).resolve().parent.parent.parent


def test_a_found_player_is_the_key_as_given() -> None:
    assert match("Salah", {"p-1": "Mohamed Salah", "p-2": "Darwin Núñez"}).player_id == "p-1"
    assert match("Salah", {0: "Mohamed Salah", 1: "Darwin Núñez"}).player_id == 0
    assert match("Salah", {0: "Mohamed Salah"}).reason is None


def test_a_refusal_has_a_reason_and_suggestions() -> None:
    refused = match("Ben", {1: "Ben White", 2: "Ben Mee", 3: "Bukayo Saka", 4: "Gabriel Jesus"})
    assert (refused.player_id, refused.reason) == (None, "player_ambiguous")
    assert [suggestion.id for suggestion in refused.suggestions][:2] == [2, 1]
    assert len(refused.suggestions) == 3
    assert match("Ben", {}).reason == "player_not_found"


@pytest.mark.parametrize(
    ("name", "official"),
    [
        ("Rodri", "Rodrigo Hernández Cascante"),
        ("Casemiro", "Carlos Henrique Casimiro"),
        ("Jorginho", "Jorge Luiz Frello Filho"),
        ("Fabinho", "Fábio Henrique Tavares"),
        ("Matthew Cash", "Matty Cash"),
        ("Vini Jr.", "Vinícius Júnior"),
        ("Vinicius Jr", "Vinicius Junior"),
        ("Frenkie De Jong", "Frenkie de Jong"),
        ("ter Stegen", "Marc-André ter Stegen"),
        ("Kostas Tsimikas", "Konstantinos Tsimikas"),
        ("Dani Carvajal", "Daniel Carvajal"),
        ("Son", "Son Heung-Min"),
        ("Ahmed Elmohamady", "Ahmed El Mohamady"),
    ],
)
def test_shipped_players(name: str, official: str) -> None:
    assert match(name, {1: official, 2: "Rodrigo Bentancur", 3: "Daniel James", 4: "Gabriel Jesus"}).player_id == 1
    assert match(name, {2: "Rodrigo Bentancur", 3: "Daniel James", 4: "Gabriel Jesus"}).player_id is None


@pytest.mark.parametrize(
    ("name", "squad"),
    [
        ("Rodri Sánchez", ["Rodri", "Bernardo Silva"]),
        ("Rodrigo Sánchez Rodríguez", ["Rodri", "Bernardo Silva"]),
        ("Rodri Hernández", ["Rodri", "Bernardo Silva"]),
        ("R. Sánchez", ["Rodri", "Bernardo Silva"]),
        ("Samu Omorodion", ["Samu", "Dani Rodríguez"]),
        ("Samu Aghehowa", ["Samu", "Dani Rodríguez"]),
        ("Vítor Ferreira", ["Vitinha", "Nuno Mendes"]),
        ("Vítor Oliveira", ["Vitinha", "Nuno Mendes"]),
        ("Igor Thiago", ["Thiago", "Joe Gomez"]),
        ("Pedro Guilherme", ["Pedro", "Ben White"]),
        ("Pedro Neto", ["Neto", "Ben White"]),
        ("João Mário Naval da Costa Eduardo", ["João Mário", "Pepe"]),
        ("Pedro López", ["Pedri", "Fermín López"]),
        ("Gonzalez Lopez", ["Pedri", "Fermín López"]),
        ("Pedri Lopez", ["Pedri", "Fermín López"]),
        ("Bernardo Silva", ["Bernardo", "Ben White"]),
        ("Manuel Durán", ["Nolito", "Ben White"]),
    ],
)
def test_nobody_is_taken_for_whom_a_squad_calls_by_a_short_name(name: str, squad: list[str]) -> None:
    refused = match(name, dict(enumerate(squad)))
    assert (refused.player_id, refused.reason) == (None, "player_not_found")
    own = match(name, dict(enumerate([*squad, name])))
    assert own.player_id == len(squad)


@pytest.mark.parametrize(
    ("name", "official"),
    [
        ("Rodri", "Rodri"),
        ("Rodri", "Rodrigo Sánchez Rodríguez"),
        ("Rodri", "Rodrigo Hernández"),
        ("Samu", "Samu Aghehowa"),
        ("Samu", "Samu"),
        ("Vitinha", "Vítor Ferreira"),
        ("Pedri", "Pedro González López"),
        ("Pedro González", "Pedri"),
    ],
)
def test_a_short_name_is_that_of_the_only_one_who_has_it(name: str, official: str) -> None:
    assert match(name, {1: official, 2: "Fermín López", 3: "Bernardo Silva"}).player_id == 1


@pytest.mark.parametrize(
    ("name", "home", "away"),
    [
        ("Man City", "Manchester City", "Manchester United"),
        ("Man Utd", "Manchester United", "Manchester City"),
        ("Nottm Forest", "Nottingham Forest", "Liverpool"),
        ("Nott&#39;m Forest", "Nottingham Forest", "Liverpool"),
        ("Spurs", "Tottenham Hotspur", "Arsenal"),
        ("Wolves", "Wolverhampton Wanderers", "West Ham United"),
        ("Sheff Utd", "Sheffield United", "Leeds United"),
        ("PSG", "Paris Saint-Germain", "Lyon"),
        ("Atletico", "Atlético Madrid", "Athletic Club"),
        ("Bayern Munich", "Bayern München", "Bayer Leverkusen"),
        ("Inter", "Inter Milan", "AC Milan"),
        ("Köln", "1. FC Köln", "Mainz 05"),
        ("Brighton", "Brighton & Hove Albion", "Chelsea"),
    ],
)
def test_shipped_teams(name: str, home: str, away: str) -> None:
    assert match_team(name, {1: home, 2: away}).team_id == 1
    assert match_team(name, {1: away, 2: home}).team_id == 2
    assert match_team(name, {1: away, 2: "Nowhere Rovers"}).team_id is None


@pytest.fixture(scope="module")
def pairs() -> list[NamePair]:
    if not PAIRS.is_file():
        pytest.skip(f"the recorded name pairs are not beside the project ({PAIRS.relative_to(PROJECT.parent)})")
    return read_pairs()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_recorded_pairs_in_pools_of_two_squads(pairs: list[NamePair], seed: int) -> None:
    tally = tally_pairs(pairs, lambda name, pool: match(name, pool).player_id, seed, draw_count=4)
    assert tally.wrong == 0
    assert tally.right_percent > 99.5
    assert tally.absent_percent < 0.24


def test_recorded_pairs_within_a_whole_league(pairs: list[NamePair]) -> None:
    league = {number: pair.official_name for number, pair in enumerate(pairs)}
    answers: Counter[str] = Counter()
    for number, pair in enumerate(pairs):
        found = match(pair.feed_name, league).player_id
        answers["right" if found == number else "refused" if found is None else "wrong"] += 1
        others = {other: name for other, name in league.items() if other != number}
        answers["absent accepted"] += match(pair.feed_name, others).player_id is not None
    assert answers["wrong"] == 0
    assert answers["refused"] <= len(pairs) // 100
    assert answers["absent accepted"] <= len(pairs) // 100
