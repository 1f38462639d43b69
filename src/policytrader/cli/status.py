"""``policytrader status``: the state of the trading day."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policytrader.app.activate import unpack
from policytrader.app.gate import Ledger
from policytrader.app.journal_days import last_account
from policytrader.app.kill_switch import read_kill_file
from policytrader.cli.context import FINE, Context, print_json
from policytrader.cli.signals import StopFlag, stopped_by_signals
from policytrader.cli.trading import access_options, json_option, profile_of
from policytrader.cli.words import counted
from policytrader.engine.explain import duration_text
from policytrader.errors import ExchangeError, PolicyError, StoreError, UsageError, printable
from policytrader.model.money import ZERO, half_up
from policytrader.model.times import format_utc, london_day, parse_utc
from policytrader.wiring import wall_rest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date, datetime

    from policytrader.app.gate import Exposures
    from policytrader.cli.trading import Access
    from policytrader.model.journal import Control, ControlState, Lease
    from policytrader.model.records import StoredSelection
    from policytrader.policy.policy_set import PolicySet
    from policytrader.policy.protection import Protections
    from policytrader.ports.store import Store

STATUS_SCHEMA = "policytrader/status/1"
_PENNY = Decimal("0.01")
_EVERY_SECONDS = 2.0
_MOST_OFFS = 5


@click.command(short_help="Show mode, leader, last tick, policy, levers, exposures.")
@click.option("--watch", is_flag=True, help="Show it again and again, until Ctrl-C.")
@click.option(
    "--every",
    "every_seconds",
    type=click.FloatRange(min=0.1, max=3600),
    metavar="SECONDS",
    help="With --watch: how often; default: every 2 seconds.",
)
@access_options
@json_option
@click.pass_obj
def command(
    context: Context,
    watch: bool,
    every_seconds: float | None,
    access: Access,
    as_json: bool,
) -> int:
    """Show mode, leader, last tick, policy, kill and latches, next offs, orders, the day's profit, and exposures.

    Exposures stand against the policy's limits. They are the journal's, each order at its worst; what others have on
    the account is not in them. Profit is that of settled selections, after commission.
    """

    def look() -> dict[str, Any]:
        return _gather(context, access)

    if every_seconds is not None and not watch:
        message = "--every goes with --watch"
        raise UsageError(message)
    if watch:
        return _watch(context, look, every_seconds or _EVERY_SECONDS, as_json=as_json)
    document = look()
    if as_json:
        print_json(document)
    else:
        click.echo("\n".join(_lines(context, document)))
    return FINE


def _watch(context: Context, look: Callable[[], dict[str, Any]], every_seconds: float, *, as_json: bool) -> int:
    """Until somebody presses Ctrl-C. What fails after the first time is shown, and tried again."""
    document, stop = look(), StopFlag()
    wait = wall_rest(stop)
    # Handled here, not left to Python: a shell that starts a program in the background lets it ignore SIGINT.
    with stopped_by_signals(stop.handle):
        if not as_json and sys.stdout.isatty():
            _draw(context, look, document, stop, lambda: wait(every_seconds))
            return FINE
        while not stop():
            if as_json:
                print_json(document)
            else:
                click.echo("\n".join((*_lines(context, document), "")))
            wait(every_seconds)
            if not stop():
                document = _next(look, document)
    return FINE


def _draw(
    context: Context,
    look: Callable[[], dict[str, Any]],
    document: dict[str, Any],
    stop: StopFlag,
    wait: Callable[[], None],
) -> None:
    """On a terminal: one screen that is drawn anew; the last one stays when it ends."""
    from rich.live import Live
    from rich.text import Text

    try:
        with Live(console=context.console(), screen=True, auto_refresh=False) as live:
            while not stop():
                lines = (*_lines(context, document), "", "Ctrl-C ends")
                live.update(Text("\n".join(lines), no_wrap=True, overflow="ellipsis"), refresh=True)
                wait()
                if not stop():
                    document = _next(look, document)
    finally:
        click.echo("\n".join(_lines(context, document)))


def _next(look: Callable[[], dict[str, Any]], before: dict[str, Any]) -> dict[str, Any]:
    """The state now; where it cannot be had, the one before, and why."""
    try:
        return look()
    except (StoreError, ExchangeError) as error:
        return before | {"problem": error.render()}


def _gather(context: Context, access: Access) -> dict[str, Any]:
    profile = profile_of(context)
    account = profile.real.account if profile.real is not None else None
    if access.exchange_file is not None:
        with access.exchange(context) as trading:
            account = trading.account
    with access.store(context) as store:
        account = account or last_account(store)
        leader = store.leader(account) if account is not None else None
        now = access.moment_of_day(context, store)
        document = _document(store, account, leader, london_day(now), now)
    document = {
        "schema": STATUS_SCHEMA,
        "mode": profile.mode,
        "profile": profile.name,
        **document,
        "kill_files": _kill_files(document.pop("kill_switch_file"), profile.kill_path(context.project), now),
    }
    found = [one for one in document["kill_files"] if one["kills"]]
    document["killed"] = document["kill"] is not None or bool(found)
    return document


def _document(store: Store, account: str | None, leader: Lease | None, day: date, now: datetime) -> dict[str, Any]:
    active, shadow = store.active_policy(), store.active_policy(shadow=True)
    policy, problem = None, ""
    try:
        policy = unpack(active.content) if active is not None else None
    except PolicyError as error:
        problem = error.render()
    by_ref = {}
    if account is not None:
        for entry in (*store.open_intents(account), *store.intents(day, account)):
            by_ref[entry.intent.ref] = entry
    results = store.live_results(day)
    made = sum((one.net for one in results), ZERO)
    exposures = Ledger.of(now, tuple(by_ref.values()), results).exposures
    limits = policy.protection.protections if policy is not None else None
    picks = store.selections(day)
    return {
        "now": format_utc(now),
        "day": day.isoformat(),
        "account": account,
        "leader": _leader(leader),
        "last_tick": format_utc(leader.renewed_at) if leader is not None else None,
        "policy_hash": active.policy_hash if active is not None else None,
        "policy_problem": problem or None,
        "shadow_hash": shadow.policy_hash if shadow is not None else None,
        **_levers(store.control_state()),
        "kill_switch_file": limits.kill_switch_file if limits is not None else None,
        "orders": dict(Counter(str(entry.state) for entry in by_ref.values())),
        "selections": {"total": len(picks), "settled": len(results)},
        "next_offs": _next_offs(picks, now),
        "profit": _amount(made),
        "exposure": _exposure(exposures, policy, limits),
    }


def _next_offs(picks: Iterable[StoredSelection], now: datetime) -> list[dict[str, Any]]:
    """The next races of the day's picks, the first off first."""
    races: dict[tuple[datetime, str], list[StoredSelection]] = defaultdict(list)
    for pick in picks:
        if pick.selection.race_time >= now:
            races[pick.selection.race_time, pick.selection.race_id].append(pick)
    return [
        {
            "race_time": format_utc(off),
            "seconds": int((off - now).total_seconds()),
            "race_id": race_id,
            "course": some[0].course,
            "selections": len(some),
            "valid": sum(one.selection.valid for one in some),
        }
        for (off, race_id), some in sorted(races.items())[:_MOST_OFFS]
    ]


