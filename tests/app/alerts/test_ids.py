"""Alert ids of 5 and 7 parts; every other shape says nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.app.alerts.ids import DIRECTIONS, AlertId, as_id, as_text, parse_alert_id


def test_five_parts_leave_direction_and_line_unknown() -> None:
    assert parse_alert_id("12345|67890|Player Goals|last5|Bet365", "player") == AlertId(
        subject_id=12345, fixture_id=67890, market="Player Goals", scope="last5", bookmaker="Bet365"
    )


def test_seven_parts() -> None:
    assert parse_alert_id("7|8|Player Shots|season|Bet365|Over|1.5", "player") == AlertId(
        7, 8, "Player Shots", "season", "Bet365", "over", Decimal("1.5")
    )


@pytest.mark.parametrize("part", ["", "None", "null"])
def test_parts_that_say_nothing_are_unknown(part: str) -> None:
    assert parse_alert_id(f"7|8|Goals|last5||{part}|{part}", "player") == AlertId(7, 8, "Goals", "last5")


def test_a_team_id_has_five_parts_and_the_team_stands_first() -> None:
    found = parse_alert_id("55|67890|Team Corners|last10|Bet365", "team")
    assert found is not None
    assert (found.subject_id, found.fixture_id) == (55, 67890)
    assert parse_alert_id("55|67890|Team Corners|last10|Bet365|over|4.5", "team") is None


@pytest.mark.parametrize(
    "alert_id",
    [
        None, 12345, b"1|2|Goals|last5|Bet365", ["1", "2"], True,
        "", "alert_67890", "import|0b7d", "|".join("12345678"),
        "1|2|Goals|last5", "1|2|Goals|last5|Bet365|over", "1|2||last5|Bet365",
        "x|2|Goals|last5|Bet365", "1|x|Goals|last5|Bet365", "-1|2|Goals|last5|Bet365", "1.5|2|Goals|last5|Bet365",
        "\N{SUPERSCRIPT TWO}|2|Goals|last5|Bet365", f"{'9' * 5000}|2|Goals|last5|Bet365",
        "1|2|Goals|last5|B|sideways|1.5", "1|2|Goals|last5|B|over|1.3",
        "1|2|Go\0als|last5|Bet365", "1|2|Go\ud800als|last5|Bet365",
    ],
)  # fmt: skip
def test_other_shapes_say_nothing(alert_id: Any) -> None:
    assert parse_alert_id(alert_id, "player") is None


texts = st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=20)


@given(
    st.integers(0, 10**18 - 1), st.integers(0, 10**18 - 1), texts, texts, texts,
    st.none() | st.tuples(st.sampled_from(DIRECTIONS), st.integers(-40, 40)),
)  # fmt: skip
def test_ids_are_read_as_they_are_put_together(
    subject: int, fixture: int, market: str, scope: str, bookmaker: str, line: tuple[str, int] | None
) -> None:
    written = f"{subject}|{fixture}|{market}|{scope}|{bookmaker}"
    expected = AlertId(subject, fixture, market, scope, bookmaker)
    if line is not None:
        threshold = Decimal(line[1]) / 4
        written += f"|{line[0]}|{threshold}"
        expected = AlertId(subject, fixture, market, scope, bookmaker, line[0], threshold)
    assert parse_alert_id(written, "player") == expected


@pytest.mark.parametrize(
    ("value", "number"), [(7, 7), ("7", 7), (" 07 ", 7), (7.0, 7), (2**63 - 1, 2**63 - 1), (str(2**63 - 1), 2**63 - 1)]
)
def test_ids_however_they_are_kept(value: Any, number: int) -> None:
    assert as_id(value) == number


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -1,
        2**63,
        7.5,
        float("nan"),
        float("inf"),
        1e300,
        "",
        "7a",
        "\N{ARABIC-INDIC DIGIT SEVEN}",
        [7],
        "9" * 19,
    ],
)
def test_what_is_no_id(value: Any) -> None:
    assert as_id(value) is None


@pytest.mark.parametrize("value", [None, 7, "", "  ", "a\0b", "\ud800", "x" * 501])
def test_what_no_database_can_be_asked_for(value: Any) -> None:
    assert as_text(value) is None
    assert as_text(" José  Marín ") == "José Marín"
