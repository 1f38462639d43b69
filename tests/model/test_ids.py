"""What an id may be: the same for every face and store."""

from __future__ import annotations

import pytest

from policytrader.model.ids import LARGEST_ID, id_value, whole_id


@pytest.mark.parametrize("text", ["0", "7", "67890", str(10**18), str(LARGEST_ID)])
def test_an_id_written_as_a_whole_number_is_one(text: str) -> None:
    assert id_value(text) == whole_id(text) == int(text)


@pytest.mark.parametrize(
    "text", ["", "7a", "-7", "+7", "7.0", "7 ", "\N{ARABIC-INDIC DIGIT SEVEN}", str(LARGEST_ID + 1), "9" * 5_000]
)
def test_every_other_id_stays_a_text(text: str) -> None:
    assert id_value(text) == text
    assert whole_id(text) is None


def test_leading_zeros_make_another_id_of_the_same_number() -> None:
    assert id_value("007") == "007"
    assert whole_id("007") == 7


def test_no_id_is_none() -> None:
    assert id_value(None) is None