def _leader(leader: Lease | None) -> dict[str, Any] | None:
    if leader is None:
        return None
    return {
        "holder": leader.holder,
        "epoch": leader.epoch,
        "acquired_at": format_utc(leader.acquired_at),
        "renewed_at": format_utc(leader.renewed_at),
        "released_at": format_utc(leader.released_at) if leader.released_at is not None else None,
    }


def _levers(state: ControlState) -> dict[str, Any]:
    return {
        "kill": _control(state.kill),
        "pause": _control(state.pause),
        "latches": [{"cause": one.cause, "subject": one.subject, **(_control(one) or {})} for one in state.latches],
    }


def _control(control: Control | None) -> dict[str, Any] | None:
    if control is None:
        return None
    return {"who": control.who, "why": control.why, "at": format_utc(control.at)}


def _kill_files(named: str | None, own: Path, now: datetime) -> list[dict[str, Any]]:
    paths = [("profile", own)] + ([("policy", Path(named))] if named is not None else [])
    return [
        {"from": source, "path": str(path), "kills": read_kill_file(path, now) is not None} for source, path in paths
    ]


def _exposure(exposures: Exposures, policy: PolicySet | None, limits: Protections | None) -> dict[str, Any]:
    selection = limits.max_exposure_per_selection if limits is not None else None
    by_side = {"BACK": selection.back_stake, "LAY": selection.lay_liability} if selection is not None else {}
    return {
        "policy": policy is not None,
        "day": _used(exposures.day, limits.max_exposure_per_day if limits is not None else None),
        "loss": _used(exposures.loss, limits.max_daily_loss if limits is not None else None),
        "markets": [
            {"market_id": one, **_used(amount, limits.max_exposure_per_market if limits is not None else None)}
            for one, amount in sorted(exposures.by_market.items())
            if amount
        ],
        "selections": [
            {"market_id": market_id, "selection_id": runner, "side": str(side), **_used(amount, by_side.get(side))}
            for (market_id, runner, side), amount in sorted(exposures.by_selection.items())
            if amount
        ],
    }


