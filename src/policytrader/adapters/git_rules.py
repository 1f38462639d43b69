"""Rules as they stood at a git revision."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from policytrader.authoring.load import load_policy
from policytrader.errors import PolicyError, UsageError

if TYPE_CHECKING:
    from policytrader.policy.policy_set import PolicySet

_TIMEOUT_SECONDS = 30


def load_policy_at(project: Path, revision: str) -> PolicySet:
    """The policy in ``rules/`` of the project at a revision. Raises ``UsageError`` when git cannot give it."""
    if revision.startswith("-"):
        message = f"git:{revision}: not a revision"
        raise UsageError(message)
    names = _git(project, "ls-tree", "-r", "-z", "--name-only", revision, "--", "rules").decode().split("\0")
    rules = [name for name in names if name.endswith((".yaml", ".yml"))]
    if not rules:
        message = f"git:{revision}: there are no rules in `rules/` at this revision"
        raise UsageError(message)
    with tempfile.TemporaryDirectory(prefix="policytrader-") as folder:
        for name in rules:
            target = Path(folder) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(_git(project, "show", f"{revision}:./{name}"))
        try:
            return load_policy(Path(folder) / "rules")
        except PolicyError as error:
            message = f"git:{revision}: the policy of that revision has errors\n" + error.render().replace(
                f"{folder}/", f"{revision}:"
            )
            raise UsageError(message) from None


def _git(project: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(project), *arguments]
    try:
        result = subprocess.run(command, capture_output=True, check=False, timeout=_TIMEOUT_SECONDS)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"git could not be run: {error}"
        raise UsageError(message) from None
    if result.returncode:
        said = result.stderr.decode(errors="replace").strip().splitlines()
        message = f"git: {said[0] if said else 'failed'}"
        raise UsageError(message)
    return result.stdout
