"""What the stream refuses, in the exchange's words."""

from __future__ import annotations

from enum import StrEnum


class StreamCode(StrEnum):
    """The exchange's error codes that this stream gives. Each but ``SUBSCRIPTION_LIMIT_EXCEEDED`` closes the socket."""

    INVALID_INPUT = "INVALID_INPUT"
    INVALID_REQUEST = "INVALID_REQUEST"
    TIMEOUT = "TIMEOUT"
    NO_APP_KEY = "NO_APP_KEY"
    INVALID_APP_KEY = "INVALID_APP_KEY"
    NO_SESSION = "NO_SESSION"
    INVALID_SESSION_INFORMATION = "INVALID_SESSION_INFORMATION"
    NOT_AUTHORIZED = "NOT_AUTHORIZED"
    MAX_CONNECTION_LIMIT_EXCEEDED = "MAX_CONNECTION_LIMIT_EXCEEDED"
    SUBSCRIPTION_LIMIT_EXCEEDED = "SUBSCRIPTION_LIMIT_EXCEEDED"
    INVALID_CLOCK = "INVALID_CLOCK"

    @property
    def closes_connection(self) -> bool:
        """Whether the exchange hangs up after it."""
        return self is not StreamCode.SUBSCRIPTION_LIMIT_EXCEEDED


class StreamRefusal(Exception):  # noqa: N818 - not our failure: an answer on its way to the client
    """A request that is answered with FAILURE: the code, and a sentence for whoever reads the client's log."""

    def __init__(self, code: StreamCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
