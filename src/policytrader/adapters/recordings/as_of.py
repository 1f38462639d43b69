"""A snapshot from an imported recording: the markets as they stood at T, the captures as they were taken at T0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from policytrader.adapters.recordings import codes
from policytrader.adapters.recordings.definition import REMOVED
from policytrader.adapters.recordings.race_folders import ToldRace, race_names
from policytrader.adapters.recordings.tables import market_folders, market_id_of, read_newest_runners, read_states
from policytrader.errors import Diagnostic, Place, RecordingError, UsageError
from policytrader.model.money import ONE
from policytrader.model.price import PRICES, TICK_OF
from policytrader.model.snapshot import (
    Market,
    MarketStatus,
    MarketType,
    ReferenceRunner,
    Runner,
    RunnerStatus,
    Selection,
    Snapshot,
)
from policytrader.model.times import EPOCH, format_utc, microseconds_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from decimal import Decimal
    from pathlib import Path

    from policytrader.adapters.recordings.picks import Pick

_SHOWN_MARKETS = 8


def snapshot_at(recording_dir: Path, at: datetime, captured_at: datetime, picks: Sequence[Pick]) -> Snapshot:
    """The snapshot at ``at``, its captures taken at ``captured_at``, for the races of the picks.

    All WIN and PLACE markets of such a race that are in the recording are in the snapshot. There are no orders: a
    recording holds the public market only. Raises ``RecordingError`` with every pick that cannot be served, and
    ``UsageError`` for a capture later than ``at``.
    """
    if captured_at > at:
        message = f"the capture ({format_utc(captured_at)}) is later than the snapshot ({format_utc(at)})"
        raise UsageError(message)
    recording = _Recording(recording_dir)
    checks = _Checks(recording, at, captured_at)
    for pick in picks:
        checks.check(pick)
    names = checks.race_names()
    checks.raise_problems()

    races = {race_id: recording.race(race_id, at, captured_at, name) for race_id, name in names.items()}
    by_market = {market.market_id: race for race in races.values() for market in race.markets}
    for pick in picks:
        checks.check_runner(pick, by_market[pick.market_id])
    checks.raise_problems()
    return Snapshot(
        now=at,
        selections=tuple(_selection(pick, by_market[pick.market_id]) for pick in picks),
        reference=tuple(row for race in races.values() for row in race.capture(captured_at)),
        markets=tuple(market for race in races.values() for market in race.markets),
        runners=tuple(runner for race in races.values() for runner in race.runners),
        orders=(),
    )


class _History(NamedTuple):
    """One recorded market: where it is, and its definitions in order."""

    market_id: str
    folder: Path
    states: list[dict[str, Any]]

    def state_at(self, moment: datetime) -> dict[str, Any] | None:
        known = [state for state in self.states if state["published_at"] <= moment]
        return known[-1] if known else None

    def told(self) -> ToldRace:
        """What its definitions say of its race."""
        at, offs = (
            [microseconds_between(EPOCH, state[name]) for state in self.states]
            for name in ("published_at", "market_time")
        )
        return ToldRace.of(self.states[0]["race_id"], at, offs)

    def span(self) -> str:
        first, last = self.states[0], self.states[-1]
        return f"recorded from {format_utc(first['published_at'])} to {format_utc(last['recorded_until'])}"


@dataclass(frozen=True)
class _Race:
    """One race: its markets and runners at T, and the runners of each market as they stood at T0."""

    name: str
    race_time: datetime
    markets: tuple[Market, ...]
    runners: tuple[Runner, ...]
    captured: tuple[tuple[MarketType, Runner], ...]

    @property
    def capture_id(self) -> str:
        return f"capture-{self.name}"

    def capture(self, captured_at: datetime) -> Iterable[ReferenceRunner]:
        """One row per runner of the race: its status in any of its markets, its price in the WIN market."""
        runners: dict[int, list[tuple[MarketType, Runner]]] = {}
        for entry in self.captured:
            runners.setdefault(entry[1].selection_id, []).append(entry)
        statuses = {selection_id: _race_status(row for _, row in rows) for selection_id, rows in runners.items()}
        active = sum(status is RunnerStatus.ACTIVE for status in statuses.values())
        for selection_id, rows in runners.items():
            win = next((row for market_type, row in rows if market_type is MarketType.WIN), None)
            price = None if win is None else win.best_back if win.best_back is not None else win.last_traded
            name = next((row.runner_name for _, row in rows if row.runner_name), None)
            yield ReferenceRunner(
                capture_id=self.capture_id,
                race_id=self.name,
                captured_at=captured_at,
                number_of_runners=active,
                selection_id=selection_id,
                runner_name=name,
                status=statuses[selection_id],
                reference_price=price,
            )


def _race_status(rows: Iterable[Runner]) -> RunnerStatus | None:
    """Removed where one market says so, else active where one says so, else what the first says."""
    statuses = [row.status for row in rows]
    for status in (RunnerStatus.REMOVED, RunnerStatus.ACTIVE):
        if status in statuses:
            return status
    return statuses[0]


class _Recording:
    """The markets below a folder of imported recordings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.markets = {market_id_of(path): path for path in market_folders(folder)}
        self._histories: dict[str, _History] = {}
        self._races: dict[str, str] = {}

    def history(self, market_id: str) -> _History:
        if market_id not in self._histories:
            folder = self.markets[market_id]
            self._histories[market_id] = _History(market_id, folder, read_states(folder))
        return self._histories[market_id]

    def held(self) -> str:
        """What there is, for a message: the first few markets with their types."""
        shown = [
            f"{market_id} ({self.history(market_id).states[-1]['market_type']})"
            for market_id in list(self.markets)[:_SHOWN_MARKETS]
        ]
        more = len(self.markets) - len(shown)
        return ", ".join(shown) + (f" and {more:,} more" if more else "")

    def race_of(self, market_id: str) -> str:
        """The race that a market belongs to, among the markets of its day."""
        if market_id not in self._races:
            told = {one.folder: one.told() for one in self._of_day(self.markets[market_id].parent.name)}
            self._races |= {market_id_of(folder): name for folder, name in race_names(told).items()}
        return self._races[market_id]

    def race(self, race_id: str, at: datetime, captured_at: datetime, name: str) -> _Race:
        """All that is known of one race at the two moments."""
        day = f"day={race_id.rpartition('@')[2][:10]}"
        found = [history for history in self._of_day(day) if self.race_of(history.market_id) == race_id]
        live = [(history, state) for history in found if (state := _bettable(history, at)) is not None]
        newest = max((state for _, state in live), key=lambda state: state["published_at"])
        runners = [(history.market_id, self._runners(history, at)) for history, _ in live]
        captured = [
            (MarketType(state["market_type"]), runner)
            for history in found
            if (state := _bettable(history, captured_at)) is not None
            for runner in self._runners(history, captured_at)
        ]
        return _Race(
            name=name,
            race_time=newest["market_time"],
            markets=tuple(_market(state, at, name) for _, state in live),
            runners=tuple(runner for _, rows in runners for runner in rows),
            captured=tuple(captured),
        )

    def _of_day(self, day: str) -> list[_History]:
        """Markets that may be of one race: their first starts are on one day."""
        return [self.history(market_id) for market_id, path in self.markets.items() if path.parent.name == day]

    def _runners(self, history: _History, moment: datetime) -> list[Runner]:
        # A definition may name no runners at all; then there are none in the table either.
        some_expected = any(state["number_of_active_runners"] for state in history.states)
        rows = read_newest_runners(history.folder, moment, some_expected=some_expected)
        listed = (row for row in rows if row["listed"])
        return sorted((self._runner(history, row) for row in listed), key=lambda runner: runner.selection_id)

    def _runner(self, history: _History, row: dict[str, Any]) -> Runner:
        try:
            best_back, best_lay = (_on_ladder(row[name]) for name in ("best_back", "best_lay"))
        except KeyError as error:
            when = format_utc(row["published_at"])
            price = f"the best price {error.args[0]} published at {when} is not on the exchange's ladder"
            message = f"market {history.market_id}, runner {row['selection_id']}: {price}"
            raise _problem(history.folder, codes.NOT_A_RECORDING, message) from None
        if best_back is not None and best_lay is not None and best_back >= best_lay:
            best_back = best_lay = None  # crossed: one of the two is wrong, and no order may come of it
        return Runner(
            market_id=history.market_id,
            selection_id=row["selection_id"],
            runner_name=row["runner_name"],
            status=_runner_status(row["status"]),
            best_back=best_back,
            best_back_size=None if best_back is None else row["best_back_size"],
            best_lay=best_lay,
            best_lay_size=None if best_lay is None else row["best_lay_size"],
            last_traded=row["last_traded"],
            adjustment_factor=_without_zeros(row["adjustment_factor"]),
            removed_at=row["removed_at"],
        )


