"""The decision log: listed, explained, decided again, and never a reason for a tick to fail."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.app.decided import read_decided
from policytrader.errors import StoreError
from policytrader.model.orders import Fate, OrderRequest
from policytrader.model.snapshot import Side
from policytrader.wiring import open_exchange, open_store
from tests.cli.served_days import ServedDay, served_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Ran, Run


class Traded:
    """A project after one live tick: two picks in each of two markets, four orders."""

    def __init__(self, run: Run, day: ServedDay) -> None:
        self.run, self.day = run, day

    def __call__(self, *words: str) -> Ran:
        """Without the exchange: the store alone has to do."""
        return self.run("-C", self.day.folder, *words)

    def exchanging(self, *words: str) -> Ran:
        return self.run(*self.day.arguments(*words))

    def once(self) -> Ran:
        return self.exchanging("run", "--live", "--arm-file", "arm", "--once")

    @property
    def file(self) -> Path:
        return self.day.folder / "policytrader-paper.db"

    def decisions(self, *words: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self("decisions", *words, "--json").out)["decisions"]
        return found

    def orders(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self("orders", "--json").out)["orders"]
        return found

    def edit(self, kind: str, old: str, new: str, folder: str = "rules") -> None:
        path = self.day.folder / folder / "racing" / f"{kind}.yaml"
        text = path.read_text("utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), "utf-8")

    def change(self, statement: str, *values: object) -> None:
        """What nobody should do: the store's file changed by hand."""
        with closing(sqlite3.connect(self.file)) as connection:
            connection.execute(statement, values)
            connection.commit()


@pytest.fixture
def traded(run: Run, tmp_path: Path) -> Iterator[Traded]:
    with served_day(tmp_path) as day:
        made = Traded(run, day)
        assert made.exchanging("select", "import", "picks.csv").code == 0
        assert made.once().code == 0
        yield made


def test_the_log_is_listed(traded: Traded) -> None:
    day = traded.day.facts["now"][:10]
    document = json.loads(traded("decisions", "--json").out)
    assert (document["schema"], document["mode"], document["day"]) == ("policytrader/decisions/1", "paper", day)
    listed = document["decisions"]
    assert [(one["action"], one["code"], one["reason"], one["shadow"]) for one in listed] == [
        ("PLACE", "ladder", None, False)
    ] * 4
    assert {one["decision_id"] for one in listed} == {order["decision_id"] for order in traded.orders()}
    ref = listed[0]["selection_ref"]
    assert traded.decisions(ref) == [listed[0]]
    assert traded.decisions("--day", "2001-01-01") == []
    head, *rows = traded("decisions").out.splitlines()
    assert head == f"PAPER  4 decisions  {day}"
    assert [row.split()[2:] for row in rows] == [
        [one["decision_id"][:12], "PLACE", one["selection_ref"], "ladder"] for one in listed
    ]
    traded.day.server.host.advance(timedelta(hours=3))
    assert traded.once().code == 0
    newer = traded.decisions()
    assert len(newer) > 4
    assert [one["at"] for one in newer] == sorted(one["at"] for one in newer)
    assert newer[:4] == listed


def test_an_order_is_explained(traded: Traded) -> None:
    traded.day.server.host.advance(timedelta(hours=2))
    assert traded.once().code == 0
    # One of a pick that has two by now: the second followed from another decision.
    refs = Counter(one["selection_ref"] for one in traded.orders())
    order = next(one for one in traded.orders() if refs[one["selection_ref"]] > 1)
    ran = traded("explain", "--decision", order["decision_id"])
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    at = "09:50:00 BST"
    assert lines[0].startswith(f"PAPER  decision {order['decision_id']}  {order['created_at'][:10]} {at}  policy ")
    assert lines[0].endswith(order["policy_hash"])
    assert any(line.startswith("  market-open") and "FALSE" in line and "validation.yaml:" in line for line in lines)
    assert lines[-1] == f"order {order['ref']}  seen  opening: {order['side']} {order['size']} @ {order['price']}"
    document = json.loads(traded("explain", "--decision", order["decision_id"][:12], "--json").out)
    assert document["schema"] == "policytrader/explanation/1"
    assert [one["ref"] for one in document["stored"]["orders"]] == [order["ref"]]
    assert (document["stored"]["differences"], document["decision"]["action"]) == ([], "PLACE")
    assert [line for line in lines if line.startswith("order ")] == lines[-1:]
    # The place is the stored policy's own, whatever has become of the working files.
    (rule,) = (one for one in document["rules"] if one["id"] == "market-open")
    file, line, _ = rule["place"].split(":")
    shutil.rmtree(traded.day.folder / "rules")
    with closing(open_store(f"sqlite:///{traded.file}")) as store:
        record = store.policy(order["policy_hash"])
    assert record is not None
    texts = {one["name"]: one["text"] for one in json.loads(record.content)["files"]}
    assert "id: market-open" in texts[file].splitlines()[int(line) - 1]
    assert traded("explain", "--decision", order["decision_id"]).out == ran.out


