"""The numbers of everything that can be found in a policy; each has its heading in ``docs/reference/errors.md``.

``E0nn`` the file and its YAML, ``E1nn`` the form, ``E2nn`` the meaning: these refuse the policy.
``Wnnn`` are the checks of ``lint.py``: they refuse nothing, and a file switches them off with ``ignore: [Wnnn]``.
"""

from __future__ import annotations

from typing import Final

from policytrader.authoring.families import FOOTBALL, SELECTIONS

ERRORS: Final[dict[str, str]] = {
    "E001": "A file or folder that cannot be read, or leads out of the policy's folder.",
    "E002": "A file that is too large.",
    "E003": "A file that is not UTF-8.",
    "E004": "A character that cannot be seen, or that is not text.",
    "E005": "A file that is not YAML.",
    "E006": "An empty file, or one of several documents.",
    "E007": "Too much in one file: depth, number of values, length of a text.",
    "E008": "An anchor, alias, tag, merge key or directive.",
    "E009": "A value that is missing, or that readers of YAML understand differently.",
    "E010": "A key that is not a plain name.",
    "E100": "A file that the models let pass and the JSON Schema does not: a defect in policytrader.",
    "E101": "A key that is missing.",
    "E102": "A key that is not known here.",
    "E103": "A value that is not one of the allowed words.",
    "E104": "A value of the wrong kind: text, number, list, mapping.",
    "E105": "A value of the wrong form: a duration, a name, an amount out of range.",
    "E106": "Something that is not a condition, or not a fact.",
    "E107": "A kind of policy that is not known.",
    "E108": "A JSON Schema that did not come with the installation.",
    "E110": "A key that stands twice in one mapping.",
    "E201": "A field that is not known, or that cannot be read here.",
    "E202": "An operator that does not apply to the field.",
    "E203": "A literal that does not fit the field and its operator.",
    "E204": "Two fields of different units compared.",
    "E205": "A fact that is not known, or that cannot be read here.",
    "E206": "A name that stands twice.",
    "E207": "Steps of a ladder out of order.",
    "E209": "An amount above the ladder's limit.",
    "E210": "A side and market type with no ladder, or with two.",
    "E211": "A reference to a rule that does not exist.",
    "E212": "A schedule with a hole, or out of order.",
    "E213": "A second file of one kind.",
    "E214": "A kind without a file.",
    "E217": "`end` is not the last key.",
    "E218": "The number of a check that does not exist.",
    "E219": "A range of prices that holds none.",
    "E220": "A margin table with a gap, or with two rows for one margin.",
    "E221": "A line that is no multiple of a quarter.",
    "E222": "A market that does not count in whole numbers.",
    "E223": "A market that contradicts itself, or has another statistic's number.",
    "E224": "Terms of a market that does not exist.",
    "E225": "A money formula that does not come to what its outcome means.",
    "E226": "An `otherwise` that may have nothing to decide by.",
    "E227": "A setting that no rule reads.",
}
"""Code -> what it means, in one line."""

_TRADING_CHECKS: Final[dict[str, str]] = {
    "W201": "A rule that says the same as another.",
    "W202": "A condition that can never be true.",
    "W203": "A rule that never fires: an earlier one always comes first.",
    "W204": "A condition that can never be false.",
    "W205": "A fact that no rule reads.",
    "W206": "A ladder's amount that falls from one step to the next.",
    "W207": "A ladder's amount that the exchange does not take at some prices.",
    "W208": "A rule without a test.",
    "W209": "A protection limit that is missing, so that no order is placed.",
    "W210": "A limit below what the ladder stakes at one or two stake points.",
    "W211": "A price age limit shorter than every interval of the schedule.",
    "W212": "A side and market type that no rule is about, or that is never bet.",
    "W213": "A cash-out trigger that can never hold, because the rules it names are about other selections.",
}
_GRADING_CHECKS: Final[dict[str, str]] = {
    "W214": "An alias that is the name of its own market.",
    "W215": "A margin table in which a better margin gives a worse outcome.",
}
CHECKS: Final = _TRADING_CHECKS | _GRADING_CHECKS
"""Number of a check -> what it finds, in one line."""

_OF_ALL_RULES: Final = ("W201", "W202", "W203", "W204", "W208")


def checks_for(kind: str) -> tuple[str, ...]:
    """The checks that files of this kind may switch off."""
    if kind in SELECTIONS.kinds:
        return ()
    return (*_OF_ALL_RULES, *_GRADING_CHECKS) if kind in FOOTBALL.kinds else tuple(_TRADING_CHECKS)
