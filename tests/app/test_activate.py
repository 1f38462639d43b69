"""Activation: what is stored is what was checked, and a broken one changes nothing."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from policytrader import load_policy
from policytrader.app.activate import ActivePolicy, activate, failed_checks, pack, read_policy, unpack
from policytrader.app.scenarios import scenario_folders
from policytrader.errors import PolicyError
from policytrader.resources import resource
from policytrader.wiring import open_store, read_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policytrader.ports.store import Store

NOW = datetime(2026, 5, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path / 'one.db'}")) as made:
        made.migrate()
        yield made


def rules(folder: Path, *edits: tuple[str, str, str]) -> Path:
    shutil.copytree(resource("rules"), folder)
    for kind, old, new in edits:
        path = folder / "racing" / f"{kind}.yaml"
        text = path.read_text("utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), "utf-8")
    return folder


def test_what_is_stored_is_what_was_read(store: Store) -> None:
    checked = read_policy(resource("rules"))
    assert activate(store, checked, NOW, "ann")
    active = ActivePolicy(store)
    assert active.refresh()
    assert active.policy == checked.policy == load_policy(resource("rules"))
    assert not active.refresh()
    assert not activate(store, checked, NOW, "ann")
    assert len(store.activations()) == 1


def test_another_comment_is_the_same_policy(store: Store, tmp_path: Path) -> None:
    activate(store, read_policy(resource("rules")), NOW, "ann")
    other = rules(tmp_path / "rules", ("schedule", "policy: schedule", "# early\npolicy: schedule"))
    assert not activate(store, read_policy(other), NOW, "ann")


def test_hot_swap_and_last_good(store: Store, tmp_path: Path) -> None:
    first = read_policy(resource("rules"))
    activate(store, first, NOW, "ann")
    active = ActivePolicy(store)
    active.refresh()
    second = read_policy(rules(tmp_path / "rules", ("schedule", "every: 15s", "every: 20s")))
    assert second.policy.hash != first.policy.hash
    assert activate(store, second, NOW, "ann")
    assert active.refresh()
    assert active.policy == second.policy
    broken = "f" * 64
    store.store_policy(broken, b'{"schema":"policytrader/policy/1","files":[]}', NOW)
    store.activate(broken, NOW, "mallory")
    for _ in range(2):
        assert not active.refresh()
        assert active.policy == second.policy
        assert "no file of the kind" in active.problem
    assert not activate(store, second, NOW, "ann") or active.refresh() is False
    activate(store, first, NOW, "ann")
    assert active.refresh()
    assert active.problem == ""


def test_content_under_another_hash_is_refused(store: Store) -> None:
    checked = read_policy(resource("rules"))
    store.store_policy("e" * 64, checked.content, NOW)
    store.activate("e" * 64, NOW, "mallory")
    with pytest.raises(PolicyError, match="its content is that of"):
        ActivePolicy(store).refresh()


def test_a_shadow_ends(store: Store) -> None:
    shadow = ActivePolicy(store, shadow=True)
    assert not shadow.refresh()
    activate(store, read_policy(resource("rules")), NOW, "ann", shadow=True)
    assert shadow.refresh()
    store.activate(None, NOW, "ann", shadow=True)
    assert shadow.refresh()
    assert shadow.policy is None


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"schema":"other","files":[]}', b'{"schema":"policytrader/policy/1"}']
)
def test_what_is_no_policy_is_refused(content: bytes) -> None:
    with pytest.raises(PolicyError):
        unpack(content)


def test_each_file_of_a_stored_policy_is_checked_again() -> None:
    document = json.loads(read_policy(resource("rules")).content)
    texts = {file["name"]: file["text"].encode() for file in document["files"]}
    with pytest.raises(PolicyError, match=r"staking\.yaml:\d+:\d+  E102"):
        unpack(pack(texts | {"staking.yaml": texts["staking.yaml"].replace(b"limits:", b"limts:", 1)}))


def test_golden_scenarios_speak_against_a_change(tmp_path: Path) -> None:
    folders = scenario_folders(resource("golden"), "40-a-tick-short")
    assert folders
    assert failed_checks(load_policy(resource("rules")), folders, read_snapshot) == ()
    other = rules(tmp_path / "rules", ("protection", "max_order: {stake: 100", "max_order: {stake: 1"))
    assert any("40-a-tick-short" in one for one in failed_checks(load_policy(other), folders, read_snapshot))
