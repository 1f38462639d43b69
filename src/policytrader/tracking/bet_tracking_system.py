"""``BetTrackingSystem``: the bets that users of an alert bot took, their results and their statistics.

A thin face: what it does is in ``policytrader.app.tracking``. Numbers come and go as plain floats, times are aware, and
a wrong id or value is told in what a method returns. Raised is only what no caller can go on with: a store that cannot
be reached (``StoreError``), or a request that makes no sense at all (``UsageError``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, SupportsIndex, Unpack, overload

from policytrader.app.tracking import values
from policytrader.app.tracking.address import check_database, checked_address
from policytrader.app.tracking.book import Answer
from policytrader.app.tracking.choosing import take_player_back
from policytrader.app.tracking.curve import bankroll_curve, closing_line
from policytrader.app.tracking.documents import bet_document, curve_document, history_document
from policytrader.app.tracking.exporting import FORMS, exported
from policytrader.app.tracking.filters import bet_filter
from policytrader.app.tracking.importing import Imported, import_bets
from policytrader.app.tracking.new_bet import Request
from policytrader.app.tracking.user_stats import LazyStats, no_stats, user_stats
from policytrader.app.tracking.values import Refusal
from policytrader.errors import UsageError
from policytrader.model.tracked import BotType
from policytrader.ports.bet_store import Owner
from policytrader.tracking.messages import RECENT, stats_message

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from policytrader.app.tracking.filters import Wanted
    from policytrader.app.tracking.opened import OpenedBets
    from policytrader.ports.bet_store import BetFilter

__all__ = ["BetTrackingSystem", "PendingBets"]


class PendingBets(list[dict[str, Any]]):
    """A list of bet documents that also answers ``["pending_bets"]``, with itself as a plain list."""

    @overload
    def __getitem__(self, index: SupportsIndex) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice | str) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: SupportsIndex | slice | str) -> Any:
        if isinstance(index, str):
            return {"pending_bets": list(self)}[index]
        return super().__getitem__(index)


class BetTrackingSystem:
    """Bets of the users of one bot, in MongoDB or in a SQLite file.

    ``mongo_connection_string`` is MongoDB's address, or ``sqlite:///FILE`` in the same place, which needs no server and
    no ``database_name``. The store is connected to, and made ready, when it is first used. ``bot_type`` is ``player``
    or ``team``; each bot has bets of its own. ``alert_zone`` is the zone of the kick-offs that alerts print.
    ``opened``: bets that were opened before, instead of the address.

    Each method is about the bets of ``user_id`` alone: the id of anybody else's bet is as good as an unknown one.
    """

    def __init__(
        self,
        mongo_connection_string: str,
        database_name: str,
        bot_type: str = "player",
        *,
        alert_zone: str = "Europe/London",
        opened: OpenedBets | None = None,
    ) -> None:
        """Connects to nothing. Raises ``UsageError``, which says what to do, for what no store or bot can be."""
        self._address = "" if opened is not None else checked_address(mongo_connection_string)
        check_database(self._address, database_name)
        self._database = database_name
        self._alert_zone = alert_zone
        self._given = opened
        if bot_type not in tuple(BotType):
            message = f"bot_type: must be one of {', '.join(BotType)}"
            raise UsageError(message)
        self._bot_type = BotType(bot_type)

    def track_bet(
        self,
        user_id: int,
        alert_data: Mapping[str, Any],
        actual_stake: float,
        unit_size: float,
        *,
        allow_duplicate: bool = False,
        tags: Collection[str] = (),
        note: str = "",
    ) -> dict[str, Any]:
        """Track a bet on an alert: ``{success, bet_id, message}``.

        ``actual_stake`` is money, ``unit_size`` what one unit of the user's is that day. A bet that is there already
        is refused with its ``bet_id``; ``allow_duplicate`` stores it a second time, linked to the first. Where the
        match is over, the bet is graded at once.
        """
        request = Request(alert=alert_data, actual_stake=actual_stake, unit_size=unit_size, tags=tags, note=note)
        answer = self._ask(user_id, lambda owner: self._opened.track(owner, request, allow_duplicate=allow_duplicate))
        bet_id = "" if answer.bet is None else answer.bet.bet_id
        return {"success": answer.is_done, "bet_id": bet_id, "message": answer.message}

    def get_user_stats(
        self,
        user_id: int,
        *,
        limit: int | None = None,
        **filters: Unpack[Wanted],
    ) -> dict[str, Any]:
        """Fourteen sums, unrounded and in units, and ``bets``: every bet's document, newest first.

        Of a user with more than a thousand bets, ``bets`` is read when it is first asked for, while the tracker is
        open; ``dict(stats)`` reads it, too, and is plain. ``limit`` is how many of the newest ``bets`` has, in a plain
        dict. ``filters``, such as ``tags=["acca"]``, leave bets out, of the sums as well.
        """
        wanted = _filter(filters)
        owner = self._owner_or_none(user_id)
        return no_stats() if owner is None else user_stats(self._opened.book.store, owner, wanted, limit)

    def update_bet_result(
        self,
        user_id: int,
        bet_id: str,
        result_status: str,
        actual_value: float | None = None,
        manual_override: bool = False,  # noqa: FBT001, FBT002 - the public signature
    ) -> bool:
        """Set a result: won, lost, refund, half_win or half_loss; ``pending`` resets the bet.

        With ``manual_override`` no automatic step changes the result afterwards. Without, it is as any automatic one:
        a grader may replace it. False where nothing was changed: an unknown bet, an unknown word, or a manual result
        that only another manual one replaces.
        """
        return self._is_done(
            user_id,
            lambda owner: self._opened.book.set_result(
                owner, bet_id, result_status, actual_value, is_manual=manual_override
            ),
        )

    def update_bet_stake(self, user_id: int, bet_id: str, new_stake: float) -> bool:
        """Correct the stake, in money; a settled bet's returns follow by the outcome that stands."""
        return self._is_done(user_id, lambda owner: self._opened.book.set_stake(owner, bet_id, new_stake))

    def update_bet_odds(self, user_id: int, bet_id: str, new_odds: float) -> bool:
        """Correct the odds; a settled bet's returns follow by the outcome that stands."""
        return self._is_done(user_id, lambda owner: self._opened.book.set_odds(owner, bet_id, new_odds))

    def auto_settle_user_bets(self, user_id: int, api_token: str | None = None) -> dict[str, Any]:  # noqa: ARG002
        """Grade the user's pending bets from match statistics: ``{settled_count, settled_bets, message}``.

        A fixture that cannot be read stops no other; without any statistics nothing is settled, and the message says
        so. FotMob asks for no token: ``api_token`` is taken, for programs that give one, and goes nowhere.
        """
        owner = self._owner_or_none(user_id)
        if owner is None:
            return {"settled_count": 0, "settled_bets": [], "message": "user_id: must be a whole number"}
        return self._opened.settle(owner).document()

    def get_pending_bets(self, user_id: int) -> PendingBets:
        """The documents of the pending bets, oldest kick-off first."""
        owner = self._owner_or_none(user_id)
        return (
            PendingBets() if owner is None else PendingBets(map(bet_document, self._opened.book.store.pending(owner)))
        )

    def delete_bet(self, user_id: int, bet_id: str) -> bool:
        """Delete a bet: it is in no list and no sum any more, and no import brings it back."""
        return self._is_done(user_id, lambda owner: self._opened.book.delete(owner, bet_id))

    def format_stats_message(self, stats: Mapping[str, Any], username: str, *, markup: str = "markdown") -> str:
        """The statistics as a message for Telegram, of at most 4,096 characters.

        ``markup`` is that of the client libraries, or ``markdown_v2``, ``html`` or ``plain`` for the Bot API.
        """
        if isinstance(stats, LazyStats):
            return stats_message(stats, username, stats.newest(RECENT), markup)
        given: object = stats  # of programs that nobody checks
        known: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        bets = known.get("bets")
        newest = [bet for bet in bets if isinstance(bet, Mapping)] if isinstance(bets, (list, tuple)) else []
        return stats_message(known, username, newest[:RECENT], markup)

    # --- beside the methods that other programs know ----------------------------------------------------------------

    def get_bet(self, user_id: int, bet_id: str) -> dict[str, Any] | None:
        """A bet's document; None for an unknown one."""
        owner = self._owner_or_none(user_id)
        bet = None if owner is None else self._opened.book.find(owner, bet_id)
        return None if bet is None else bet_document(bet)

    def get_bets(
        self,
        user_id: int,
        *,
        limit: int | None = None,
        **filters: Unpack[Wanted],
    ) -> list[dict[str, Any]]:
        """Bet documents, newest first. ``tags`` must all be there. Raises ``UsageError`` for what is no filter."""
        wanted = _filter(filters)
        owner = self._owner_or_none(user_id)
        if owner is None:
            return []
        return [bet_document(bet) for bet in self._opened.book.store.bets(owner, wanted, limit=limit)]

    def history(self, user_id: int, bet_id: str) -> list[dict[str, Any]]:
        """Everything that happened to a bet, oldest first: what was, what is, why, by whom; [] for an unknown bet."""
        owner = self._owner_or_none(user_id)
        return [] if owner is None else [history_document(one) for one in self._opened.book.history(owner, bet_id)]

    def take_back(self, user_id: int, bet_id: str, reason: str) -> bool:
        """Take the standing result back, a manual one too: the bet is pending, and may be graded again."""
        return self._is_done(user_id, lambda owner: self._opened.book.take_back(owner, bet_id, reason))

    def void_bet(self, user_id: int, bet_id: str, *, reason: str = "") -> bool:
        """Refund a bet by hand, as a bookmaker does that voids it."""
        return self._is_done(
            user_id,
            lambda owner: self._opened.book.set_result(owner, bet_id, "refund", is_manual=True, note=reason),
        )

    def squads(self, user_id: int, bet_id: str) -> list[dict[str, Any]]:
        """Whom a pending bet may mean: ``{player_id, name, team}`` of both squads; [] where that cannot be told now."""
        owner = self._owner_or_none(user_id)
        try:
            return [] if owner is None else [one.document() for one in self._opened.squads(owner, bet_id)]
        except Refusal:
            return []

    def choose_player(self, user_id: int, bet_id: str, player_id: int | str) -> bool:
        """Say which player of its match a pending bet means; the user's next bets on that name mean him too."""
        return self._is_done(user_id, lambda owner: self._opened.choose_player(owner, bet_id, player_id))

    def take_player_back(self, user_id: int, bet_id: str) -> bool:
        """Take such a choice back, for this bet and for those to come: the name decides again."""
        return self._is_done(user_id, lambda owner: take_player_back(self._opened.book, owner, bet_id))

    def set_closing_odds(self, user_id: int, bet_id: str, closing_odds: float | None) -> bool:
        """Note the last price before kick-off, from which ``clv`` follows; None takes it away."""
        return self._is_done(user_id, lambda owner: self._opened.book.set_closing_odds(owner, bet_id, closing_odds))

    def set_tags(
        self, user_id: int, bet_id: str, tags: list[str] | tuple[str, ...], *, note: str | None = None
    ) -> bool:
        """Replace the tags, and the note where one is given."""
        return self._is_done(user_id, lambda owner: self._opened.book.set_labels(owner, bet_id, tags, note))

    def set_note(self, user_id: int, bet_id: str, note: str) -> bool:
        """Replace the note."""
        return self._is_done(user_id, lambda owner: self._opened.book.set_labels(owner, bet_id, note=note))

    def bankroll_curve(self, user_id: int) -> dict[str, Any]:
        """Profit in units after each settled bet, the worst drawdown, yield, and how the closing prices compare."""
        owner = self._owner_or_none(user_id)
        bets = [] if owner is None else list(self._opened.book.store.bets(owner))
        return curve_document(bankroll_curve(bets), closing_line(bets))

    def export_bets(self, user_id: int, *, form: str = "csv") -> str:
        """Every field of every bet as a CSV file or a JSON document; to import it again changes nothing.

        JSON is a backup: it has each bet's history and the deleted bets too, and an empty store that imports it is as
        this one. Raises ``UsageError`` for another form.
        """
        if form not in FORMS:
            message = f"form: must be one of {', '.join(FORMS)}"
            raise UsageError(message)
        owner = self._owner_or_none(user_id)
        return "".join(exported(self._opened.book.store, owner, form))

    def import_bets(
        self, user_id: int, text: str, *, form: str = "csv", unit_size: float | None = None
    ) -> dict[str, Any]:
        """Add the bets of a file that are not there yet.

        ``{success, message, added, unchanged, deleted, review, refused}``: ids of bets, and remarks on rows. A bet that
        is there is not changed, a deleted one not brought back, and what looks like another bet is left to a person.
        """
        try:
            found = import_bets(self._opened.book, self._owner(user_id), text, form, unit_size=unit_size)
        except Refusal as refusal:
            return {"success": False, "message": str(refusal), **Imported().document()}
        return {"success": not found.refused, "message": found.message, **found.document()}

    def close(self) -> None:
        """Give the store's connections back."""
        if self._given is not None or "_opened" in vars(self):
            self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def _opened(self) -> OpenedBets:
        if self._given is not None:
            return self._given
        from policytrader.wiring.bets import open_bets  # noqa: PLC0415 - drivers and policies wait until they are needed

        return open_bets(self._address, self._database, alert_zone=self._alert_zone)

    def _owner(self, user_id: object) -> Owner:
        return Owner(user_id=values.user_id(user_id), bot_type=self._bot_type)

    def _owner_or_none(self, user_id: object) -> Owner | None:
        try:
            return self._owner(user_id)
        except Refusal:
            return None

    def _ask(self, user_id: object, ask: Callable[[Owner], Answer]) -> Answer:
        try:
            owner = self._owner(user_id)
        except Refusal as refusal:
            return Answer(is_done=False, message=str(refusal))
        return ask(owner)

    def _is_done(self, user_id: object, ask: Callable[[Owner], Answer]) -> bool:
        return self._ask(user_id, ask).is_done


def _filter(filters: Wanted) -> BetFilter | None:
    try:
        return bet_filter(**filters)
    except Refusal as refusal:
        raise UsageError(str(refusal)) from None
