"""What a bet is on, as alerts write it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from policytrader.app.alerts.selection import is_of_football, read_selection


@pytest.mark.parametrize(
    ("text", "subject", "market", "direction", "threshold"),
    [
        ("Over 1.5 Shots On Target", None, "Player Shots On Target", "over", "1.5"),
        ("over 1.5 shots on target", None, "Player Shots On Target", "over", "1.5"),
        ("José Marín O 1.5 Shots", "José Marín", "Player Shots", "over", "1.5"),
        ("José Marín - U2.5 Fouls", "José Marín", "Player Fouls", "under", "2.5"),
        ("Nico O'Reilly Over 0.5 Goals", "Nico O'Reilly", "Player Goals", "over", "0.5"),
        ("Over 1,5 Shots", None, "Player Shots", "over", "1.5"),
        ("2+ Shots", None, "Player Shots", "over", "1.5"),
        ("Marín to have 3 or more shots on target", "Marín", "Player Shots On Target", "over", "2.5"),
        ("To score 2+", None, "Player Goals", "over", "1.5"),
        ("Hat-trick", None, "Player Goals", "over", "2.5"),
        ("To score anytime", None, "Player Goals", "over", "0.5"),
        ("Anytime Goalscorer", None, "Player Goals", "over", "0.5"),
        ("José Marín Anytime Goal Scorer", "José Marín", "Player Goals", "over", "0.5"),
        ("José Marín To Score", "José Marín", "Player Goals", "over", "0.5"),
        ("To Score (Header)", None, "Player Header Goal", "over", "0.5"),
        ("Anytime Goalscorer (Headed)", None, "Player Header Goal", "over", "0.5"),
        ("To score with a header", None, "Player Header Goal", "over", "0.5"),
        ("First Goalscorer", None, "Player First Goalscorer", "over", "0.5"),
        ("Marín to score last", "Marín", "Player Last Goalscorer", "over", "0.5"),
        ("To Assist", None, "Player Assists", "over", "0.5"),
        ("To score or assist", None, "Player Goal or Assist", "over", "0.5"),
        ("To be booked", None, "Player Cards", "over", "0.5"),
        ("Both Teams To Score", None, "Both Teams To Score", "over", "0.5"),
        ("BTTS - No", None, "Both Teams To Score", "under", "0.5"),
        ("Eastmoor +0.5 Asian Handicap", "Eastmoor", "Player Goals Handicap", "handicap", "0.5"),
        ("Eastmoor AH \N{MINUS SIGN}1.25", "Eastmoor", "Player Goals Handicap", "handicap", "-1.25"),
        ("Eastmoor -1.5 Corners Handicap", "Eastmoor", "Player Corners Handicap", "handicap", "-1.5"),
        ("Player Over 1.5 Player Shots", "Player", "Player Shots", "over", "1.5"),
    ],
)  # fmt: skip
def test_read(text: str, subject: str | None, market: str, direction: str, threshold: str) -> None:
    found = read_selection(text)
    assert found is not None
    assert (found.subject, found.market("Player")) == (subject, market)
    assert (found.direction, found.threshold) == (direction, Decimal(threshold))


@pytest.mark.parametrize(
    "text",
    [
        "", "CLV: 2.3%", "Over", "Over 1.5", "Over 1.3 Shots", "Over -1.5 Shots", "Over 1.5 !!!", "Shots",
        "José Marín",
        "Over 1.5 " + "x" * 61, "To score 2+ (Header)", "Over 1.5 Shots (Header)", "Handicap",
        "Eastmoor +0.3 Asian Handicap",
        # Nothing tells where the name ends and the statistic begins.
        "José Marín Shots Over 1.5", "Eastmoor Corners Handicap -1.5",
    ],
)  # fmt: skip
def test_what_is_no_selection(text: str) -> None:
    assert read_selection(text) is None


def test_a_known_name_tells_where_the_statistic_begins() -> None:
    found = read_selection("EASTMOOR Corners Handicap -1.5", names=["Northport", "Eastmoor"])
    assert found is not None
    assert (found.subject, found.statistic, found.threshold) == ("Eastmoor", "Corners Handicap", Decimal("-1.5"))
    found = read_selection("Shots On Target Over 1.5", has_subject=True)
    assert found is not None
    assert (found.subject, found.statistic) == (None, "Shots On Target")


@pytest.mark.parametrize(("text", "expected"), [("Over 2.5 crosses", True), ("Over 2.5 million people", False)])
def test_whether_it_is_counted_in_football(text: str, expected: bool) -> None:  # noqa: FBT001
    found = read_selection(text)
    assert found is not None
    assert is_of_football(found) is expected
