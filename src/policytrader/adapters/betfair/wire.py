"""The wire: requests through betfairlightweight's client, each sent once, each answer read exactly.

The library builds and addresses the requests. What it leaves open is closed here: every request has an id of its own
and only the answer to it counts; numbers are read from their text; redirects, cookies, proxies and other wishes of the
environment are not followed; and nothing is ever repeated, except a read after a new login.
"""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

import betfairlightweight
import requests
from betfairlightweight.endpoints import Account, Betting
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ReadTimeoutError

from policytrader.adapters.betfair.fields import loads
from policytrader.adapters.betfair.http import OneShotSession, TooLongError
from policytrader.adapters.betfair.session import BetfairSession
from policytrader.config.redaction import Secrets, keep_out_of_logs
from policytrader.errors import ExchangeError, printable
from policytrader.model.reactions import SESSION_LOST, Operation, Source, Transport, outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.adapters.betfair.dates import DateWatch
    from policytrader.adapters.betfair.endpoints import Credentials, Endpoints
    from policytrader.ports import Clock

T = TypeVar("T")

CONNECT_SECONDS = 3.05
READ_SECONDS = 16.0

_OK = 200
_SERVER_ERRORS = range(500, 600)
_APING_EXCEPTION = -32099
_UNREADABLE_REQUEST = -32700
_DETAIL_LENGTH = 200


class Failure(NamedTuple):
    """Why a request has no result."""

    source: Source
    code: str
    detail: str = ""


class RequestFailedError(Exception):
    """A request without a result. Stays inside of this adapter."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.code)
        self.failure = failure


class Wire:
    """The connection to one account: one HTTP session, one login session. Close it, or use it in a ``with``.

    With ``only_reads`` no order and no cancel can leave. ``dates`` sees the ``Date`` of each answer.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        credentials: Credentials,
        clock: Clock,
        *,
        read_seconds: float = READ_SECONDS,
        only_reads: bool = False,
        dates: DateWatch | None = None,
    ) -> None:
        credentials.check_files()
        self.endpoints = endpoints
        self.clock = clock
        self.app_key = credentials.app_key
        self.secrets = Secrets([credentials.password.get_secret_value(), credentials.app_key.get_secret_value()])
        keep_out_of_logs(self.secrets)
        self._http = OneShotSession(dates)
        self._client = _client(endpoints, credentials, self._http, read_seconds, only_reads=only_reads)
        self.session = BetfairSession(self._client, credentials, clock, self.secrets)

    def read(self, ask: Callable[[Any], Any], parse: Callable[[Any], T]) -> T:
        """The result of a read, parsed; ``ask`` gets the client. After a lost session it logs in and asks once more.

        Raises ``ExchangeError`` with the exchange's code and the reactions due.
        """
        result = self._read(ask)
        try:
            return parse(result)
        except ExchangeError as error:
            # It shows what was answered, which may be anything.
            raise ExchangeError(self.secrets.strike(str(error)), error.code, error.reactions) from None

    def _read(self, ask: Callable[[Any], Any]) -> Any:
        self.session.keep_alive()
        try:
            return self._ask(ask)
        except RequestFailedError as error:
            if not _is_session_lost(error.failure):
                raise self._error(error.failure) from None
        try:
            return self._ask(ask)
        except RequestFailedError as error:
            raise self._error(error.failure) from None

    def send(self, ask: Callable[[Any], Any]) -> Any:
        """The result of an order or a cancel, sent once, never again.

        Raises ``RequestFailedError``; or ``ExchangeError`` where the exchange let nothing in, for want of a session.
        """
        return self._ask(ask)

    def close(self) -> None:
        """Close the connections. The session at the exchange stays, as others may share it."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, ask: Callable[[Any], Any]) -> Any:
        token = self.session.token()
        try:
            result = ask(self._client)
        except RequestFailedError as error:
            failure = error.failure
            if _is_session_lost(failure):
                self.session.lost(token, failure.code)
            told = Failure(failure.source, self.secrets.strike(failure.code), self.secrets.strike(failure.detail))
            raise RequestFailedError(told) from None
        self.session.worked()
        return result

    def _error(self, failure: Failure) -> ExchangeError:
        message = f"the exchange did not answer: {failure.code}" + (f" ({failure.detail})" if failure.detail else "")
        return ExchangeError(message, failure.code, outcome(failure.source, failure.code, Operation.READ).reactions)


def _is_session_lost(failure: Failure) -> bool:
    return failure.source is Source.EXCEPTION and failure.code in SESSION_LOST


# --- Requests -------------------------------------------------------------------------------------------------------

_ids = count(1)


class _ExactRequests:
    """How the library's endpoints send: the same request, with an id; the answer checked and read exactly."""

    client: Any
    url: str
    connect_timeout: float
    read_timeout: float

    def request(self, method: str, params: dict[str, Any], session: Any) -> tuple[None, dict[str, Any], float]:
        """JSON-RPC, once. Raises ``RequestFailedError``."""
        number = next(_ids)
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": number}, allow_nan=False)
        try:
            response = (session or self.client.session).post(
                self.url,
                data=body,
                headers=self.client.request_headers,
                timeout=(self.connect_timeout, self.read_timeout),
            )
        except Exception as error:  # noqa: BLE001 - whatever happens while bytes travel, nobody knows what arrived
            raise RequestFailedError(_failure_of(error)) from None
        return None, {"result": read_answer(response.status_code, response.content, number)}, 0.0


