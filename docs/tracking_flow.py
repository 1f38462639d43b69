"""The complete tracking flow: track a bet, look at the statistics, settle, correct by hand.

In a SQLite file of its own, in MongoDB, or in both, one after the other::

    python docs/tracking_flow.py
    python docs/tracking_flow.py mongodb://localhost:27017
    python docs/tracking_flow.py sqlite:///bets.db mongodb://localhost:27017

What is printed is the same everywhere, ids and times apart. ``POLICYTRADER_FOTMOB_URL`` names what answers in FotMob's
place; where it is not set, this example asks nobody, and nothing is settled by itself.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from uuid import uuid4

from policytrader.tracking import BetTrackingSystem

USER_ID = 123456789
NOBODY = "http://127.0.0.1:9"

alert_data = {
    "Player": "Mohamed Salah",
    "Team": "Liverpool",
    "Market": "Player Shots On Target",
    "Threshold": 1.5,
    "market_direction": "over",
    "Odds": 2.10,
    "Match": "Liverpool vs Man City",
    "Date": "2024-03-10",
    "Time": "16:30",
    "fixture_id": 12345,
}


def flow(connection_string: str, database: str) -> None:
    """What a bot does with one user's bet, from the first message to the statistics."""
    # Initialize tracker
    tracker = BetTrackingSystem(
        mongo_connection_string=connection_string,
        database_name=database,
        bot_type="player",
    )

    # Track bet
    result = tracker.track_bet(
        user_id=USER_ID,
        alert_data=alert_data,
        actual_stake=10.0,
        unit_size=10.0,
    )

    if result["success"]:
        print(f"Bet tracked: {result['bet_id']}")

    # Get stats
    stats = tracker.get_user_stats(user_id=USER_ID)
    print(f"ROI: {stats['roi_percentage']:.1f}%")

    # Auto-settle finished bets
    settle_result = tracker.auto_settle_user_bets(user_id=USER_ID)
    print(f"Settled {settle_result['settled_count']} bets")

    # Update manually if needed
    tracker.update_bet_result(
        user_id=USER_ID,
        bet_id=result["bet_id"],
        result_status="won",
        actual_value=2.0,
        manual_override=True,
    )

    # Beside the public example: a correction, the message, the history
    tracker.update_bet_stake(user_id=USER_ID, bet_id=result["bet_id"], new_stake=20.0)
    stats = tracker.get_user_stats(user_id=USER_ID)
    print(tracker.format_stats_message(stats=stats, username="john_doe"))
    for step in tracker.history(USER_ID, result["bet_id"]):
        print(f"{step['at']:%Y-%m-%d %H:%M:%S} {step['by']}: {step['reason']}, {step['from']} -> {step['to']}")
    again = tracker.track_bet(user_id=USER_ID, alert_data=alert_data, actual_stake=10.0, unit_size=10.0)
    print(f"A second time: {again['message']}")
    print(f"Deleted: {tracker.delete_bet(user_id=USER_ID, bet_id=result['bet_id'])}")
    tracker.close()


def main() -> None:
    """Each address in turn; a database of our own, so that nothing of anybody else's is touched."""
    os.environ.setdefault("POLICYTRADER_FOTMOB_URL", NOBODY)
    with tempfile.TemporaryDirectory() as folder:
        for address in sys.argv[1:] or [f"sqlite:///{Path(folder) / 'bets.db'}"]:
            flow(address, f"tracking_flow_{uuid4().hex[:12]}")


if __name__ == "__main__":
    main()
