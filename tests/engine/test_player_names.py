"""Names within one fixture: who is meant, who is not, and that nothing is guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from policytrader.engine.name_forms import MAXIMUM_CHARACTERS, join_as, normalise, pair_words
from policytrader.engine.player_names import MatchedBy, NameMatcher
from policytrader.policy.grading.names import NamesPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

WORDS: dict[str, Any] = {
    "ignored": ["da", "de", "dos", "van"],
    "never_alone": ["junior"],
    "other_forms": [["matthew", "matty"], ["junior", "jr"], ["robert", "bob"]],
    "common_first": ["ben", "daniel", "james", "jan", "joao", "juan", "paul", "rodrigo"],
    "aliases": [
        {"name": "Fabinho", "also": ["Fábio Henrique Tavares"]},
        {"name": "Emerson", "also": ["Emerson Palmieri"]},
        {"name": "Emerson", "also": ["Emerson Royal"]},
        {"name": "Rodrigo", "also": ["Rodrigo Moreno"]},
        {"name": "João Mário", "also": ["João Mário Eduardo"]},
        {"name": "João Mário", "also": ["João Mário Lopes"]},
        {"name": "Pedri", "also": ["Pedro González", "Pedro González López"]},
        {"name": "Memphis", "also": ["Memphis Depay"]},
        {"name": "Bernardo", "also": ["Bernardo Fernandes da Silva Junior"]},
        {"name": "the keeper", "ids": [77, "x1"]},
    ],
}
TEAM_WORDS: dict[str, Any] = {
    "ignored": ["fc", "ac"],
    "never_alone": ["city", "academica"],
    "distinct": ["women", "u21", "b"],
    "first_word_names": True,
    "other_forms": [["united", "utd"]],
    "aliases": [{"name": "AC Milan", "also": ["Milan"]}],
}


def policy(players: Mapping[str, Any] | None = None, score: int = 85, ahead_by: int = 5) -> NamesPolicy:
    return NamesPolicy.model_validate(
        {
            "policy": "names",
            "version": 1,
            "accept": {"score": score, "ahead_by": ahead_by},
            "players": WORDS if players is None else players,
            "teams": TEAM_WORDS,
            "end": "names",
        }
    )


MATCHER = NameMatcher(policy())
SQUADS = (
    "Mohamed Salah", "Darwin Núñez", "Alexis Mac Allister", "Virgil van Dijk", "Bernardo Veiga de Carvalho e Silva",
    "Matty Cash", "Jacob Murphy", "Josh Murphy", "Ben White", "Daniel James", "Hwang Hee-chan", "José Sá",
    "Richarlison Andrade de Souza", "Rayan Aït-Nouri", "Martin Ødegaard", "Valentino Livramento", "Jan Paul van Hecke",
)  # fmt: skip


def found(name: object, *squads: str) -> str | None:
    names = dict(enumerate(squads or SQUADS))
    match = MATCHER.match_player(name, names)
    return names[match.player_id] if match.player_id is not None else match.reason


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("Martin Ødegaard", "martin odegaard"),
        ("Łukasz Fabiański", "lukasz fabianski"),
        ("Pascal Groß", "pascal gross"),
        ("N&#39;Golo Kant&eacute;", "ngolo kante"),
        ("N&amp;#39;Golo", "ngolo"),
        ("N’Golo  Kanté ⚽🔥", "ngolo kante"),  # noqa: RUF001 - as phones write it
        ("Jean-Philippe\u00a0Mateta", "jean philippe mateta"),
        ("Vinícius Jr.", "vinicius jr"),
        ("Sa\u200blah", "salah"),
        ("Mu\u0308ller", "muller"),
        ("손흥민", "sonheungmin"),
        ("⚽ – !", ""),  # noqa: RUF001
        ("", ""),
        ("x" * MAXIMUM_CHARACTERS, "x" * MAXIMUM_CHARACTERS),
        ("x" * (MAXIMUM_CHARACTERS + 1), ""),
        (" " * MAXIMUM_CHARACTERS + "x", ""),
        ("ﷺ" * MAXIMUM_CHARACTERS, ""),  # one letter here, many in Latin
    ],
)
def test_normalised(written: str, form: str) -> None:
    assert normalise(written) == form


@given(st.text(max_size=80))
def test_a_normalised_name_stays_as_it_is(text: str) -> None:
    form = normalise(text)
    assert normalise(form) == form
    assert normalise(f" {form.upper()}. ") == form


def test_neighbours_are_joined_only_as_the_other_name_does() -> None:
    assert join_as("alexis mac allister", "macallister") == "alexis macallister"
    assert join_as("a b c d", "abc d") == "abc d"
    assert join_as("ben white", "ben mee") == "ben white"


def test_each_word_has_a_counterpart_of_its_own() -> None:
    assert pair_words(["silva", "silva"], ["thiago", "silva"], {}) is None
    assert pair_words(["s", "silva"], ["silva", "santos"], {}) is not None


@pytest.mark.parametrize(
    ("name", "player"),
    [
        ("Mohamed Salah", "Mohamed Salah"),
        ("MOHAMED SALAH", "Mohamed Salah"),
        ("Salah, Mohamed", "Mohamed Salah"),
        ("Salah", "Mohamed Salah"),
        ("M. Salah", "Mohamed Salah"),
        ("Mo Salah", "Mohamed Salah"),
        ("Mohamed Sallah", "Mohamed Salah"),
        ("Mohmaed Salah", "Mohamed Salah"),
        ("Mohamed Salah Hamed", "Mohamed Salah"),
        ("Darwin Nunez", "Darwin Núñez"),
        ("Alexis MacAllister", "Alexis Mac Allister"),
        ("Mac Allister", "Alexis Mac Allister"),
        ("Van Dijk", "Virgil van Dijk"),
        ("Virgil Dijk", "Virgil van Dijk"),
        ("Bernardo Silva", "Bernardo Veiga de Carvalho e Silva"),
        ("B Silva", "Bernardo Veiga de Carvalho e Silva"),
        ("Bernardo Sliva", "Bernardo Veiga de Carvalho e Silva"),
        ("Matthew Cash", "Matty Cash"),
        ("Jac. Murphy", "Jacob Murphy"),
        ("Benjamin White", "Ben White"),
        ("Hee-Chan Hwang", "Hwang Hee-chan"),
        ("H. Hwang", "Hwang Hee-chan"),
        ("Jose Sa", "José Sá"),
        ("Sá", "José Sá"),
        ("Richarlison", "Richarlison Andrade de Souza"),
        ("Ait Nouri", "Rayan Aït-Nouri"),
        ("Martin Odegaard", "Martin Ødegaard"),
        ("Tino Livramento", "Valentino Livramento"),
        ("Jan Paul", "Jan Paul van Hecke"),
    ],
)
def test_found(name: str, player: str) -> None:
    assert found(name) == player


@pytest.mark.parametrize(
    ("name", "squads"),
    [
        ("Ben", ["Ben White", "Bukayo Saka"]),  # a given name is nobody
        ("Bukayo", ["Ben White", "Bukayo Saka"]),
        ("Jan", ["Jan Paul van Hecke"]),
        ("Paul", ["Jan Paul van Hecke"]),
        ("Ben M", ["Ben Mee"]),
        ("J. S.", ["José Sá"]),
        ("S", ["J S"]),
        ("Salh", ["Mohamed Salah"]),  # misspelt and alone
        ("Livramemto", ["Valentino Livramento"]),
        ("Rodrygo", ["Rodrigo Andrade de Souza"]),
        ("M. Sallah", ["Mohamed Salah"]),
        ("Ben Loftus-Cheek", ["Ruben Loftus-Cheek"]),  # an ending of three letters is chance
        ("Jordan Henderson", ["Dean Henderson"]),  # the given names say no
        ("H. Wan-Bissaka", ["Aaron Wan-Bissaka"]),
        ("Mathias Jensen", ["Mathias Jorgensen"]),
        ("Pablo Hernández", ["Pablo Fernández"]),
        ("Alan James Smith", ["Alan John Smith"]),
        ("Jan Olsen", ["Jon Olsen"]),
        ("Kenny Tete", ["Kenny"]),
        ("de", ["Virgil de Dijk"]),
        ("Junior", ["Neymar Junior"]),
        ("Silva", []),
        ("", ["Mohamed Salah"]),
        ("⚽", ["⚽", "Mohamed Salah"]),
        ("Mohamed Salah" * 30, ["Mohamed Salah", "Mohamed Salah" * 30]),
    ],
)
def test_not_found(name: str, squads: list[str]) -> None:
    match = MATCHER.match_player(name, dict(enumerate(squads)))
    assert (match.player_id, match.reason, match.matched_by) == (None, "player_not_found", None)


@pytest.mark.parametrize(
    ("name", "squads"),
    [
        ("Ben", ["Ben White", "Ben Mee"]),
        ("J. Murphy", ["Jacob Murphy", "Josh Murphy"]),
        ("Murphy", ["Jacob Murphy", "Josh Murphy"]),
        ("James", ["Daniel James", "James Milner"]),
        ("Emerson", ["Emerson Palmieri", "Emerson Royal"]),
        ("John Smith", ["John Smith", "Jóhn Smith"]),
        ("J Smith", ["John Smith", "John Smith", "Mohamed Salah"]),
        ("Mohamed Salah Ben White", ["Mohamed Salah", "Ben White"]),
    ],
)
def test_ambiguous(name: str, squads: list[str]) -> None:
    match = MATCHER.match_player(name, dict(enumerate(squads)))
    assert (match.player_id, match.reason) == (None, "player_ambiguous")
    assert {suggestion.name for suggestion in match.suggestions} >= set(squads[:2])


def test_words_joined_and_words_ignored() -> None:
    assert found("Mac Allister", "Alexis MacAllister") == "Alexis MacAllister"
    assert found("Son Heungmin", "Son Heung-Min") == "Son Heung-Min"
    assert found("Van De", "De Van") == "De Van"


def test_the_same_name_comes_before_a_longer_one() -> None:
    assert found("Emerson Palmieri", "Emerson Palmieri", "Emerson Palmieri dos Santos") == "Emerson Palmieri"


@pytest.mark.parametrize(
    ("name", "squads", "answer"),
    [
        ("Fabinho", ["Fabio Henrique Tavares", "Salah"], "Fabio Henrique Tavares"),
        ("Fabinho", ["Fabio Tavares", "Salah"], "Fabio Tavares"),
        ("Fabio Henrique Tavares", ["Fabinho", "Salah"], "Fabinho"),
        ("Emerson", ["Emerson Royal", "Salah"], "Emerson Royal"),
        ("Emerson Royal", ["Emerson", "Salah"], "player_not_found"),  # that may be Emerson Palmieri
        ("E. Royal", ["Emerson", "Salah"], "player_not_found"),
        ("Royal", ["Emerson", "Salah"], "player_not_found"),
        ("Emerson Royal", ["Emerson", "Emerson Royal"], "Emerson Royal"),
        ("Emerson", ["Emerson", "Salah"], "Emerson"),
        ("Emerson", ["E. Royal", "Salah"], "E. Royal"),
        ("Emerson Royal", ["Emerson dos Santos Lima", "Salah"], "player_not_found"),
        ("Rodrigo", ["Rodrigo", "Rodrigo Moreno"], "Rodrigo"),
        ("Rodrigo", ["Rodrigo Bentancur", "Salah"], "player_not_found"),  # the table gives that name to another
        ("Rodrigo Bentancur", ["Rodrigo", "Salah"], "player_not_found"),  # nor is that one anybody else
        ("João Mário Lopes", ["João Mário Eduardo", "Salah"], "player_not_found"),  # the table knows both
        ("João Mário Lopes", ["João Mário", "Salah"], "player_not_found"),  # that may be the other
        ("João Mário da Costa Lopes", ["João Mário", "Salah"], "player_not_found"),
        ("J. Mário", ["João Mário", "Salah"], "João Mário"),
        ("João Mário", ["João Mário Lopes", "Salah"], "João Mário Lopes"),
        ("Palmieri", ["Emerson Palmieri", "Salah"], "Emerson Palmieri"),
        ("Moreno", ["Rodrigo Moreno", "Salah"], "Rodrigo Moreno"),
        ("Pedro González", ["Pedri", "Fermín López"], "Pedri"),
        ("Pedro Gonzales", ["Pedri", "Fermín López"], "Pedri"),
        ("P. González López", ["Pedri", "Fermín López"], "Pedri"),
        ("González", ["Pedri", "Fermín López"], "Pedri"),
        ("Depay", ["Memphis", "Salah"], "Memphis"),
        ("Pedro López", ["Pedri", "Fermín López"], "player_not_found"),  # the alias has more words than these
        ("Gonzalez Lopez", ["Pedri", "Fermín López"], "player_not_found"),
        ("Pedri Lopez", ["Pedri", "Fermín López"], "player_not_found"),
        ("Pedri", ["Pedro López", "Salah"], "player_not_found"),
        ("López", ["Pedri", "Salah"], "player_not_found"),
        ("Silva", ["Bernardo", "Salah"], "player_not_found"),
        ("Bernardo Silva", ["Bernardo", "Salah"], "player_not_found"),
        ("Junior", ["Bernardo", "Salah"], "player_not_found"),
        ("Tavares", ["Fabinho", "Salah"], "player_not_found"),  # of three names the last alone is not enough
        ("Fabio Tavares", ["Fabinho", "Salah"], "Fabinho"),
    ],
)
def test_aliases(name: str, squads: list[str], answer: str) -> None:
    assert found(name, *squads) == answer


def test_a_chosen_id_comes_before_the_same_name() -> None:
    names: dict[int | str, str] = {77: "David Raya", 5: "The Keeper"}
    match = MATCHER.match_player("The keeper", names)
    assert (match.player_id, match.matched_by) == (77, MatchedBy.ID)
    assert MATCHER.match_player("The keeper", {"77": "David Raya", "5": "x"}).player_id == "77"
    both: dict[int | str, str] = {77: "David Raya", "x1": "Petr Cech"}
    assert MATCHER.match_player("the keeper", both).reason == "player_ambiguous"
    assert MATCHER.match_player("the keeper", {5: "The Keeper"}).matched_by is MatchedBy.EXACT


@pytest.mark.parametrize("name", [None, 7, 7.5, b"Salah", ["Salah"], True])
def test_what_is_no_text_is_nobody(name: object) -> None:
    match = MATCHER.match_player(name, {1: "Salah", 2: name})
    assert (match.player_id, match.reason, match.suggestions) == (None, "player_not_found", ())
    assert MATCHER.match_player("Salah", {1: "Mohamed Salah", 2: name}).player_id == 1


@pytest.mark.parametrize("players", [None, 7, "Salah", ["Salah"], {"Salah"}])
def test_what_is_no_mapping_holds_nobody(players: Any) -> None:
    match = MATCHER.match_player("Salah", players)
    assert (match.player_id, match.reason, match.suggestions) == (None, "player_not_found", ())
    assert MATCHER.match_team("Salah", players).reason == "team_not_found"


def test_whom_a_shared_name_may_be_stands_against_the_others() -> None:
    squads = {1: "Emerson", 2: "Daniel Royal"}
    assert MATCHER.match_player("Royal", squads).reason == "player_ambiguous"
    assert MATCHER.match_player("D. Royal", squads).player_id == 2


def test_a_refusal_suggests_the_three_nearest() -> None:
    match = MATCHER.match_player("Mohamad Slaah Ghaly", dict(enumerate(SQUADS)))
    assert match.reason == "player_not_found"
    assert match.suggestions[0].name == "Mohamed Salah"
    scores = [suggestion.score for suggestion in match.suggestions]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    assert MATCHER.match_player("Salah", dict(enumerate(SQUADS))).suggestions == ()


def test_thresholds_are_policy() -> None:
    names = {1: "Mohamed Salah", 2: "Josh Murphy"}
    assert NameMatcher(policy(score=95)).match_player("Mohamed Sallah", names).player_id is None
    assert NameMatcher(policy(score=90)).match_player("Mohamed Sallah", names).player_id == 1
    alike = {1: "Jacob Murphy", 2: "Josh Murphy"}
    assert NameMatcher(policy(ahead_by=5)).match_player("Jac Murphy", alike).player_id == 1
    assert NameMatcher(policy(ahead_by=40)).match_player("Jac Murphy", alike).reason == "player_ambiguous"


@pytest.mark.parametrize(
    ("name", "teams", "team"),
    [
        ("Man City", ["Manchester City", "Manchester United"], 0),
        ("Man Utd", ["Manchester City", "Manchester United"], 1),
        ("Leeds", ["Leeds United", "Manchester United"], 0),
        ("Liverpool", ["Liverpool FC", "Liverpool Women"], 0),
        ("Academica FC", ["Academica", "Estoril"], 0),
        ("Milan", ["Inter Milan", "AC Milan"], 1),
        ("Manchester", ["Manchester City", "Manchester United"], "team_ambiguous"),
        ("City", ["Manchester City", "Liverpool"], "team_not_found"),
        ("Man City", ["Manchester United", "Liverpool"], "team_not_found"),
        ("Milan", ["Inter Milan", "Juventus"], "team_not_found"),
        ("Inter Milan", ["AC Milan", "Juventus"], "team_not_found"),
        ("Liverpool U21", ["Liverpool", "Chelsea"], "team_not_found"),
        ("Liverpool", ["Liverpool Women", "Chelsea Women"], "team_not_found"),
        (None, ["Liverpool", "Chelsea"], "team_not_found"),
    ],
)
def test_teams(name: object, teams: list[str], team: int | str) -> None:
    match = MATCHER.match_team(name, dict(enumerate(teams)))
    assert (match.reason if match.team_id is None else match.team_id) == team


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("players", "ignored"), ["Da"]),
        (("players", "other_forms"), [["alone"]]),
        (("players", "aliases"), [{"name": ""}]),
        (("players", "aliases"), [{"name": "Rodri", "also": ["A", "A"]}]),
        (("players", "aliases"), [{"name": "Rodri", "nickname": "R"}]),
        (("teams", "nonsense"), []),
    ],
)
def test_a_broken_table_is_refused(where: tuple[str, str], value: object) -> None:
    document = policy().model_dump()
    document[where[0]][where[1]] = value
    with pytest.raises(ValidationError):
        NamesPolicy.model_validate(document)


people = st.lists(st.sampled_from(SQUADS), min_size=1, max_size=12, unique=True)
asked = st.one_of(
    st.text(max_size=40),
    st.sampled_from(SQUADS),
    st.lists(
        st.sampled_from([word for name in SQUADS for word in name.split()] + ["M.", "B", "Emerson"]), max_size=4
    ).map(" ".join),
)


@given(asked, people, st.randoms(use_true_random=False))
def test_order_and_keys_do_not_matter(name: str, squads: list[str], chance: Any) -> None:
    first = MATCHER.match_player(name, {f"key {player}": player for player in squads})
    shuffled = list(squads)
    chance.shuffle(shuffled)
    second = MATCHER.match_player(name, {f"key {player}": player for player in shuffled})
    assert first == second
    assert first.player_id is None or first.player_id in {f"key {player}" for player in squads}
    assert (first.player_id is None) == (first.reason in {"player_ambiguous", "player_not_found"})


@given(asked, people)
def test_two_of_a_name_are_never_told_apart(name: str, squads: list[str]) -> None:
    match = MATCHER.match_player(name, dict(enumerate(squads)))
    if match.player_id is not None:
        twins = dict(enumerate([*squads, squads[match.player_id]]))
        assert MATCHER.match_player(name, twins).reason == "player_ambiguous"


@given(st.sampled_from(SQUADS), people)
def test_accents_case_and_order_of_words_change_nothing(player: str, squads: list[str]) -> None:
    names = dict(enumerate({*squads, player}))
    for written in (normalise(player), player.upper(), f"&nbsp;{player}…", " ".join(reversed(player.split()))):
        match = MATCHER.match_player(written, names)
        assert match.player_id is not None
        assert names[match.player_id] == player


@given(asked, people, st.sampled_from(SQUADS))
def test_another_player_never_makes_a_third_the_answer(name: str, squads: list[str], newcomer: str) -> None:
    before = MATCHER.match_player(name, {player: player for player in squads}).player_id
    after = MATCHER.match_player(name, {player: player for player in [*squads, newcomer]}).player_id
    assert after in {before, newcomer, None}
