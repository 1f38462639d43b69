"""The trading commands against a served exchange whose time stands still until a test moves it."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.cli.served_days import ServedDay, served_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Ran, Run


@pytest.fixture
def day(tmp_path: Path) -> Iterator[ServedDay]:
    with served_day(tmp_path) as made:
        yield made


class Commands:
    """Commands of this process on the day's project."""

    def __init__(self, run: Run, day: ServedDay) -> None:
        self.run, self.day = run, day

    def __call__(self, *words: str) -> Ran:
        return self.run(*self.day.arguments(*words))

    def once(self) -> Ran:
        return self("run", "--live", "--arm-file", "arm", "--once")


@pytest.fixture
def command(run: Run, day: ServedDay) -> Commands:
    return Commands(run, day)


@pytest.fixture
def traded(command: Commands) -> Commands:
    """Picks are stored, and one tick was live."""
    assert command("select", "import", "picks.csv").code == 0
    assert command.once().code == 0
    return command


def test_dry_by_default(command: Commands, day: ServedDay) -> None:
    assert command("select", "import", "picks.csv").code == 0
    ran = command("run", "--once")
    assert ran.code == 0
    assert ran.out.startswith("DRY-PAPER  once: 1 tick,")
    assert "PLACE=4" in ran.err
    assert all("DRY-PAPER" in line for line in ran.err.splitlines())
    assert day.orders() == []
    assert json.loads(command("orders", "--json").out) == {"schema": "policytrader/orders/1", "orders": []}


def test_orders_are_the_exchanges(traded: Commands, day: ServedDay) -> None:
    told = json.loads(traded("orders", "--json").out)
    listed = {one["customerOrderRef"]: one for one in day.orders()}
    assert len(told["orders"]) == len(listed) == 4
    for order in told["orders"]:
        assert list(order)[:13] == [
            "ref", "state", "selection_ref", "market_id", "selection_id", "side", "price", "size", "size_matched",
            "policy_hash", "epoch", "created_at", "customer_order_ref",
        ]  # fmt: skip
        assert order["ref"] == order["customer_order_ref"]
        assert (order["state"], order["epoch"], order["created_at"]) == ("seen", 1, day.facts["now"])
        assert listed[order["ref"]]["betId"] == order["bet_id"]
    assert traded("orders", "--day", "2001-01-01").out == "PAPER  0 orders\n"


def test_a_tick_on_the_same_inputs_bets_nothing_twice(traded: Commands, day: ServedDay) -> None:
    before = day.orders()
    ran = traded.once()
    assert (ran.code, len(day.orders())) == (0, len(before))


@pytest.mark.parametrize(
    "arm",
    [
        "",
        "paper-7\n",
        "paper-7\n2001-01-01\n",
        "ann\n{today}\n",
        "paper-7\n{today}\nmore\n",
        "paper-7\n{today}\n" + " " * 4096,
        None,
    ],
)
def test_not_armed(arm: str | None, command: Commands, day: ServedDay) -> None:
    if arm is None:
        (day.folder / "arm").unlink()
    else:
        (day.folder / "arm").write_text(arm.format(today=day.facts["now"][:10]), "utf-8")
    ran = command.once()
    assert (ran.code, ran.out) == (5, "")
    assert "refused: not armed" in ran.err
    assert day.orders() == []


def test_live_without_an_arm_file_asks_a_person(command: Commands) -> None:
    ran = command("run", "--live", "--once")
    assert ran.code == 5
    assert "--live needs --arm-file" in ran.err


def test_the_exchanges_clock_is_never_a_real_accounts(command: Commands, day: ServedDay, run: Run) -> None:
    (day.folder / "config").mkdir()
    (day.folder / "config" / "real.yaml").write_text("profile: real\nmode: live\ncurrency: GBP\n", "utf-8")
    ran = run("--profile", "real", *day.arguments("run", "--clock", "exchange", "--once"))
    assert ran.code == 2
    assert "is live, and line.json is a simulated exchange" in ran.err
    facts = {name: value for name, value in day.facts.items() if name != "control"}
    (day.folder / "line.json").write_text(json.dumps(facts), "utf-8")
    ran = command("run", "--clock", "exchange", "--once")
    assert ran.code == 2
    assert "has no clock of its own" in ran.err


