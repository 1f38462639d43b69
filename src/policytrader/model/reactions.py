"""What each code of the exchange means for an order, and what the caller has to do besides: one table.

Every implementation of the Exchange port answers through it, the adapter that speaks to the exchange and the simulated
one; a code that is not listed is unknown and stops new bets (fail closed).
``docs/reactions.md`` shows what a test saw for each row.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from policytrader.model.orders import Fate, Reaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal


class Operation(StrEnum):
    """What was asked for."""

    PLACE = "place"
    CANCEL = "cancel"
    READ = "read"
    LOGIN = "login"
    KEEP_ALIVE = "keep_alive"
    STREAM = "stream"


class Source(StrEnum):
    """Where a code stands; the same word may mean something else elsewhere."""

    TRANSPORT = "transport"
    """No answer, or one that cannot be read (9.1); the codes are ours, and JSON-RPC's numbers."""
    EXCEPTION = "exception"
    """An APINGException: the request as a whole was not served (9.2)."""
    REPORT = "report"
    """The report on a request to place or cancel (9.3)."""
    INSTRUCTION = "instruction"
    """The report on one order or one cancellation in it (9.4)."""
    SESSION = "session"
    """Login, keepAlive and the stream's status messages (9.5)."""


class Transport(StrEnum):
    """Our words for what can happen to a request on its way."""

    CONNECTION_REFUSED = "CONNECTION_REFUSED"
    """Provably before any byte was sent."""
    CONNECTION_LOST = "CONNECTION_LOST"
    READ_TIMEOUT = "READ_TIMEOUT"
    BROKEN_ANSWER = "BROKEN_ANSWER"
    """Cut off, not JSON, HTML, or not of the shape that was asked for."""
    SERVER_ERROR = "SERVER_ERROR"
    """HTTP 5xx."""
    WRONG_ID = "WRONG_ID"
    """The answer to another request."""


class Outcome(NamedTuple):
    """``fate`` is None where no order is concerned (reads, sessions)."""

    fate: Fate | None
    reactions: frozenset[Reaction]


UNLISTED_ORDER = Outcome(Fate.UNKNOWN, frozenset({Reaction.RECONCILE, Reaction.STOP}))
UNLISTED = Outcome(None, frozenset({Reaction.STOP}))

SESSION_LOST = frozenset({"INVALID_SESSION_INFORMATION", "NO_SESSION"})
"""The session is gone: one new login."""

LOGIN_BANS = frozenset({"TEMPORARY_BAN_TOO_MANY_REQUESTS", "TEMPORARY_BAN_TOO_MANY_REQUEST"})
"""Too many logins; documented in the plural, spelt in the singular by others."""

# Codes that only point elsewhere: the instruction's own code decides, and a definitive code of the report decides over
# an instruction that merely says that the whole failed.
_JUDGED_BY_INSTRUCTION = frozenset({"PROCESSED_WITH_ERRORS", "BET_ACTION_ERROR"})
_JUDGED_BY_REPORT = frozenset({"ERROR_IN_ORDER", "RELATED_ACTION_FAILED"})
SUCCESS = "SUCCESS"
"""What the exchange says of a request, or of an instruction of it, that it has done."""
_PARTIAL = "PROCESSED_WITH_ERRORS"
"""The status of a report that some of it was done: its own code is true of something, not of everything."""

_PLACED = frozenset({None, "EXECUTABLE", "EXECUTION_COMPLETE"})
"""Old reports have no status."""
_EXPIRED = "EXPIRED"

_ORDERS = (Operation.PLACE, Operation.CANCEL)

Row = dict[Operation, Outcome]


def _dead(*reactions: Reaction) -> Outcome:
    return Outcome(Fate.DEAD, frozenset(reactions))


def _unknown(*reactions: Reaction) -> Outcome:
    return Outcome(Fate.UNKNOWN, frozenset({Reaction.RECONCILE, *reactions}))


def _seen(*reactions: Reaction) -> Outcome:
    return Outcome(Fate.SEEN, frozenset(reactions))


def _do(*reactions: Reaction) -> Outcome:
    return Outcome(None, frozenset(reactions))


