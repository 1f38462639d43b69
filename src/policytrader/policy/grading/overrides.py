"""One setting of a grading policy with another value: ``--set participation=must_start``.

An override holds for every bet: bookmakers' own terms about the same thing give way to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from policytrader.errors import UsageError
from policytrader.policy.grading.participation import CardCounting
from policytrader.policy.grading.rules import GradingSchedule, Settings, schedule_problem, settings_problem
from policytrader.policy.values import Duration, duration_microseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from policytrader.policy.grading.grading_set import GradingSet
    from policytrader.policy.grading.participation import Terms
    from policytrader.policy.values import Model

_SECONDS: Final = {"hours": 3600, "minutes": 60, "seconds": 1}
_LETTERS: Final = {"hours": "h", "minutes": "m", "seconds": "s"}
_WORDS: Final = {"true": True, "false": False}


def _duration(text: str) -> str:
    duration_microseconds(text)
    return text


_READERS: Final[Mapping[object, tuple[Callable[[str], Any], str]]] = {
    bool: (_WORDS.__getitem__, "true or false"),
    int: (int, "a whole number"),
    Decimal: (Decimal, "a number"),
    Duration: (_duration, "a duration such as 72h, 30m or 15s, of at most six digits"),
}
"""What a setting takes -> how it is read, and what it must be."""


@dataclass(frozen=True)
class _Setting:
    """Where a setting lies, and what kind of value it takes."""

    kind: str
    path: tuple[str, ...]
    takes: type[Any] | object


def _settings() -> dict[str, _Setting]:
    found = {
        "participation": _Setting("participation", ("default", "participation"), str),
        "void_window": _Setting("participation", ("default", "void_window"), Duration),
    }
    for name in CardCounting.model_fields:
        found[f"card_{name}"] = _Setting("participation", ("default", "cards", name), int)
    for part, model in (("settings", Settings), ("schedule", GradingSchedule)):
        for name, field in model.model_fields.items():
            takes = field.annotation if field.annotation is not str else Duration
            found[name] = _Setting("grading", (part, name), takes)
    for name in ("score", "ahead_by"):
        found[f"name_{name}"] = _Setting("names", ("accept", name), Decimal)
    return found


_SETTINGS: Final[Mapping[str, _Setting]] = _settings()

SETTING_NAMES: Final = tuple(_SETTINGS)
"""What ``with_setting`` takes; a duration also with its unit last, as a number: ``live_confirm_seconds``."""


def with_setting(policy: GradingSet, name: str, value: str) -> GradingSet:
    """The policy with one scalar setting changed; its hash is another one where the value is.

    ``value`` is written as on a command line: ``must_start``, ``true``, ``3``, ``90s``. Raises ``UsageError`` for a
    name or a value that there is not.
    """
    name, written = _without_unit(name, value)
    setting = _SETTINGS.get(name)
    if setting is None:
        near = get_close_matches(name, _SETTINGS, n=1, cutoff=0.5)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        message = f"--set {name}: there is no such setting{hint}\n  Settings: {', '.join(_SETTINGS)}."
        raise UsageError(message)
    parsed = _parsed(name, setting, written)
    changed: dict[str, Any] = {setting.kind: _changed(getattr(policy, setting.kind), setting.path, name, parsed)}
    made = replace(policy, **changed)
    grading = made.grading
    if (problem := schedule_problem(grading.schedule) or settings_problem(grading.settings)) is not None:
        message = f"--set {name}={value}: {problem[1]}"
        raise UsageError(message)
    return _for_every_bookmaker(made, setting, parsed)


def _without_unit(name: str, value: str) -> tuple[str, str]:
    """``live_confirm_seconds`` and ``0`` as ``live_confirm`` and ``0s``."""
    stem, _, unit = name.rpartition("_")
    if name in _SETTINGS or unit not in _SECONDS or stem not in _SETTINGS or _SETTINGS[stem].takes is not Duration:
        return name, value
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    seconds = number * _SECONDS[unit]
    if not number.is_finite() or number < 0 or seconds != seconds.to_integral_value():
        message = f"--set {name}={value}: must be a number of {unit}, not negative, that comes to whole seconds"
        raise UsageError(message)
    return stem, f"{int(number)}{_LETTERS[unit]}" if number == number.to_integral_value() else f"{int(seconds)}s"


def _parsed(name: str, setting: _Setting, value: str) -> Any:
    make, expected = _READERS.get(setting.takes, (str, ""))
    try:
        return make(value)
    except (KeyError, ValueError, InvalidOperation):
        message = f"--set {name}={value}: must be {expected}"
        raise UsageError(message) from None


def _changed(model: Model, path: tuple[str, ...], name: str, value: Any) -> Model:
    """A copy with the value at the path, checked by the model that holds it."""
    if len(path) > 1:
        part = _changed(getattr(model, path[0]), path[1:], name, value)
        return model.model_copy(update={path[0]: part})
    try:
        return type(model).model_validate({**model.model_dump(), path[0]: value})
    except ValidationError as error:
        details = error.errors(include_url=False)[0]
        said = details["msg"].removeprefix("Input should be ").removeprefix("must be ")
        message = f"--set {name}={value}: must be {said}"
        raise UsageError(message) from None


def _for_every_bookmaker(policy: GradingSet, setting: _Setting, value: Any) -> GradingSet:
    """The policy without what bookmakers, and single markets, say otherwise about the same thing."""
    if setting.kind != "participation":
        return policy
    _, key, *card = setting.path
    without: dict[str, Any] = {key: None, "markets": {}} if key == "participation" else {key: None}

    def agreeing(own: Terms) -> Terms:
        if card and own.cards is not None:
            return own.model_copy(update={"cards": own.cards.model_copy(update={card[0]: value})})
        return own if card else own.model_copy(update=without)

    terms = policy.participation
    default = terms.default.model_copy(update={"markets": {}}) if key == "participation" else terms.default
    bookmakers = {name: agreeing(own) for name, own in terms.bookmakers.items()}
    return replace(policy, participation=terms.model_copy(update={"default": default, "bookmakers": bookmakers}))
