"""A small served exchange with stepped time, the real client library logged in to it, and bare requests beside it."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import requests
from betfairlightweight import APIClient, filters

from policytrader.adapters.exchange_server.server import ExchangeServer
from policytrader.simulation.events import Redefine
from policytrader.simulation.exchange import SimulatedExchange
from tests.exchange_server.stream_world import MARKET, NOW, OFF, RUNNER, make_market

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from policytrader.simulation.events import Event

    Headers = Mapping[str, str | None]

__all__ = ["MARKET", "NOW", "OFF", "PLACE_MARKET", "RUNNER", "Served", "limit", "open_served", "times"]

PLACE_MARKET = "1.100000002"
PATIENCE_SECONDS = 20


class Served:
    """One server; ``client`` is the real library (plain dictionaries), ``http`` a session for bare requests."""

    def __init__(self, stack: ExitStack, feed: Iterable[Event] = (), *, speed: float = 0.0) -> None:
        self.exchange = SimulatedExchange(NOW, feed)
        self.exchange.apply(Redefine(NOW, make_market()))
        place: dict[str, Any] = {
            "market_id": PLACE_MARKET,
            "market_type": "PLACE",
            "number_of_winners": 2,
            "name": "To Be Placed",
        }
        self.exchange.apply(Redefine(NOW, make_market(**place)))
        self.server = ExchangeServer(self.exchange, seed="7", speed=speed)
        self.host = self.server.host
        self._stack = stack
        self.http = stack.enter_context(requests.Session())
        stack.callback(self.server.stop)
        self.server.start()
        self.facts = self.server.announcement
        self.client = self.new_client()

    def new_client(self, **changes: str) -> APIClient:
        """A client that is not logged in."""
        facts = self.facts | changes
        session = self._stack.enter_context(requests.Session())
        client = APIClient(
            facts["username"], facts["password"], app_key=facts["app_key"], lightweight=True, session=session
        )
        client.identity_uri = facts["identity"]
        client.identity_cert_uri = facts["identity_cert"]
        client.api_uri = facts["api"]
        return client

    def log_in(self) -> None:
        self.client.login_interactive()

    # --- Control --------------------------------------------------------------------------------------------------

    def tell(self, **command: Any) -> dict[str, Any]:
        """A command that is carried out."""
        answer = self.http.post(self.facts["control"], json=command, timeout=PATIENCE_SECONDS)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def refused(self, body: Any) -> str:
        """A command that is refused; the sentence that says why."""
        data = body if isinstance(body, bytes) else None
        answer = self.http.post(
            self.facts["control"], data=data, json=None if data is not None else body, timeout=PATIENCE_SECONDS
        )
        assert answer.status_code == 400, answer.text
        document = answer.json()
        assert list(document) == ["error"]
        return str(document["error"])

    def ledger(self) -> dict[str, Any]:
        document: dict[str, Any] = self.http.get(self.facts["control"], timeout=PATIENCE_SECONDS).json()
        return document

    def fault(self, kind: str, method: str | None = None, **more: Any) -> None:
        asked = {"fault": kind, **({"method": method} if method else {}), **more}
        self.tell(faults=[asked])

    def book(
        self,
        back: list[list[float]] | None = None,
        lay: list[list[float]] | None = None,
        *,
        selection_id: int = RUNNER,
        market_id: str = MARKET,
        **more: Any,
    ) -> None:
        """What others display."""
        sides = {name: side for name, side in (("back", back), ("lay", lay)) if side is not None}
        self.tell(book={"market": market_id, "selection": selection_id, **sides, **more})

    def advance(self, seconds: float) -> None:
        self.tell(advance=seconds)

    # --- Orders ---------------------------------------------------------------------------------------------------

    def place(self, *instructions: dict[str, Any], market_id: str = MARKET, **more: Any) -> dict[str, Any]:
        report: dict[str, Any] = self.client.betting.place_orders(market_id, list(instructions), **more)
        return report

    def place_one(self, *arguments: Any, market_id: str = MARKET, **more: Any) -> str:
        """One order that is taken; its bet."""
        report = self.place(limit(*arguments, **more), market_id=market_id)
        assert report["status"] == "SUCCESS", report
        return str(report["instructionReports"][0]["betId"])

    def current(self, **arguments: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.betting.list_current_orders(**arguments)["currentOrders"]
        return found

    # --- Bare requests --------------------------------------------------------------------------------------------

    @property
    def headers(self) -> dict[str, str]:
        return {
            "X-Application": self.facts["app_key"],
            "X-Authentication": self.client.session_token or "",
            "Content-Type": "application/json",
        }

    def rpc(self, body: Any, path: str = "betting/json-rpc/v1", headers: Headers | None = None) -> requests.Response:
        """A JSON-RPC request of any form; a header that is None is left out."""
        sent = self._sent(headers)
        url = f"{self.facts['api']}{path}"
        # Like the library, which lets NaN through.
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(url, data=data, headers=sent, timeout=PATIENCE_SECONDS)

    def call(self, name: str, params: Any, headers: Headers | None = None) -> dict[str, Any]:
        """One call; the whole answer."""
        body = {"jsonrpc": "2.0", "method": f"SportsAPING/v1.0/{name}", "params": params, "id": 1}
        answer = self.rpc(body, headers=headers)
        document: dict[str, Any] = answer.json()
        return document

    def error_of(self, name: str, params: Any, headers: Headers | None = None) -> str:
        """The code of a call that fails: of the exception, or of the form."""
        error = self.call(name, params, headers)["error"]
        return str(error["data"]["APINGException"]["errorCode"] if error["code"] == -32099 else error["message"])

    def rest(
        self, name: str, params: Any, interface: str = "betting", headers: Headers | None = None
    ) -> requests.Response:
        url = f"{self.facts['api']}{interface}/rest/v1.0/{name}/"
        return self.http.post(url, json=params, headers=self._sent(headers), timeout=PATIENCE_SECONDS)

    def _sent(self, changed: Headers | None) -> dict[str, str]:
        return {name: value for name, value in {**self.headers, **(changed or {})}.items() if value is not None}


@contextmanager
def open_served(feed: Iterable[Event] = (), **options: Any) -> Iterator[Served]:
    with ExitStack() as stack:
        yield Served(stack, feed, **options)


def limit(
    side: str = "BACK",
    price: float = 5.0,
    size: float | None = 2.0,
    *,
    selection_id: int = RUNNER,
    order_ref: str | None = None,
    persistence: str | None = "LAPSE",
    **more: Any,
) -> dict[str, Any]:
    """A LIMIT order as the library builds it."""
    order = filters.limit_order(price=price, size=size, persistence_type=persistence, **more)
    built: dict[str, Any] = filters.place_instruction(
        "LIMIT", selection_id, side, limit_order=order, customer_order_ref=order_ref
    )
    return built


def times(seconds: float) -> str:
    """The time so many seconds after the start, as the account's lists write it."""
    return (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
