"""Made-up messages of the alert bots, in every variant of their grammar."""

from __future__ import annotations

from datetime import date

SENT = date(2026, 3, 6)

PLAYER = """⚡️ PLAYER PROP VALUE ALERT ⚡️
🏟 Northport vs Eastmoor
⚖️ 1.2 vs 0.8
🏆 Test League
⏰ Sat, 7 Mar 2026 15:00
👤 José Marín (Northport)
⭐️ 8.1 🧩 ST
⚽️ Over 1.5 Shots On Target
📚 Bookmaker Odds: 2.40 (Bet365)
🖥 Model Odds: 2.1 (48% chance)
📈 Value: 27.6%
💰 Recommended stake: 0.8u
📆 Last 5: 2 3 1 0 2
✅✅✅❌✅"""

TEAM = """⚡️ TEAM PROP VALUE ALERT ⚡️
🏟 Northport vs Eastmoor
🏆 Test League · ⏰ 07 Mar 15:00
🎯 Eastmoor Under 4.5 Corners
📚 Bookmaker Odds: 2.2
📈 Edge: 6.0%
💰 Stake: 0.5u"""

VARIANTS: dict[str, str] = {
    "player alert": PLAYER,
    "team alert, league and kick-off on one line": TEAM,
    "other order": "\n".join(reversed(PLAYER.splitlines())),
    "flag before the league": PLAYER.replace("🏆 Test", "🇪🇸 Test"),
    "flag with tags, kick-off behind it without a sign": TEAM.replace(
        "🏆 Test League · ⏰", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f Test League ·"
    ),
    "kick-off without a year": PLAYER.replace("Sat, 7 Mar 2026 15:00", "07 Mar 15:00"),
    "member of a list": PLAYER.replace("👤 José Marín (Northport)", "👤 [ST] José Marín (Northport) ✅"),
    "list without a sign": PLAYER.replace("👤 José Marín (Northport)", "👥 Line-up\n[ST] José Marín (Northport) ✅"),
    "to score anytime": PLAYER.replace("Over 1.5 Shots On Target", "To score anytime"),
    "anytime goalscorer": PLAYER.replace("Over 1.5 Shots On Target", "Anytime Goalscorer"),
    "selection behind the target sign": PLAYER.replace("⚽️", "🎯"),
    "closing line value is no selection": PLAYER + "\n🎯 CLV: José Marín Over 2.5 Shots",
    "model in the odds' brackets": PLAYER.replace(
        "Bookmaker Odds: 2.40 (Bet365)", "Odds: 3.4 (Model: 2.1 | 47.6% Chance)"
    ).replace("🖥 Model Odds: 2.1 (48% chance)\n", ""),
    "fair odds of a sharp bookmaker": PLAYER.replace(
        "Model Odds: 2.1 (48% chance)", "Pinnacle Fair Odds: 2.85 (devigged)"
    ).replace("⚡️ PLAYER PROP VALUE ALERT ⚡️", "🖥 SHARP PROP VALUE ALERT 🖥"),
    "market alert": PLAYER.replace("⚡️ PLAYER PROP VALUE ALERT ⚡️", "📈 PLAYER PROP MARKET % ALERT"),
    "dropping odds": PLAYER.replace("⚡️ PLAYER PROP VALUE ALERT ⚡️", "📉 DROPPING ODDS ALERT"),
    "boosted odds": PLAYER.replace("⚡️ PLAYER PROP VALUE ALERT ⚡️", "🚀 BOOSTED ODDS ALERT"),
    "Telegram's marks": "\n".join(f"**{line}**" for line in PLAYER.splitlines()),
    "HTML": "\n".join(f"<b>{line}</b>" for line in PLAYER.splitlines()).replace("José", "Jos&eacute;"),
    "escaped for MarkdownV2": PLAYER.replace("(", "\\(").replace(")", "\\)").replace(".", "\\."),
    "without variation selectors": PLAYER.replace("\N{VARIATION SELECTOR-16}", ""),
    "selection behind the match's name": PLAYER.replace("Northport vs Eastmoor\n", "Northport v Eastmoor | Under\n"),
    "bet builder": PLAYER.replace("⚡️ PLAYER PROP VALUE ALERT ⚡️", "🔨 BET BUILDER VALUE"),
    "two selections": PLAYER + "\n⚽️ Over 0.5 Assists",
    "without odds": PLAYER.replace("📚 Bookmaker Odds: 2.40 (Bet365)\n", ""),
    "odds that contradict each other": PLAYER + "\n📚 Bookmaker Odds: 2.60 (Bet365)",
}
"""What is special about it -> the message."""

MATCH_LINE = "Northport vs Eastmoor\n"
TIPS: dict[str, str] = {
    "over and under as letters": "José Marín (Northport) O 1.5 Shots @2.40 (Bet365) 1.5u tomorrow 15:00",
    "match in front": "Northport vs Eastmoor: José Marín Over 1.5 Shots @2.40 (Bet365)",
    "Asian handicap": MATCH_LINE + "Eastmoor +0.5 Asian Handicap @1.91 (Bet365)",
    "fraction": MATCH_LINE + "José Marín O 1.5 Shots @ 7/5",
    "American": MATCH_LINE + "José Marín O 1.5 Shots -110",
    "cents": MATCH_LINE + "José Marín O 1.5 Shots 58.2¢",
    "evens": MATCH_LINE + "José Marín O 1.5 Shots @evens",
    "a bare 25 is a decimal price": MATCH_LINE + "José Marín to score first @25",
    "a bare 100 is a decimal price": MATCH_LINE + "José Marín to score (Header) @100 (Bet365)",
    "the word Odds is no bookmaker": MATCH_LINE + "José Marín O 1.5 Shots @2.40 (Odds)",
    "a price in brackets": MATCH_LINE + "José Marín O 1.5 Shots (-110)",
    "a fraction by itself": "Northport vs Eastmoor: José Marín O0.5 shots 5/1 (Bet365)",
    "anytime": MATCH_LINE + "José Marín anytime @1.90",
    "a total behind the match": "Northport vs Eastmoor Over 2.5 Goals @2.0",
    "a match behind the statistic": "Over 2.5 Goals Northport vs Eastmoor @2.0",
    "columns": "José Marín Over 1.5 Shots | 2.10 | Bet365",
    "no price, no match": "José Marín O 1.5 Shots",
    "not about football": "Over 2.5 million people @2.40",
}
"""The same, in one line (and one for the match)."""