class _Betting(_ExactRequests, Betting):  # type: ignore[misc] # the library has no types
    pass


class _ReadingBetting(_Betting):
    """What lists, and nothing else: every operation that is not a reading one is a defect of the caller."""

    def request(self, method: str, params: dict[str, Any], session: Any) -> tuple[None, dict[str, Any], float]:
        operation = method.rpartition("/")[2]
        if not operation.startswith("list"):
            message = f"{operation} was asked of a connection that only reads"
            raise RuntimeError(message)
        return super().request(method, params, session)


class _Account(_ExactRequests, Account):  # type: ignore[misc] # the library has no types
    pass


def _client(
    endpoints: Endpoints, credentials: Credentials, http: requests.Session, read_seconds: float, *, only_reads: bool
) -> Any:
    certificate = credentials.certificate
    key = credentials.certificate_key
    client = betfairlightweight.APIClient(
        credentials.username,
        credentials.password.get_secret_value(),
        app_key=credentials.app_key.get_secret_value(),
        cert_files=(str(certificate), str(key)) if certificate and key else certificate and str(certificate),
        lightweight=True,
        session=http,
    )
    client.identity_uri = endpoints.identity
    client.identity_cert_uri = endpoints.identity_cert
    client.api_uri = endpoints.api
    client.betting, client.account = (_ReadingBetting if only_reads else _Betting)(client), _Account(client)
    for endpoint in (client.betting, client.account, client.login, client.login_interactive, client.keep_alive):
        endpoint.connect_timeout, endpoint.read_timeout = CONNECT_SECONDS, read_seconds
    return client


def _failure_of(error: Exception) -> Failure:
    """What an error while sending proves: only a connection that was never made is a request that never arrived."""
    code = Transport.CONNECTION_LOST
    reason = error.args[0] if error.args else None
    if isinstance(reason, MaxRetryError):
        reason = reason.reason
    cause = reason if isinstance(reason, Exception) else error
    if isinstance(cause, (NewConnectionError, ConnectTimeoutError)):
        code = Transport.CONNECTION_REFUSED
    elif isinstance(error, requests.Timeout) or isinstance(cause, ReadTimeoutError):
        code = Transport.READ_TIMEOUT
    elif isinstance(error, TooLongError):
        code = Transport.BROKEN_ANSWER
    return Failure(Source.TRANSPORT, code, type(cause).__name__)


def read_answer(status: int, content: bytes, number: int) -> Any:
    """The result in an answer to request ``number``. Raises ``RequestFailedError`` for whatever else it is."""
    if status in _SERVER_ERRORS:
        raise _broken(Transport.SERVER_ERROR, f"HTTP {status}")
    if status != _OK:
        code = f"HTTP_{status}"
        raise _broken(code, "")
    try:
        answer = loads(content.decode("utf-8"))
    except ValueError:
        raise _broken(Transport.BROKEN_ANSWER, f"{len(content)} bytes that are not JSON") from None
    if not isinstance(answer, dict):
        raise _broken(Transport.BROKEN_ANSWER, "no object")
    error, result = answer.get("error"), answer.get("result")
    # Who cannot read a request does not know its id.
    is_unread = isinstance(error, dict) and error.get("code") == _UNREADABLE_REQUEST and answer.get("id") is None
    if not is_unread and (type(answer.get("id")) is not int or answer["id"] != number):
        raise _broken(Transport.WRONG_ID, "")
    if error is None and result is not None:
        return result
    if result is not None or not isinstance(error, dict):
        raise _broken(Transport.BROKEN_ANSWER, "neither a result nor an error")
    raise RequestFailedError(_failure_in(error))


def _failure_in(error: dict[str, Any]) -> Failure:
    code = error.get("code")
    if type(code) is not int:
        # A text could be one of our own words, of which some say that nothing was sent.
        return Failure(Source.TRANSPORT, Transport.BROKEN_ANSWER, "an error without a number")
    if code != _APING_EXCEPTION:
        return Failure(Source.TRANSPORT, _shown(code), _shown(error.get("message")))
    data = error.get("data")
    name = data.get("exceptionname") if isinstance(data, dict) else None
    exception = data.get(name) if isinstance(data, dict) and isinstance(name, str) else None
    if not isinstance(exception, dict):
        return Failure(Source.EXCEPTION, "UNNAMED_EXCEPTION", _shown(error.get("message")))
    return Failure(Source.EXCEPTION, _shown(exception.get("errorCode")), _shown(exception.get("errorDetails")))


def _broken(code: str, detail: str) -> RequestFailedError:
    return RequestFailedError(Failure(Source.TRANSPORT, code, detail))


def _shown(value: object) -> str:
    text = "" if value is None else printable(str(value))
    return text if len(text) <= _DETAIL_LENGTH else text[: _DETAIL_LENGTH - 1] + "…"
