"""A profile with an account: secrets from the environment, no --exchange, and nothing sent by accident."""

from __future__ import annotations

import json
import ssl
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from betfairlightweight.baseclient import BaseClient

from policytrader.adapters.betfair import endpoints as places
from policytrader.adapters.betfair.exchange import BetfairExchange
from policytrader.adapters.clocks import SystemClock
from policytrader.adapters.exchange_server.stream_certificate import make_certificate
from policytrader.config import COUNTRIES, RealAccount, load_profile
from policytrader.wiring import open_account
from tests.cli.served_days import ServedDay, served_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Ran, Run

PASSWORD, APP_KEY = "POLICYTRADER_BETFAIR_PASSWORD", "POLICYTRADER_BETFAIR_APP_KEY"
CERTS = "POLICYTRADER_BETFAIR_CERTS"
SECRET = "hidden-word-42"  # noqa: S105 - a secret of the tests
PICKS = "market_id,selection_id,market_type,side,price_requested,stake_points\n1.5,7,WIN,BACK,5,1\n"


def written(folder: Path, name: str, *lines: str, mode: str = "paper") -> Path:
    file = folder / "config" / f"{name}.yaml"
    file.parent.mkdir(exist_ok=True)
    text = [f"profile: {name}", f"mode: {mode}", "currency: GBP", *lines, f"end: {name}"]
    file.write_text("\n".join(text) + "\n", "utf-8")
    return file


# --- The file -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "place", "told"),
    [
        (["exchange: betfare", "account: ann"], "4:11", "must be one of betfair; did you mean `betfair`?"),
        (["exchange: betfair"], "1:1", "`account` must be the account's user name"),
        (["exchange: betfair", "account: 5"], "5:10", "A number must be quoted"),
        (["exchange: betfair", "account: ann", "country: spian"], "6:10", "did you mean `spain`?"),
        (["exchange: betfair", "account: ann", "stream: maybe"], "6:9", "`stream` must be true or false"),
        (["account: ann"], "4:1", "`account` says nothing without `exchange: betfair`"),
        (["exchange: betfair", "account: ann", f"password: {SECRET}"], "6:1", "Secrets come from the environment"),
        (["exchange: betfair", "account: ann", f"app_key: {SECRET}"], "6:1", "Secrets come from the environment"),
        (["exchange: betfair", "account: ann", "addresses: here"], "6:12", "must be a mapping of identity"),
        (["exchange: betfair", "account: ann", "addresses: {api: x, apu: z}"], "6:21", "did you mean `api`?"),
    ],
)
def test_a_wrong_line_is_told_with_its_place(lines: list[str], place: str, told: str, run: Run, here: Path) -> None:
    file = written(here, "desk", *lines)
    ran = run("--profile", "desk", "status")
    assert (ran.code, ran.out) == (1, "")
    assert f"{file.relative_to(here)}:{place}  C10" in ran.err
    assert told in ran.err
    assert SECRET not in ran.err + run("--profile", "desk", "-vv", "doctor").out


def test_a_live_profile_has_no_addresses_of_its_own(run: Run, here: Path) -> None:
    addresses = "addresses: {identity: a, identity_cert: b, api: c, stream: d}"
    written(here, "desk", "exchange: betfair", "account: ann", addresses, mode="live")
    ran = run("--profile", "desk", "status")
    assert ran.code == 1
    assert "a live profile has no `addresses`" in ran.err


def test_countries_are_the_client_librarys() -> None:
    known = {*BaseClient.IDENTITY_URLS, *BaseClient.IDENTITY_CERT_URLS, *BaseClient.API_URLS} - {None}
    # Asked for a name without an address of its own, the library's tables keep it.
    assert set(COUNTRIES) == known | {"uk", "ireland"}
    assert places.betfair_endpoints("uk") == places.betfair_endpoints("ireland") == places.Endpoints()
    assert places.betfair_endpoints("spain").identity == "https://identitysso.betfair.es/api/"
    assert places.betfair_endpoints("new_zealand").api == "https://api.betfair.com.au/exchange/"


