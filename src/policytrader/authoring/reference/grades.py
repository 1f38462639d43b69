"""The part of the page of reasons that is about grades: what a tracked bet came to, and why."""

from __future__ import annotations

from typing import Final

from policytrader.authoring.reference.markdown import code, table
from policytrader.model.outcomes import Reason

SETTLED: Final[dict[Reason, str]] = {
    Reason.LINE: "The count is at least half a step past its line, or short of it: won or lost.",
    Reason.PUSH: "The count is on the line: refund.",
    Reason.QUARTER_LINE: "The count is a quarter step past or short of the line: half of the stake decides.",
    Reason.DID_NOT_PLAY: "The player was listed and took no part: refund.",
    Reason.DID_NOT_START: "The player came on, and the bookmaker's terms ask for a start: refund.",
    Reason.VOID_WINDOW: "The fixture was postponed and not played within the bookmaker's window: refund.",
    Reason.FIXTURE_CANCELLED: "The fixture was cancelled, or decided at a desk: refund.",
    Reason.ABANDONED_DECIDED: "The fixture was abandoned after the bet was decided: the result stands.",
    Reason.ABANDONED_VOID: "The fixture was abandoned before the bet was decided: refund.",
    Reason.LIVE_DECIDED: "The fixture still runs, and what is left of it cannot change the result.",
    Reason.MANUAL: "A person set the result.",
    Reason.STAT_CORRECTED: "The feed corrected a count after the result, within `regrade_window`.",
}
"""Why a bet has its result."""

PENDING: Final[dict[Reason, str]] = {
    Reason.NOT_FINISHED: "The bet's part of the match is not over.",
    Reason.POSTPONED_WAIT: "The fixture is postponed, and may still be played within the bookmaker's window.",
    Reason.VAR_PENDING: "A video review is open that may take back what counts.",
    Reason.FIXTURE_UNMATCHED: "The bet has no fixture, or its team does not play in it.",
    Reason.MARKET_UNMAPPED: "The catalogue has no market of this name.",
    Reason.PLAYER_NOT_FOUND: "No player of the two squads fits the name.",
    Reason.PLAYER_AMBIGUOUS: "More than one player fits the name: a person chooses.",
    Reason.UNRECONCILED: "The feed states no count for the player, and the team's figure leaves something over.",
    Reason.STAT_UNAVAILABLE: "The feed does not count this.",
    Reason.INCONSISTENT_VALUE: "The feed contradicts itself.",
    Reason.EXTRA_TIME_UNSPLIT: "The feed gives the count with extra time in it only.",
    Reason.LAYOUT_UNKNOWN: "The feed's answer has a form that nobody knows.",
    Reason.FEED_ERROR: "The feed did not answer, or gave up answering.",
    Reason.INVALID_BET: "The bet cannot be graded: no line, a line off the quarter steps, an unknown word.",
    Reason.MANUAL_OVERRIDE: "A person decided, and only a person may change it.",
}
"""Why a bet stays as it is."""


def grade_tables() -> tuple[str, ...]:
    """The tables with their headings."""
    return (
        "## Grades",
        "A graded bet has a status and a reason; the rule that gave them is named beside it.",
        "### Settled",
        _table(SETTLED),
        "### Pending",
        _table(PENDING),
    )


def _table(reasons: dict[Reason, str]) -> str:
    return table(("reason", "when"), [(code(reason), text) for reason, text in reasons.items()])
