"""Files are read up to a size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policytrader.files import TooLargeError, read_at_most

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_of_the_very_size_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1234")
    assert read_at_most(tmp_path / "file", 4) == b"1234"


def test_a_larger_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    with pytest.raises(TooLargeError) as caught:
        read_at_most(tmp_path / "file", 4)
    assert caught.value.strerror == "larger than 4 bytes"


def test_what_cannot_be_read_is_told_as_the_system_tells_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_at_most(tmp_path / "nowhere", 4)
