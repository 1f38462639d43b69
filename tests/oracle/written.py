"""A case as a person would write it: the policy's files as YAML, the snapshot's folder as CSV."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from policytrader.model.snapshot import Market, Order, ReferenceRunner, Runner, Selection, Snapshot
from policytrader.model.times import format_utc

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TABLES: Mapping[str, Any] = {
    "selections": Selection,
    "reference": ReferenceRunner,
    "markets": Market,
    "runners": Runner,
    "orders": Order,
}


def policy_files(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Text by file name: a line per key, and per item of a list of mappings."""
    return {f"{kind}.yaml": _block(document) for kind, document in documents.items()}


def _block(document: Mapping[str, Any]) -> str:
    lines = []
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            lines += [f"{key}:", *(f"  - {_flow(item)}" for item in value)]
        elif isinstance(value, dict) and value:
            lines += [f"{key}:", *(f"  {name}: {_flow(item)}" for name, item in value.items())]
        else:
            lines.append(f"{key}: {_flow(value)}")
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_flow, value)) + "]"
        case Decimal():
            return format(value, "f")
        case str():
            return json.dumps(value)
        case _:
            return str(value)


def snapshot_files(snapshot: Snapshot) -> dict[str, str]:
    """Text by file name, as the reader takes it."""
    files = {"snapshot.yaml": f'title: "A random snapshot"\nnow: "{format_utc(snapshot.now)}"\n'}
    for name, row_type in TABLES.items():
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(row_type._fields)
        writer.writerows([[_cell(value) for value in row] for row in getattr(snapshot, name)])
        files[f"{name}.csv"] = text.getvalue()
    return files


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case datetime():
            return format_utc(value)
        case Decimal():
            return format(value, "f")
        case _:
            return str(value)


def write(files: Mapping[str, str], folder: Path) -> Path:
    """Write the files; the folder is made where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def show(files: Mapping[str, str]) -> str:
    """All files in one text."""
    return "\n".join(f"--- {name}\n{text}" for name, text in files.items())