def _request(order: Outcome, read: Outcome) -> Row:
    return {**dict.fromkeys(_ORDERS, order), Operation.READ: read}


def _order(place: Outcome, cancel: Outcome | None = None) -> Row:
    return {Operation.PLACE: place, Operation.CANCEL: cancel or place}


def _transport(order: Outcome) -> Row:
    return {
        **_request(order, _do()),
        Operation.LOGIN: _do(Reaction.BACK_OFF),
        Operation.KEEP_ALIVE: _do(),
        Operation.STREAM: _do(Reaction.RECONNECT, Reaction.BACK_OFF),
    }


def _each(codes: str, row: Row) -> dict[str, Row]:
    return dict.fromkeys(codes.split(), row)


_OUR_BUG = _dead(Reaction.STOP)
_NOT_NOW = _dead(Reaction.SKIP_MARKET)
_TRY_LATER = _unknown(Reaction.BACK_OFF)
_MARKET_MOVED = _dead(Reaction.REREAD_MARKET)
_LOG_IN = _do(Reaction.LOG_IN)
_STOP = _do(Reaction.STOP)

_TRANSPORT: dict[str, Row] = {
    Transport.CONNECTION_REFUSED: _transport(_dead(Reaction.BACK_OFF)),
    **_each("CONNECTION_LOST READ_TIMEOUT BROKEN_ANSWER SERVER_ERROR", _transport(_TRY_LATER)),
    Transport.WRONG_ID: _transport(_unknown()),
    **_each("-32700 -32601 -32602", _request(_OUR_BUG, _STOP)),
    "-32603": _request(_unknown(), _do()),
}

_EXCEPTION: dict[str, Row] = {
    "TOO_MUCH_DATA": _request(_OUR_BUG, _do(Reaction.SPLIT)),
    "REQUEST_SIZE_EXCEEDS_LIMIT": _request(_dead(Reaction.STOP, Reaction.SPLIT), _do(Reaction.STOP, Reaction.SPLIT)),
    **_each("INVALID_INPUT_DATA ACCESS_DENIED", _request(_OUR_BUG, _STOP)),
    "TOO_MANY_REQUESTS": _request(_dead(Reaction.BACK_OFF), _do(Reaction.BACK_OFF)),
    **_each("INVALID_SESSION_INFORMATION NO_SESSION", _request(_dead(Reaction.LOG_IN), _LOG_IN)),
    # Nobody says that it was not processed, so it is not taken for dead.
    **_each("NO_APP_KEY INVALID_APP_KEY", _request(UNLISTED_ORDER, _STOP)),
    **_each("SERVICE_BUSY UNEXPECTED_ERROR", _request(_TRY_LATER, _do(Reaction.BACK_OFF))),
    "TIMEOUT_ERROR": _request(_unknown(), _do()),
}

_REPORT: dict[str, Row] = {
    **_each("TIMEOUT DUPLICATE_TRANSACTION ERROR_IN_MATCHER", _order(_unknown())),
    # Where no instruction says more, nothing is known.
    **_each("PROCESSED_WITH_ERRORS BET_ACTION_ERROR", _order(_unknown())),
    "SERVICE_UNAVAILABLE": _order(_TRY_LATER),
    **_each("MARKET_SUSPENDED MARKET_NOT_OPEN_FOR_BETTING INVALID_MARKET_ID INVALID_MARKET_VERSION", _order(_NOT_NOW)),
    **_each(
        "INSUFFICIENT_FUNDS LOSS_LIMIT_EXCEEDED INVALID_ACCOUNT_STATE INVALID_WALLET_STATUS PERMISSION_DENIED "
        "REJECTED_BY_REGULATOR REGULATOR_IS_NOT_AVAILABLE NO_CHASING INVALID_ORDER DUPLICATE_BETIDS "
        "INVALID_PROFIT_RATIO",
        _order(_OUR_BUG),
    ),
    "TOO_MANY_INSTRUCTIONS": _order(_dead(Reaction.BACK_OFF)),
    # Nothing was open, so nothing is left to cancel. No order is answered so: if one is, nothing is known of it.
    **_each("NO_ACTION_REQUIRED NO_CHANGE", _order(_unknown(), _seen())),
}