class _Checks:
    """Whether each pick can be served, every problem told at once."""

    def __init__(self, recording: _Recording, at: datetime, captured_at: datetime) -> None:
        self._recording = recording
        self._moments = (("the snapshot", at), ("the capture", captured_at))
        self._problems: list[Diagnostic] = []
        self._served: list[tuple[Pick, str]] = []

    def check(self, pick: Pick) -> None:
        """The pick's market: there, published, of the type named, and one that can be bet on."""
        what = f"pick {pick.selection_ref}: market {pick.market_id}"
        if pick.market_id not in self._recording.markets:
            help_text = f"{self._recording.folder} holds {self._recording.held()}."
            self._add(pick, codes.NOT_RECORDED, f"{what} is not in the recording", help_text)
            return
        history = self._recording.history(pick.market_id)
        late = [(name, moment) for name, moment in self._moments if history.state_at(moment) is None]
        if late:
            when = " and ".join(f"{name} at {format_utc(moment)}" for name, moment in late)
            message = f"{what} was not published yet for {when}"
            self._add(pick, codes.NOT_YET_PUBLISHED, message, f"It is {history.span()}.")
            return
        for _, moment in self._moments:
            problem = _refusal(pick, history.state_at(moment) or {})
            if problem:
                self._add(pick, problem[0], f"{what} {problem[1]}")
                return
        self._served.append((pick, self._recording.race_of(pick.market_id)))

    def race_names(self) -> dict[str, str]:
        """Recorded race -> its name in the snapshot: that of the picks, where they give one."""
        names: dict[str, str] = {}
        owners: dict[str, str] = {}
        for pick, race_id in self._served:
            if pick.race_id is None:
                continue
            if names.setdefault(race_id, pick.race_id) != pick.race_id:
                message = f"pick {pick.selection_ref}: race {race_id} is named {names[race_id]} and {pick.race_id}"
                self._add(pick, codes.CONTRADICTION, message, "Give all picks of a race one race_id, or none.")
            elif owners.setdefault(pick.race_id, race_id) != race_id:
                races = f"{owners[pick.race_id]} and {race_id}"
                message = f"pick {pick.selection_ref}: {pick.race_id} names two races, {races}"
                self._add(pick, codes.CONTRADICTION, message, "Give each race a race_id of its own, or none.")
        return {race_id: names.get(race_id, race_id) for _, race_id in self._served}

    def check_runner(self, pick: Pick, race: _Race) -> None:
        """The pick's runner: in its market at one of the two moments."""
        live = {runner.selection_id for runner in race.runners if runner.market_id == pick.market_id}
        captured = {runner.selection_id for _, runner in race.captured if runner.market_id == pick.market_id}
        if pick.selection_id not in live | captured:
            message = f"pick {pick.selection_ref}: market {pick.market_id} has no runner {pick.selection_id}"
            shown = ", ".join(map(str, sorted(live | captured)))
            self._add(pick, codes.NOT_RECORDED, message, f"It has {shown}.")

    def raise_problems(self) -> None:
        if self._problems:
            raise RecordingError(sorted(self._problems, key=lambda problem: problem.place))

    def _add(self, pick: Pick, code: str, message: str, help_text: str = "") -> None:
        place = pick.place or Place(str(self._recording.folder))
        self._problems.append(Diagnostic(place, code, message, help_text))


