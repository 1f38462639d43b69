"""The one place that picks adapters: each room here opens one kind of thing. Adapters are imported when picked."""

from typing import TYPE_CHECKING

from policytrader.wiring.alerts import open_alerts
from policytrader.wiring.clocks import system_clock, wall_rest
from policytrader.wiring.exchanges import Trading, check_account, open_account, open_exchange, verifies_servers
from policytrader.wiring.messages import open_notifications
from policytrader.wiring.policies import ACTIVE, DEFAULT_MODE, GIT_PREFIX, is_shipped, policy_at, policy_folder
from policytrader.wiring.served import serve_race_day, serve_recording
from policytrader.wiring.snapshots import (
    Listing,
    import_recordings,
    list_recordings,
    live_recorder,
    read_snapshot,
    snapshot_from_recording,
    write_snapshot,
)
from policytrader.wiring.stores import export_schema, open_store, store_url

if TYPE_CHECKING:
    from policytrader.adapters.exchange_server.server import ExchangeServer as ExchangeServer
    from policytrader.adapters.recordings.listing import ListedMarket as ListedMarket
    from policytrader.adapters.recordings.listing import ListedRunner as ListedRunner
    from policytrader.adapters.recordings.live import LiveRecorder as LiveRecorder
    from policytrader.adapters.recordings.reports import FileReport as FileReport
    from policytrader.adapters.recordings.reports import ImportReport as ImportReport

__all__ = [
    "ACTIVE",
    "DEFAULT_MODE",
    "GIT_PREFIX",
    "Listing",
    "Trading",
    "check_account",
    "export_schema",
    "import_recordings",
    "is_shipped",
    "list_recordings",
    "live_recorder",
    "open_account",
    "open_alerts",
    "open_exchange",
    "open_notifications",
    "open_store",
    "policy_at",
    "policy_folder",
    "read_snapshot",
    "serve_race_day",
    "serve_recording",
    "snapshot_from_recording",
    "store_url",
    "system_clock",
    "verifies_servers",
    "wall_rest",
    "write_snapshot",
]
