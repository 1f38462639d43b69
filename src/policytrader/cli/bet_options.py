"""What the commands about bets share: opening the book, finding a bet, choosing some."""

from __future__ import annotations

from contextlib import closing, contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from policytrader.app.tracking.filters import bet_filter
from policytrader.app.tracking.values import Refusal
from policytrader.errors import StoreConflictError, UsageError
from policytrader.model.outcomes import Outcome
from policytrader.model.times import parse_utc
from policytrader.wiring import system_clock
from policytrader.wiring.bets import open_bets
from policytrader.wiring.grading import grading_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from policytrader.app.tracking.opened import OpenedBets
    from policytrader.cli.context import Context
    from policytrader.cli.tracker import TrackerPlace
    from policytrader.model.tracked import TrackedBet

_STATUS = click.Choice([one.value for one in Outcome])
Command = TypeVar("Command", bound="Callable[..., Any]")


@contextmanager
def opened_bets(context: Context, place: TrackerPlace) -> Iterator[OpenedBets]:
    """The bets of ``--store``, read by the project's grading rules. Raises ``UsageError``."""
    clock = system_clock(at=context.now)
    rules = grading_folder(context.project)
    with closing(open_bets(place.address, place.database, rules=rules, clock=clock)) as opened:
        yield opened


def found_bet(opened: OpenedBets, place: TrackerPlace, bet_id: str) -> TrackedBet:
    """The user's bet. Raises ``StoreConflictError`` (exit code 1) where there is none."""
    bet = opened.book.find(place.owner, bet_id)
    if bet is None:
        message = f"bet {bet_id[:80]}: no such bet of user {place.owner.user_id}; `policytrader bets list` shows them"
        raise StoreConflictError(message)
    return bet


def filter_options(command: Command) -> Command:
    """``--status``, ``--tag``, ``--market``, ``--bookmaker``, ``--match``, ``--from``, ``--to`` as ``wanted``."""

    @click.option("--status", multiple=True, type=_STATUS, help="Only these; may be repeated.")
    @click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only with this tag; may be repeated.")
    @click.option("--market", metavar="NAME", help="Only this market, as the alert wrote it.")
    @click.option("--bookmaker", metavar="NAME", help="Only at this bookmaker.")
    @click.option("--match", metavar="NAME", help="Only on this match.")
    @click.option("--from", "kickoff_from", metavar="ISO", help="Only kick-offs from here on.")
    @click.option("--to", "kickoff_to", metavar="ISO", help="Only kick-offs before this.")
    @wraps(command)
    def with_filter(
        *args: Any, status: tuple[str, ...], kickoff_from: str | None, kickoff_to: str | None, **options: Any
    ) -> Any:
        given = {name: options.pop(name) for name in ("tags", "market", "bookmaker", "match")}
        try:
            wanted = bet_filter(
                status=status or None,
                kickoff_from=_moment("--from", kickoff_from),
                kickoff_to=_moment("--to", kickoff_to),
                **given,
            )
        except Refusal as refusal:
            raise UsageError(str(refusal)) from None
        return command(*args, wanted=wanted, **options)

    return with_filter  # type: ignore[return-value]


def _moment(option: str, text: str | None) -> Any:
    try:
        return None if text is None else parse_utc(text)
    except ValueError as error:
        message = f"{option} {text}: {error}"
        raise UsageError(message) from None
