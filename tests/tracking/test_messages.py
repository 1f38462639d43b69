"""The statistics message: byte for byte, in each markup, whatever the names hold."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.errors import UsageError
from policytrader.tracking import BetTrackingSystem
from policytrader.tracking.messages import LIMIT, MARKUPS, stats_message

STATS: dict[str, Any] = {
    "total_bets": 50, "wins": 26, "losses": 15, "refunds": 1, "pending": 5, "half_wins": 2, "half_losses": 1,
    "total_staked_units": 500.0, "total_returns_units": 563.2, "settled_staked_units": 450.0,
    "settled_returns_units": 563.2, "pending_staked_units": 50.0, "profit_loss_units": 113.2,
    "roi_percentage": 25.155555,
}  # fmt: skip


def bet(**change: Any) -> dict[str, Any]:
    made = {"player_name": "Mohamed Salah", "team": "Liverpool", "market": "Player Shots On Target", "odds": 2.1}
    return made | {"units_staked": 1.0, "status": "won"} | change


BETS = [
    bet(),
    bet(player_name="Erling Haaland", market="Player Goals", odds=1.9, status="lost"),
    bet(player_name=None, market="Team Corners", odds=3.005, units_staked=0.125, status="refund"),
    bet(status="half_win"),
    bet(status="half_loss", market="Player"),
    bet(status="pending"),
]

EXPECTED = """\
📊 **Betting Statistics** - @john_doe

📈 **Performance**
├ Total Bets: 50
├ Settled: 45
├ Wins: 26 (+ 2 half wins)
├ Losses: 15 (+ 1 half losses)
├ Refunds: 1
├ Pending: 5
└ Win Rate: 60.0% (settled only)

💰 **Financials** (settled only)
├ Staked: 450.00u
├ Returns: 563.20u
├ Profit/Loss: 🟢 +113.20u
└ ROI: 🟢 +25.2%

⏳ **Pending**: 5 bets (50.00u staked)