def test_out_of_reach(command: Commands, day: ServedDay, run: Run) -> None:
    assert command("select", "import", "picks.csv").code == 0
    for url in ("sqlite:///no/folder.db", "postgresql://trader@127.0.0.1:1/betting"):
        assert run(*day.arguments("run", "--once", store=url)).code == 4
    day.server.stop()
    ran = command("run", "--once")
    assert ran.code == 4
    assert "does not answer" in ran.err


def test_the_levers(traded: Commands, day: ServedDay) -> None:
    assert traded("pause", "--why", "lunch", "--who", "ann").code == 0
    status = json.loads(traded("status", "--json").out)
    assert status["pause"]["who"] == "ann"
    assert status["kill"] is None
    assert not status["killed"]
    assert traded("kill", "--why", "enough", "--cancel-open").code == 0
    assert (day.folder / "policytrader-paper.kill").is_file()
    status = json.loads(traded("status", "--json").out)
    assert status["killed"]
    assert status["kill"]["why"] == "enough"
    assert status["kill_files"][0] == {
        "from": "profile",
        "path": f"{day.folder}/policytrader-paper.kill",
        "kills": True,
    }
    day.server.host.advance(timedelta(hours=2))
    assert traded.once().code == 0
    assert len(day.orders()) == 4
    assert traded("resume", "--why", "back").code == 0
    assert not (day.folder / "policytrader-paper.kill").exists()
    assert not json.loads(traded("status", "--json").out)["killed"]
    day.server.host.advance(timedelta(minutes=1))
    assert traded.once().code == 0
    assert len(day.orders()) > 4


def test_a_kill_needs_no_store_and_a_reason(command: Commands, day: ServedDay, run: Run) -> None:
    assert command("kill").code == 2
    assert command("kill", "--why", " ").code == 2
    ran = run(*day.arguments("kill", "--why", "enough", store="sqlite:///no/folder.db"))
    assert ran.code == 0
    assert "only the kill file was written" in ran.err
    assert command("select", "import", "picks.csv").code == 0
    assert command.once().code == 0
    assert day.orders() == []


def test_status(traded: Commands, day: ServedDay) -> None:
    status = json.loads(traded("status", "--json").out)
    assert status["schema"] == "policytrader/status/1"
    assert (status["mode"], status["account"], status["last_tick"]) == ("paper", "paper-7", day.facts["now"])
    assert status["orders"] == {"seen": 4}
    assert status["exposure"]["day"]["limit"] == "2000.00"
    risks = [
        Decimal(order["size"]) * (1 if order["side"] == "BACK" else Decimal(order["price"]) - 1)
        for order in json.loads(traded("orders", "--json").out)["orders"]
    ]
    assert Decimal(status["exposure"]["day"]["used"]) == round(sum(risks, Decimal(0)), 2)
    assert len(status["exposure"]["selections"]) == 4
    assert status["policy_hash"] == json.loads(traded("orders", "--json").out)["orders"][0]["policy_hash"]
    text = traded("status").out
    assert text.startswith("PAPER  profile paper  account paper-7\n")
    assert "kill file" in text


def test_status_and_orders_without_an_exchange(traded: Commands, day: ServedDay, run: Run) -> None:
    assert traded.day is day
    status = json.loads(run("-C", day.folder, "status", "--json").out)
    assert (status["account"], status["orders"]) == ("paper-7", {"seen": 4})
    assert len(json.loads(run("-C", day.folder, "orders", "--json").out)["orders"]) == 4


def test_reconcile_records_what_is_at_the_exchange(traded: Commands) -> None:
    found = json.loads(traded("reconcile", "--json").out)["findings"]
    assert {one["found"] for one in found} == {"sizes"}
    orders = json.loads(traded("orders", "--json").out)["orders"]
    assert all(float(order["size_matched"]) > 0 for order in orders)
    assert json.loads(traded("reconcile", "--json").out)["findings"] == []


def test_resolve_refuses_what_contradicts(traded: Commands) -> None:
    ref = json.loads(traded("orders", "--json").out)["orders"][0]["ref"]
    assert traded("resolve", ref, "--why", "x").code == 2
    assert traded("resolve", "nothing", "--dead", "--why", "x").code == 2
    assert traded("resolve", ref, "--dead", "--why", "x").code == 1
    assert traded("resolve", ref, "--seen", "1", "--why", "x").code == 1


