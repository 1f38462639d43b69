"""Settings of a deployment: ``config/NAME.yaml``. Policy does not belong here, secrets neither."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policytrader.authoring.suggest import did_you_mean
from policytrader.authoring.yaml import YamlDocument, read_yaml_file
from policytrader.errors import ConfigError, Diagnostic, PolicyError, UsageError
from policytrader.model.money import MINIMUM_SIZES, MinimumSize

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_PROFILE = "paper"
MODES = ("paper", "live")


@dataclass(frozen=True)
class Profile:
    """One deployment: ``mode`` is paper or live, ``currency`` the account's.

    ``kill_file`` is where the kill switch is looked for, from the project's folder; each mode has its own unless the
    profile names one.
    """

    name: str = DEFAULT_PROFILE
    mode: str = "paper"
    currency: str = "GBP"
    kill_file: str | None = None

    def kill_path(self, project: Path) -> Path:
        """The kill switch: exists, or cannot be read, means kill."""
        return project / (self.kill_file or f"policytrader-{self.mode}.kill")

    @property
    def minimum(self) -> MinimumSize:
        """The exchange's smallest order in the account's currency."""
        return MINIMUM_SIZES[self.currency]


_TEXTS = ("kill_file",)
_ALLOWED = {"mode": MODES, "currency": tuple(MINIMUM_SIZES)}


def load_profile(project: Path, name: str) -> Profile:
    """The profile ``config/NAME.yaml`` of a project; without such a file, ``paper`` has defaults.

    Raises ``ConfigError`` with every error of the file, ``UsageError`` when there is no such profile.
    """
    path = project / "config" / f"{name}.yaml"
    if not path.is_file():
        if name == DEFAULT_PROFILE:
            return Profile()
        known = sorted(file.stem for file in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
        message = f"--profile {name}: there is no {path}" + (f"; profiles: {', '.join(known)}" if known else "")
        raise UsageError(message)
    try:
        document = read_yaml_file(path)
    except PolicyError as error:
        raise ConfigError([replace(one, source="") for one in error.diagnostics]) from None
    found = list(_problems(document, name))
    if found:
        # The line at fault may hold a secret that stands in the wrong place: it is named, never shown.
        raise ConfigError([replace(one, source="") for one in found])
    values = document.value
    assert isinstance(values, dict)
    return Profile(name, values["mode"], values["currency"], values.get("kill_file"))


def _problems(document: YamlDocument, name: str) -> list[Diagnostic]:
    values = document.value
    if not isinstance(values, dict):
        return [document.diagnostic((), "C101", "a profile is a mapping", "Begin with `profile: " + name + "`.")]
    keys = ("profile", *_ALLOWED, *_TEXTS, "end")
    allowed_keys = "Allowed: " + ", ".join(keys) + "."
    found = [
        document.diagnostic((key,), "C102", f"unknown key `{key}`{did_you_mean(key, keys)}", allowed_keys, at_key=True)
        for key in values
        if key not in keys
    ]
    for key in ("profile", "end"):
        if (key in values and values[key] != name) or (key not in values and key == "profile"):
            message = f"`{key}` must be `{name}`, the file's name"
            found.append(document.diagnostic((key,), "C103", message, "It guards against a file copied by mistake."))
    found += [
        document.diagnostic((key,), "C103", f"`{key}` must be a file's name")
        for key in _TEXTS
        if key in values and not (isinstance(values[key], str) and values[key].strip())
    ]
    for key, allowed in _ALLOWED.items():
        if values.get(key) not in allowed:
            message = f"`{key}` must be one of {', '.join(allowed)}"
            found.append(document.diagnostic((key,), "C103", message + did_you_mean(str(values.get(key)), allowed)))
    return found
