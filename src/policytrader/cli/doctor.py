"""``policytrader doctor``: is this installation, and this project, in order?"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import click

from policytrader import __version__
from policytrader.cli.context import FINDINGS, FINE, Context, print_json
from policytrader.cli.trading import profile_of
from policytrader.errors import ConfigError, PolicytraderError
from policytrader.resources import resource
from policytrader.wiring import check_account, policy_at, policy_folder, verifies_servers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DOCTOR_SCHEMA = "policytrader/doctor/1"
_PACKAGES = ("duckdb", "pyarrow", "pydantic", "PyYAML", "jsonschema", "click", "numpy", "orjson", "rich", "tzdata")
_OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True)
class Check:
    """One thing looked at."""

    name: str
    is_fine: bool
    said: str


@click.command(short_help="Check this installation and project.")
@click.option("--json", "as_json", is_flag=True, help="One document on stdout.")
@click.pass_obj
def command(context: Context, as_json: bool) -> int:
    """Check this installation and this project. Opens no socket, prints no secret."""
    looks: tuple[Callable[[Context], Check], ...] = (
        _python, _packages, _engine, _profile, _account, _tls, _notices, _rules, _git,
    )  # fmt: skip
    checks = [look(context) for look in looks]
    if as_json:
        print_json(
            {
                "schema": DOCTOR_SCHEMA,
                "version": __version__,
                "checks": [{"name": one.name, "fine": one.is_fine, "said": one.said} for one in checks],
            }
        )
    else:
        click.echo(f"policytrader {__version__}")
        for one in checks:
            said = one.said.replace("\n", "\n" + " " * 18)
            click.echo(f"{'ok  ' if one.is_fine else 'FAIL'}  {one.name:<10}  {said}")
    return FINE if all(one.is_fine for one in checks) else FINDINGS


def _python(_: Context) -> Check:
    said = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Check("python", sys.version_info >= _OLDEST_PYTHON, said)


def _packages(_: Context) -> Check:
    found, absent = [], []
    for package in _PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            absent.append(package)
    said = ", ".join(found) + (f"; not installed: {', '.join(absent)}" if absent else "")
    return Check("packages", not absent, said)


def _engine(_: Context) -> Check:
    from policytrader.app.made_up_race import last_snapshot
    from policytrader.engine.evaluate import evaluate

    try:
        plan = evaluate(policy_at(None, _shipped()), last_snapshot())
    except Exception as error:  # noqa: BLE001 - whatever the machine does, the doctor reports it
        return Check("engine", is_fine=False, said=f"{type(error).__name__}: {error}")
    reason = plan["kingmaker-place"].reason
    return Check("engine", reason == "Invalid Short Price Removed", "decides a made-up race as it should")


def _profile(context: Context) -> Check:
    try:
        profile = profile_of(context)
    except PolicytraderError as error:
        return Check("profile", is_fine=False, said=error.render())
    return Check("profile", is_fine=True, said=f"{profile.name}: mode {profile.mode}, currency {profile.currency}")


def _account(context: Context) -> Check:
    """Which secrets are set, never what they are."""
    from policytrader.config.secret_values import APP_KEY, CERTIFICATES, PASSWORD, told

    names = ", ".join(f"{name} {told(os.environ, name)}" for name in (PASSWORD, APP_KEY, CERTIFICATES))
    try:
        real = profile_of(context).real
        login = check_account(real) if real is not None else ""
    except PolicytraderError as error:
        said = f"{error.render()}" if isinstance(error, ConfigError) and not error.diagnostics else "see profile"
        return Check("account", is_fine=False, said=f"{said}\n{names}")
    if real is None:
        return Check("account", is_fine=True, said=f"none in this profile; {names}")
    return Check("account", is_fine=True, said=f"{real.account} ({real.country}): {login}; {names}")


def _tls(_: Context) -> Check:
    if os.environ.get("SSLKEYLOGFILE"):
        return Check("tls", is_fine=False, said="SSLKEYLOGFILE is set: keys of connections are written there; unset it")
    is_on = verifies_servers()
    said = "certificates and names of servers are verified" if is_on else "servers are NOT verified: do not trade"
    return Check("tls", is_on, said)


def _notices(_: Context) -> Check:
    from policytrader.config.secret_values import TELEGRAM_CHAT, TELEGRAM_TOKEN, telegram_secrets, told

    names = ", ".join(f"{name} {told(os.environ, name)}" for name in (TELEGRAM_TOKEN, TELEGRAM_CHAT))
    try:
        is_on = telegram_secrets(os.environ) is not None
    except ConfigError as error:
        return Check("notices", is_fine=False, said=f"{error.render()}\n{names}")
    return Check("notices", is_fine=True, said=f"{'by Telegram' if is_on else 'none'}; {names}")


def _rules(context: Context) -> Check:
    folder = policy_folder(context.project)
    try:
        policy = policy_at(None, context.project)
    except PolicytraderError as error:
        first = error.render().splitlines()[0]
        return Check("rules", is_fine=False, said=f"{folder}: {first}; `policytrader validate` tells all")
    return Check("rules", is_fine=True, said=f"{folder}: policy {policy.hash[:7]}")


def _git(_: Context) -> Check:
    found = shutil.which("git")
    return Check("git", is_fine=True, said=found or "not installed: --against git:REV will not work")


def _shipped() -> Path:
    return resource("rules").parent
