"""What the faces of tracking are given: the bets of a store, and what settles them."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from policytrader.app.tracking.auto_settle import AutoSettled, auto_settle
from policytrader.app.tracking.book import Answer
from policytrader.app.tracking.choosing import SquadPlayer, choose_player, squads_of
from policytrader.errors import ConfigError, FeedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.app.tracking.at_once import AtOnce
    from policytrader.app.tracking.auto_settle import Settler
    from policytrader.app.tracking.book import BetBook
    from policytrader.app.tracking.new_bet import Request
    from policytrader.model.tracked import TrackedBet
    from policytrader.ports.bet_store import Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedBets:
    """``settler`` makes what grades, when it is first needed.

    It raises ``ConfigError`` or ``FeedError`` where it cannot. ``close`` gives back the store's connections, and what
    grading opened. A settler is used by one thread at a time, whoever else tracks and settles.
    """

    book: BetBook
    settler: Callable[[], Settler]
    at_once: AtOnce
    close: Callable[[], None]
    _settling: Lock = field(default_factory=Lock, repr=False)

    def track(self, owner: Owner, request: Request, *, allow_duplicate: object = False) -> Answer:
        """Track a bet, and grade it at once where its match is over and the feed answers."""
        answer = self.book.track(owner, request, allow_duplicate=allow_duplicate)
        if not answer.is_done or answer.bet is None or not self._is_graded(owner, answer.bet):
            return answer
        graded = self.book.mark_graded_immediately(owner, answer.bet.bet_id).bet
        if graded is None:
            return answer
        return Answer(is_done=True, message=f"{answer.message}, and graded at once: {graded.status}", bet=graded)

    def settle(self, owner: Owner) -> AutoSettled:
        """Settle what can be settled now; what stands in the way is in the answer."""
        with self._settling:
            try:
                settler = self.settler()
            except (ConfigError, FeedError) as error:
                return AutoSettled(failures=(str(error),))
            return auto_settle(settler, owner)

    def squads(self, owner: Owner, bet_id: object) -> list[SquadPlayer]:
        """Whom a bet may mean. Raises ``Refusal`` where nobody can be chosen."""
        with self._settling:
            return squads_of(self.book, self.settler, owner, bet_id)

    def choose_player(self, owner: Owner, bet_id: object, player_id: object) -> Answer:
        """The bet means this player of its match; so do the owner's next bets on that name."""
        with self._settling:
            return choose_player(self.book, self.settler, owner, bet_id, player_id)

    def _is_graded(self, owner: Owner, bet: TrackedBet) -> bool:
        # While somebody settles, a new bet does not wait: it is pending until the next look.
        if not self._settling.acquire(blocking=False):
            return False
        try:
            return self.at_once.grade(owner, bet)
        finally:
            self._settling.release()
