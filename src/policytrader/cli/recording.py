"""``policytrader recording import``: recorded markets into Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from policytrader.cli.context import FINDINGS, FINE, Context, print_json
from policytrader.cli.recording_generate import generate
from policytrader.cli.recording_list import list_
from policytrader.cli.words import counted
from policytrader.errors import UsageError
from policytrader.wiring import import_recordings

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.wiring import FileReport, ImportReport

IMPORT_SCHEMA = "policytrader/import/1"


@click.group(short_help="Import recorded markets, list them, or generate them.", no_args_is_help=False)
def command() -> None:
    """Recorded markets: the exchange's stream and historical files."""


command.add_command(generate)
command.add_command(list_)


@command.command("import", short_help="Read stream and historical files into Parquet.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--out", required=True, metavar="DIR", help="Where the recording is kept; made if need be.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Processes to read in; else one for each core.")
@click.option("--again", is_flag=True, help="Import also what was imported before from the same bytes.")
@click.option("--json", "as_json", is_flag=True, help="One document on stdout.")
@click.pass_obj
def import_(context: Context, files: tuple[str, ...], out: str, jobs: int | None, again: bool, as_json: bool) -> int:
    """Read FILE (plain, gz, bz2 or zip; a folder means every file in it) into DIR.

    A damaged file is told with its line; what was read before the damage is kept. JSON that is no stream, such as a
    catalogue beside the streams, is passed over. An import that was stopped goes on where it was: files that are
    imported already are passed over.
    """
    paths = [path for name in files for path in _expanded(context.path(name))]
    report = _run(context, paths, context.path(out), jobs, again=again)
    if as_json:
        print_json(_document(report))
    else:
        for file in report.files:
            click.echo(_line(file))
        errors = report.errors
        for error in errors:
            click.echo(error.render(), err=True)
        found = [counted(len(report.markets), "market"), counted(report.updates, "update"), counted(report.rows, "row")]
        before = sum(file.was_imported for file in report.files)
        if before:
            found.append(f"{counted(before, 'file')} imported before")
        others = sum(not file.is_stream for file in report.files)
        if others:
            found.append(f"{counted(others, 'file')} passed over")
        click.echo(f"{', '.join(found)}, {counted(len(errors), 'damaged file')}")
        if not report.markets and not errors:
            click.echo("no market: none of these files is a recorded stream", err=True)
    return FINE if report.markets and not report.errors else FINDINGS


def _expanded(path: Path) -> list[Path]:
    if not path.exists():
        message = f"{path}: no such file or folder"
        raise UsageError(message)
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if file.is_file())
    if not files:
        message = f"no file in {path}; files in folders within it are not looked for"
        raise UsageError(message)
    return files


def _run(context: Context, paths: list[Path], out: Path, jobs: int | None, *, again: bool) -> ImportReport:
    console = context.console(stderr=True)
    if not console.is_terminal or not context.verbosity:
        return import_recordings(paths, out, jobs=jobs, again=again)
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        total = sum(path.stat().st_size for path in paths)
        task, done = bar.add_task("importing", total=total), dict.fromkeys(paths, 0)

        def progress(path: Path, read: int, _size: int) -> None:
            done[path] = read
            bar.update(task, description=path.name, completed=sum(done.values()))

        return import_recordings(paths, out, progress, jobs=jobs, again=again)


def _line(file: FileReport) -> str:
    markets = ", ".join(file.markets) or "no market"
    if file.was_imported:
        return f"{file.file}: {markets}: imported before from the same bytes; --again reads it again"
    if not file.is_stream:
        return f"{file.file}: not a stream, passed over"
    state = "ok"
    if file.error:
        state = "damaged: kept what was read" if file.markets else "damaged: nothing of it was kept"
    rows = counted(file.market_rows + file.runner_rows, "row")
    return f"{file.file}: {markets}: {counted(file.updates, 'update')}, {rows}, {state}"


def _document(report: ImportReport) -> dict[str, Any]:
    return {
        "schema": IMPORT_SCHEMA,
        "markets": list(report.markets),
        "updates": report.updates,
        "rows": report.rows,
        "files": [
            {
                "file": file.file,
                "markets": list(file.markets),
                "lines": file.lines,
                "updates": file.updates,
                "rows": file.market_rows + file.runner_rows,
                "was_imported": file.was_imported,
                "is_stream": file.is_stream,
                "error": file.error.render() if file.error else None,
            }
            for file in report.files
        ],
    }
