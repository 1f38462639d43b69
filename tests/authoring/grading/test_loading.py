"""A grading policy from files: both families side by side, every error at once, the hash."""

from __future__ import annotations

import shutil
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from policytrader.authoring.families import FOOTBALL, RACING, families_in
from policytrader.authoring.load import load_files, load_grading, load_grading_texts, load_policy, policy_files
from policytrader.errors import PolicyError
from policytrader.policy.grading.grading_set import GRADING_KINDS
from policytrader.resources import resource
from tests.authoring.grading.written import TEXTS, edited, loaded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policytrader.policy.grading.grading_set import GradingSet

Path_ = tuple[str | int, ...]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A copy of the shipped rules of both families."""
    shutil.copytree(resource("rules"), tmp_path / "rules")
    return tmp_path / "rules"


def test_the_shipped_policy_by_every_name(rules: Path) -> None:
    policy = load_grading(rules)
    assert policy == load_grading(rules / "football") == load_grading(str(rules))
    texts = {path.name: path.read_bytes() for path in policy_files(rules, FOOTBALL)}
    assert load_grading_texts(texts).grading_set().hash == policy.hash
    place = policy.place("grading", ("rules", 0, "id"))
    assert place is not None
    lines = (rules / "football" / "grading.yaml").read_text("utf-8").splitlines()
    assert place.file == str(rules / "football" / "grading.yaml")
    assert lines[place.line - 1].strip() == f"- id: {policy.grading.rules[0].id}"


def test_one_family_does_not_see_the_other(rules: Path) -> None:
    trading, grading = load_policy(rules).hash, load_grading(rules).hash
    (rules / "football" / "names.yaml").write_text("policy: [", "utf-8")
    assert load_policy(rules).hash == trading
    shutil.copyfile(resource("rules") / "football" / "names.yaml", rules / "football" / "names.yaml")
    (rules / "racing" / "entry.yaml").unlink()
    assert load_grading(rules).hash == grading


def test_every_error_of_every_file_at_once(rules: Path) -> None:
    football = rules / "football"
    (football / "names.yaml").write_text("policy: names\nversion: 1\naccept: {score: x}\n", "utf-8")
    (football / "participation.yaml").write_text("policy: participation\nversion: 1\ndefault: yes\n", "utf-8")
    text = (football / "grading.yaml").read_text("utf-8")
    (football / "grading.yaml").write_text(text.replace("bet.manual_override, op", "bet.manual, op", 1), "utf-8")
    with pytest.raises(PolicyError) as caught:
        load_grading(rules)
    told = [(one.place.file.rpartition("/")[2], one.source.strip()[:20], one.code) for one in caught.value.diagnostics]
    assert told == [
        ("grading.yaml", "when: {field: bet.ma", "E201"),
        ("names.yaml", "policy: names", "E101"),
        ("names.yaml", "policy: names", "E101"),
        ("names.yaml", "accept: {score: x}", "E101"),
        ("names.yaml", "accept: {score: x}", "E104"),
        ("participation.yaml", "default: yes", "E009"),
    ]


def test_a_kind_without_a_file(rules: Path) -> None:
    (rules / "football" / "names.yaml").unlink()
    with pytest.raises(PolicyError) as caught:
        load_grading(rules)
    (found,) = caught.value.diagnostics
    assert (found.code, found.message) == ("E214", "no file of the kind `names`")
    assert "four kinds" in found.help


def test_a_second_file_of_one_kind(rules: Path) -> None:
    shutil.copyfile(rules / "football" / "names.yaml", rules / "football" / "others.yaml")
    with pytest.raises(PolicyError) as caught:
        load_grading(rules)
    assert [one.code for one in caught.value.diagnostics] == ["E213"]


def test_a_file_in_the_other_familys_folder(rules: Path) -> None:
    (rules / "football" / "names.yaml").rename(rules / "racing" / "names.yaml")
    with pytest.raises(PolicyError) as caught:
        load_policy(rules)
    (found,) = caught.value.diagnostics
    assert (found.code, found.place.line) == ("E107", 4)
    assert found.message == "`names` is no kind of a trading policy: the file belongs into another folder"
    assert found.help.startswith("One of: validation, ")


def test_a_link_out_of_the_folder_is_refused(rules: Path, tmp_path: Path) -> None:
    outside = (rules / "football" / "names.yaml").rename(tmp_path / "names.yaml")
    (rules / "football" / "names.yaml").symlink_to(outside)
    with pytest.raises(PolicyError, match="leads out of the policy's folder"):
        load_grading(rules)


def test_a_single_file_needs_no_others(rules: Path) -> None:
    for kind in GRADING_KINDS:
        result = load_files([rules / "football" / f"{kind}.yaml"], complete=False)
        assert (result.errors, [file.kind for file in result.files]) == ((), [kind])


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        (("racing", "football"), (RACING, FOOTBALL)),
        (("football",), (FOOTBALL,)),
        (("racing",), (RACING,)),
        ((), (RACING,)),
    ],
)
def test_the_families_that_a_folder_holds(rules: Path, folders: tuple[str, ...], expected: tuple[Any, ...]) -> None:
    for folder in {"racing", "football"} - set(folders):
        shutil.rmtree(rules / folder)
    assert families_in(rules) == expected
    for folder, family in (("racing", RACING), ("football", FOOTBALL)):
        if folder in folders:
            assert families_in(rules / folder) == (family,)


def test_trading_rules_beside_a_football_folder(rules: Path) -> None:
    """A project whose trading rules lie in `rules` itself."""
    for path in (rules / "racing").iterdir():
        path.rename(rules / path.name)
    (rules / "racing").rmdir()
    assert families_in(rules) == (RACING, FOOTBALL)
    assert len(policy_files(rules)) == 6


# -- the hash ----------------------------------------------------------------------------------------------------------


def hash_of(texts: dict[str, str]) -> str:
    return loaded(texts).grading_set().hash


def test_what_decides_nothing_is_not_in_the_hash() -> None:
    plain = hash_of(TEXTS)
    commented = {
        kind: "# a comment\n" + text.replace("version: 1\n", "version: 1   # one\n") for kind, text in TEXTS.items()
    }
    assert hash_of(commented) == plain
    tests = ("grading", "      - {name: running, given: {fixture.status: LIVE}, expect: not_finished}\n", "")
    assert hash_of(edited(tests)) == plain
    assert hash_of(edited(("names", "end: names\n", ""))) == plain
    assert hash_of(edited(("markets", "end: markets", "ignore: [W214]\nend: markets"))) == plain
    assert (
        hash_of(edited(("participation", "void_window: 72h, cards", "void_window: 72h, markets: {}, cards"))) == plain
    )
    assert hash_of(edited(("markets", "line: 0.5", "line: 0.50"))) == plain


def test_the_hash_is_the_same_in_every_process() -> None:
    """Named in the bets that it graded: it may change with the language or the example, not with the machine."""
    assert hash_of(TEXTS) == hash_of(dict(reversed(TEXTS.items())))


def decisive(value: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Every scalar of a model's values that takes part in a grade, or in what is said about one."""
    if isinstance(value, dict):
        for key, part in value.items():
            if (len(path), key) not in {(0, "policy"), (0, "version"), (0, "ignore"), (0, "end"), (0, "resolve")}:
                yield from decisive(part, (*path, key)) if key != "tests" else ()
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from decisive(part, (*path, index))
    else:
        yield path, value


