"""The decision log as a file: what another machine needs to ask what other rules would have made of a month.

JSON lines in UTF-8. The first names the schema (``policytrader/decision-log/2``) and the mode; then the policies that
decided; then, moment by moment, the inputs and the decisions that were made of them; the last counts the lines before
it, so that a file that was cut is none. Documents are kept as texts, byte for byte, because decisions are compared so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from policytrader.errors import StoreError, UsageError
from policytrader.model.records import LoggedDecision
from policytrader.model.times import format_utc, london_day, parse_utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from policytrader.ports.store import Store

SCHEMA = "policytrader/decision-log/2"
_SCHEMA_WITHOUT_END = "policytrader/decision-log/1"
_EXPORT_AGAIN = "export it again with `policytrader decisions --export FILE`"
_NAMES = ("decision_id", "selection_ref", "policy_hash", "snapshot_hash", "action", "code")


class Moment(NamedTuple):
    """Decisions that were made of the same inputs; ``inputs`` is None where the log has none that can be used."""

    decisions: tuple[LoggedDecision, ...]
    inputs: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionSource:
    """A decision log to be read once: ``policies`` are the stored contents by hash, ``moments`` come in order.

    Of a file of before nobody can tell whether it ``is_whole``: then it says False.
    """

    mode: str
    policies: Mapping[str, bytes]
    moments: Iterator[Moment]
    is_whole: bool = True


def store_source(store: Store, mode: str, since: date | None = None, until: date | None = None) -> DecisionSource:
    """The log of a store, for races from a London day to another, both included. Raises ``StoreError``."""
    decisions = [one for one in store.logged_decisions() if _is_within(one, since, until)]
    hashes = dict.fromkeys(one.policy_hash for one in decisions)
    records = (store.policy(name) for name in hashes)
    policies = {record.policy_hash: record.content for record in records if record is not None}

    def moments() -> Iterator[Moment]:
        for _, group in groupby(decisions, key=lambda one: (one.at, one.snapshot_hash)):
            own = tuple(group)
            yield Moment(own, _inputs(store, own[0].decision_id))

    return DecisionSource(mode=mode, policies=policies, moments=moments())


def write_log(source: DecisionSource) -> Iterator[str]:
    """The source as the lines of a file, each with its end."""
    yield _line({"schema": SCHEMA, "mode": source.mode})
    for policy_hash, content in source.policies.items():
        yield _line({"policy": policy_hash, "content": content.decode()})
    count = 1 + len(source.policies)
    for moment in source.moments:
        inputs = None if moment.inputs is None else moment.inputs.decode()
        yield _line({"inputs": inputs, "decisions": [_document(one) for one in moment.decisions]})
        count += 1
    yield _line({"lines": count})


def read_log(lines: Iterable[str], name: str, since: date | None = None, until: date | None = None) -> DecisionSource:
    """What ``write_log`` wrote; moments are read as they are asked for. Raises ``UsageError`` that names the line."""
    numbered = enumerate(lines, 1)
    head = _read(next(numbered, (1, "")), name)
    schema = head.get("schema")
    if schema not in {SCHEMA, _SCHEMA_WITHOUT_END}:
        message = f"{name}:1: not a decision log: `policytrader decisions --export FILE` writes one"
        raise UsageError(message)
    policies: dict[str, bytes] = {}
    first: list[tuple[int, dict[str, Any]]] = []
    documents = _documents(numbered, name, has_end=schema == SCHEMA)
    for number, read in documents:
        if "policy" not in read:
            first.append((number, read))
            break
        policies[str(read["policy"])] = str(read.get("content")).encode()

    def moments() -> Iterator[Moment]:
        for number, read in chain(first, documents):
            yield from _within(_moment(read, name, number), since, until)

    mode = str(head.get("mode", ""))
    return DecisionSource(mode=mode, policies=policies, moments=moments(), is_whole=schema == SCHEMA)


def _documents(
    numbered: Iterator[tuple[int, str]], name: str, *, has_end: bool
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The lines after the first, up to the one that counts them. Raises ``UsageError`` where it is missing or wrong."""
    number = 1
    for number, line in numbered:
        read = _read((number, line), name)
        if not has_end or "lines" not in read:
            yield number, read
            continue
        if read["lines"] != number - 1 or next(numbered, None) is not None:
            message = f"{name}:{number}: lines are missing before this one, or stand after it: {_EXPORT_AGAIN}"
            raise UsageError(message)
        return
    if has_end:
        message = f"{name}:{number}: cut off after this line, where the count of all lines is missing: {_EXPORT_AGAIN}"
        raise UsageError(message)


def _inputs(store: Store, decision_id: str) -> bytes | None:
    try:
        record = store.decision(decision_id)
    except StoreError as error:
        if error.code != "damaged":
            raise
        return None
    return None if record is None else record.inputs


def _is_within(one: LoggedDecision, since: date | None, until: date | None) -> bool:
    if since is None and until is None:
        return True
    try:
        day = london_day(parse_utc(json.loads(one.document)["race_time"]))
    except (ValueError, KeyError, TypeError):
        return True  # what cannot be read is told later, not passed over
    return (since is None or since <= day) and (until is None or day <= until)


def _within(moment: Moment, since: date | None, until: date | None) -> Iterator[Moment]:
    kept = tuple(one for one in moment.decisions if _is_within(one, since, until))
    if kept:
        yield moment._replace(decisions=kept)


def _line(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def _document(one: LoggedDecision) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _NAMES} | {
        "at": format_utc(one.at),
        "shadow": one.is_shadow,
        "mode": one.mode,
        "document": one.document.decode(),
    }


def _read(numbered: tuple[int, str], name: str) -> dict[str, Any]:
    number, line = numbered
    try:
        read = json.loads(line)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        message = f"{name}:{number}: not a JSON document: the file is cut off, or no decision log"
        raise UsageError(message)
    return read


def _moment(read: Mapping[str, Any], name: str, number: int) -> Moment:
    try:
        inputs = read["inputs"]
        decisions = tuple(
            LoggedDecision(
                **{key: str(one[key]) for key in _NAMES},
                at=parse_utc(one["at"]),
                is_shadow=one["shadow"] is True,
                mode=str(one["mode"]),
                document=str(one["document"]).encode(),
            )
            for one in read["decisions"]
        )
    except (KeyError, TypeError, ValueError) as error:
        message = f"{name}:{number}: no moment of a decision log: {error}"
        raise UsageError(message) from None
    return Moment(decisions, None if inputs is None else str(inputs).encode())
