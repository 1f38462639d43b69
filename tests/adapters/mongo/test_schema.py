"""Addresses, collections, indexes, and servers that are not there."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.mongo import store as store_module
from policytrader.adapters.mongo.schema import BETS, HISTORY, INDEXES, VALIDATORS
from policytrader.adapters.mongo.store import MongoBetStore, open_mongo_bets
from policytrader.errors import StoreError, UsageError
from tests.contracts.bet_store_contract import ANNA, a_bet, put

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.xdist_group("mongo")
SECRET = "hunter2"  # noqa: S105 - looked for, and not to be found


def test_indexes_and_validators_are_made_once(store: MongoBetStore, open_store: Callable[..., MongoBetStore]) -> None:
    put(store, a_bet())

    def found() -> tuple[object, ...]:
        collections = {one["name"]: one["options"]["validator"] for one in store._database.list_collections()}
        return (collections, *(store._database[name].index_information() for name in (BETS, HISTORY)))

    before = found()
    assert before[0] == VALIDATORS
    names = {name: {index.document["name"] for index in INDEXES[name]} for name in (BETS, HISTORY)}
    assert [set(one) - {"_id_"} for one in before[1:]] == [names[BETS], names[HISTORY]]  # type: ignore[call-overload]
    assert open_store().bet(ANNA, "b1") == a_bet()
    assert found() == before


def test_a_users_own_index_serves_as_well_and_another_validator_is_replaced(
    server: object, open_store: Callable[..., MongoBetStore]
) -> None:
    assert server
    store = open_store()
    raw = store._database
    raw.create_collection(BETS, validator={"$jsonSchema": {"required": ["nothing"]}})
    raw[BETS].create_index([("fixture_id", 1), ("status", 1)], name="mine")
    put(store, a_bet())
    assert "fixture" not in raw[BETS].index_information()
    assert store.bet(ANNA, "b1") == a_bet()


def test_an_index_that_a_newer_program_needs_is_added_to_what_is_there(
    server: object, open_store: Callable[..., MongoBetStore]
) -> None:
    assert server
    store = open_store()
    put(store, a_bet())
    raw = store._database[BETS]
    raw.drop_index("settled")
    assert open_store().bet(ANNA, "b1") == a_bet()
    assert raw.index_information()["settled"]["key"] == [("settled_at", 1), ("fixture_id", 1)]


def test_two_documents_of_one_id_are_told(open_store: Callable[..., MongoBetStore]) -> None:
    store = open_store()
    store._database[BETS].insert_many([{"bet_id": "b1"}, {"bet_id": "b1"}])
    with pytest.raises(StoreError, match="what only one may have") as raised:
        store.bet(ANNA, "b1")
    assert raised.value.code == "schema"


@pytest.mark.parametrize(
    "address",
    [
        "", "postgresql://localhost", "mongodb:/localhost", "mongodb://", f"mongodb://u:{SECRET}@", "localhost:27017",
        f"mongodb://u:{SECRET}/x@localhost", f"mongodb://u:{SECRET}@x@localhost", f"mongodb://u:{SECRET}",
        f"mongodb://u:{SECRET}@localhost/?tls=true&ssl=false", f"mongodb://u:{SECRET}%@localhost",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(UsageError) as raised:
        open_mongo_bets(address, "bets").close()
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("database", ["", "a b", "a.b", "a/b", "$a", "x" * 64])
def test_what_is_no_databases_name_is_refused(database: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a MongoDB database"):
        open_mongo_bets("mongodb://localhost", database)


def test_a_server_that_is_not_there_is_told_with_what_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_SETTINGS", store_module._SETTINGS | {"serverSelectionTimeoutMS": 200})
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    store = open_mongo_bets(f"mongodb://anna:{SECRET}@127.0.0.1:{port}/?authSource=admin", "bets")
    for use in (lambda: store.bet(ANNA, "b1"), lambda: list(store.bets(ANNA)), lambda: put(store, a_bet())):
        with pytest.raises(StoreError, match=rf"mongodb://127.0.0.1:{port}/bets: it does not answer") as raised:
            use()
        assert raised.value.code == "unreachable"
        assert "mongod --dbpath FOLDER" in str(raised.value)
        assert SECRET not in str(raised.value)
        assert raised.value.__cause__ is None
    store.close()


def test_the_password_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    open_mongo_bets("mongodb://anna:pass%3Aword-9@127.0.0.1:1/?authSource=admin", "bets").close()
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("pymongo.connection").debug("trying %s with %s", "anna", "pass:word-9")
        logging.getLogger("somebody").warning("pass%%3Aword-9 or %s", "pass:word-9")
    assert caplog.messages
    assert not any("word-9" in message for message in caplog.messages)
