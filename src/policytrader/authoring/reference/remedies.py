"""What to do about each code: the half of the table of errors that an author reads to the end."""

from __future__ import annotations

from typing import Final

REMEDIES: Final[dict[str, str]] = {
    "E001": (
        "Check the name, the folder you are in and the file's mode. A rule file is a regular file inside the "
        "policy's folder; a link that leads out of it is refused, so that what is reviewed is what is read."
    ),
    "E002": (
        "A policy file has at most 256 KB. Move rules that are not used out of it; generated data does not belong "
        "in a policy."
    ),
    "E003": (
        "Save the file as UTF-8 and type the character at the place named again. An editor that saves UTF-16 has a "
        "setting for it."
    ),
    "E004": (
        "Delete the character, or type the text again. Copied text brings no-break spaces, zero-width marks and "
        "letters of other alphabets that look like ours; each of them would make another word of what you read."
    ),
    "E005": (
        "Look at the place and at the line above it: a colon without a space, an unclosed quote or bracket, a tab, "
        "an entry that does not start in the column of its neighbours."
    ),
    "E006": (
        "One file is one document: write the policy, beginning with `policy:`, and delete `---` and what follows it."
    ),
    "E007": (
        "A file has at most 20 levels, 20,000 values and 4 KB in one text. Usually a quote or bracket was not closed."
    ),
    "E008": (
        "Write the value out where it is needed. Nothing in a policy stands for something else, so that a reader "
        "sees what holds. Quote a text that begins with `&`, `*`, `!` or `%`."
    ),
    "E009": (
        "Say the value, or delete the key. Quote what different readers of YAML understand differently: times of "
        'day ("10:00"), dates, `yes`, `no`, `on`, `off`, `null`, `010`, `1e3`.'
    ),
    "E010": "A key is a plain name in lower case, written once before its colon.",
    "E100": (
        "This is a defect in policytrader: model and schema disagree. The finding names the part of the schema; "
        "report both, and write the value in the form that the schema asks for."
    ),
    "E101": "Add the key; the finding lists what is required there.",
    "E102": (
        "Correct the name, or delete the key; the finding lists what is allowed there and the nearest name. A key "
        "that nobody reads would be a rule that nobody follows."
    ),
    "E103": "Write one of the words that the finding lists, exactly so: BACK, not back.",
    "E104": (
        "Write the kind of value that is asked for: a number without quotes, a list in brackets, a mapping with keys."
    ),
    "E105": (
        "Write it in the form that the finding names: a duration is `8h`, `30m` or `15s`; a name is lower case "
        "words joined by hyphens; an amount is 0 to 1,000,000 with at most two decimals."
    ),
    "E106": (
        "A condition has exactly one form: `{field: …, op: …, value: …}`, `all`, `any` or `not`. A fact has exactly "
        "one of `count`, `list`, `any`, `min` and `max`, and a `where`."
    ),
    "E107": (
        "The first key says the kind: `policy: validation`, `staking`, `entry`, `cash_out`, `protection` or "
        "`schedule`; of a grading policy `markets`, `participation`, `grading` or `names`. A folder holds one family."
    ),
    "E108": "Install policytrader again. In a checkout: `policytrader schema --write schemas`.",
    "E110": "Keep one of the two. Readers of YAML take the last and say nothing, so the first would be gone.",
    "E201": (
        "`policytrader docs fields` lists the names. Fields of other runners are read in a fact's `where` only; a "
        "rule reads the fact."
    ),
    "E202": "The finding lists the operators of the field; `policytrader docs operators` explains them.",
    "E203": (
        "Write a literal of the field's type and unit: `30m` for a duration, a number for a price, a list of two "
        "for `between`, nothing at all for `is_true` or `empty`. HIDDEN is read as missing: ask with `is_missing`."
    ),
    "E204": (
        "Compare like with like: a price with a price, an amount with an amount. Without this, 8.00 odds could be "
        "compared with 8.00 pounds."
    ),
    "E205": (
        "Declare the fact under `facts:` of the same file, or correct its name. A fact reads fields of one runner, "
        "never another fact."
    ),
    "E206": (
        "Give each rule, ladder or trigger a name of its own: plans, tests and triggers speak of it by name. In a "
        "grading policy: a name, a word or an id means one market, one direction, one bookmaker, one person."
    ),
    "E207": "Write `from: start` first and only first, then the other steps in falling time to the off: 4h, 2h, 30m.",
    "E209": "Raise `limits` or lower the step. The limit is what one selection may have at one stake point.",
    "E210": (
        "Give each side and market type exactly one ladder: narrow `applies_to` where two overlap, widen it or add "
        "a ladder where none is."
    ),
    "E211": "Name a rule of the validation file that invalidates; a rule that holds makes nothing invalid.",
    "E212": (
        'Start the first interval at "00:00" and write the others in the order of the day. In a grading policy: '
        "at least 1s, `shortest`, `interval`, `longest`; `first_look` before `give_up_after`; `regrade_every` between "
        "1m and `regrade_window`."
    ),
    "E213": "Merge the two files: a policy has one file of each kind.",
    "E214": "Add the file; `policytrader init` writes a complete set of both families to begin with.",
    "E217": "Keep `end` as the last line: it shows that the file was not cut off.",
    "E218": "Correct the number in `ignore`; the checks that can be switched off are listed below.",
    "E219": "Write the lower price as `from` and the higher one as `to`; both are included.",
    "E220": (
        "A margin is a whole number of quarter steps, and each needs exactly one row. Write the missing row, or change "
        "one of the two that meet; the rows at the ends begin with `<=` and `>=`."
    ),
    "E221": "Write a whole, half or quarter number: 2, 2.5, 2.25.",
    "E222": (
        "The margin table knows quarter steps only, and a count that is not whole falls between them. Delete the "
        "market: its bets stay pending as `market_unmapped`."
    ),
    "E223": (
        "A handicap is about a team and can fall; an alias cannot say another direction or period than its market; a "
        "player's number is read at `player`, a team's at `side`, a match's at `total`; one `api_type_id` is one "
        "statistic: leave it out until somebody confirmed it."
    ),
    "E224": "Write the market's own name as it stands in `markets.yaml`, in quotes.",
    "E225": (
        "Write `stake * odds` for won, `0` for lost, `stake` for refund, `stake * (odds + 1) / 2` for half_win and "
        "`stake / 2` for half_loss, or a formula that comes to the same for every stake and all odds. The finding "
        "names a stake and odds for which it does not."
    ),
    "E226": "Write the reason for leaving the bet pending; let a rule with `is_present` ask for the margin.",
    "E227": "Let a rule read `terms.<setting>`, or delete the setting: as it is, changing it changes nothing.",
    "W201": "Delete one of the two, or change what was meant to be different.",
    "W202": "Read the comparisons together: a value would have to be two things at once. Correct a bound or a word.",
    "W203": "Move the rule up, narrow the one before it, or delete it.",
    "W204": "The condition says nothing: correct a bound, or delete the part that is always true.",
    "W205": "Delete the fact, or let a rule read `fact.<name>`.",
    "W206": "A ladder that falls asks for less money nearer to the off and sells nothing: check the amount.",
    "W207": (
        "At the prices named the exchange takes no such order, so the selection waits for the next step. Raise the "
        "amount, or switch the check off where waiting is what you want."
    ),
    "W208": "Add `tests:` to the rule: one example for each way it can come out, the missing value included.",
    "W209": "Set the limit. One that is left out forbids every order.",
    "W210": "Raise the limit or lower the ladder: at one or two stake points its own cap could never be placed.",
    "W211": "Raise `max_price_age_seconds`, or let the loop tick more often: as it is, prices are always too old.",
    "W212": "Widen `applies_to` of a rule, or add one for the side and market type named.",
    "W213": "Name rules that are about the selections that the trigger is about, or widen its `applies_to`.",
    "W214": "Delete the alias: names are compared without case and with single spaces.",
    "W215": "Look at the two rows named: somebody with a better margin gets less.",
    "S101": (
        "Check the name of the folder. A table without rows still has its file with the header: that there are none "
        "must be said, not left out."
    ),
    "S102": "Save the file as UTF-8; a table is a regular file of at most 8 MB and 200,000 rows.",
    "S103": (
        "Write comma-separated text with a header: quote a cell that contains a comma, double a quote inside "
        "quotes, delete empty lines. In JSON: a list of objects."
    ),
    "S104": (
        "Correct the column's name; the finding lists the columns of the table. A column that nobody knows could be "
        "one that was misspelt."
    ),
    "S105": "Write the value. A required column has one in every row; an order that is matched has an average price.",
    "S106": (
        "Write digits with at most one point between them; no sign, no exponent, no thousands separator. Leave the "
        "cell empty where there is no value."
    ),
    "S107": "Write one of the words that the finding lists; true or false in a yes-or-no column.",
    "S108": "Write the time with its zone: 2026-05-02T13:42:15Z or 2026-05-02T14:42:15+01:00.",
    "S109": "Delete one of the two. Two rows of one market and runner would count its money twice.",
    "S110": (
        "Correct one of the two: a selection's race and market must agree with the market's, a capture has one time "
        "and one number of runners, not more is matched than the order's size."
    ),
    "S111": "Write a price at which the exchange takes orders; the finding names the two neighbours.",
    "S112": "Check whether back and lay were swapped, or read at different moments.",
    "S113": (
        "Type the text again, without spaces around it and without marks that cannot be seen: two names that look "
        "the same must be the same."
    ),
    "S120": (
        'Write `title:` and `now: "2026-05-02T13:42:15Z"` in quotes and with its zone; `why:` and `policy:` may follow.'
    ),
    "R101": "Name a file of the exchange's stream format: plain, .gz, .bz2 or .zip.",
    "R102": "What stands before the line was kept. Fetch the file again if the rest matters.",
    "R103": "Check that it is a market's file and that it begins with the market's definition.",
    "R104": "Choose another folder for `--out`, or change its mode.",
    "R105": "Name the folder that `policytrader recording import` wrote, or import again, with `--again`.",
    "R106": "Check market and runner of the pick against the recording, or import the market's file.",
    "R107": "Ask for a later moment with `--at`: at this one the market did not exist yet.",
    "R108": "Correct the pick: its market's type or race is another one in the recording.",
    "R109": "Only WIN and PLACE markets of a race are bet on.",
    "R110": "Save the file of picks as UTF-8 text.",
    "R111": "Write the header of `selections.csv`; the finding lists the columns.",
    "R112": "Correct the cell; what each column takes is in the description of the snapshot folder.",
}
"""Code -> what to do."""