def test_decided_again_byte_for_byte(traded: Traded) -> None:
    for one in traded.decisions():
        ran = traded("evaluate", "--decision", one["decision_id"])
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.startswith("PAPER  policy ")
        told = f"decision {one['decision_id']} on {one['selection_ref']}: the same as stored, byte for byte"
        assert ran.out.splitlines()[-1] == told
        document = json.loads(traded("evaluate", "--decision", one["decision_id"], "--json").out)
        assert document["schema"] == "policytrader/plan/1"
        assert document["stored"]["differences"] == []
        (again,) = (own for own in document["decisions"] if own["selection_ref"] == one["selection_ref"])
        assert (again["action"], again["code"]) == (one["action"], one["code"])
        with closing(open_store(f"sqlite:///{traded.file}")) as store:
            record = store.decision(one["decision_id"])
        assert record is not None
        assert json.dumps(again, ensure_ascii=False, separators=(",", ":")).encode() == record.document


def test_a_decision_that_is_not_what_was_stored(traded: Traded) -> None:
    one = traded.decisions()[0]
    traded.change(
        "UPDATE decisions SET document = replace(document, ?, ?) WHERE decision_id = ?",
        '"code":"ladder"',
        '"code":"luck"',
        one["decision_id"],
    )
    ran = traded("evaluate", "--decision", one["decision_id"])
    assert ran.code == 1
    assert ran.out.splitlines()[-2:] == [
        f"decision {one['decision_id']} on {one['selection_ref']}: not what was stored",
        '  code: stored "luck", now "ladder"',
    ]
    document = json.loads(traded("evaluate", "--decision", one["decision_id"], "--json").out)
    assert document["stored"]["differences"] == ['code: stored "luck", now "ladder"']
    ran = traded("explain", "--decision", one["decision_id"])
    assert ran.code == 1
    assert ran.out.splitlines()[-1] == 'not what was stored: code: stored "luck", now "ladder"'
    # The same content in other bytes is not the same either.
    traded.change("UPDATE decisions SET document = replace(document, ',\"', ', \"')")
    ran = traded("evaluate", "--decision", traded.decisions()[1]["decision_id"])
    assert ran.code == 1
    assert "in other bytes" in ran.out


def test_inputs_that_were_changed_are_told(traded: Traded) -> None:
    one = traded.decisions()[0]
    traded.change("UPDATE decision_inputs SET document = replace(document, '\"OPEN\"', '\"SUSPENDED\"')")
    ran = traded("evaluate", "--decision", one["decision_id"])
    assert (ran.code, ran.out) == (4, "")
    assert "its stored inputs cannot be used: they were changed after they were stored" in ran.err
    traded.change("UPDATE decision_inputs SET document = '{}'")
    assert "not a document of policytrader/inputs/1" in traded("explain", "--decision", one["decision_id"]).err
    with closing(open_store(f"sqlite:///{traded.file}")) as store, pytest.raises(StoreError, match="cannot be used"):
        read_decided(store, one["decision_id"])


