"""``policytrader recording import``: recorded markets into Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from policytrader.cli.context import FINDINGS, FINE, Context, print_json
from policytrader.cli.recording_generate import generate
from policytrader.cli.words import counted
from policytrader.errors import UsageError
from policytrader.wiring import import_recordings

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.wiring import FileReport, ImportReport

IMPORT_SCHEMA = "policytrader/import/1"


@click.group(short_help="Import recorded markets, or generate them.")
def command() -> None:
    """Recorded markets: the exchange's stream and historical files."""


command.add_command(generate)


@command.command("import", short_help="Read stream and historical files into Parquet.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--out", required=True, metavar="DIR", help="Where the recording is kept; made if need be.")
@click.option("--json", "as_json", is_flag=True, help="One document on stdout.")
@click.pass_obj
def import_(context: Context, files: tuple[str, ...], out: str, as_json: bool) -> int:
    """Read FILE (plain, gz, bz2 or zip; a folder means every file in it) into DIR.

    A damaged file is told with its line; what was read before the damage is kept.
    """
    paths = [path for name in files for path in _expanded(context.path(name))]
    report = _run(context, paths, context.path(out))
    if as_json:
        print_json(_document(report))
    else:
        for file in report.files:
            click.echo(_line(file))
        errors = report.errors
        for error in errors:
            click.echo(error.render(), err=True)
        found = (counted(len(report.markets), "market"), counted(report.updates, "update"), counted(report.rows, "row"))
        click.echo(f"{', '.join(found)}, {counted(len(errors), 'damaged file')}")
    return FINDINGS if report.errors else FINE


def _expanded(path: Path) -> list[Path]:
    if not path.exists():
        message = f"{path}: no such file or folder"
        raise UsageError(message)
    return sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]


def _run(context: Context, paths: list[Path], out: Path) -> ImportReport:
    console = context.console(stderr=True)
    if not console.is_terminal or not context.verbosity:
        return import_recordings(paths, out)
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        total = sum(path.stat().st_size for path in paths)
        task, done = bar.add_task("importing", total=total), dict.fromkeys(paths, 0)

        def progress(path: Path, read: int, _size: int) -> None:
            done[path] = read
            bar.update(task, description=path.name, completed=sum(done.values()))

        return import_recordings(paths, out, progress)


def _line(file: FileReport) -> str:
    markets = ", ".join(file.markets) or "no market"
    state = "damaged: kept what was read" if file.error else "ok"
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
                "error": file.error.render() if file.error else None,
            }
            for file in report.files
        ],
    }
