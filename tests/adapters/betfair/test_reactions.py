"""Every code of ``betfair.md`` section 9: the adapter was seen to do what the section says, and the docs tell it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from policytrader.model.orders import Fate, Reaction
from policytrader.model.reactions import TABLE, Operation, Source, Word, judge
from tests.adapters.betfair.observed import PAGE, UNLISTED_CODE, Seen, observe, render

if TYPE_CHECKING:
    from pathlib import Path

PLACE, CANCEL, READ = Operation.PLACE, Operation.CANCEL, Operation.READ

# The section once more, by hand, in its own letters: U unknown, D dead, F fine (seen) · M skip market, S stop,
# L log in, B back off, and for what it says in words: r re-read market, o re-read order, x cancel opposite, a alert,
# p split, c reconnect, f subscribe afresh. Place/cancel/read: a cancel left out is as place, a read as its reactions.
SECTION_9 = {
    Source.TRANSPORT: """
        CONNECTION_REFUSED DB//- · CONNECTION_LOST UB//- · READ_TIMEOUT UB//- · BROKEN_ANSWER UB//- · SERVER_ERROR UB//-
        WRONG_ID U//- · -32700 DS · -32601 DS · -32602 DS · -32603 U//-
    """,
    Source.EXCEPTION: """
        TOO_MUCH_DATA DS//p · REQUEST_SIZE_EXCEEDS_LIMIT DSp · INVALID_INPUT_DATA DS · TOO_MANY_REQUESTS DB
        INVALID_SESSION_INFORMATION DL · NO_SESSION DL · NO_APP_KEY US//S · INVALID_APP_KEY US//S · ACCESS_DENIED DS
        SERVICE_BUSY UB//B · UNEXPECTED_ERROR UB//B · TIMEOUT_ERROR U//-
    """,
    Source.REPORT: """
        TIMEOUT U · PROCESSED_WITH_ERRORS US · DUPLICATE_TRANSACTION U · BET_ACTION_ERROR US · ERROR_IN_MATCHER U
        SERVICE_UNAVAILABLE UB · MARKET_SUSPENDED DM · MARKET_NOT_OPEN_FOR_BETTING DM · INVALID_MARKET_ID DM
        INVALID_MARKET_VERSION DM · INSUFFICIENT_FUNDS DS · LOSS_LIMIT_EXCEEDED DS · INVALID_ACCOUNT_STATE DS
        INVALID_WALLET_STATUS DS · PERMISSION_DENIED DS · REJECTED_BY_REGULATOR DS · REGULATOR_IS_NOT_AVAILABLE DS
        NO_CHASING DS · INVALID_ORDER DS · DUPLICATE_BETIDS DS · INVALID_PROFIT_RATIO DS · TOO_MANY_INSTRUCTIONS DB
        NO_ACTION_REQUIRED U/F · NO_CHANGE U/F
    """,
    Source.INSTRUCTION: """
        TIMEOUT U · BET_IN_PROGRESS U · ERROR_IN_MATCHER U · ERROR_IN_ORDER U · RELATED_ACTION_FAILED U
        BET_TAKEN_OR_LAPSED Dr/Do · RUNNER_REMOVED Dr · INVALID_RUNNER Dr · MARKET_NOT_OPEN_FOR_BETTING DM
        MARKET_NOT_OPEN_FOR_BSP_BETTING DM · INSUFFICIENT_FUNDS DS · LOSS_LIMIT_EXCEEDED DS
        BET_LAPSED_PRICE_IMPROVEMENT_TOO_LARGE Da · INVALID_BET_SIZE DS · INVALID_ODDS DS · INVALID_PERSISTENCE_TYPE DS
        INVALID_ORDER_TYPE DS · INVALID_BID_TYPE DS · INVALID_PRICE_EDIT DS · INVALID_MIN_FILL_SIZE DS
        INVALID_CUSTOMER_ORDER_REF DS · UNEXPECTED_PERSISTENCE_TYPE DS · UNEXPECTED_MIN_FILL_SIZE DS
        TIME_IN_FORCE_CONFLICT DS · INVALID_BACK_LAY_COMBINATION Dx · INVALID_BET_ID U · CANCELLED_NOT_PLACED Do/Fo
        NO_ACTION_REQUIRED U/F · EXPIRED D
    """,
}
LOGIN = """
    INVALID_USERNAME_OR_PASSWORD CERT_AUTH_REQUIRED ACCOUNT_NOW_LOCKED ACCOUNT_ALREADY_LOCKED PENDING_AUTH
    SECURITY_QUESTION_WRONG_3X KYC_SUSPEND SUSPENDED CLOSED SELF_EXCLUDED SECURITY_RESTRICTED_LOCATION
    BETTING_RESTRICTED_LOCATION CHANGE_PASSWORD_REQUIRED ACCOUNT_PENDING_PASSWORD_CHANGE INPUT_VALIDATION_ERROR
    INTERNAL_ERROR TEMPORARY_BAN_TOO_MANY_REQUESTS TEMPORARY_BAN_TOO_MANY_REQUEST
