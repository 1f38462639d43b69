"""Alerts that were told before: those that are stored, and what SportMonks knows of one."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from policytrader.addresses import MONGO
from policytrader.ports.alert_collection import BOT_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from policytrader.ports.alert_collection import AlertCollection

SPORTMONKS_URL = "POLICYTRADER_SPORTMONKS_URL"
"""The variable with the address that answers in SportMonks's place."""


@contextmanager
def open_alerts(project: Path, place: str | None) -> Iterator[Mapping[str, AlertCollection]]:
    """Stored alerts by bot type: of a MongoDB database, of a file for both bots; None for none at all."""
    if place is not None and place.startswith(MONGO):
        from policytrader.adapters.mongo.alerts import open_alert_collections

        with open_alert_collections(place) as collections:
            yield collections
        return
    from policytrader.adapters.alert_file import AlertDocuments, read_alert_file

    alerts = read_alert_file(project / place) if place is not None else AlertDocuments(())
    yield dict.fromkeys(BOT_TYPES, alerts)


def ask_sportmonks(*, token: str, fixture_id: int, subject_id: int, bot_type: str) -> Mapping[str, Any] | None:
    """An ``AlertLookup``: what SportMonks knows about the ids of an alert, asked once. Raises ``FeedError``."""
    from random import SystemRandom

    from pydantic import SecretStr

    from policytrader.adapters.polite_http import Manners, PoliteHttp
    from policytrader.adapters.sportmonks.feed import SPORTMONKS, SportMonksFeed
    from policytrader.app.alerts.from_fixture import alert_from
    from policytrader.wiring.clocks import system_clock

    clock = system_clock()
    once = Manners(attempts=1, connect_seconds=3.0)
    address = os.environ.get(SPORTMONKS_URL) or SPORTMONKS
    with closing(PoliteHttp(address, "SportMonks", clock, SystemRandom(), once)) as answers:
        fixture = SportMonksFeed(answers, clock, SecretStr(token)).fixture(str(fixture_id)).fixture
    return alert_from(fixture, subject_id, bot_type)