_INSTRUCTION: dict[str, Row] = {
    **_each("TIMEOUT BET_IN_PROGRESS ERROR_IN_MATCHER ERROR_IN_ORDER RELATED_ACTION_FAILED", _order(_unknown())),
    "BET_TAKEN_OR_LAPSED": _order(_MARKET_MOVED, _dead(Reaction.REREAD_ORDER)),
    **_each("RUNNER_REMOVED INVALID_RUNNER", _order(_MARKET_MOVED)),
    **_each("MARKET_NOT_OPEN_FOR_BETTING MARKET_NOT_OPEN_FOR_BSP_BETTING", _order(_NOT_NOW)),
    "BET_LAPSED_PRICE_IMPROVEMENT_TOO_LARGE": _order(_dead(Reaction.ALERT)),
    **_each(
        "INSUFFICIENT_FUNDS LOSS_LIMIT_EXCEEDED INVALID_BET_SIZE INVALID_ODDS INVALID_PERSISTENCE_TYPE "
        "INVALID_ORDER_TYPE INVALID_BID_TYPE INVALID_PRICE_EDIT INVALID_MIN_FILL_SIZE INVALID_CUSTOMER_ORDER_REF "
        "UNEXPECTED_PERSISTENCE_TYPE UNEXPECTED_MIN_FILL_SIZE TIME_IN_FORCE_CONFLICT",
        _order(_OUR_BUG),
    ),
    "INVALID_BACK_LAY_COMBINATION": _order(_dead(Reaction.CANCEL_OPPOSITE)),
    "INVALID_BET_ID": _order(_unknown()),
    # Of a replacement: the old bet is cancelled, the new one was not placed.
    "CANCELLED_NOT_PLACED": _order(_dead(Reaction.REREAD_ORDER), _seen(Reaction.REREAD_ORDER)),
    "NO_ACTION_REQUIRED": _order(_unknown(), _seen()),
    _EXPIRED: _order(_dead()),
}

_RETRY_STREAM = {Operation.STREAM: _do(Reaction.BACK_OFF, Reaction.RECONNECT)}
_RENEW = {Operation.KEEP_ALIVE: _LOG_IN}
_REFUSED = {Operation.LOGIN: _STOP}

_SESSION: dict[str, Row] = {
    **_each("INVALID_USERNAME_OR_PASSWORD CERT_AUTH_REQUIRED", _REFUSED),
    # "Account restrictions"; anything else that a login is answered with stops as well.
    **_each(
        "ACCOUNT_NOW_LOCKED ACCOUNT_ALREADY_LOCKED PENDING_AUTH SECURITY_QUESTION_WRONG_3X KYC_SUSPEND SUSPENDED "
        "CLOSED SELF_EXCLUDED SECURITY_RESTRICTED_LOCATION BETTING_RESTRICTED_LOCATION CHANGE_PASSWORD_REQUIRED "
        "ACCOUNT_PENDING_PASSWORD_CHANGE",
        _REFUSED,
    ),
    **dict.fromkeys(sorted(LOGIN_BANS), _REFUSED),
    **_each("INPUT_VALIDATION_ERROR INTERNAL_ERROR", {**_RENEW, **_REFUSED}),
    "NO_SESSION": {**_RENEW, Operation.STREAM: _LOG_IN},
    "INVALID_SESSION_INFORMATION": {Operation.STREAM: _LOG_IN},
    **_each("NO_APP_KEY INVALID_APP_KEY NOT_AUTHORIZED INVALID_INPUT INVALID_REQUEST", {Operation.STREAM: _STOP}),
    **_each(
        "MAX_CONNECTION_LIMIT_EXCEEDED TOO_MANY_REQUESTS TIMEOUT CONNECTION_FAILED UNEXPECTED_ERROR", _RETRY_STREAM
    ),
    "INVALID_CLOCK": {Operation.STREAM: _do(Reaction.SUBSCRIBE_AFRESH)},
    "SUBSCRIPTION_LIMIT_EXCEEDED": {Operation.STREAM: _do(Reaction.SPLIT)},
}