def test_what_other_rules_would_have_done(traded: Traded) -> None:
    one = traded.decisions()[0]
    shutil.copytree(traded.day.folder / "rules", traded.day.folder / "other")
    assert "0 of 4 decisions change" in traded("evaluate", "--decision", one["decision_id"], "--policy", "other").out
    traded.edit("protection", "max_order: {stake: 100, liability: 150}", "max_order: {stake: 1, liability: 1}", "other")
    ran = traded("evaluate", "--decision", one["decision_id"], "--policy", "other")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"PAPER  decision {one['decision_id']}")
    assert "because of max_order" in ran.out
    assert ran.out.splitlines()[-1] == "4 of 4 decisions change"
    document = json.loads(traded("evaluate", "--decision", one["decision_id"], "--policy", "other", "--json").out)
    assert (document["schema"], len(document["changes"])) == ("policytrader/comparison/1", 4)
    assert document["stored"]["decision_id"] == one["decision_id"]
    assert "0 of 4" in traded("evaluate", "--decision", one["decision_id"], "--policy", "active").out


def test_a_decision_that_is_not_there(traded: Traded) -> None:
    for command in ("explain", "evaluate"):
        ran = traded(command, "--decision", "nothing")
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == "error: no decision nothing in the store; `policytrader decisions` lists them\n"
    other = traded.orders()[1]
    traded.change("UPDATE policies SET policy_hash = 'x'")
    ran = traded("explain", "--decision", other["decision_id"])
    assert ran.code == 4
    assert "is not in the store" in ran.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("explain", "one", "--decision", "x"), "--decision goes without a selection"),
        (("explain", "--decision", "x", "--policy", "rules"), "--decision goes without a selection"),
        (("explain", "--decision", "x", "--no-protections"), "--decision goes without a selection"),
        (("evaluate", "one", "--decision", "x"), "--decision goes without a snapshot"),
        (("evaluate", "--decision", "x", "--against", "rules"), "--decision goes without a snapshot"),
        (("evaluate", "--decision", "x", "--exchange", "line.json"), "--decision goes without a snapshot"),
        (("evaluate", "--decision", "x", "--no-protections"), "--decision goes without a snapshot"),
        (("evaluate", "--decision", "x", "--policy", "a", "--policy", "b"), "--decision with one --policy"),
        (("evaluate", "one", "--exchange", "line.json"), "it goes without a snapshot"),
        (("decisions", "--day", "today"), "--day today: not a date"),
    ],
)
def test_what_does_not_go_together(words: tuple[str, ...], says: str, run: Run, tmp_path: Path) -> None:
    ran = run("-C", tmp_path, *words)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err


# --- The log never stops a tick ---------------------------------------------------------------------------------------


def test_a_restart_on_the_same_inputs_logs_nothing_twice(traded: Traded) -> None:
    """The clock stands still and nothing moved: a new process decides the very same once more."""
    assert traded.once().code == 0
    before = traded.decisions()
    ran = traded.once()
    assert ran.code == 0
    assert "0 failures" in ran.out
    assert traded.decisions() == before


def test_a_shadow_that_is_the_active_policy(traded: Traded) -> None:
    assert traded.exchanging("activate", "--shadow").code == 0
    traded.day.server.host.advance(timedelta(hours=1))
    ran = traded.once()
    assert (ran.code, "0 failures" in ran.out) == (0, True)
    rows = traded.decisions()
    shadows = [one for one in rows if one["shadow"]]
    assert len(shadows) == 4
    twins = {(one["at"], one["selection_ref"], one["snapshot_hash"]): one for one in rows if not one["shadow"]}
    for shadow in shadows:
        twin = twins[shadow["at"], shadow["selection_ref"], shadow["snapshot_hash"]]
        assert twin["decision_id"] != shadow["decision_id"]
        assert {**twin, "shadow": True, "decision_id": shadow["decision_id"]} == shadow
    assert "  (shadow)" in traded("decisions").out
    ran = traded("explain", "--decision", shadows[0]["decision_id"])
    assert ran.out.startswith("PAPER  shadow  decision ")
    assert "no order followed from it" in ran.out
    assert traded("evaluate", "--decision", shadows[0]["decision_id"]).code == 0


# --- Live: this moment, and nothing is touched ------------------------------------------------------------------------


def contents(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())


