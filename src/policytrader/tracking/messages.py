"""The statistics message for Telegram, in the markup that the sender uses.

``markdown`` is that of the client libraries (doubled asterisks), the others are the Bot API's own forms. Names may hold
anything: what a markup would act on is escaped, and a line stays a line.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from policytrader.app.tracking.statistics import win_rate_percent
from policytrader.errors import UsageError, printable
from policytrader.model.money import ZERO, half_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

LIMIT = 4_096
"""The longest message that Telegram takes, in the UTF-16 units that it counts."""
RECENT = 5
_SHORT_NAME = 60
_CENT, _TENTH = Decimal("0.01"), Decimal("0.1")
_MARKS = {
    "won": "✅",
    "lost": "❌",
    "refund": "↩️",
    "half_win": "✅½",
    "half_loss": "❌½",
    "pending": "⏳",
}
_RESULTS = ("wins", "losses", "refunds", "half_wins", "half_losses")


@dataclass(frozen=True, slots=True)
class Markup:
    """How a client library or the Bot API wants its text: what marks bold, how our text and others' is escaped."""

    bold: Callable[[str], str]
    text: Callable[[str], str]
    name: Callable[[str], str]


def _same(text: str) -> str:
    return text


def _names_in_markdown(text: str) -> str:
    # Some readers take a backslash before a backslash for an escape, and some do not: with all of them doubled, the
    # sign after them is escaped for both. A lone `_` stays, as in john_doe.
    return re.sub(r"(\\*)([*`\[])|(\\+)(_)", _escaped, text)


def _escaped(found: re.Match[str]) -> str:
    backslashes, sign = found[1] or found[3] or "", found[2] or found[4]
    return f"{backslashes * 2}\\{sign}"


def _markdown_v2(text: str) -> str:
    return re.sub(r"([\\_*\[\]()~`>#+\-=|{}.!])", r"\\\1", text)


def _html(text: str) -> str:
    return html.escape(text, quote=True)


MARKUPS = {
    "markdown": Markup(lambda text: f"**{text}**", _same, _names_in_markdown),
    "markdown_v2": Markup(lambda text: f"*{_markdown_v2(text)}*", _markdown_v2, _markdown_v2),
    "html": Markup(lambda text: f"<b>{_html(text)}</b>", _html, _html),
    "plain": Markup(_same, _same, _same),
}


def stats_message(
    stats: Mapping[str, Any], username: object, newest: Sequence[Mapping[str, Any]], markup: str = "markdown"
) -> str:
    """The message; ``newest`` are bet documents, newest first. Raises ``UsageError`` for an unknown markup.

    Numbers that are not there are 0. Where the message would be too long, names are cut short, and recent bets left
    out, the oldest first.
    """
    form = MARKUPS.get(str(markup))
    if form is None:
        message = f"markup: must be one of {', '.join(MARKUPS)}"
        raise UsageError(message)
    recent = list(newest)[:RECENT]
    found = _message(stats, username, recent, form, LIMIT)
    if _length(found) > LIMIT:
        found = _message(stats, username, recent, form, _SHORT_NAME)
    while recent and _length(found) > LIMIT:
        recent.pop()
        found = _message(stats, username, recent, form, _SHORT_NAME)
    return found


def _message(
    stats: Mapping[str, Any], username: object, recent: Iterable[Mapping[str, Any]], form: Markup, length: int
) -> str:
    head = f"📊 {form.bold('Betting Statistics')}{form.text(' - @')}{form.name(_name(username, length).lstrip('@'))}"
    blocks = [[head], _performance(stats, form), _financials(stats, form)]
    pending = _count(stats, "pending")
    if pending:
        staked = f": {pending} bets ({_units(stats, 'pending_staked_units')}u staked)"
        blocks.append([f"⏳ {form.bold('Pending')}{form.text(staked)}"])
    if lines := [_bet_line(bet, form, length) for bet in recent]:
        blocks.append([f"📝 {form.bold('Recent Bets')}", *lines])
    return "\n\n".join("\n".join(block) for block in blocks)


def _performance(stats: Mapping[str, Any], form: Markup) -> list[str]:
    wins, losses, refunds, half_wins, half_losses = (_count(stats, key) for key in _RESULTS)
    settled = wins + losses + refunds + half_wins + half_losses
    rate = half_up(win_rate_percent(wins, half_wins, settled), _TENTH)
    lines = [
        f"├ Total Bets: {_count(stats, 'total_bets')}",
        f"├ Settled: {settled}",
        f"├ Wins: {wins}" + (f" (+ {half_wins} half wins)" if half_wins else ""),
        f"├ Losses: {losses}" + (f" (+ {half_losses} half losses)" if half_losses else ""),
        f"├ Refunds: {refunds}",
        f"├ Pending: {_count(stats, 'pending')}",
        f"└ Win Rate: {rate:.1f}% (settled only)",
    ]
    return [f"📈 {form.bold('Performance')}", *map(form.text, lines)]


def _financials(stats: Mapping[str, Any], form: Markup) -> list[str]:
    profit = _rounded(stats.get("profit_loss_units"), _CENT)
    roi = _rounded(stats.get("roi_percentage"), _TENTH)
    lines = [
        f"├ Staked: {_units(stats, 'settled_staked_units')}u",
        f"├ Returns: {_units(stats, 'settled_returns_units')}u",
        f"├ Profit/Loss: {_mark(profit)} {profit:+.2f}u",
        f"└ ROI: {_mark(roi)} {roi:+.1f}%",
    ]
    return [f"💰 {form.bold('Financials')}{form.text(' (settled only)')}", *map(form.text, lines)]


def _bet_line(bet: Mapping[str, Any], form: Markup, length: int) -> str:
    who = _name(bet.get("player_name") or bet.get("team"), length)
    market = _name(bet.get("market"), length).removeprefix("Player ")
    odds, units = _rounded(bet.get("odds"), _CENT), _rounded(bet.get("units_staked"), _CENT)
    status = bet.get("status")
    mark = _MARKS.get(status, _MARKS["pending"]) if isinstance(status, str) else _MARKS["pending"]
    return f"{mark} {form.name(who)} {form.name(market)} {form.text(f'@{odds:.2f} ({units:.2f}u)')}"


def _mark(amount: Decimal) -> str:
    return "🟢" if amount >= ZERO else "🔴"


def _name(value: object, length: int) -> str:
    text = printable(" ".join(value.split())) if isinstance(value, str) else ""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _count(stats: Mapping[str, Any], key: str) -> int:
    return int(_number(stats.get(key)))


def _units(stats: Mapping[str, Any], key: str) -> str:
    return format(_rounded(stats.get(key), _CENT), ".2f")


def _rounded(value: object, unit: Decimal) -> Decimal:
    return half_up(_number(value), unit) + ZERO


def _number(value: object) -> Decimal:
    """As printed: a float of 0.125 is rounded as 0.125; what is no number counts as 0."""
    try:
        found = Decimal(str(value))
    except (InvalidOperation, ValueError):
        return ZERO
    is_usable = found.is_finite() and found.adjusted() < _SHORT_NAME / 2
    return found if is_usable else ZERO


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "replace")) // 2
