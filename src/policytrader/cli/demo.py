"""``policytrader demo``: a whole race day in seconds, traded on a simulated exchange. No network, no account."""

from __future__ import annotations

import json
import shlex
import shutil
import tempfile
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policytrader.cli.context import FINE, Context, print_json
from policytrader.cli.race_day import DEFAULT_RACES, MAX_SEED
from policytrader.cli.signals import StopFlag, stopped_by_signals
from policytrader.cli.words import counted
from policytrader.errors import UsageError, printable
from policytrader.model.journal import Purpose
from policytrader.model.times import format_utc, london_day
from policytrader.resources import resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime

    from policytrader.app.daemon import Ended
    from policytrader.app.tick import Tick
    from policytrader.ports.store import Store
    from policytrader.wiring import Trading

DEMO_SCHEMA = "policytrader/demo/2"
DEFAULT_SEED = 7
"""A day that shows what the demo is for: a test looks that it does."""
_PICKS, _LINE = "picks.csv", "exchange.json"
_PER_MARKET = 2
_SHOWN_ID = 12


@click.command(short_help="Trade a whole generated race day in seconds: no network, no account.")
@click.option(
    "--seed", type=click.IntRange(0, MAX_SEED), default=DEFAULT_SEED, show_default=True, metavar="N",
    help="Another seed is another day, with other picks.",
)  # fmt: skip
@click.option("--out", metavar="DIR", help="Keep the day here: rules, picks and store. Default: a temporary folder.")
@click.option("--policy", metavar="DIR", help="Rules to use; default: the shipped ones.")
@click.option("--json", "as_json", is_flag=True, help="One document on stdout.")
@click.pass_obj
def command(context: Context, seed: int, out: str | None, policy: str | None, as_json: bool) -> int:
    """Trade a whole generated race day in seconds, on paper.

    The exchange is simulated and on this machine; the client library, the daemon, the rules and the store are those of
    a real day. Shows orders, withdrawals, cash-outs and results as they happen, then the day's report.
    """
    rules = _rules(context, policy)
    with _folder(context, out) as folder:
        show: Callable[[str], None] = _nothing if as_json else _echo
        show(
            f"PAPER  demo: race day {seed}, {DEFAULT_RACES} races, a simulated exchange on this machine; no real money"
        )
        demo = _Demo(replace(context, project=folder), seed, rules, show)
        ended = demo.run()
        if as_json:
            print_json(demo.document(ended))
        else:
            demo.show_report()
    return FINE