def test_the_shipped_live_profile_cannot_trade(run: Run, project_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = load_profile(project_root, "live")
    assert (profile.mode, profile.real) == ("live", RealAccount(account="your-user-name"))
    monkeypatch.setenv(PASSWORD, SECRET)
    monkeypatch.setenv(APP_KEY, SECRET)
    ran = run("-C", project_root, "--profile", "live", "run", "--live", "--once")
    assert (ran.code, ran.out) == (1, "")
    assert "put the account's user name there" in ran.err
    assert not (project_root / "policytrader-live.db").exists()


# --- Secrets --------------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(here: Path) -> Path:
    written(here, "desk", "exchange: betfair", "account: ann", mode="live")
    return here


@pytest.fixture
def ask(run: Run, desk: Path) -> Run:
    assert desk.is_dir()
    return lambda *words: run("--profile", "desk", *words)


def test_what_is_missing_is_named_at_once(ask: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = ask("run", "--once")
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1
    assert f"account ann: not set: {PASSWORD}, {APP_KEY}; set each" in ran.err
    monkeypatch.setenv(PASSWORD, SECRET)
    ran = ask("run", "--once")
    assert f"not set: {APP_KEY};" in ran.err
    assert SECRET not in ran.err


def test_a_secrets_file_is_for_its_owner_only(ask: Run, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = desk / "password"
    monkeypatch.setenv(f"{PASSWORD}_FILE", str(file))
    assert "password: No such file or directory" in ask("run", "--once").err
    file.write_text(f"{SECRET}\n", "utf-8")
    for mode in (0o640, 0o604, 0o620, 0o644):
        file.chmod(mode)
        ran = ask("run", "--once")
        assert (ran.code, SECRET in ran.err) == (1, False)
        assert "others may read this file; `chmod 600` it" in ran.err
    file.chmod(0o600)
    assert "password" not in ask("run", "--once").err.lower()
    monkeypatch.setenv(PASSWORD, SECRET)
    assert f"{PASSWORD} and {PASSWORD}_FILE are both set" in ask("run", "--once").err


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines\n", b" blank \n", b"\xff\xfe", b"x" * 5000])
def test_a_file_that_holds_no_secret(content: bytes, ask: Run, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = desk / "password"
    file.write_bytes(content)
    file.chmod(0o600)
    monkeypatch.setenv(f"{PASSWORD}_FILE", str(file))
    monkeypatch.setenv(APP_KEY, SECRET)
    ran = ask("run", "--once")
    assert ran.code == 1
    assert f"{PASSWORD}_FILE" in ran.err
    assert "one line" in ran.err


def test_certificates_are_for_their_owner_only(ask: Run, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (PASSWORD, APP_KEY):
        monkeypatch.setenv(name, SECRET)
    folder = desk / "certs"
    monkeypatch.setenv(CERTS, str(folder))
    told = [ask("doctor").out]
    folder.mkdir()
    folder.chmod(0o755)
    told.append(ask("doctor").out)
    folder.chmod(0o700)
    told.append(ask("doctor").out)
    for name in ("client-2048.crt", "client-2048.key"):
        (folder / name).write_text("-", "utf-8")
        (folder / name).chmod(0o644)
    told.append(ask("doctor").out)
    (folder / "client-2048.key").chmod(0o600)
    told.append(ask("doctor").out)
    expected = [
        "no such folder",
        "chmod 700",
        "no such certificate file",
        "chmod 600",
        "ann (uk): login by certificate",
    ]
    for said, one in zip(expected, told, strict=True):
        assert said in one
        assert SECRET not in one
    monkeypatch.delenv(CERTS)
    assert "interactive login, without certificate" in ask("doctor").out


def test_the_doctor_says_what_is_set(ask: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, SECRET)
    ran = ask("-vv", "doctor")
    assert ran.code == 1
    assert f"{PASSWORD} set, {APP_KEY} not set, {CERTS} not set" in ran.out
    assert "certificates and names of servers are verified" in ran.out
    assert SECRET not in ran.out + ran.err
    monkeypatch.setenv("SSLKEYLOGFILE", "keys")
    assert "FAIL  tls         SSLKEYLOGFILE is set" in ask("doctor").out


def test_reprs_and_errors_hide_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (PASSWORD, APP_KEY):
        monkeypatch.setenv(name, SECRET)
    with open_account(RealAccount(account="ann")) as trading:
        for thing in (trading, trading.exchange, trading.exchange._wire, trading.exchange._wire.secrets):  # type: ignore[attr-defined]
            assert SECRET not in f"{thing!r} {thing}"


# --- A server that is not the exchange ------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")  # it would save the one who trusts
def test_an_impostor_is_told_nothing(run: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that nobody vouches for ends the connection before the password leaves."""
    certificate = make_certificate()
    pem = here / "impostor.pem"
    pem.write_text(certificate.key_pem + certificate.certificate_pem, "utf-8")
    heard: list[bytes] = []

    class Impostor(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.rfile.read(int(self.headers["Content-Length"])))

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = HTTPServer(("127.0.0.1", 0), Impostor)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    for name in (PASSWORD, APP_KEY):
        monkeypatch.setenv(name, SECRET)
    try:
        base = f"https://localhost:{server.server_port}/"
        written(
            here, "desk", "exchange: betfair", "account: ann",
            f"addresses: {{identity: '{base}', identity_cert: '{base}', api: '{base}', stream: 'localhost:1'}}",
        )  # fmt: skip
        (here / "picks.csv").write_text(PICKS, "utf-8")
        ran = run("--profile", "desk", "select", "import", "picks.csv")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert (ran.code, heard) == (4, [])
    assert "no usable answer to the login" in ran.err
    assert SECRET not in ran.err


@pytest.mark.parametrize(
    "changed",
    [{"api": "https://api.example.com/"}, {"stream": "stream.example.com:443"}, {"identity": "http://x.com/"}],
)
def test_only_this_machine_may_stand_in_for_the_exchange(
    changed: dict[str, str], run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (PASSWORD, APP_KEY):
        monkeypatch.setenv(name, SECRET)
    base = "http://127.0.0.1:1/"
    addresses = {"identity": base, "identity_cert": base, "api": base, "stream": "127.0.0.1:1"} | changed
    written(here, "desk", "exchange: betfair", "account: ann", f"addresses: {json.dumps(addresses)}")
    ran = run("--profile", "desk", "run", "--once")
    assert ran.code == 1
    assert "this machine" in ran.err


# --- Trading by a profile -------------------------------------------------------------------------------------------


class Desk:
    """Commands by profile ``desk`` on a served day; the machine's clock is the exchange's, and ``wrong`` by so much."""

    def __init__(self, run: Run, day: ServedDay) -> None:
        self.run, self.day, self.wrong = run, day, timedelta()

    def __call__(self, *words: str) -> Ran:
        return self.run("-C", self.day.folder, "--profile", "desk", *words)

    def once(self, *words: str) -> Ran:
        return self("run", "--once", *words)

    def live(self) -> Ran:
        return self.once("--live", "--arm-file", "arm")

    def write(self, *lines: str, mode: str = "paper") -> None:
        written(
            self.day.folder, "desk", "exchange: betfair", f"account: {self.day.facts['username']}", *lines, mode=mode
        )

    def write_addresses(self) -> None:
        facts = self.day.facts
        names = ("identity", "identity_cert", "api", "stream")
        self.write("addresses: " + json.dumps({name: facts[name] for name in names}))


@pytest.fixture
def trading(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with served_day(tmp_path) as day:
        made = Desk(run, day)
        monkeypatch.setenv(PASSWORD, day.facts["password"])
        monkeypatch.setenv(APP_KEY, day.facts["app_key"])
        monkeypatch.setattr(SystemClock, "now", lambda _: day.server.host.now() + made.wrong)
        monkeypatch.setattr(SystemClock, "take_jump", lambda _: timedelta())
        yield made


@pytest.fixture
def real(trading: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The same, the served exchange in the place of the real one, and a profile that is live."""
    found = places.parse_exchange_line(json.dumps(trading.day.facts)).endpoints
    monkeypatch.setattr(places, "betfair_endpoints", lambda _: found)
    monkeypatch.setattr(places.Endpoints, "is_on_this_machine", property(lambda _: False))
    trading.write(mode="live")
    return trading


def orders_of(desk: Desk) -> list[dict[str, Any]]:
    return desk.day.orders()


def test_commands_need_no_exchange_option(trading: Desk) -> None:
    trading.write_addresses()
    assert trading("select", "import", "picks.csv").code == 0
    ran = trading.once()
    assert (ran.code, orders_of(trading)) == (0, [])
    assert ran.out.startswith("DRY-PAPER")
    ran = trading.live()
    assert ran.code == 0
    assert len(orders_of(trading)) == 4
    assert trading("reconcile").code == 0
    status = json.loads(trading("status", "--json").out)
    assert (status["mode"], status["account"], status["orders"]) == (
        "paper",
        trading.day.facts["username"],
        {"seen": 4},
    )
    ran = trading("run", "--once", "--clock", "exchange")
    assert ran.code == 2
    assert "which has no clock but the system's" in ran.err


def test_by_certificate(trading: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "certs"
    folder.mkdir(mode=0o700)
    for name in ("client-2048.crt", "client-2048.key"):
        (folder / name).write_text("-", "utf-8")
        (folder / name).chmod(0o600)
    trading.write_addresses()
    monkeypatch.setenv(CERTS, str(folder))
    facts = trading.day.facts
    names = {"identity": "http://127.0.0.1:1/", "identity_cert": facts["identity_cert"], "api": facts["api"]}
    trading.write("addresses: " + json.dumps(names | {"stream": facts["stream"]}))
    assert trading("select", "import", "picks.csv").code == 0


def test_live(real: Desk) -> None:
    assert real("select", "import", "picks.csv").code == 0
    ran = real.once()
    assert (ran.code, orders_of(real)) == (0, [])
    assert ran.out.startswith("DRY-LIVE")
    assert real.once("--live").code == 5
    ran = real.live()
    assert ran.code == 0
    assert ran.out.startswith("LIVE  once: 1 tick,")
    assert len(orders_of(real)) == 4
    assert (real.day.folder / "policytrader-live.db").is_file()
    assert not (real.day.folder / "policytrader-paper.db").exists()


def test_a_paper_profile_sends_nothing_to_a_real_exchange(real: Desk) -> None:
    real.write(mode="paper")
    assert real("select", "import", "picks.csv").code == 0
    assert real.once().code == 0
    ran = real.live()
    assert (ran.code, ran.out) == (5, "")
    assert "orders are sent there by a profile that says `mode: live`" in ran.err
    assert orders_of(real) == []


def test_a_live_profile_refuses_what_is_on_this_machine(trading: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whatever way it came there: an exchange on this machine is a simulated one."""
    found = places.parse_exchange_line(json.dumps(trading.day.facts)).endpoints
    monkeypatch.setattr(places, "betfair_endpoints", lambda _: found)
    trading.write(mode="live")
    ran = trading.live()
    assert ran.code == 2
    assert "is live, and the exchange of profile desk is a simulated exchange" in ran.err
    facts = {name: value for name, value in trading.day.facts.items() if name != "control"}
    (trading.day.folder / "line.json").write_text(json.dumps(facts), "utf-8")
    ran = trading("run", "--once", "--exchange", "line.json")
    assert ran.code == 2
    assert "is live, and line.json is a simulated exchange" in ran.err


def test_a_wrong_login_is_told_without_the_password(trading: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    trading.write_addresses()
    monkeypatch.setenv(PASSWORD, SECRET)
    ran = trading("select", "import", "picks.csv")
    assert ran.code == 4
    assert "INVALID_USERNAME_OR_PASSWORD" in ran.err
    assert SECRET not in ran.err


@pytest.mark.parametrize("seconds", [-10, 10])
def test_a_clock_that_is_not_the_exchanges_bets_nothing(seconds: int, real: Desk) -> None:
    """From the first tick on, over real sockets: the ``Date`` of an answer comes before the first order."""
    assert real("select", "import", "picks.csv").code == 0
    real.wrong = timedelta(seconds=seconds)
    ran = real.live()
    assert (ran.code, orders_of(real)) == (0, [])
    assert "clock_skew" in ran.err
    assert f"seconds {'ahead of' if seconds > 0 else 'behind'} the exchange's: set it right, then resume" in ran.err
    (latch,) = json.loads(real("status", "--json").out)["latches"]
    assert latch["cause"] == "clock_skew"
    real.wrong = timedelta()
    assert real.live().code == 0
    assert orders_of(real) == []
    assert real("resume", "--why", "set right").code == 0
    assert real.live().code == 0
    assert len(orders_of(real)) == 4


@pytest.mark.parametrize("command", ["run --once", "reconcile"])
def test_what_sends_nothing_builds_no_order_client(
    command: str, trading: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    trading.write_addresses()
    assert trading("select", "import", "picks.csv").code == 0
    assert trading("activate").code == 0

    def build(*_: object) -> None:
        message = "an order client"
        raise AssertionError(message)

    monkeypatch.setattr(BetfairExchange, "__init__", build)
    assert trading(*command.split()).code == 0
    ran = trading.live()
    assert (ran.code, "an order client" in ran.err) == (2, True)