"""
KEEP_ALIVE = "INPUT_VALIDATION_ERROR INTERNAL_ERROR NO_SESSION"
STREAM = """
    NO_SESSION L · INVALID_SESSION_INFORMATION L · NO_APP_KEY S · INVALID_APP_KEY S · NOT_AUTHORIZED S
    MAX_CONNECTION_LIMIT_EXCEEDED Bc · TOO_MANY_REQUESTS Bc · TIMEOUT Bc · CONNECTION_FAILED Bc · UNEXPECTED_ERROR Bc
    INVALID_INPUT S · INVALID_REQUEST S · INVALID_CLOCK f · SUBSCRIPTION_LIMIT_EXCEEDED p
"""

FATES = {"U": Fate.UNKNOWN, "D": Fate.DEAD, "F": Fate.SEEN}
REACTIONS = {
    "M": Reaction.SKIP_MARKET,
    "S": Reaction.STOP,
    "L": Reaction.LOG_IN,
    "B": Reaction.BACK_OFF,
    "r": Reaction.REREAD_MARKET,
    "o": Reaction.REREAD_ORDER,
    "x": Reaction.CANCEL_OPPOSITE,
    "a": Reaction.ALERT,
    "p": Reaction.SPLIT,
    "c": Reaction.RECONNECT,
    "f": Reaction.SUBSCRIBE_AFRESH,
}


def expected() -> list[Seen]:
    rows: list[Seen] = []
    for source, text in SECTION_9.items():
        for code, letters in pairs(text + f" {UNLISTED_CODE} US//S"):
            place, cancel, read = [*letters.split("/"), "", ""][:3]
            rows.append(row(source, code, PLACE, place))
            rows.append(row(source, code, CANCEL, cancel or place))
            if source in {Source.TRANSPORT, Source.EXCEPTION}:
                rows.append(row(source, code, READ, read or place.strip("UD")))
    session = [(code, Operation.LOGIN, "S") for code in [*LOGIN.split(), UNLISTED_CODE]]
    session += [(code, Operation.KEEP_ALIVE, "L") for code in KEEP_ALIVE.split()]
    session += [(UNLISTED_CODE, Operation.KEEP_ALIVE, "S"), (UNLISTED_CODE, Operation.STREAM, "S")]
    session += [(code, Operation.STREAM, letters) for code, letters in pairs(STREAM)]
    return rows + [row(Source.SESSION, *one) for one in session]


def pairs(text: str) -> list[tuple[str, str]]:
    words = text.replace("·", " ").split()
    return list(zip(words[::2], words[1::2], strict=True))


def row(source: Source, code: str, operation: Operation, letters: str) -> Seen:
    fate = next((str(FATES[letter]) for letter in letters if letter in FATES), "")
    reactions = {str(REACTIONS[letter]) for letter in letters if letter in REACTIONS}
    if fate == Fate.UNKNOWN:
        reactions.add("reconcile")  # implied by U
    return Seen(source, code, operation, fate, frozenset(reactions))


@pytest.fixture(scope="module")
def seen() -> list[Seen]:
    return observe()


def key(one: Seen) -> tuple[str, str, str]:
    return one.source, one.code, one.operation


def test_every_code_leads_to_what_the_section_says(seen: list[Seen]) -> None:
    assert sorted(seen, key=key) == sorted(expected(), key=key)


def test_the_docs_tell_what_was_seen(seen: list[Seen]) -> None:
    assert PAGE.read_text(encoding="utf-8") == render(seen), "python -m tests.adapters.betfair.observed writes it anew"


def test_the_table_has_every_code_of_the_section(project_root: Path) -> None:
    document = project_root.parent / "shared" / "design" / "betfair.md"
    if not document.is_file():
        pytest.skip("needs ../shared/design/betfair.md, which is not part of the project")
    section = document.read_text(encoding="utf-8").partition("\n## 9.")[2].partition("\n## 10.")[0]
    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b|-32\d{3}", section)) | {"EXPIRED", "TIMEOUT"}
    wrapper = {"-32099"}  # carries an exception, and the exception has the code
    assert len(named) > 70, "the section was not found as expected"
    assert named - wrapper <= {code for rows in TABLE.values() for code in rows}


@pytest.mark.parametrize("operation", [PLACE, CANCEL])
@pytest.mark.parametrize(
    ("report", "instruction", "fate", "code"),
    [
        # A definitive code above an instruction that only says that the whole failed: decides.
        (Word("FAILURE", "PERMISSION_DENIED"), Word("FAILURE", "ERROR_IN_ORDER"), Fate.DEAD, "PERMISSION_DENIED"),
        # An instruction that may still live is not killed by the code above it.
        (Word("FAILURE", "MARKET_SUSPENDED"), Word("TIMEOUT"), Fate.UNKNOWN, "TIMEOUT"),
        (Word("FAILURE", "MARKET_SUSPENDED"), Word("SUCCESS"), Fate.UNKNOWN, "MARKET_SUSPENDED"),
        (Word("FAILURE", "ERROR_IN_MATCHER"), Word("FAILURE", "INVALID_ODDS"), Fate.UNKNOWN, "ERROR_IN_MATCHER"),
        (Word("TIMEOUT"), Word("SUCCESS"), Fate.UNKNOWN, "TIMEOUT"),
        (Word("PROCESSED_WITH_ERRORS", "PROCESSED_WITH_ERRORS"), Word("SUCCESS"), Fate.SEEN, "SUCCESS"),
        (Word("PROCESSED_WITH_ERRORS", "NO_CHASING"), None, Fate.UNKNOWN, "NO_CHASING"),
        (Word("PROCESSED_WITH_ERRORS", "NO_CHASING"), Word("FAILURE", "INVALID_ODDS"), Fate.DEAD, "NO_CHASING"),
        (
            Word("PROCESSED_WITH_ERRORS", "NO_CHASING"),
            Word("FAILURE", "ERROR_IN_ORDER"),
            Fate.UNKNOWN,
            "ERROR_IN_ORDER",
        ),
        (Word("SUCCESS"), Word("FAILURE", "INVALID_ODDS"), Fate.DEAD, "INVALID_ODDS"),
        (Word("SUCCESS"), None, Fate.UNKNOWN, "SUCCESS"),
        (Word("SUCCESS", "INVALID_ODDS"), Word("SUCCESS"), Fate.UNKNOWN, "SUCCESS INVALID_ODDS"),
        (Word("FAILURE"), None, Fate.UNKNOWN, "FAILURE"),
        (Word("MAYBE"), Word("SUCCESS"), Fate.UNKNOWN, "MAYBE"),
    ],
)
def test_a_report_and_its_instruction_are_judged_together(
    operation: Operation, report: Word, instruction: Word | None, fate: Fate, code: str
) -> None:
    verdict = judge(operation, report, instruction)
    assert (verdict.fate, verdict.code) == (fate, code)
    assert (Reaction.RECONCILE in verdict.reactions) == (fate is Fate.UNKNOWN)


def test_both_reactions_of_a_dead_order_are_due() -> None:
    verdict = judge(PLACE, Word("FAILURE", "MARKET_SUSPENDED"), Word("FAILURE", "INVALID_ODDS"))
    assert verdict.reactions == {Reaction.SKIP_MARKET, Reaction.STOP}
