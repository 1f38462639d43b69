"""Files that a command writes on request: written, or a readable error."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from policytrader.cli.context import Context, print_json
from policytrader.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SQLITE = b"SQLite format 3\0"
WRITTEN_SCHEMA = "policytrader/written/1"


def write_text(option: str, path: Path, text: str) -> None:
    """Write a file that an option names: the same bytes on every system. Raises ``UsageError``."""
    write_bytes(option, path, text.encode())


def write_bytes(option: str, path: Path, data: bytes) -> None:
    """Write a file that an option names, whole or not at all. Raises ``UsageError``."""
    _write(option, path, [data])


def write_lines(option: str, path: Path, lines: Iterable[str]) -> None:
    """Write lines, each with its end, as they come; the file is there once all of them are. Raises ``UsageError``."""
    refuse_store(path)
    _write(option, path, (line.encode() for line in lines))


def _write(option: str, path: Path, pieces: Iterable[bytes]) -> None:
    try:
        if path.exists() and not path.is_file():  # a pipe or a device: nothing stands there that could be lost
            with path.open("wb") as file:
                file.writelines(pieces)
        else:
            _replace(Path(os.path.realpath(path)), pieces)  # a link stays one
    except OSError as error:
        raise _not_written(option, path, error) from None


def _replace(path: Path, pieces: Iterable[bytes]) -> None:
    """Write aside and then in its place: a full disk leaves the file of before."""
    is_there = path.exists()
    if is_there:
        path.open("r+b").close()  # what is protected from writing stays
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            file.writelines(pieces)
        if is_there:
            shutil.copymode(path, part)
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink()


def check_targets(context: Context, **names: str | None) -> None:
    """That the files which options name can be written, asked before the work: ``html=name`` is ``--html NAME``.

    Raises ``UsageError``.
    """
    seen: dict[str, str] = {}
    for key, name in names.items():
        if name is not None:
            option, path = f"--{key}", context.path(name)
            refuse_store(path)
            if problem := _obstacle(path):
                raise _not_written(option, path, OSError(problem, os.strerror(problem)))
            other = seen.setdefault(os.path.realpath(path), option)
            if other != option and not (path.exists() and not path.is_file()):
                message = f"{option} {name}: {other} names the same file; name another one"
                raise UsageError(message)


def _obstacle(path: Path) -> int:
    """The error that writing a file would end in; 0 for none."""
    try:
        if path.is_dir():
            return errno.EISDIR
        if path.exists() and not path.is_file():  # a pipe or a device
            return 0 if os.access(path, os.W_OK) else errno.EACCES
        path = Path(os.path.realpath(path))
        folder = path.parent
        if not folder.is_dir():
            return errno.ENOTDIR if folder.exists() else errno.ENOENT
        # What is there is replaced, so that its folder has to take the new one.
        needed = [folder, path] if path.exists() else [folder]
        return 0 if all(os.access(one, os.W_OK) for one in needed) else errno.EACCES
    except OSError as error:
        return error.errno or errno.EIO


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