class _Demo:
    """One day in one folder."""

    def __init__(self, context: Context, seed: int, rules: Path, show: Callable[[str], None]) -> None:
        self._context = context
        self._folder = context.project
        self._seed = seed
        self._rules = rules
        self._show = show
        self._is_first = True
        self._day: date | None = None

    # --- The day ------------------------------------------------------------------------------------------------------

    def run(self) -> Ended:
        """Serve the day, store picks and rules, trade; nothing runs afterwards."""
        from policytrader.wiring import open_exchange, serve_race_day

        self._write_rules()
        server = serve_race_day(self._seed, DEFAULT_RACES)
        line = self._folder / _LINE
        stop = StopFlag()
        server.start()
        try:
            line.write_text(json.dumps(server.announcement), "utf-8")
            with open_exchange(line, "step", stop, sends=True) as trading, closing(self._store()) as store:
                store.migrate()
                self._begin(trading, store)
                ended = self._trade(trading, store, stop)
        finally:
            server.stop()
            line.unlink(missing_ok=True)
        if stop.is_set:
            raise click.Abort
        return ended

    def _write_rules(self) -> None:
        from policytrader.cli.demo_day import PACE, coarser_rules

        target = self._folder / "rules" / "racing"
        target.mkdir(parents=True)
        for name, text in coarser_rules(self._rules).items():
            (target / name).write_bytes(text)
        is_shipped = self._rules == resource("rules")
        self._show(
            f"Rules: {'the shipped ones' if is_shipped else printable(str(self._rules))}; but to be over in seconds, "
            f"looking {PACE}."
        )

    def _store(self) -> Store:
        from policytrader.wiring import open_store, store_url

        return open_store(store_url(None, self._folder, _MODE), _MODE)

    def _begin(self, trading: Trading, store: Store) -> None:
        """The morning: picks and the state of their races, and the rules."""
        from policytrader.app.morning import listed_races, resolve_picks
        from policytrader.app.pick_file import read_pick_file
        from policytrader.app.sample_picks import draw, picks_csv
        from policytrader.cli.rules import activate_own

        races = listed_races(trading.prices)
        file = self._folder / _PICKS
        text = picks_csv(draw(trading.prices, seed=self._seed, per_market=_PER_MARKET))
        file.write_text(text, encoding="utf-8", newline="\n")
        picks = read_pick_file(file)
        now = trading.clock.now()
        self._day = london_day(now)
        store.add_selections(resolve_picks(picks, races, trading.prices, now), now)
        activate_own(self._context, store, now)
        markets = sum(len(race.markets) for race in races)
        self._show(
            f"{counted(len(picks), 'sample pick')}, drawn by lot from {counted(markets, 'market')}: "
            "backs and lays, WIN and PLACE."
        )

    def _trade(self, trading: Trading, store: Store, stop: Any) -> Ended:
        from policytrader.app.daemon import Daemon, DaemonTerms
        from policytrader.app.surroundings import Surroundings
        from policytrader.cli.demo_day import DayTeller
        from policytrader.cli.trader import make_trader
        from policytrader.config import Profile
        from policytrader.wiring import wall_rest

        profile, numbers, teller = Profile(), count(1), DayTeller(store, self._context.zone)

        def watch(tick: Tick) -> None:
            if self._is_first:
                self._show_plan(tick)
                self._is_first = False
            for line in teller.told(tick):
                self._show(printable(line))

        def new_ref() -> str:
            """Not by chance, as a real day's: the same seed gives the same day, and the same names in it."""
            return f"demo-{self._seed}-{next(numbers):05d}"

        trader = make_trader(self._context, trading, store, profile, new_ref)
        terms = DaemonTerms(
            account=trading.account, mode=profile.mode, holder="demo", is_live=True, minimum=profile.minimum
        )
        surroundings = Surroundings(
            clock=trading.clock, say=self._say, rest=wall_rest(stop), is_stopping=stop, watch=watch
        )
        daemon = Daemon(trader, store, surroundings, terms)
        with stopped_by_signals(stop.handle):
            return daemon.run()

    # --- On the screen ------------------------------------------------------------------------------------------------

    def _say(self, level: str, event: str, at: datetime | None, **fields: Any) -> None:
        """The daemon's log: what is not told already and should not have been."""
        if level in {"warning", "error"} and event != "invalidated":
            when = f"{at.astimezone(self._context.zone):%H:%M}" if at is not None else "     "
            said = "  ".join(f"{name}={value}" for name, value in fields.items())
            self._show(printable(f"{when}  {level:<9}  {event}  {said}".replace("\n", " | ")))

    def _show_plan(self, tick: Tick) -> None:
        """The plan of the first tick, decided once more with what a screen needs."""
        from policytrader.cli.plan_text import plan_lines
        from policytrader.engine.evaluate import Engine

        context = self._context
        with Engine(tick.plan.policy, explain=True) as engine:
            plan = engine.evaluate(tick.plan.snapshot)
        shown = plan_lines(plan, context.zone, mode="PAPER", rules="rules", color=context.has_color)
        self._show("\nThe morning's plan\n" + "\n".join(shown) + "\n\nThe day")

    def show_report(self) -> None:
        """The day's report, and where to look further."""
        from policytrader.app.report import read_report
        from policytrader.cli.report_text import report_lines

        assert self._day is not None, "the day began"
        with closing(self._store()) as store:
            report = read_report(store, self._day, _MODE)
            shown = self._telling_decision(store)
        self._show("\n" + "\n".join(report_lines(report, self._context, _MODE)))
        place = shlex.quote(str(self._folder))
        rows = [
            ("report --html day.html", "the same as a page with pictures"),
            ("orders", "the journal: every order"),
            *([] if shown is None else [(f"explain --decision {shown[:_SHOWN_ID]}", "why a pick was stopped")]),
            ("status", "mode, policy, levers, limits"),
        ]
        width = max(len(words) for words, _ in rows)
        self._show(f"\nThe day is kept in {self._folder}. Look further:")
        for words, what in rows:
            self._show(f"  policytrader -C {place} {words:<{width}}   {what}")

    # --- As a document ------------------------------------------------------------------------------------------------

    def document(self, ended: Ended) -> dict[str, Any]:
        """What the store holds of the day."""
        from policytrader.app.report import read_report
        from policytrader.cli.report_words import document_of

        assert self._day is not None, "the day began"
        with closing(self._store()) as store:
            report = document_of(read_report(store, self._day, _MODE), _MODE)
            orders = [
                {
                    "ref": entry.intent.ref,
                    "state": str(entry.state),
                    "selection_ref": entry.intent.selection_ref,
                    "purpose": str(entry.intent.purpose),
                    "side": str(entry.intent.side),
                    "price": str(entry.intent.price),
                    "size": str(entry.intent.size),
                    "size_matched": str(entry.sizes.matched) if entry.sizes is not None else "0.00",
                    "created_at": format_utc(entry.intent.created_at),
                    "decision_id": entry.intent.decision_id,
                }
                for entry in store.intents(self._day)
            ]
            invalidations = self._invalidations(store)
        return {
            "schema": DEMO_SCHEMA,
            "mode": _MODE,
            "seed": self._seed,
            "day": self._day.isoformat(),
            "folder": str(self._folder),
            "ticks": ended.ticks,
            "orders": orders,
            "invalidations": invalidations,
            "results": report["picks"],
            "totals": report["totals"],
        }

    def _telling_decision(self, store: Store) -> str | None:
        """An invalidation to look at: one that a cash-out followed from, where there is one."""
        assert self._day is not None, "the day began"
        hedged = {one.intent.decision_id for one in store.intents(self._day) if one.intent.purpose is Purpose.HEDGE}
        found = [one["decision_id"] for one in self._invalidations(store)]
        return next((one for one in found if one in hedged), found[0] if found else None)

    def _invalidations(self, store: Store) -> list[dict[str, Any]]:
        """The picks that a rule stopped, with the decision that did; oldest first."""
        assert self._day is not None, "the day began"
        firsts: dict[str, dict[str, Any]] = {}
        for one in store.logged_decisions(day=self._day):
            decided = json.loads(one.document)
            if decided["verdict"] == "invalidate" and one.selection_ref not in firsts:
                firsts[one.selection_ref] = {
                    "selection_ref": one.selection_ref,
                    "at": format_utc(one.at),
                    "reason": decided["reason"],
                    "rule": decided["rule"],
                    "action": one.action,
                    "decision_id": one.decision_id,
                    "cash_out": decided["cash_out"],
                }
        return list(firsts.values())


_MODE = "paper"


def _rules(context: Context, policy: str | None) -> Path:
    if policy is None:
        return resource("rules")
    folder = Path(policy) if Path(policy).exists() else context.path(policy)
    if not folder.exists():
        message = f"no policy at {policy}: name a folder of rules"
        raise UsageError(message)
    return folder


@contextmanager
def _folder(context: Context, out: str | None) -> Iterator[Path]:
    """Where the day is kept. A temporary folder is removed where the day does not come to its end."""
    if out is not None:
        folder = context.path(out)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            message = f"--out {out}: is there already, and not an empty folder"
            raise UsageError(message)
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    folder = Path(tempfile.mkdtemp(prefix="policytrader-demo-"))
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _echo(text: str) -> None:
    click.echo(text)


def _nothing(text: str) -> None:
    """For a document alone."""
