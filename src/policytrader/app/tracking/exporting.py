"""A user's bets as a file: flat, as tables have them; or whole, as an empty store needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from policytrader.app.tracking.backup import backup_records
from policytrader.app.tracking.records import write_csv, write_json
from policytrader.ports.bet_store import BetFilter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policytrader.ports.bet_store import BetStore, Owner

FORMS: Final = ("csv", "json")


def exported(store: BetStore, owner: Owner | None, form: str) -> Iterator[str]:
    """The file, piece by piece; without an owner the file of no bets.

    ``csv`` is every field of every bet. ``json`` is a backup: also each bet's history, and the bets that were deleted.
    """
    if owner is None:
        yield from write_csv(()) if form == "csv" else write_json(())
    elif form == "csv":
        yield from write_csv(store.bets(owner))
    else:
        yield from write_json(backup_records(store, owner, store.bets(owner, BetFilter(with_deleted=True))))
