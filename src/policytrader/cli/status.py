"""``policytrader status``: the state of the trading day."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policytrader.app.activate import unpack
from policytrader.app.journal_days import last_account
from policytrader.app.kill_switch import read_kill_file
from policytrader.cli.context import FINE, Context, print_json
from policytrader.cli.trading import (
    exchange_options,
    json_option,
    moment,
    opened_exchange,
    opened_store,
    profile_of,
    store_option,
)
from policytrader.errors import PolicyError
from policytrader.model.money import ZERO, half_up
from policytrader.model.times import LONDON, format_utc

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from policytrader.model.journal import Control, ControlState, JournalEntry, Lease
    from policytrader.policy.policy_set import PolicySet
    from policytrader.policy.protection import Protections
    from policytrader.ports.store import Store

STATUS_SCHEMA = "policytrader/status/1"
_PENNY = Decimal("0.01")


@click.command(short_help="Show mode, leader, last tick, policy, levers, exposures.")
@store_option
@exchange_options
@json_option
@click.pass_obj
def command(context: Context, url: str | None, exchange_file: str | None, clock: str | None, as_json: bool) -> int:
    """Show mode, leader, last tick, policy, kill and latches, orders, and exposures against the policy's limits.

    Exposures are the journal's, each order at its worst; what others have on the account is not in them.
    """
    profile = profile_of(context)
    now = moment(context, exchange_file, clock)
    account = None
    if exchange_file is not None:
        with opened_exchange(context, exchange_file, clock) as trading:
            account = trading.account
    with opened_store(context, url) as store:
        account = account or last_account(store)
        leader = store.leader(account) if account is not None else None
        # The day is the daemon's: its clock may be a simulated exchange's.
        seen_at = leader.renewed_at if leader is not None and clock is None and exchange_file is None else now
        document = _document(store, account, leader, seen_at.astimezone(LONDON).date(), now)
    document = {
        "schema": STATUS_SCHEMA,
        "mode": profile.mode,
        "profile": profile.name,
        **document,
        "kill_files": _kill_files(document.pop("kill_switch_file"), profile.kill_path(context.project), now),
    }
    found = [one for one in document["kill_files"] if one["kills"]]
    document["killed"] = document["kill"] is not None or bool(found)
    if as_json:
        print_json(document)
    else:
        _print(context, document)
    return FINE


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
    lost = -sum(((one.profit or ZERO) - (one.commission or ZERO) for one in results), ZERO)
    limits = policy.protection.protections if policy is not None else None
    upcoming = sorted({one.race_time for one in store.upcoming_bets(day) if one.race_time >= now})
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
        "selections": {"total": len(store.selections(day)), "settled": len(results)},
        "next_offs": [format_utc(one) for one in upcoming[:5]],
        "profit": _amount(-lost),
        "exposure": _exposure(by_ref.values(), policy, limits, max(ZERO, lost)),
    }


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


def _exposure(
    entries: Iterable[JournalEntry], policy: PolicySet | None, limits: Protections | None, lost: Decimal
) -> dict[str, Any]:
    markets: dict[str, Decimal] = defaultdict(lambda: ZERO)
    picks: dict[tuple[str, int, str], Decimal] = defaultdict(lambda: ZERO)
    open_risk = ZERO
    for entry in entries:
        intent = entry.intent
        markets[intent.market_id] += entry.exposure
        picks[intent.market_id, intent.selection_id, str(intent.side)] += entry.exposure
        open_risk += entry.exposure if entry.is_open else ZERO
    selection = limits.max_exposure_per_selection if limits is not None else None
    by_side = {"BACK": selection.back_stake, "LAY": selection.lay_liability} if selection is not None else {}
    return {
        "policy": policy is not None,
        "day": _used(sum(markets.values(), ZERO), limits.max_exposure_per_day if limits is not None else None),
        "loss": _used(lost + open_risk, limits.max_daily_loss if limits is not None else None),
        "markets": [
            {"market_id": one, **_used(amount, limits.max_exposure_per_market if limits is not None else None)}
            for one, amount in sorted(markets.items())
            if amount
        ],
        "selections": [
            {"market_id": market_id, "selection_id": runner, "side": side, **_used(amount, by_side.get(side))}
            for (market_id, runner, side), amount in sorted(picks.items())
            if amount
        ],
    }


def _used(amount: Decimal, limit: Decimal | None) -> dict[str, str | None]:
    return {"used": _amount(amount), "limit": _amount(limit) if limit is not None else None}


def _amount(amount: Decimal) -> str:
    return format(half_up(amount, _PENNY), "f")


def _print(context: Context, document: dict[str, Any]) -> None:
    leader = document["leader"]
    click.echo(f"{document['mode'].upper()}  profile {document['profile']}  account {document['account'] or '-'}")
    if leader is None:
        click.echo("leader     nobody yet")
    else:
        ended = f", ended {leader['released_at']}" if leader["released_at"] else ""
        click.echo(f"leader     {leader['holder']}, epoch {leader['epoch']}{ended}")
        click.echo(f"last tick  {document['last_tick']}")
    click.echo(f"policy     {(document['policy_hash'] or 'none')[:12]}")
    if document["policy_problem"]:
        click.echo(f"  cannot be used: {document['policy_problem']}")
    for name in ("kill", "pause"):
        if (lever := document[name]) is not None:
            click.echo(f"{name.upper():<10} by {lever['who']} at {lever['at']}: {lever['why']}")
    for file in document["kill_files"]:
        click.echo(f"kill file  {file['path']} ({file['from']}): {'KILLS' if file['kills'] else 'not there'}")
    for latch in document["latches"]:
        click.echo(f"LATCH      {latch['cause']} {latch['subject']}: {latch['why']}")
    picks, exposure = document["selections"], document["exposure"]
    click.echo(f"selections {picks['total']}, {picks['settled']} settled; profit {document['profit']}")
    click.echo("orders     " + (", ".join(f"{count} {state}" for state, count in document["orders"].items()) or "none"))
    for name in ("day", "loss"):
        click.echo(f"{name:<10} {exposure[name]['used']} of {exposure[name]['limit'] or 'no limit: no orders'}")
    for market in exposure["markets"]:
        click.echo(f"  {market['market_id']:<14} {market['used']:>9} of {market['limit'] or '-'}")
    if document["next_offs"]:
        click.echo(f"next offs  {', '.join(document['next_offs'])}  (shown in UTC; {context.zone} on other screens)")
