"""One sentence per key, operator and type of the language: what an editor shows on hover and the reference prints.

Models say what a value may be; these say what it is for. ``text_of`` follows a model's ancestors, so that a key that
every rule has is described once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from policytrader.policy.fields import FieldType, Operator

if TYPE_CHECKING:
    from pydantic import BaseModel

KEY_TEXTS: Final[dict[str, str]] = {
    # What every file has.
    "PolicyFile.policy": "Which kind of rules the file holds.",
    "PolicyFile.version": "Version of this kind's form; 1 is the only one.",
    "PolicyFile.ignore": "Numbers of the checks that are switched off for this file, such as W207.",
    "PolicyFile.end": "The kind once more, as the last line: shows that the file was not cut off.",
    # What every rule has.
    "Rule.id": "The rule's name: lower case words joined by hyphens, unique in the file. Plans and triggers use it.",
    "Rule.title": "What the rule says, in one line for people.",
    "Rule.why": "Why the rule exists; printed wherever it decides something.",
    "Rule.applies_to": "Which selections the rule is about; left out, all of them.",
    "Rule.when": "The condition.",
    "Rule.tests": "Examples beside the rule; `policytrader test` runs them.",
    "AppliesTo.side": "The sides that are meant.",
    "AppliesTo.market_type": "The markets that are meant.",
    "InlineTest.name": "What the example shows.",
    "InlineTest.given": "Values by field name; a field that is not given is missing.",
    "InlineTest.expect": "What the rule must come to.",
    # Conditions.
    "All.all": "True when every part is true; false when one is false; otherwise unknown.",
    "AnyOf.any": "True when one part is true; false when every part is false; otherwise unknown.",
    "Not.not": "True for false, false for true, unknown for unknown.",
    "InvalidatedBy.invalidated_by": "The selection is invalid, and one of these validation rules made it so.",
    "Leaf.field": "What is read; `policytrader docs fields` lists all names.",
    "Leaf.op": "How it is compared; the field's type decides which operators there are.",
    "Leaf.value": "What it is compared with: a literal of the field's type and unit.",
    "Leaf.other": "Another field of the same type and unit to compare with.",
    "Fact.count": "How many runners of the race fulfil `where`.",
    "Fact.list": "The numbers of the runners that fulfil `where`.",
    "Fact.any": "True when at least one runner fulfils `where`.",
    "Fact.min": "The lowest value of this field over the runners that fulfil `where`; missing when there is none.",
    "Fact.max": "The highest value of this field over the runners that fulfil `where`; missing when there is none.",
    "Fact.where": "Which runners of the race are meant.",
    # validation
    "ValidationPolicy.resolve": (
        "How the verdict is found: the first rule in file order that is true or unknown decides."
    ),
    "ValidationPolicy.facts": "Named aggregates over the race's runners; rules read them as `fact.<name>`.",
    "ValidationPolicy.rules": "The rules in order of priority.",
    "ValidationRule.then": "The verdict when the condition holds, and its text.",
    "ValidationRule.on_missing": "What an unknown condition does: hold (no bet, no cash-out), pass, or invalidate.",
    "Verdict.invalidate": "The selection is withdrawn for good, with this text as the stored reason.",
    "Verdict.hold": "Nothing is done while the condition holds, with this text as the reason.",
    # staking
    "StakingPolicy.ladders": "The ladders; each side and market type is served by exactly one.",
    "Ladder.id": "The ladder's name: lower case words joined by hyphens, unique in the file.",
    "Ladder.title": "What the ladder does, in one line for people.",
    "Ladder.why": "Why the ladder is as it is.",
    "Ladder.applies_to": "Which selections the ladder serves; left out, all of them.",
    "Ladder.by": "What the steps are counted in: the time left until the off.",
    "Ladder.steps": "The steps, in falling time to the off; the first begins at `start`.",
    "Ladder.after_off": "What is placed from the off on: nothing.",
    "Ladder.limits": "The most that one selection may have at one stake point.",
    "Ladder.scale_by": "What multiplies steps and limits alike: the selection's stake points.",
    "Ladder.fully_matched_within": "A position that is nearer to its limit than this counts as full; not scaled.",
    "Step.from": (
        "The step starts when this much time is left, the exact second included, and holds until the next one."
    ),
    "Step.back_stake": "Stake of a BACK selection at this step, at one stake point.",
    "Step.lay_liability": "Liability of a LAY selection at this step, at one stake point.",
    "LadderLimits.back_stake": "The largest stake of a BACK selection, at one stake point.",
    "LadderLimits.lay_liability": "The largest liability of a LAY selection, at one stake point.",
    # entry
    "EntryPolicy.rules": "A price is taken when every rule that applies is true, and at least one applies.",
    "EntryPolicy.order": "The order that takes the price.",
    "OrderForm.price": "At which price: the best that is available.",
    "OrderForm.size_up_to": "How much at most: what is available at that price.",
    "OrderForm.persistence": "What becomes of the rest at the off: LAPSE, it is cancelled.",
    "OrderForm.cancel_unmatched_after": "An order that has rested longer than this is cancelled.",
    # cash_out
    "CashOutPolicy.triggers": "When a matched position is closed; the first trigger that is true decides how.",
    "Trigger.then": "How the position is closed.",
    "CashOut.cash_out": "How much of it: all.",
    "CashOut.max_slippage_ticks": "How many price steps worse than first seen the hedge may be.",
    "CashOut.residual_below": "A rest smaller than the exchange's minimum stake is reported and left.",
    # protection
    "ProtectionPolicy.protections": "The limits. One that is left out forbids every order.",
    "Protections.max_order": "The most that one order may risk.",
    "Protections.max_exposure_per_selection": (
        "The most at risk on one market, runner and side, foreign orders included."
    ),
    "Protections.max_exposure_per_market": (
        "The most at risk in one market: stakes and liabilities added, nothing netted."
    ),
    "Protections.max_exposure_per_day": "The most at risk over all orders of the day.",
    "Protections.max_daily_loss": (
        "Settled loss of the day, the worst case of what is open, and the order's own: no order past it. Latches once"
        " the settled loss alone is so much."
    ),
    "Protections.max_orders_per_minute": "Orders placed within a minute; hedges and cancels do not count.",
    "Protections.max_orders_per_selection": "Orders of ours on one market, runner and side; latches.",
    "Protections.max_rejects_in_a_row": "Orders that the exchange refuses one after the other; latches.",
    "Protections.max_unknown_intents": "Orders of unknown fate in one market: at this number nothing new goes in.",
    "Protections.price_collar": "How far an order's price may stand from the last traded one.",
    "Protections.max_spread_ticks": (
        "Price steps between best back and best lay; with one side missing nothing goes in."
    ),
    "Protections.max_price_age_seconds": "How old the market's prices may be.",
    "Protections.max_snapshot_age_hours": "How old the capture that the selection was made on may be.",
    "Protections.no_new_orders_before_off_seconds": (
        "The last seconds before the scheduled off, in which nothing goes in."
    ),
    "Protections.reconcile_every_seconds": "How often our journal is compared with the exchange's orders.",
    "Protections.kill_switch_file": "While this file exists, or cannot be read, nothing is sent.",
    "SelectionLimit.back_stake": "The largest stake of a BACK selection.",
    "SelectionLimit.lay_liability": "The largest liability of a LAY selection.",
    "OrderLimit.stake": "The largest stake of one BACK order.",
    "OrderLimit.liability": "The largest liability of one LAY order.",
    "PriceCollar.vs": "What the price is measured against: the last traded price.",
    "PriceCollar.max_ticks": "The largest distance in price steps.",
    "PriceCollar.max_percent": "The largest distance in percent of the last traded price.",
    "PriceCollar.no_ltp": "What to do where nothing was traded yet.",
    # selections
    "SelectionsPolicy.at": "How long before the off the picks are made, and the race is captured; at least 1s.",
    "SelectionsPolicy.picks": "The rules; a runner that two of them pick in the same market and side is the first's.",
    "PickRule.id": "The rule's name: lower case words joined by hyphens, unique in the file.",
    "PickRule.title": "What the rule picks, in one line for people.",
    "PickRule.why": "Why such runners are tried.",
    "PickRule.side": "The side of the picks.",
    "PickRule.market_type": "The markets in which runners are picked, each by itself.",
    "PickRule.price": "Which runners are picked.",
    "PickRule.ask_percent": (
        "The price that is asked for, in percent over the one that was looked at; negative for under it. Put on the "
        "exchange's ladder upwards for a back, downwards for a lay."
    ),
    "PickRule.stake_points": "The stake points of each pick.",
    "PickRule.most_per_race": "The most picks in one market of a race, the lowest prices first; left out, all.",
    "PickRule.countries": "Countries of the races that are meant, such as GB; left out, all.",
    "PickRule.courses": "Courses of the races that are meant, without case; left out, all.",
    "PriceRange.of": "The price that is looked at, in the market of the pick.",
    "PriceRange.from": "The lowest price that is picked.",
    "PriceRange.to": "The highest price that is picked.",
    # schedule
    "SchedulePolicy.zone": "Time zone of the times of day.",
    "SchedulePolicy.intervals": 'How often the loop ticks, from which time of day on; the first starts at "00:00".',
    "SchedulePolicy.stop": "When the loop ends: after the day's last race, or never.",
    "Interval.from": 'Time of day, in quotes: "10:00".',
    "Interval.every": "Time between two ticks, at least 1s.",
    # markets
    "MarketsPolicy.directions": "The words by which alerts and files name a direction.",
    "MarketsPolicy.periods": "The words by which alerts and files name a part of the match.",
    "MarketsPolicy.markets": "The markets; a name or alias stands once over all of them.",
    "Words.over": "Words for more than the line.",
    "Words.under": "Words for less than the line.",
    "Words.handicap": "Words for own minus other, with the line added.",
    "PeriodWords.match": "Words for regular time: 90 minutes and stoppage time.",
    "PeriodWords.first_half": "Words for the first half.",
    "PeriodWords.second_half": "Words for the second half.",
    "Market.name": "The market's own name: what a tracked bet keeps as its market.",
    "Market.aliases": "Other names of it; one that says a line, direction or period itself is a mapping.",
    "Market.statistics": "What is counted; several are added.",
    "Market.scope": "Whose count it is: a player's, a team's, or both teams' together.",
    "Market.combine": "How the two teams' counts make the match's: added, or the lower one.",
    "Market.period": "The part of the match that the market is always about; left out, the bet says it.",
    "Market.is_whole": "Whether it counts in whole numbers; the margin table takes no other.",
    "Market.can_only_grow": "Whether a live count cannot fall again, so that an over may be decided early.",
    "Market.needs_var": "Whether a video review may take back what counts, so that a live bet waits for it.",
    "Market.line": "The line of a bet that states none, in quarter steps.",
    "Market.direction": "The direction of a bet that states none.",
    "Market.api_type_id": "The number of the statistic at the other feed; left out until somebody confirmed it.",
    "Market.api_location": "Where the other feed has it: at the player, in the match's total, at the team's side.",
    "MarketAlias.name": "The other name.",
    "MarketAlias.line": "The line that the name says, in quarter steps.",
    "MarketAlias.direction": "The direction that the name says.",
    "MarketAlias.period": "The part of the match that the name says.",
    # participation
    "ParticipationPolicy.default": "The terms wherever a bookmaker has none of its own.",
    "ParticipationPolicy.bookmakers": "Terms of single bookmakers, by name, without case.",
    "DefaultTerms.participation": "What is asked of a player: any minute on the pitch, or a start.",
    "DefaultTerms.markets": "The same for single markets, by their own names.",
    "DefaultTerms.void_window": "How long after the listed kick-off a postponed fixture may still be played.",
    "DefaultTerms.cards": "What each card counts.",
    "Terms.participation": "What this bookmaker asks of a player.",
    "Terms.markets": "The same for single markets, by their own names.",
    "Terms.void_window": "How long this bookmaker waits for a postponed fixture.",
    "Terms.cards": "What each card counts with this bookmaker.",
    "CardCounting.yellow": "A yellow card.",
    "CardCounting.red": "A straight red card.",
    "CardCounting.second_yellow": "The second yellow card, on top of the first.",
    "CardCounting.most_per_player": "The most that one player brings.",
    # grading
    "GradingPolicy.resolve": "How a bet is graded: the first rule in file order that is true or unknown decides.",
    "GradingPolicy.settings": "Values that rules and statistics read; `--set NAME=VALUE` overrides one.",
    "GradingPolicy.rules": "The rules in order of precedence.",
    "GradingPolicy.otherwise": "What a bet comes to that no rule decides.",
    "GradingPolicy.margin_table": "Margin to outcome: every quarter step exactly once.",
    "GradingPolicy.returns": "What comes back for each outcome.",
    "GradingPolicy.schedule": "When the grading loop looks.",
    "Settings.live_confirm": "How long a live count must have stood before it decides.",
    "Settings.live_under_losses": "Whether a live under is lost as soon as the count is past its line.",
    "Settings.tackles_from_attempts": "Where a feed states tackles won of attempts, whether attempts are the tackles.",
    "Settings.regrade_window": "How long after a result a corrected count grades again; `0s` for never.",
    "Settings.regrade_every": "How often, in that window, a fixture with results alone is looked at again.",
    "GradingRule.id": "The rule's name: lower case words joined by hyphens, unique in the file. Grades name it.",
    "GradingRule.title": "What the rule says, in one line for people.",
    "GradingRule.why": "Why the rule exists; printed wherever it decides something.",
    "GradingRule.applies_to": "Which bets the rule is about; left out, all of them.",
    "GradingRule.when": "The condition.",
    "GradingRule.then": "What the bet comes to when the condition holds.",
    "GradingRule.on_missing": "What an unknown condition does: `pass` asks the next rule, a reason leaves it pending.",
    "GradingRule.tests": "Examples beside the rule; `policytrader test` runs them.",
    "GradingAppliesTo.scope": "Whose count the bet is on.",
    "GradingAppliesTo.direction": "What the bet needs.",
    "GradeTo.outcome": "The result; `by_margin` asks the margin table.",
    "GradeTo.reason": "Why it is the result; with `by_margin` the table gives one where none is written.",
    "GradeTo.pending": "The bet stays pending, for this reason.",
    "GradeTo.keep": "The bet keeps what a person decided.",
    "MarginTable.id": "The table's name; grades that it decides name it.",
    "MarginTable.rows": "The rows; their order does not matter.",
    "MarginRow.margin": "One quarter step, or all from (`>=`) or up to (`<=`) one; in quotes.",
    "MarginRow.outcome": "What these margins come to.",
    "MarginRow.reason": "Why.",
    "Returns.won": "What a won bet brings, the stake included.",
    "Returns.lost": "What a lost bet brings: nothing.",
    "Returns.refund": "What a refund brings: the stake.",
    "Returns.half_win": "Half of the stake won, half of it given back.",
    "Returns.half_loss": "Half of the stake lost, half of it given back.",
    "GradingSchedule.interval": "Time between two rounds at the start.",
    "GradingSchedule.shortest": "The least that it becomes, at least 1s.",
    "GradingSchedule.longest": "The most that it becomes.",
    "GradingSchedule.faster_after_successes": "After so many successes in a row it is halved.",
    "GradingSchedule.first_look": "How long after the kick-off a fixture is first looked at.",
    "GradingSchedule.live": "Whether fixtures are looked at from the kick-off on.",
    "GradingSchedule.give_up_after": "How long after the kick-off a bet without an answer is given up, loudly.",
    # names
    "NamesPolicy.accept": "When a likeness decides.",
    "NamesPolicy.players": "What words mean in names of players.",
    "NamesPolicy.teams": "What words mean in names of teams.",
    "Acceptance.score": "The least likeness, of 100.",
    "Acceptance.ahead_by": "How far ahead of the second it must be.",
    "NameWords.ignored": "Words that speak neither for a match nor against it.",
    "NameWords.other_forms": "Groups of words that stand for each other.",
    "NameWords.common_first": "Words too common to name anyone unless they stand last.",
    "NameWords.never_alone": "Words that name nobody by themselves.",
    "NameWords.distinct": "Words that must be in both names or in neither.",
    "NameWords.first_word_names": "Whether the first of two words alone is a name: of a town, not of a person.",
    "NameWords.aliases": "Names that one person or team goes by.",
    "Alias.name": "The name.",
    "Alias.also": "The other names.",
    "Alias.ids": "The feed's own ids, as a person chose them once.",
}

OPERATOR_TEXTS: Final[dict[Operator, str]] = {
    Operator.EQ: "equal to `value` or `other`",
    Operator.NE: "not equal to `value` or `other`",
    Operator.LT: "less than `value` or `other`",
    Operator.LTE: "less than or equal to `value` or `other`",
    Operator.GT: "greater than `value` or `other`",
    Operator.GTE: "greater than or equal to `value` or `other`",
    Operator.BETWEEN: "from the first to the second of two values, both included",
    Operator.IN: "one of the values in a list",
    Operator.NOT_IN: "none of the values in a list",
    Operator.IS_TRUE: "true",
    Operator.IS_FALSE: "false",
    Operator.EMPTY: "a list without members",
    Operator.NOT_EMPTY: "a list with at least one member",
    Operator.CONTAINS: "a list with this member",
    Operator.SIZE_GTE: "a list with at least this many members",
    Operator.IS_MISSING: "there is no value; never unknown for a plain field",
    Operator.IS_PRESENT: "there is a value; never unknown for a plain field",
}

LITERAL_TEXTS: Final[dict[FieldType, tuple[str, str]]] = {
    FieldType.NUMBER: ("a number", "8"),
    FieldType.MONEY: ("an amount, without a currency", "10.00"),
    FieldType.PRICE: ("decimal odds", "12.5"),
    FieldType.DURATION: ("a whole number and one unit: h, m or s", "30m"),
    FieldType.ENUM: ("one of the field's words", "ACTIVE"),
    FieldType.TEXT: ("a text", "Ascot"),
    FieldType.BOOLEAN: ("no literal: the operators say it all", ""),
    FieldType.LIST: ("the exchange's number of a runner, or how many members", "7"),
}
"""What a literal of each type looks like, and an example."""


def text_of(model: type[BaseModel], key: str) -> str:
    """What the key of this model is for. Raises ``KeyError`` for a key that nobody described."""
    for ancestor in model.__mro__:
        if (text := KEY_TEXTS.get(f"{ancestor.__name__}.{key}")) is not None:
            return text
    name = f"{model.__name__}.{key}"
    raise KeyError(name)


def docstring_of(model: type[BaseModel]) -> str:
    """A model's docstring as one paragraph, in single backticks."""
    return " ".join((model.__doc__ or "").split()).replace("``", "`")
