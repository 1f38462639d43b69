"""The pages of reasons and protections: every action of the plan and every grade with its reasons, every limit."""

from __future__ import annotations

from typing import Final, NamedTuple

from policytrader.authoring.key_texts import text_of
from policytrader.authoring.reference.grades import grade_tables
from policytrader.authoring.reference.markdown import code, page, table
from policytrader.model.decision import Action
from policytrader.policy.protection import Protections


class Outcome(NamedTuple):
    """One row of the table of actions; ``code`` in angle brackets stands for a text of the policy or the selection."""

    action: Action
    code: str
    when: str


OUTCOMES: Final = (
    Outcome(Action.HOLD, "<reason>", "A rule holds, or what it needs is not known; nothing is touched."),
    Outcome(Action.CLOSED, "cashed_out", "The position was cashed out before."),
    Outcome(
        Action.WAIT, "cash_out_waits",
        "Invalid, a cash-out trigger holds and something is matched, but the market is not known to be open and before "
        "the off, or the runner is not known to run. Nothing is touched.",
    ),
    Outcome(
        Action.CASH_OUT, "<reason>",
        "Invalid, a cash-out trigger holds, something is matched and our runner runs: hedge.",
    ),
    Outcome(Action.CANCEL, "<reason>", "Invalid, nothing to cash out, and an order of ours rests unmatched."),
    Outcome(
        Action.INVALID, "<reason>",
        "Invalid, with nothing left to do: flat, no trigger holds, or the exchange voids the bet.",
    ),
    Outcome(Action.CANCEL, "rested", "An order of ours has rested longer than `cancel_unmatched_after`."),
    Outcome(Action.WAIT, "after_off", "The off has come."),
    Outcome(Action.DONE, "fully_matched", "Exposure is nearer to the cap than `fully_matched_within`."),
    Outcome(Action.WAIT, "step_filled", "The ladder's step wants nothing more now."),
    Outcome(Action.WAIT, "price", "The price is missing, or not good enough for the entry rules."),
    Outcome(
        Action.WAIT, "below_minimum",
        "What is left, after the depth at the price and flooring to the penny, is less than the exchange takes.",
    ),
    Outcome(Action.BLOCKED, "<protection>", "A protection forbids it; its key, `market_open` or `runner_active`."),
    Outcome(Action.PLACE, "ladder", "None of the above: the order is placed."),
)  # fmt: skip
"""In the order in which they are asked: the first that fits is the action."""

MISSING_REASON: Final = "Missing: <fields>"
NO_REASON_STORED: Final = "Invalid (no reason stored)"


class ProtectionText(NamedTuple):
    """How one limit is meant at its edge, and what a missing value does."""

    edge: str
    missing: str


PLANNED: Final[dict[str, ProtectionText]] = {
    "max_order": ProtectionText("Exactly the limit passes.", ""),
    "max_exposure_per_selection": ProtectionText(
        "Exactly the limit passes. Matched, resting and unknown orders of the same market, runner and side count, "
        "with the order to be placed.", "",
    ),
    "max_exposure_per_market": ProtectionText(
        "Exactly the limit passes. The orders planned before this one count as well, in the order of decision.", "",
    ),
    "max_exposure_per_day": ProtectionText("Exactly the limit passes; summed as in a market, over all orders.", ""),
    "max_orders_per_minute": ProtectionText(
        "So many orders pass; the next does not. Ours of the last 60 seconds, and those planned before this one.", "",
    ),
    "max_orders_per_selection": ProtectionText("So many orders pass; the next does not.", ""),
    "max_unknown_intents": ProtectionText("With so many in the market nothing new goes in: 1 means at the first.", ""),
    "price_collar": ProtectionText(
        "Exactly `max_ticks` and exactly `max_percent` pass; both bounds hold.",
        "Without a last traded price: as `no_ltp` says, `refuse` by default.",
    ),
    "max_spread_ticks": ProtectionText("Exactly the limit passes.", "With one side of the book missing: refused."),
    "max_price_age_seconds": ProtectionText("Exactly the limit passes.", "Without a time of publication: refused."),
    "max_snapshot_age_hours": ProtectionText("Exactly the limit passes.", "Without a capture, or its time: refused."),
    "no_new_orders_before_off_seconds": ProtectionText("Exactly so many seconds before the off: refused.", ""),
}  # fmt: skip
"""The protections that ``evaluate`` asks, in its order: the first that forbids names the reason."""

AT_THE_GATE: Final[dict[str, ProtectionText]] = {
    "max_daily_loss": ProtectionText("A latch stays closed until a person resumes it.", ""),
    "max_rejects_in_a_row": ProtectionText("Latches: stays off until a person resumes it.", ""),
    "reconcile_every_seconds": ProtectionText("How often the journal and the exchange are compared.", ""),
    "kill_switch_file": ProtectionText(
        "The file being there is enough.", "A file that cannot be read counts as there."
    ),
}
"""Those that need the journal: they are part of the policy now, and asked where orders are sent."""


def reasons_page() -> str:
    """Every action and reason in the plan."""
    actions = {action: [one for one in OUTCOMES if one.action is action] for action in Action}
    return page(
        "Actions and reasons",
        "reasons",
        "Each decision of the plan has an `action` and a `code`. The rows below are asked from the top; the first that "
        "fits is the decision.",
        table(("action", "code", "when"), [(code(one.action), code(one.code), one.when) for one in OUTCOMES]),
        f"`<reason>` is the text of the rule that decided, the reason stored with the selection, `{MISSING_REASON}` "
        f"(the fields whose values a rule needed and did not have), or `{NO_REASON_STORED}`.",
        "## By action",
        *(_action(action, rows) for action, rows in actions.items()),
        *grade_tables(),
    )


def _action(action: Action, rows: list[Outcome]) -> str:
    listed = "\n".join(f"* {code(one.code)}: {one.when}" for one in rows)
    return f"### `{action}`\n\n{listed}"


def protections_page() -> str:
    """The limits that no rule can lift."""
    return page(
        "Protections",
        "protections",
        "Protections are asked about every order that the rules would place, and know nothing of the rules. **A limit "
        "that is left out of the file forbids every order.** A decision that one of them forbids is `BLOCKED`, and its "
        "code is the limit's key.",
        "## Asked before all limits",
        "They are no keys of a file: no policy can switch them off.",
        "### `market_open`\n\nThe selection's market is OPEN and not in play.",
        "### `runner_active`\n\nThe runner is ACTIVE in one of the race's markets and REMOVED in none.",
        "## Asked in the plan",
        "In this order; `evaluate --no-protections` leaves them out, to look at the rules alone.",
        *(_protection(name, text) for name, text in PLANNED.items()),
        "## Asked where orders are sent",
        "They need the journal, so a plan made from a snapshot cannot decide them.",
        *(_protection(name, text) for name, text in AT_THE_GATE.items()),
    )


def _protection(name: str, text: ProtectionText) -> str:
    about = " ".join(part for part in (text_of(Protections, name), text.edge, text.missing) if part)
    return f"### `{name}`\n\n{about}"
