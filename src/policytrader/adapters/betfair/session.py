"""One session with the exchange: login, keepAlive, and what happens when it is lost.

Rules (``docs/exchange-rules.md`` section 1): keepAlive at most every hour; a lost session means one new login,
then stop; nothing logs in inside of a retry loop; after a ban no login for 20 minutes, while a living session goes on.
"""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from betfairlightweight.exceptions import KeepAliveError, LoginError

from policytrader.errors import ExchangeError, printable
from policytrader.model.orders import Reaction
from policytrader.model.reactions import LOGIN_BANS, Operation, Source, Transport, outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.adapters.betfair.endpoints import Credentials
    from policytrader.config.redaction import Secrets
    from policytrader.ports import Clock

KEEP_ALIVE_AFTER = timedelta(hours=1)
LOGIN_BAN = timedelta(minutes=20)
MAX_LOGINS = 5
LOGINS_WINDOW = timedelta(minutes=10)
"""A session that has to be renewed more often than this is not worth having: a person looks."""

_LONGEST_PAUSE_SECONDS = 60
_CODE_LENGTH = 200
_STOP = frozenset({Reaction.STOP})


class BetfairSession:
    """Owns the client's token. Safe to use from several threads."""

    def __init__(self, client: Any, credentials: Credentials, clock: Clock, secrets: Secrets) -> None:
        self._client = client
        self._credentials = credentials
        self._clock = clock
        self._secrets = secrets
        self._lock = threading.RLock()
        self._extended_at: datetime | None = None
        self._next_login_at: datetime | None = None
        self._logins: deque[datetime] = deque()
        self._failed_logins = 0
        self._lost_in_a_row = 0
        self._refused = ""

    def token(self) -> str:
        """The session's token, after a login where there is none. Raises ``ExchangeError``."""
        with self._lock:
            if self._client.session_token is None:
                self._log_in()
            token: str = self._client.session_token
            return token

    def keep_alive(self) -> None:
        """Extend the session if that is due; for use before reads, so that no order waits for it."""
        with self._lock:
            now = self._clock.now()
            if self._client.session_token is None or self._extended_at is None:
                return
            if now - self._extended_at < KEEP_ALIVE_AFTER:
                return
            self._extended_at = now  # also when it fails: at most one attempt an hour
            token = self._client.session_token
            try:
                answer = self._client.keep_alive(lightweight=True)
                self._accept(answer.get("token"))
            except KeepAliveError as error:
                self._client.set_session_token(token)
                self._renew_after(self._code(error.response))
            except Exception:  # noqa: BLE001 - whatever the library made of an answer that is none; the session lives on
                self._client.set_session_token(token)

    def _renew_after(self, code: str) -> None:
        reactions = outcome(Source.SESSION, code, Operation.KEEP_ALIVE).reactions
        if Reaction.LOG_IN not in reactions:
            message = f"keepAlive was answered {code}, which nobody knows; no new bets"
            raise ExchangeError(message, code, reactions) from None
        self._client.client_logout()

    def worked(self) -> None:
        """A request was let in: the session is good."""
        self._lost_in_a_row = 0

    def lost(self, token: str, code: str) -> None:
        """A request with this token found no session. Raises ``ExchangeError`` once a new login did not help."""
        with self._lock:
            if self._client.session_token != token:
                return  # another thread has seen it before
            self._client.client_logout()
            self._lost_in_a_row += 1
            if self._lost_in_a_row > 1:
                self._refuse(code, "the exchange does not know the session right after a login")

    def forget(self) -> None:
        """End the session here; the exchange is not told."""
        with self._lock:
            self._client.client_logout()

    def _log_in(self) -> None:
        now = self._clock.now()
        if self._refused:
            message = f"not logged in: {self._refused}"
            raise ExchangeError(message, "LOGIN_REFUSED", _STOP)
        if self._next_login_at is not None and now < self._next_login_at:
            message = f"not logged in: the next login is not before {self._next_login_at:%H:%M:%S} UTC"
            raise ExchangeError(message, "LOGIN_NOT_YET", frozenset({Reaction.BACK_OFF}))
        while self._logins and now - self._logins[0] > LOGINS_WINDOW:
            self._logins.popleft()
        if len(self._logins) >= MAX_LOGINS:
            self._refuse("LOGIN_REFUSED", f"{MAX_LOGINS} logins in {LOGINS_WINDOW.seconds // 60} minutes")
        try:
            self._accept(self._ask_for_token()())
        except LoginError as error:
            self._login_failed(self._code(error.response), now)
        except Exception:  # noqa: BLE001 - the library raises whatever an answer that is none led it to
            self._login_without_answer(now)
        self._failed_logins = 0
        self._logins.append(now)
        self._extended_at = now

    def _ask_for_token(self) -> Callable[[], object]:
        if self._credentials.certificate is None:
            return lambda: self._client.login_interactive(lightweight=True).get("token")
        return lambda: self._client.login(lightweight=True).get("sessionToken")

    def _accept(self, token: object) -> None:
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            self._client.client_logout()
            message = "no token in the answer"
            raise ValueError(message)
        self._secrets.add(token)
        self._client.set_session_token(token)

    def _login_failed(self, code: str, now: datetime) -> None:
        self._client.client_logout()
        if code in LOGIN_BANS:
            self._next_login_at = now + LOGIN_BAN
            message = "too many logins: none for 20 minutes"
            raise ExchangeError(message, code, outcome(Source.SESSION, code, Operation.LOGIN).reactions) from None
        self._refuse(code, f"the exchange answered {code}; correct it and start again")

    def _login_without_answer(self, now: datetime) -> None:
        self._client.client_logout()
        self._failed_logins += 1
        pause = min(2**self._failed_logins, _LONGEST_PAUSE_SECONDS)
        self._next_login_at = now + timedelta(seconds=pause)
        reactions = outcome(Source.TRANSPORT, Transport.BROKEN_ANSWER, Operation.LOGIN).reactions
        message = f"no usable answer to the login; the next one is not before {pause} s have passed"
        raise ExchangeError(message, Transport.BROKEN_ANSWER, reactions) from None

    def _code(self, response: object) -> str:
        """The code of a refused login or keepAlive, as it may be shown: it could be anything, what we sent among it."""
        return printable(self._secrets.strike(_code(response)))[:_CODE_LENGTH]

    def _refuse(self, code: str, why: str) -> None:
        self._refused = why
        self._client.client_logout()
        message = f"login stopped: {why}"
        raise ExchangeError(message, code, _STOP) from None


def _code(response: object) -> str:
    """The code of a refused login or keepAlive; certificate and interactive logins say it in different fields."""
    if not isinstance(response, dict):
        return "UNKNOWN"
    for key in ("error", "loginStatus", "status"):
        value = response.get(key)
        if isinstance(value, str) and value:
            return value
    return "UNKNOWN"