def _used(amount: Decimal, limit: Decimal | None) -> dict[str, str | None]:
    return {"used": _amount(amount), "limit": _amount(limit) if limit is not None else None}


def _amount(amount: Decimal) -> str:
    return format(half_up(amount, _PENNY), "f")


def _lines(context: Context, document: dict[str, Any]) -> list[str]:
    """The state for people."""
    exposure = document["exposure"]
    lines = [
        f"{document['mode'].upper()}  profile {document['profile']}  account {document['account'] or '-'}",
        *_leader_lines(document["leader"], document["last_tick"]),
        f"policy     {(document['policy_hash'] or 'none')[:12]}",
    ]
    if document["shadow_hash"]:
        lines.append(f"shadow     {document['shadow_hash'][:12]}")
    if document["policy_problem"]:
        lines.append(f"  cannot be used: {document['policy_problem']}")
    lines += [
        f"{name.upper():<10} by {lever['who']} at {lever['at']}: {lever['why']}"
        for name in ("kill", "pause")
        if (lever := document[name]) is not None
    ]
    lines += [
        f"kill file  {file['path']} ({file['from']}): {'KILLS' if file['kills'] else 'not there'}"
        for file in document["kill_files"]
    ]
    lines += [f"LATCH      {latch['cause']} {latch['subject']}: {latch['why']}" for latch in document["latches"]]
    lines += [f"{'next offs' if not at else '':<10} {one}" for at, one in enumerate(_off_lines(context, document))]
    picks = document["selections"]
    lines += [
        f"selections {picks['total']}, {picks['settled']} settled",
        f"profit     {document['profit']}",
        "orders     " + (", ".join(f"{count} {state}" for state, count in document["orders"].items()) or "none"),
    ]
    lines += [
        f"{name:<10} {exposure[name]['used']} of {exposure[name]['limit'] or 'no limit: no orders'}"
        for name in ("day", "loss")
    ]
    lines += [
        f"  {market['market_id']:<14} {market['used']:>9} of {market['limit'] or '-'}" for market in exposure["markets"]
    ]
    if "problem" in document:
        lines.append(f"NOT NOW    {document['problem']} (what stands above was read before that)")
    return [printable(line) for line in lines]


def _leader_lines(leader: dict[str, Any] | None, last_tick: str | None) -> list[str]:
    if leader is None:
        return ["leader     nobody yet"]
    ended = f", ended {leader['released_at']}" if leader["released_at"] else ""
    return [f"leader     {leader['holder']}, epoch {leader['epoch']}{ended}", f"last tick  {last_tick}"]


def _off_lines(context: Context, document: dict[str, Any]) -> list[str]:
    lines = []
    for race in document["next_offs"]:
        off = parse_utc(race["race_time"]).astimezone(context.zone)
        invalid = race["selections"] - race["valid"]
        picks = counted(race["selections"], "selection")
        left = duration_text(race["seconds"] * 1_000_000)
        lines.append(f"{off:%H:%M %Z}  in {left:<7} {race['course']}: {picks}{f', {invalid} invalid' * bool(invalid)}")
    return lines or ["none"]
