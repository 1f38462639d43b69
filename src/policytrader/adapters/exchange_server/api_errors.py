"""Errors as the exchange sends them: exceptions of its API with a code of their own, and faults of the request's form.

The numbers are the positions of the codes in the exchange's published interface (ANGX for betting, AANGX for accounts).
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NoReturn


class ApingCode(StrEnum):
    """The codes of ``APINGException`` and ``AccountAPINGException`` that this exchange gives."""

    TOO_MUCH_DATA = "TOO_MUCH_DATA"
    INVALID_INPUT_DATA = "INVALID_INPUT_DATA"
    INVALID_SESSION_INFORMATION = "INVALID_SESSION_INFORMATION"
    NO_APP_KEY = "NO_APP_KEY"
    NO_SESSION = "NO_SESSION"
    UNEXPECTED_ERROR = "UNEXPECTED_ERROR"
    INVALID_APP_KEY = "INVALID_APP_KEY"
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    TIMEOUT_ERROR = "TIMEOUT_ERROR"
    REQUEST_SIZE_EXCEEDS_LIMIT = "REQUEST_SIZE_EXCEEDS_LIMIT"


class Family(StrEnum):
    """Which interface an operation belongs to, as its exception is called."""

    BETTING = "APINGException"
    ACCOUNT = "AccountAPINGException"


_NUMBERS = {
    Family.BETTING: {
        ApingCode.TOO_MUCH_DATA: "ANGX-0001",
        ApingCode.INVALID_INPUT_DATA: "ANGX-0002",
        ApingCode.INVALID_SESSION_INFORMATION: "ANGX-0003",
        ApingCode.NO_APP_KEY: "ANGX-0004",
        ApingCode.NO_SESSION: "ANGX-0005",
        ApingCode.UNEXPECTED_ERROR: "ANGX-0006",
        ApingCode.INVALID_APP_KEY: "ANGX-0007",
        ApingCode.TOO_MANY_REQUESTS: "ANGX-0008",
        ApingCode.TIMEOUT_ERROR: "ANGX-0010",
        ApingCode.REQUEST_SIZE_EXCEEDS_LIMIT: "ANGX-0011",
    },
    Family.ACCOUNT: {
        ApingCode.INVALID_INPUT_DATA: "AANGX-0001",
        ApingCode.INVALID_SESSION_INFORMATION: "AANGX-0002",
        ApingCode.UNEXPECTED_ERROR: "AANGX-0003",
        ApingCode.INVALID_APP_KEY: "AANGX-0004",
        ApingCode.TIMEOUT_ERROR: "AANGX-0006",
        ApingCode.NO_SESSION: "AANGX-0010",
        ApingCode.NO_APP_KEY: "AANGX-0011",
        ApingCode.TOO_MANY_REQUESTS: "AANGX-0014",
    },
}


class RpcCode(IntEnum):
    """The codes of JSON-RPC."""

    PARSE_ERROR = -32700
    NO_SUCH_METHOD = -32601
    INVALID_PARAMETERS = -32602
    APING = -32099


class ApiError(Exception):
    """The root of what an operation answers instead of a result."""


class ApingError(ApiError):
    """An exception of the exchange's API: a code, and a sentence for people."""

    def __init__(self, code: ApingCode, details: str = "") -> None:
        super().__init__(f"{code}: {details}")
        self.code = code
        self.details = details

    def number(self, family: Family) -> str:
        """Its number, such as ANGX-0002."""
        numbers = _NUMBERS[family]
        return numbers.get(self.code, numbers[ApingCode.UNEXPECTED_ERROR])


class FormError(ApiError):
    """A request whose form is wrong: not JSON, an operation or a parameter that does not exist or is missing."""

    def __init__(self, code: RpcCode, number: str, status: int = 400) -> None:
        super().__init__(f"{number} ({code})")
        self.code = code
        self.number = number
        self.status = status


def not_json() -> FormError:
    """What was sent cannot be read at all."""
    return FormError(RpcCode.PARSE_ERROR, "DSC-0008")


def no_such_operation() -> FormError:
    """The interface has no operation of that name."""
    return FormError(RpcCode.NO_SUCH_METHOD, "DSC-0021", status=404)


def missing_parameter() -> FormError:
    """A parameter that must be there is not."""
    return FormError(RpcCode.INVALID_PARAMETERS, "DSC-0018")


def wrong_parameter() -> FormError:
    """A parameter of the call itself has another type than the operation takes."""
    return FormError(RpcCode.INVALID_PARAMETERS, "DSC-0009")


def refuse_input(details: str) -> NoReturn:
    """Raise the exception for a value that no request may have; the sentence says which."""
    raise ApingError(ApingCode.INVALID_INPUT_DATA, details)