def _refusal(pick: Pick, state: dict[str, Any]) -> tuple[str, str] | None:
    """Why a pick cannot be served by a market in this state: code and sentence."""
    recorded = state["market_type"]
    if recorded not in list(MarketType):
        return codes.NOT_SUPPORTED, f"is of type {recorded}: only WIN and PLACE can be bet on"
    if recorded != pick.market_type:
        return codes.CONTRADICTION, f"is a {recorded} market in the recording and {pick.market_type} in the pick"
    if state["price_ladder"] not in (None, "CLASSIC"):
        return codes.NOT_SUPPORTED, f"has the price ladder {state['price_ladder']}: only CLASSIC is known"
    return None


def _bettable(history: _History, moment: datetime) -> dict[str, Any] | None:
    state = history.state_at(moment)
    return state if state is not None and state["market_type"] in list(MarketType) else None


def _market(state: dict[str, Any], at: datetime, race_id: str) -> Market:
    status = state["status"]
    return Market(
        market_id=state["market_id"],
        race_id=race_id,
        market_type=MarketType(state["market_type"]),
        status=MarketStatus(status) if status in list(MarketStatus) else None,
        in_play=state["in_play"],
        version=state["version"],
        number_of_winners=state["number_of_winners"],
        # While the recording runs, silence means that nothing changed.
        published_at=min(at, state["recorded_until"]),
        course=state["course"],
    )


def _selection(pick: Pick, race: _Race) -> Selection:
    names = (
        runner.runner_name
        for runner in (*race.runners, *(runner for _, runner in race.captured))
        if runner.selection_id == pick.selection_id and runner.runner_name
    )
    return Selection(
        selection_ref=pick.selection_ref,
        race_id=race.name,
        race_time=race.race_time,
        market_id=pick.market_id,
        market_type=pick.market_type,
        selection_id=pick.selection_id,
        runner_name=pick.runner_name or next(names, None),
        side=pick.side,
        price_requested=pick.price_requested,
        stake_points=pick.stake_points,
        capture_id=race.capture_id,
        valid=pick.valid,
        invalidated_reason=pick.invalidated_reason,
        closed=pick.closed,
    )


def _runner_status(text: str | None) -> RunnerStatus | None:
    if text in REMOVED:
        return RunnerStatus.REMOVED
    return RunnerStatus(text) if text in list(RunnerStatus) else None


def _on_ladder(price: Decimal | None) -> Decimal | None:
    return None if price is None else PRICES[TICK_OF[price]]


def _without_zeros(number: Decimal | None) -> Decimal | None:
    """30.01000 as 30.01, as it stood in the file; 10.00000 as 10, never as 1E+1."""
    if number is None:
        return None
    plain = number.normalize()
    return plain.quantize(ONE) if plain == plain.to_integral_value() else plain


def _problem(folder: Path, code: str, message: str, help_text: str = "") -> RecordingError:
    return RecordingError([Diagnostic(Place(str(folder)), code, message, help_text)])
