"""One client for all: what its address may say, and what it may not."""

from __future__ import annotations

import pytest

from policytrader.adapters.mongo.address import client_of, place_of
from policytrader.adapters.mongo.alerts import open_alert_collections
from policytrader.adapters.mongo.store import open_mongo_bets
from policytrader.errors import UsageError

WRONG = [
    "mongodb://ann:hidden-word@127.0.0.1:99999/x",
    "mongodb://ann:hidden-word@127.0.0.1:0/x",
    "mongodb://ann:hidden-word@127.0.0.1,127.0.0.2/x?directConnection=true",
]


@pytest.mark.parametrize("address", WRONG)
def test_the_store_and_the_alerts_refuse_the_same(address: str) -> None:
    with pytest.raises(UsageError, match="a port or an option") as store:
        open_mongo_bets(address, "x")
    with pytest.raises(UsageError, match="a port or an option") as alerts, open_alert_collections(address):
        pass
    assert str(store.value) == str(alerts.value)
    assert "hidden-word" not in str(store.value)


@pytest.mark.parametrize(
    ("options", "seconds"), [("", 5), ("?serverSelectionTimeoutMS=100", 0.1), ("?SERVERSELECTIONTIMEOUTMS=200", 0.2)]
)
def test_only_how_long_to_look_for_a_server_is_left_to_the_address(options: str, seconds: float) -> None:
    address = f"mongodb://127.0.0.1/x{options}"
    with client_of(address, place_of(address, "x")) as client:
        assert client.options.server_selection_timeout == seconds