def test_a_look_at_this_moment_writes_nothing(traded: Traded) -> None:
    traded.day.server.host.advance(timedelta(hours=1))
    before, orders = contents(traded.file), traded.day.orders()
    ran = traded.exchanging("evaluate")
    assert (ran.code, ran.err) == (0, "")
    head = ran.out.splitlines()[0]
    policy = json.loads(traded("status", "--json").out)["policy_hash"]
    assert head.startswith(f"DRY RUN  profile paper  policy {policy[:7]} (active)  prices 0s old  ")
    assert "10:50:00 BST" in head
    document = json.loads(traded.exchanging("evaluate", "--json").out)
    assert len(document["decisions"]) == 4
    # What is matched at the exchange counts, though the journal has not read it yet.
    assert all(float(one["stake"]["exposure"]) > 0 for one in document["decisions"])
    # So does what a person placed beside us.
    one = next(one for one in document["decisions"] if one["side"] == "BACK")
    with open_exchange(traded.day.folder / "line.json", None, sends=True) as trading:
        (book,) = trading.prices.books([one["market_id"]])
        order = OrderRequest(
            market_id=one["market_id"], selection_id=one["selection_id"], side=Side.BACK, price=Decimal(900),
            size=Decimal(3), order_ref="byhand", request_ref="byhand", strategy_ref="person",
            market_version=book.version,
        )  # fmt: skip
        assert trading.exchange.place(order).fate is Fate.SEEN
    orders = traded.day.orders()
    document = json.loads(traded.exchanging("evaluate", "--json").out)
    (other,) = (two for two in document["decisions"] if two["selection_ref"] == one["selection_ref"])
    assert Decimal(other["stake"]["exposure"]) == Decimal(one["stake"]["exposure"]) + 3
    assert contents(traded.file) == before
    assert traded.day.orders() == orders
    # The daemon decides the same at this moment.
    assert traded.once().code == 0
    logged = {one["selection_ref"]: one for one in traded.decisions()}
    for one in document["decisions"]:
        assert (one["action"], one["code"]) == tuple(logged[one["selection_ref"]][name] for name in ("action", "code"))


def test_without_an_active_policy_the_projects_rules_decide(run: Run, tmp_path: Path) -> None:
    with served_day(tmp_path) as day:
        assert run(*day.arguments("evaluate")).code == 4  # there is no store yet
        assert run(*day.arguments("select", "import", "picks.csv")).code == 0
        ran = run(*day.arguments("evaluate"))
        assert ran.code == 0
        assert f"({day.folder}/rules)" in ran.out.splitlines()[0]
        assert "4 to place" in ran.out
        ran = run(*day.arguments("evaluate", "--against", "active"))
        assert (ran.code, ran.out) == (2, "")
        assert "no store holds an active policy yet" in ran.err


def test_active_is_the_stores(traded: Traded, project_root: Path) -> None:
    """An edit against what is active: on this moment, and on a scenario; --store names another store."""
    traded.edit("staking", "{from: 4h,    back_stake: 8,", "{from: 4h,    back_stake: 12,")
    ran = traded.exchanging("evaluate", "--against", "active")
    assert ran.code == 0
    assert ran.out.splitlines()[-1] == "2 of 4 decisions change"
    scenario = str(next((project_root / "golden" / "racing").glob("25-*")))
    policy = json.loads(traded("status", "--json").out)["policy_hash"]
    document = json.loads(traded("evaluate", scenario, "--policy", "active", "--json").out)
    assert document["policy"]["hash"] == policy
    shutil.move(traded.file, traded.day.folder / "moved.db")
    ran = traded("evaluate", scenario, "--against", "active")
    assert ran.code == 2
    assert "active: no store holds an active policy yet" in ran.err
    moved = json.loads(
        traded("evaluate", scenario, "--against", "active", "--store", "sqlite:///moved.db", "--json").out
    )
    assert moved["before"]["policy"]["hash"] == policy != moved["after"]["policy"]["hash"]
    ran = traded("evaluate", scenario, "--against", "active", "--store", "sqlite:///nothing.db")
    assert ran.code == 4
    assert "there is no such database yet" in ran.err