TABLE: Mapping[Source, Mapping[str, Mapping[Operation, Outcome]]] = {
    Source.TRANSPORT: _TRANSPORT,
    Source.EXCEPTION: _EXCEPTION,
    Source.REPORT: _REPORT,
    Source.INSTRUCTION: _INSTRUCTION,
    Source.SESSION: _SESSION,
}
"""Every listed code. ``outcome`` answers for the others too."""


def outcome(source: Source, code: str, operation: Operation) -> Outcome:
    """What a code means for an operation; fail closed where it is not listed."""
    listed = TABLE[source].get(code, {}).get(operation)
    if listed is not None:
        return listed
    return UNLISTED_ORDER if operation in _ORDERS else UNLISTED


class Verdict(NamedTuple):
    """The fate of one instruction, the reactions due, and the code that decided."""

    fate: Fate
    code: str
    reactions: frozenset[Reaction]


class Word(NamedTuple):
    """Status and error code of a report, or of one instruction in it."""

    status: str
    code: str | None = None


def judge(operation: Operation, report: Word, instruction: Word | None) -> Verdict:
    """What a report says of one instruction of ours; ``instruction`` is None where the report does not speak of it.

    SEEN says only that the exchange reports success: whether it reports on what we sent, the caller has to compare.
    """
    whole = _judge_word(Source.REPORT, report, operation)
    is_partial = report.status == _PARTIAL
    if instruction is None:
        silent = whole.code == SUCCESS or whole.code in _JUDGED_BY_INSTRUCTION or is_partial
        return Verdict(Fate.UNKNOWN, whole.code, UNLISTED_ORDER.reactions) if silent else whole
    own = _judge_word(Source.INSTRUCTION, instruction, operation)
    if whole.code == SUCCESS or whole.code in _JUDGED_BY_INSTRUCTION:
        return own
    both = whole.reactions | own.reactions
    if whole.fate is Fate.DEAD and own.code in _JUDGED_BY_REPORT and not is_partial:
        return whole
    if whole.fate is own.fate:
        return Verdict(whole.fate, whole.code, both)
    if Fate.UNKNOWN in {whole.fate, own.fate}:
        return Verdict(Fate.UNKNOWN, whole.code if whole.fate is Fate.UNKNOWN else own.code, both)
    # One says that it was done, the other that it was not.
    return Verdict(Fate.UNKNOWN, whole.code, both | UNLISTED_ORDER.reactions)


def _judge_word(source: Source, word: Word, operation: Operation) -> Verdict:
    match word.status:
        case "SUCCESS" if not word.code:
            return Verdict(Fate.SEEN, SUCCESS, frozenset())
        case "TIMEOUT":
            code = "TIMEOUT"
        case "PROCESSED_WITH_ERRORS" if source is Source.REPORT:
            code = word.code or "PROCESSED_WITH_ERRORS"
        case "FAILURE" if word.code:
            code = word.code
        case _:
            # A success with an error, a failure without a reason, a status that is not known.
            return Verdict(Fate.UNKNOWN, f"{word.status} {word.code or ''}".strip(), UNLISTED_ORDER.reactions)
    found = outcome(source, code, operation)
    assert found.fate is not None
    return Verdict(found.fate, code, found.reactions)


def judge_status(verdict: Verdict, status: str | None, size_matched: Decimal) -> Verdict:
    """What the status of an order says beyond its report's success.

    A killed order is dead although its report is a success; PENDING is of a kind of order that we never send.
    """
    if status in _PLACED or (status == _EXPIRED and size_matched):
        return verdict
    found = outcome(Source.INSTRUCTION, str(status), Operation.PLACE)
    assert found.fate is not None
    return Verdict(found.fate, str(status), found.reactions)


def both(report: Word, instruction: Word | None) -> str:
    """Both words as text, for people."""
    return " / ".join(" ".join(filter(None, one)) for one in (report, instruction) if one is not None)


def names(reactions: Iterable[Reaction]) -> str:
    """The reactions as text, in a fixed order; ``-`` for none."""
    return ", ".join(sorted(reactions)) or "-"
