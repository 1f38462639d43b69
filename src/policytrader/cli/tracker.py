"""What the commands about tracked bets share: whose bets, and in which store."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from policytrader.errors import UsageError
from policytrader.model.tracked import BotType
from policytrader.ports.bet_store import Owner

if TYPE_CHECKING:
    from collections.abc import Callable

Command = TypeVar("Command", bound="Callable[..., Any]")
DEFAULT_DATABASE = "policytrader"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerPlace:
    """The options as they were given."""

    store: str | None
    database: str
    user: int | None
    bot_type: BotType

    @property
    def address(self) -> str:
        """The store's. Raises ``UsageError`` where none was named."""
        if self.store is None:
            message = (
                "which bets? --store sqlite:///bets.db keeps them in a file; --store mongodb://localhost:27017 in a "
                "MongoDB server that runs there"
            )
            raise UsageError(message)
        return self.store

    @property
    def owner(self) -> Owner:
        """The user. Raises ``UsageError`` where none was named."""
        if self.user is None:
            message = "whose bets? --user ID names the Telegram user"
            raise UsageError(message)
        return Owner(user_id=self.user, bot_type=self.bot_type)

    @property
    def owner_or_all(self) -> Owner | None:
        """The user, or None for everybody."""
        return None if self.user is None else self.owner


def tracker_options(command: Command) -> Command:
    """``--store``, ``--database``, ``--user`` and ``--bot-type``, handed over as ``place``."""

    @click.option("--store", metavar="URL", envvar="POLICYTRADER_BETS", help="mongodb://HOST, or sqlite:///FILE.")
    @click.option("--database", default=DEFAULT_DATABASE, metavar="NAME", help="The database of a MongoDB.")
    @click.option("--user", type=int, metavar="ID", help="The Telegram user.")
    @click.option(
        "--bot-type",
        type=click.Choice([one.value for one in BotType]),
        default=BotType.PLAYER.value,
        help="Which bot's bets.",
    )
    @wraps(command)
    def with_place(
        *args: Any, store: str | None, database: str, user: int | None, bot_type: str, **options: Any
    ) -> Any:
        place = TrackerPlace(store=store, database=database, user=user, bot_type=BotType(bot_type))
        return command(*args, place=place, **options)

    return with_place  # type: ignore[return-value]