def test_activate_refuses_and_keeps(traded: Commands, day: ServedDay) -> None:
    before = json.loads(traded("status", "--json").out)["policy_hash"]
    staking = day.folder / "rules" / "racing" / "staking.yaml"
    text = staking.read_text("utf-8")
    staking.write_text(text.replace("limits:", "limts:", 1), "utf-8")
    ran = traded("activate")
    assert ran.code == 1
    assert "E102" in ran.err
    assert json.loads(traded("status", "--json").out)["policy_hash"] == before
    staking.write_text(text, "utf-8")
    protection = day.folder / "rules" / "racing" / "protection.yaml"
    protection.write_text(protection.read_text("utf-8").replace("per_day: 2000", "per_day: 1000"), "utf-8")
    told = json.loads(traded("activate", "--json", "--who", "ann").out)
    assert told["new"]
    assert json.loads(traded("status", "--json").out)["policy_hash"] == told["policy"] != before


def test_activate_runs_the_projects_scenarios(command: Commands, day: ServedDay, project_root: Path) -> None:
    name = "43-max-order"
    shutil.copytree(project_root / "golden" / "racing" / "01-eight-and-seven", day.folder / "golden" / name)
    assert command("activate").code == 0
    expected = day.folder / "golden" / name / "expected.json"
    expected.write_text(expected.read_text("utf-8").replace('"action": "', '"action": "X', 1), "utf-8")
    ran = command("activate", "--json")
    assert ran.code == 1
    assert name in ran.err
    assert "nothing was activated" in ran.err


def test_select(command: Commands, day: ServedDay, run: Run) -> None:
    told = json.loads(command("select", "import", "picks.csv", "--json").out)["selections"]
    assert len(told) == 4
    again = command("select", "import", "picks.csv")
    assert again.code == 1
    assert "already selected" in again.err
    one = told[0]
    listed = json.loads(command("select", "list", "--json").out)["selections"]
    assert [pick["selection_ref"] for pick in listed] == [pick["selection_ref"] for pick in told]
    added = command(
        "select", "add", "--market-type", "WIN", "--side", "LAY", "--price", "2.0", "--ref", "mine",
        "--race-time", one["race_time"], "--course", one["course"].upper(), "--horse", one["runner_name"],
    )  # fmt: skip
    assert added.code == 0, added.err
    assert "mine" in added.out
    assert command("select", "revalidate", "mine", "--why", "x").code == 1
    assert run("-C", day.folder, "select", "list", "--day", "2001-01-01").out == "0 selections\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "picks.csv:1:1  S105  no column `market_type`"),
        ("market_type,side,price_requested,stake_points\n", "neither race_time, course and horse nor market_id"),
        ("market_id,selection_id,market_type,side,price_requested,stake_points\n", "S105  the file holds no picks"),
        (
            "market_id,selection_id,market_type,side,price_requested,stake_points\n1.1,2,WIN,BACK,2.01,1\n",
            "picks.csv:2:16  S111",
        ),
        (
            "market_id,selection_id,market_type,side,price_requested,stake_points\n1.1,x,WIN,BACK,2,1\n1.1,2,W,BACK,2,1",
            "picks.csv:3:7  S107  market_type: W is not one of WIN, PLACE",
        ),
        ("course,horse,race_time,market_type,side,price_requested,stake_points\na,b,13:30,WIN,BACK,2,1\n", "S108"),
        ("market_id,selection_id,market_type,side,price_requested,stake_points\n1.1,2,WIN,BACK,2\n", "S103  5 cells"),
        ("market_id,selection_id,market_type,side,price_requested,stake_points\n1.1,2,WIN,BACK,2,nan\n", "S106"),
    ],
)
def test_broken_picks_are_told_with_their_place(text: str, says: str, command: Commands, day: ServedDay) -> None:
    (day.folder / "picks.csv").write_text(text, "utf-8")
    ran = command("select", "import", "picks.csv")
    assert (ran.code, ran.out) == (1, "")
    assert says in ran.err


def test_log_lines_as_json(command: Commands, day: ServedDay) -> None:
    assert command("select", "import", "picks.csv").code == 0
    ran = command("run", "--live", "--arm-file", "arm", "--once", "--log-json")
    lines = [json.loads(line) for line in ran.err.splitlines()]
    assert {line["mode"] for line in lines} == {"paper"}
    assert {"leads", "policy", "order", "tick", "ended"} <= {line["event"] for line in lines}
    assert day.facts["password"] not in ran.err + ran.out
    assert day.facts["app_key"] not in ran.err + ran.out
