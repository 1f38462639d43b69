"""Files that a command writes on request: written, or a readable error."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from policytrader.cli.context import Context, print_json
from policytrader.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_SQLITE = b"SQLite format 3\0"
WRITTEN_SCHEMA = "policytrader/written/1"


def write_text(option: str, path: Path, text: str) -> None:
    """Write a file that an option names: the same bytes on every system. Raises ``UsageError``."""
    write_bytes(option, path, text.encode())


def write_bytes(option: str, path: Path, data: bytes) -> None:
    """Write a file that an option names. Raises ``UsageError``."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise _not_written(option, path, error) from None


def write_lines(option: str, path: Path, lines: Iterable[str]) -> None:
    """Write lines, each with its end, as they come; the file is there once all of them are. Raises ``UsageError``."""
    refuse_store(path)
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(lines)
        part.replace(path)
    except OSError as error:
        raise _not_written(option, path, error) from None
    finally:
        with suppress(OSError):
            part.unlink()


def _not_written(option: str, path: Path, error: OSError) -> UsageError:
    return UsageError(f"{option} {path}: cannot be written: {error.strerror or error}")


def refuse_store(path: Path) -> None:
    """A slip of the finger must not write over a database. Raises ``UsageError``."""
    try:
        with path.open("rb") as file:
            is_database = file.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return
    if is_database:
        message = f"{path} is a SQLite database; name another file"
        raise UsageError(message)


def write_files(context: Context, folder: str, texts: Mapping[str, str], *, as_json: bool) -> None:
    """Write the texts by name into a folder of the project, and say which. Raises ``UsageError``."""
    target = context.path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            # The same bytes on every system: what is committed is compared.
            (target / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        message = f"--write {folder}: {error.strerror or error}\n  Name a folder that may be written to."
        raise UsageError(message) from None
    written = [str(target / name) for name in texts]
    if as_json:
        print_json({"schema": WRITTEN_SCHEMA, "files": written})
    else:
        for path in written:
            click.echo(path)
