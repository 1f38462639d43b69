"""The report on reconstruction in the docs is what is seen."""

from __future__ import annotations

from tests.app.alerts.report import PAGE, page


def test_the_page_is_up_to_date() -> None:
    """``python -m tests.app.alerts.report > docs/alerts.md`` writes it."""
    assert PAGE.read_text("utf-8") == page()
