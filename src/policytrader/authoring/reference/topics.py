"""The topics by name, and the small pieces of Markdown that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from policytrader.authoring.reference.errors import errors_page
from policytrader.authoring.reference.fields import fields_page, operators_page
from policytrader.authoring.reference.kinds import kinds_page
from policytrader.authoring.reference.reasons import protections_page, reasons_page

if TYPE_CHECKING:
    from collections.abc import Callable

TOPICS: Final[dict[str, tuple[str, Callable[[], str]]]] = {
    "fields": ("What a condition may read.", fields_page),
    "operators": ("How a condition compares.", operators_page),
    "kinds": ("The kinds of policy file with every key, its default and its range.", kinds_page),
    "errors": ("Every error and warning by its code: what it means, what to do.", errors_page),
    "reasons": ("Every action and reason in the plan.", reasons_page),
    "protections": ("The limits that no rule can lift.", protections_page),
}
"""Topic -> its line in the list of topics, and what makes its page."""