def others(value: Any) -> Iterator[Any]:
    """Values to put in another's place: of its type, as far as that can be told."""
    match value:
        case bool():
            yield not value
        case int() | Decimal():
            yield value + 1
            yield 0
        case str() if value[:-1].isdigit():
            yield f"{value[:-1]}1{value[-1]}"
        case _:
            yield from ("zzz", "lost", "won", "over", "under", "team", "player", "match", "second_half", "must_start")
            yield from (
                "lower",
                "shots",
                "side",
                "unreconciled",
                "push",
                "is_false",
                "is_true",
                "is_missing",
                "eq",
                "-2",
            )
            yield from ("must_appear", "stake * odds * 1", "bet.line", "manual_override", 3)


def with_value(value: Any, path: Path_, new: Any) -> Any:
    if not path:
        return new
    if isinstance(value, dict):
        return {key: with_value(part, path[1:], new) if key == path[0] else part for key, part in value.items()}
    return [with_value(part, path[1:], new) if index == path[0] else part for index, part in enumerate(value)]


def variants(policy: GradingSet, kind: str) -> Iterator[tuple[Path_, Any | None]]:
    """Every decisive scalar, with the kind's model where it has another value; None where no other one fits."""
    model = getattr(policy, kind)
    values = model.model_dump(by_alias=True)
    for path, old in decisive(values):
        made = None
        for new in others(old):
            if new == old:
                continue
            try:
                made = type(model).model_validate(with_value(values, path, new))
            except ValidationError:
                continue
            break
        yield path, made


@pytest.mark.parametrize("kind", GRADING_KINDS)
def test_every_decisive_value_is_in_the_hash(kind: str) -> None:
    policy = loaded(TEXTS).grading_set()
    changed = {path: made for path, made in variants(policy, kind) if made is not None}
    hashes = {path: replace(policy, **{kind: made}).hash for path, made in changed.items()}
    assert [path for path, made in hashes.items() if made == policy.hash] == []
    assert len(changed) >= {"markets": 40, "participation": 6, "grading": 60, "names": 8}[kind]
