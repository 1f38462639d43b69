"""The public statistics of a user: fourteen numbers, and all bets.

The numbers are the store's sums, and take no time. The bets of somebody with very many are read when they are asked
for: a hundred thousand documents take seconds, and who prints five of them need not wait.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from policytrader.app.tracking.documents import bet_document
from policytrader.app.tracking.statistics import Statistics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from policytrader.model.tracked import TrackedBet
    from policytrader.ports.bet_store import BetFilter, BetStore, Owner

READ_AT_ONCE = 1_000
"""Up to so many bets, the statistics are a plain dict with everything in it."""
_BETS = "bets"


class LazyStats(dict[str, Any]):  # noqa: PLW1641 - no dict has a hash
    """A dict whose ``bets`` are read on first touch, and then are a plain list of plain dicts.

    ``newest`` reads a few of them without the rest. Libraries that look into dicts past Python's own ways find an
    object there that none of them can write: ``dict(stats)`` is what to give them.
    """

    def __init__(self, numbers: Mapping[str, Any], read: Callable[[int | None], list[dict[str, Any]]]) -> None:
        """``read`` gives the newest so many documents, or all of them."""
        super().__init__(numbers)
        super().__setitem__(_BETS, _Unread())
        self._read_bets = read

    def newest(self, count: int) -> list[dict[str, Any]]:
        """The newest so many."""
        found = super().__getitem__(_BETS) if _BETS in self else []
        return self._read_bets(count) if isinstance(found, _Unread) else list(found[:count])

    def __getitem__(self, key: str) -> Any:
        return super().__getitem__(key) if key != _BETS else self._whole(key)

    def __iter__(self) -> Iterator[str]:
        # That there is one of our own is what makes dict(stats) and {**stats} ask for each value.
        return super().__iter__()

    def __eq__(self, other: object) -> bool:
        return dict(self) == other

    def __ne__(self, other: object) -> bool:
        # A dict has its own, which does not ask for the values either.
        return dict(self) != other

    def __or__(self, other: Any) -> Any:
        return dict(self) | other

    def __ror__(self, other: Any) -> Any:
        return other | dict(self)

    def __repr__(self) -> str:
        return repr(dict(self))

    def __reduce_ex__(self, _: Any) -> Any:
        return dict, (dict(self),)

    def get(self, key: str, default: Any = None) -> Any:
        """As of every dict."""
        return self[key] if key in self else default  # noqa: SIM401 - this is what it is made of

    def setdefault(self, key: str, default: Any = None) -> Any:
        """As of every dict."""
        return self[key] if key in self else super().setdefault(key, default)

    def pop(self, key: str, *default: Any) -> Any:
        """As of every dict."""
        self._fill()
        return super().pop(key, *default)

    def popitem(self) -> tuple[str, Any]:
        """As of every dict."""
        self._fill()
        return super().popitem()

    def copy(self) -> dict[str, Any]:
        """A plain dict."""
        return dict(self)

    def items(self) -> Any:
        """As of every dict."""
        self._fill()
        return super().items()

    def values(self) -> Any:
        """As of every dict."""
        self._fill()
        return super().values()

    def _whole(self, key: str) -> Any:
        self._fill()
        return super().__getitem__(key)

    def _fill(self) -> None:
        if isinstance(super().get(_BETS), _Unread):
            super().__setitem__(_BETS, self._read_bets(None))


class _Unread:
    """Stands where bets will be."""


def user_stats(
    store: BetStore, owner: Owner, wanted: BetFilter | None = None, limit: int | None = None
) -> dict[str, Any]:
    """The statistics of all bets, or of those that a filter lets through: the latter are added up one by one.

    ``limit`` is how many of the newest bets are shown, in a plain dict; the numbers are of all of them. Without one,
    all are shown: of a user with more than ``READ_AT_ONCE`` as a ``LazyStats``, which reads them from ``store`` later.
    """
    if wanted is not None:
        bets = list(store.bets(owner, wanted))
        return {**Statistics.of_bets(bets).document(), _BETS: _documents(islice(bets, limit))}
    numbers = Statistics.of(store.totals(owner)).document()

    def read(number: int | None) -> list[dict[str, Any]]:
        return _documents(store.bets(owner, limit=number))

    if limit is None and numbers["total_bets"] > READ_AT_ONCE:
        return LazyStats(numbers, read)
    return {**numbers, _BETS: read(limit)}


def no_stats() -> dict[str, Any]:
    """Of somebody who has no bets."""
    return {**Statistics.of(()).document(), _BETS: []}


def _documents(bets: Iterable[TrackedBet]) -> list[dict[str, Any]]:
    return [bet_document(bet) for bet in bets]
