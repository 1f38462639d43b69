"""The worked examples beside the project, and the golden scenarios inside it, load and come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.adapters.snapshots import read_snapshot, write_snapshot

if TYPE_CHECKING:
    from pathlib import Path


def test_the_ten_shared_examples_load(shared_data: Path, tmp_path: Path) -> None:
    folders = sorted(path.parent for path in (shared_data / "snapshots").glob("*/snapshot.yaml"))
    assert len(folders) >= 10
    for folder in folders:
        snapshot = read_snapshot(folder)
        write_snapshot(snapshot, tmp_path / folder.name)
        assert read_snapshot(tmp_path / folder.name) == snapshot


def test_the_golden_scenarios_load(project_root: Path) -> None:
    folders = sorted(path.parent for path in (project_root / "golden").glob("*/*/snapshot.yaml"))
    assert folders
    for folder in folders:
        assert read_snapshot(folder).title