📝 **Recent Bets**
✅ Mohamed Salah Shots On Target @2.10 (1.00u)
❌ Erling Haaland Goals @1.90 (1.00u)
↩️ Liverpool Team Corners @3.01 (0.13u)
✅½ Mohamed Salah Shots On Target @2.10 (1.00u)
❌½ Mohamed Salah Player @2.10 (1.00u)"""


def test_the_whole_message() -> None:
    assert stats_message(STATS, "john_doe", BETS) == EXPECTED


def test_what_is_left_out() -> None:
    stats = STATS | {
        "half_wins": 0,
        "half_losses": 0,
        "pending": 0,
        "profit_loss_units": -0.004,
        "roi_percentage": -0.06,
    }
    found = stats_message(stats, "john_doe", [])
    assert "half" not in found
    assert "⏳" not in found
    assert "Recent" not in found
    assert "├ Wins: 26\n" in found
    assert "🟢 +0.00u" in found  # what is shown as nothing is no loss
    assert found.endswith("└ ROI: 🔴 -0.1%")


def test_settled_is_counted_and_never_read() -> None:
    assert "├ Settled: 45\n" in stats_message(STATS | {"settled": 7, "settled_bets": 9}, "x", [])


@pytest.mark.parametrize("stats", [{}, {"wins": None, "roi_percentage": float("nan"), "total_bets": "many"}])
def test_numbers_that_are_not_there_are_nothing(stats: dict[str, Any]) -> None:
    found = stats_message(stats, "x", [])
    assert "├ Wins: 0\n" in found
    assert "Win Rate: 0.0%" in found
    assert "ROI: 🟢 +0.0%" in found


@pytest.mark.parametrize(
    ("markup", "head", "line"),
    [
        ("markdown", "**Betting Statistics** - @a_b\\*\\[c]\\`",
         "✅ J\\*o <b>&\\[x](y)\\` Shots On Target @2.10 (1.00u)"),
        ("markdown_v2", "*Betting Statistics* \\- @a\\_b\\*\\[c\\]\\`",
         "✅ J\\*o <b\\>&\\[x\\]\\(y\\)\\` Shots On Target @2\\.10 \\(1\\.00u\\)"),
        ("html", "<b>Betting Statistics</b> - @a_b*[c]`", "✅ J*o &lt;b&gt;&amp;[x](y)` Shots On Target @2.10 (1.00u)"),
        ("plain", "Betting Statistics - @a_b*[c]`", "✅ J*o <b>&[x](y)` Shots On Target @2.10 (1.00u)"),
    ],
)  # fmt: skip
def test_names_are_escaped(markup: str, head: str, line: str) -> None:
    found = stats_message(STATS, "a_b*[c]`", [bet(player_name="J*o <b>&[x](y)`")], markup)
    lines = found.splitlines()
    assert lines[0] == f"📊 {head}"
    assert lines[-1] == line


NAMES = st.text(max_size=40) | st.text("*_`[]()~>#+-=|{}.!\\<&😀\n", min_size=1, max_size=4000)


@pytest.mark.parametrize(
    ("name", "escaped"),
    [("a\\*b", r"a\\\*b"), ("a\\_b", r"a\\\_b"), ("\\\\`", r"\\\\\`"), ("\\[x", r"\\\[x"), ("a\\b_c\\", "a\\b_c\\")],
)
def test_a_backslash_of_a_name_escapes_nothing_of_ours(name: str, escaped: str) -> None:
    found = stats_message(STATS, name, [bet(player_name=name)])
    assert found.splitlines()[0] == f"📊 **Betting Statistics** - @{escaped}"
    assert found.splitlines()[-1] == f"✅ {escaped} Shots On Target @2.10 (1.00u)"


@given(NAMES)
def test_no_sign_of_a_name_is_markup_for_any_reader_of_markdown(name: str) -> None:
    line = stats_message(STATS, "x", [bet(player_name=name, market="Goals")]).splitlines()[-1]
    runs = re.findall(r"(\\*)([*`\[_])", line)
    # An odd number of backslashes escapes the sign whether or not they also escape each other.
    assert all(len(backslashes) % 2 == 1 for backslashes, sign in runs if sign != "_" or backslashes)


def test_an_unknown_markup_is_told() -> None:
    with pytest.raises(UsageError, match=r"markdown_v2"):
        stats_message(STATS, "x", [], "xml")


def test_names_stay_on_their_line() -> None:
    found = stats_message(STATS, "eve\n├ ROI: +900%", [bet(player_name="A\nB\u202e\tC\x00")])
    assert "@eve ├ ROI: +900%\n" in found
    assert found.splitlines()[-1].startswith("✅ A B\N{REPLACEMENT CHARACTER} C\N{REPLACEMENT CHARACTER} Shots")
    assert len(found.splitlines()) == len(stats_message(STATS, "eve", [bet()]).splitlines())


def test_an_at_sign_stands_once() -> None:
    assert "- @john\n" in stats_message(STATS, "@john", [])
    assert "- @\n" in stats_message(STATS, None, [])


def decoded(markup: str, text: str) -> str:
    """What a reader sees, by the Bot API's rules; raises where it would refuse the message."""
    if markup == "html":
        assert not re.search(r"<(?!/?b>)|&(?!amp;|lt;|gt;|quot;|#x27;)", text)
        return html.unescape(re.sub(r"</?b>", "", text))
    assert not re.search(r"(?<!\\)(?:\\\\)*[_\[\]()~`>#+\-=|{}.!]", re.sub(r"\\.", "", text, flags=re.DOTALL))
    return re.sub(r"\\(.)", r"\1", re.sub(r"(?<!\\)((?:\\\\)*)\*", r"\1", text), flags=re.DOTALL)


@given(NAMES, NAMES, NAMES, st.sampled_from(list(MARKUPS)))
def test_any_names_make_a_message_that_can_be_sent(username: str, player: str, market: str, markup: str) -> None:
    bets = [bet(player_name=player, market=market)] * 5
    found = stats_message(STATS, username, bets, markup)
    assert len(found.encode("utf-16-le", "surrogatepass")) // 2 <= LIMIT
    if markup in {"html", "markdown_v2"}:
        assert decoded(markup, found).startswith("📊 Betting Statistics - @")
        plain = stats_message(STATS, username, bets, "plain")
        if len(found.splitlines()) == len(plain.splitlines()) and "…" not in found + plain:
            assert decoded(markup, found) == plain


def test_recent_bets_go_first() -> None:
    found = stats_message(STATS, "*" * 60, [bet(player_name="*" * 3000, market="[" * 3000)] * 5, "markdown_v2")
    assert len(found) <= LIMIT
    assert "Recent Bets" in found
    long = [bet(player_name="😀" * 3000, market="." * 3000)] * 5
    assert stats_message(STATS, "x" * 9000, long, "markdown_v2").startswith("📊 *Betting Statistics* \\- @xxx")


@pytest.mark.parametrize("stats", [None, 5, {"bets": [None]}, {"bets": 5}, {"bets": "x"}])
def test_whatever_is_given_as_statistics_there_is_a_message(stats: Any) -> None:
    tracker = BetTrackingSystem("sqlite:///never-opened.db", "bets")
    assert tracker.format_stats_message(stats, "ann").startswith(tracker.format_stats_message({}, "ann"))
