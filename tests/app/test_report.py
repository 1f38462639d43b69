"""The report over a day made by hand, and over a generated day that was traded, checked at the exchange."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from policytrader import load_policy
from policytrader.app.report import OrderCounts, read_report
from policytrader.cli.report_html import html_of
from policytrader.cli.report_pictures import counts_picture, percents_picture, profit_picture
from policytrader.cli.report_words import cells_of, csv_of, document_of, summary_of
from policytrader.engine.evaluate import Engine
from policytrader.errors import printable
from policytrader.model.journal import ControlKind, Purpose
from policytrader.model.money import half_up
from policytrader.model.records import BetOutcome, MarketPrices, RunnerPrices
from policytrader.model.snapshot import RunnerStatus, Side
from policytrader.model.times import LONDON
from policytrader.resources import resource
from policytrader.wiring import open_store
from tests.app.race_days import Day
from tests.app.reported_day import NASTY, activate_rules, pull, store_day, store_orders, store_picks
from tests.one_day import AT, DAY, MINUTE, OFF

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from policytrader.app.report import DayReport, PickReport
    from policytrader.ports.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path / 'store.db'}")) as made:
        yield made


@pytest.fixture
def report(store: Store) -> DayReport:
    store_day(store)
    return read_report(store, DAY, "paper")


def money(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else half_up(amount)


def named(report: DayReport) -> dict[str, PickReport]:
    return {pick.selection_ref: pick for pick in report.picks}


# --- The amounts ----------------------------------------------------------------------------------------------------


def test_what_became_of_each_pick(report: DayReport) -> None:
    picks = named(report)
    shown: Any = {
        ref: (pick.target, pick.sent, pick.wanted, pick.at_risk, pick.size_matched, money(pick.fill_percent))
        for ref, pick in picks.items()
    }
    # 50 and 75 at the off, 1.5 points; lays in liability: 10 at 5.00 risk 40.
    assert shown == {
        "back": (75, 30, 75, 30, 30, 40),
        "lay": (Decimal("112.5"), 50, Decimal("112.5"), 40, 10, Decimal("35.56")),
        # No longer wanted by the ladder: what was sent counts. Its hedge does not.
        "closed": (None, 12, 12, 12, 12, 100),
        "gone": (None, 12, None, 0, 0, None),
        "later": (75, 25, 75, 10, 10, Decimal("13.33")),
        "never": (None, 0, None, 0, 0, None),
    }
    # Of what the exchange told so far: 4 at 8.20 and 6 at 8.80.
    assert picks["later"].average_price_matched == Decimal("8.56")
    assert [(pick.orders, pick.hedges) for pick in report.picks] == [(1, 0), (1, 0), (1, 0), (1, 1), (5, 0), (0, 0)]
    assert [ref for ref, pick in picks.items() if pick.closed] == ["closed"]


def test_until_a_pick_is_settled_the_journal_tells_what_is_matched(store: Store) -> None:
    store_orders(store, store_picks(store))
    picks = named(read_report(store, DAY, "paper"))
    # Without the hedge.
    assert picks["closed"].size_matched == 12
    assert picks["closed"].average_price_matched == Decimal("2.62")
    assert picks["gone"].size_matched == 0
    assert picks["gone"].average_price_matched is None


def test_what_was_never_wanted_fills_nothing(report: DayReport) -> None:
    never = replace(report.picks[-1], size_matched=Decimal(5), average_price_matched=Decimal(3))
    found = replace(report, picks=(report.picks[0], never))
    assert (found.filled, found.wanted) == (Decimal(30), Decimal(75))
    assert found.staked == 30 + 10


def test_totals(report: DayReport) -> None:
    assert (report.profit, report.commission, report.net) == (Decimal("176.18"), Decimal("9.51"), Decimal("166.67"))
    assert (len(report.picks), report.settled) == (6, 4)
    assert report.staked == 30 + 40 + 12 + 10
    assert report.filled == 92
    assert report.wanted == 75 + Decimal("112.5") + 12 + 75
    assert money(report.fill_percent) == Decimal("33.52")
    assert report.reasons == (("Invalid 8 to 7 Place", 2), ("Invalid Runner Removed", 1))
    assert report.orders == OrderCounts(decided=10, sent=9, seen=7, dead=1, unknown=1, hedges=1)
    assert [(race.race_time, race.picks, race.net, race.total) for race in report.races] == [
        (OFF, 4, Decimal("166.67"), Decimal("166.67"))
    ]


def test_starting_price_beat_is_the_mirror_for_lays(report: DayReport) -> None:
    assert [(number, pick.selection_ref, percent) for number, pick, percent in report.beats] == [
        (1, "back", Decimal("2.5")),  # 8.20 / 8.00 - 1
        (2, "lay", 20),  # 6.00 / 5.00 - 1: laid shorter than the starting price
        (4, "closed", 31),  # 2.62 / 2.00 - 1: of the PLACE market
    ]
    assert money(report.mean_beat_percent) == Decimal("17.83")


def test_a_price_that_was_traded_is_no_starting_price(store: Store) -> None:
    """``updated_price_data`` has the last traded price, in play too, where the document says ``betfair_win_sp``."""
    store_picks(store)
    traded_last = RunnerPrices(
        race_id="r1", race_time=OFF, course="York", selection_id=11, runner_name=None, status=RunnerStatus.WINNER,
        win=MarketPrices("1.r11", Decimal("1.01")), place=None, published_at=OFF + MINUTE,
    )  # fmt: skip
    store.store_prices([traded_last])
    assert named(read_report(store, DAY, "paper"))["back"].starting_price is None


def test_the_target_is_that_of_the_policy_in_force_at_the_off(store: Store) -> None:
    lease = store_picks(store)
    store_orders(store, lease)
    activate_rules(store, AT, shadow=True)
    activate_rules(store, OFF + MINUTE)  # too late for the first race, in time for the second
    picks = named(read_report(store, DAY, "paper"))
    assert picks["back"].target is None
    assert picks["back"].wanted == 30
    assert picks["later"].target == picks["later"].wanted == 75


def test_without_an_activation_before_the_off_the_orders_tell_the_policy(store: Store, tmp_path: Path) -> None:
    lease = store_picks(store)
    store_orders(store, lease)
    policy_hash = activate_rules(store, OFF + timedelta(days=200))  # by the machine's clock, not the simulated one
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        connection.execute("UPDATE journal SET policy_hash = ?", [policy_hash])
        connection.commit()
    picks = named(read_report(store, DAY, "paper"))
    assert picks["back"].target == 75
    assert picks["lay"].target == Decimal("112.5")


def test_a_policy_that_cannot_be_read_leaves_the_target_out(store: Store, tmp_path: Path) -> None:
    store_day(store)
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        connection.execute("UPDATE policies SET content = 'damaged'")
        connection.commit()
    found = read_report(store, DAY, "paper")
    assert {pick.target for pick in found.picks} == {None}
    assert found.net == Decimal("166.67")


def test_the_levers_of_the_london_day(store: Store) -> None:
    store_picks(store)
    # Half past midnight in London's summer is 23:30 UTC of the day before.
    for at, why in [
        (datetime(2026, 5, 1, 22, 59, tzinfo=UTC), "the day before"),
        (datetime(2026, 5, 1, 23, 30, tzinfo=UTC), "first"),
        (datetime(2026, 5, 2, 22, 59, tzinfo=UTC), "last"),
        (datetime(2026, 5, 2, 23, 0, tzinfo=UTC), "the day after"),
    ]:
        pull(store, ControlKind.PAUSE, at, why)
    assert [one.why for one in read_report(store, DAY, "paper").controls] == ["first", "last"]


def test_a_day_without_anything(store: Store) -> None:
    store.migrate()
    found = read_report(store, DAY, "paper")
    assert (found.picks, found.fill_percent, found.mean_beat_percent) == ((), None, None)
    assert found.net == 0
    assert found.orders == OrderCounts(decided=0, sent=0, seen=0, dead=0, unknown=0, hedges=0)
    assert "There are no selections" in html_of(found, "paper", LONDON)


def test_before_anything_is_settled(store: Store) -> None:
    store_picks(store)
    found = read_report(store, DAY, "paper")
    assert (found.settled, found.races) == (0, ())
    assert found.net == 0
    assert "No result is stored yet." in html_of(found, "paper", LONDON)


# --- Only reading ---------------------------------------------------------------------------------------------------


def test_a_report_changes_nothing_and_waits_for_no_writer(store: Store, tmp_path: Path) -> None:
    """A writer stands in the middle of its transaction, another store holds the lease."""
    lease = store_day(store)
    file = tmp_path / "store.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        before = list(writer.iterdump())
        version = writer.execute("PRAGMA data_version").fetchone()
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE live_results SET profit = '999.00'")
        with closing(open_store(f"sqlite:///{file}")) as reader:
            found = read_report(reader, DAY, "paper")
            assert found.net == Decimal("166.67")
            assert reader.status().is_current
        writer.execute("ROLLBACK")
        # Another number as soon as any other connection has written one page.
        assert writer.execute("PRAGMA data_version").fetchone() == version
        assert list(writer.iterdump()) == before
        # The check itself can fail.
        store.renew(lease, OFF)
        assert writer.execute("PRAGMA data_version").fetchone() != version


# --- Documents ------------------------------------------------------------------------------------------------------


def test_csv_says_what_the_document_says(report: DayReport) -> None:
    text = csv_of(report)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert text.splitlines()[0].startswith("mode,day,race_time,")
    document = document_of(report, "paper")
    for row, pick in zip(rows, document["picks"], strict=True):
        assert (row.pop("mode"), row.pop("day")) == ("paper", "2026-05-02")
        told = {name: "" if value is None else str(value) for name, value in pick.items()}
        assert row == told | {name: str(pick[name]).lower() for name in ("valid", "closed")}
    assert rows[1]["runner_name"] == NASTY


def test_words(report: DayReport) -> None:
    told = [" | ".join(cells_of(pick, LONDON)) for pick in report.picks]
    voided, unmatched = "8.00" + " | -" * 6 + " | VOID | 0.00 | 0.00", "8.00" + " | -" * 6 + " | to be run | - | -"
    assert told == [
        (
            "15:10 | York | Horse 11 | BACK WIN | 8.00 | 75.00 | 30.00 | 30.00 | 8.20 | 8.00 | +2.50 % | WON | +216.00 "
            "| 9.50 | "
        ),
        (
            f"15:10 | York | {NASTY} | LAY WIN | 8.00 | 112.50 | 40.00 | 10.00 | 5.00 | 6.00 | +20.00 % | LOST "
            "| -40.00 | 0.00 | "
        ),
        f"15:10 | York | Horse 13 | BACK WIN | {voided} | Invalid Runner Removed",
        (
            "15:10 | York | Horse 11 | BACK PLACE | 8.00 | 12.00 | 12.00 | 12.00 | 2.62 | 2.00 | +31.00 % "
            "| LOST, cashed out | +0.18 | 0.01 | Invalid 8 to 7 Place"
        ),
        "16:10 | York | Horse 14 | BACK WIN | 8.00 | 75.00 | 10.00 | 10.00 | 8.56 | - | - | to be run | - | - | ",
        f"16:10 | York | Horse 15 | LAY PLACE | {unmatched} | Invalid 8 to 7 Place",
    ]
    assert summary_of(report) == (
        ("net", "+166.67: profit +176.18, commission 9.51"),
        ("selections", "6, 4 settled, 3 invalid"),
        ("staked", "92.00 in stakes of backs and liabilities of lays"),
        ("filled", "33.52 %: 92.00 of 274.50"),
        ("SP beat", "+17.83 % on average over 3 selections"),
        ("orders", "9 sent of 10 decided: 7 seen, 1 dead, 1 unknown; 1 hedge"),
    )


# --- The page -------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a browser reads: elements with their attributes, tables, and that each element is ended."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[str]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data


def test_the_page_shows_what_the_report_says(report: DayReport) -> None:
    page = Page(html_of(report, "paper", LONDON))
    races, reasons, beats, picks = page.tables
    assert races[1:] == [["15:10", "York", "4", "+166.67", "+166.67"]]
    assert reasons[1:] == [["Invalid 8 to 7 Place", "2"], ["Invalid Runner Removed", "1"]]
    assert [row[0] + " " + row[-1] for row in beats[1:]] == ["1 +2.50 %", "2 +20.00 %", "4 +31.00 %"]
    shown = [list(map(printable, cells_of(pick, LONDON))) for pick in report.picks]
    assert [row[1:] for row in picks[1:]] == shown
    heads = [attributes for tag, attributes in page.elements if tag == "th"]
    assert all(attributes.get("scope") in {"col", "row"} for attributes in heads)
    assert sum(tag == "svg" for tag, _ in page.elements) == 3


def test_every_text_is_only_text(store: Store) -> None:
    store_day(store)
    pull(store, ControlKind.PAUSE, AT, "<script>alert(1)</script>")
    store.revalidate("closed", AT, "ann", "again")
    store.invalidate("closed", AT, "</table><img src=x onerror=alert(1)>")
    found = read_report(store, DAY, "paper")
    first = replace(found.picks[0], course="</svg><i>")
    text = html_of(replace(found, picks=(first, *found.picks[1:])), '"><u>', LONDON)
    page = Page(text)
    assert {tag for tag, _ in page.elements} <= {
        "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "p", "span", "dl", "dt", "dd", "div",
        "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "svg", "path", "rect", "circle", "text",
    }  # fmt: skip
    assert "\x1b" not in text
    assert page.tables[-1][2][3] == NASTY.replace("\x1b", "\N{REPLACEMENT CHARACTER}")


def test_the_page_needs_nothing_from_elsewhere_and_suits_every_reader(report: DayReport) -> None:
    text = html_of(report, "paper", LONDON)
    for word in ("http:", "https:", "//", "src=", "href=", "url(", "@import", "<script", "<link", "<iframe", "<img"):
        assert word not in text, word
    assert "default-src 'none'" in text
    assert "PAPER" in text.splitlines()[0]
    assert "prefers-color-scheme: dark" in text
    assert 'name="viewport" content="width=device-width' in text
    assert text == html_of(report, "paper", LONDON)


def test_a_day_of_many_selections_is_still_a_small_page(report: DayReport) -> None:
    long = replace(
        report.picks[0],
        runner_name="Horse of a rather long name",
        valid=False,
        invalidated_reason="Invalid " + "x" * 60,
    )
    picks = tuple(
        replace(long, race_id=str(number // 4), race_time=OFF + number // 4 * MINUTE) for number in range(300)
    )
    text = html_of(replace(report, picks=picks), "paper", LONDON)
    assert len(Page(text).tables[-1]) == 301
    assert len(text.encode()) < 300_000


# --- Pictures -------------------------------------------------------------------------------------------------------


def drawn(picture: str, name: str) -> list[dict[str, str]]:
    tree = ET.fromstring(picture)  # noqa: S314 - we made it
    return [dict(element.attrib) for element in tree.iter(name)]


def words(picture: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(picture).iter("text")]  # noqa: S314 - we made it


def test_profit_steps_through_the_day() -> None:
    picture = profit_picture(
        [("15:10", 0, Decimal("10.00"), "a"), ("15:40", 30, Decimal("-5.00"), "b"), ("16:40", 90, Decimal("0.00"), "c")]
    )
    (line,) = [one["d"] for one in drawn(picture, "path") if one["class"] == "line"]
    # Zero lies at a third of the height from -5 to 10 (170 down to 12); the second race at a third of the width.
    assert line == "M54 117.3 H64 V12 H169.3 V170 H380 V117.3 H390"
    assert [one["class"] for one in drawn(picture, "circle")] == ["gain", "loss", "gain"]
    assert words(picture) == ["-5", "0", "5", "10", "15:10", "16:40"]


@pytest.mark.parametrize(
    ("totals", "labels"),
    [
        (["0.00"], ["0.00", "0.20", "0.40", "0.60", "0.80", "1.00"]),
        (["0.03"], ["0.00", "0.01", "0.02", "0.03"]),
        (["-3.10", "4.20"], ["-4", "-2", "0", "2", "4", "6"]),
        (["1234.56", "-10"], ["-500", "0", "500", "1000", "1500"]),
    ],
)
def test_lines_are_round_and_hold_everything(totals: list[str], labels: list[str]) -> None:
    points = [("", number, Decimal(total), "") for number, total in enumerate(totals)]
    picture = profit_picture(points)
    assert [word for word in words(picture) if word] == labels
    assert all(12 <= Decimal(one["cy"]) <= 170 for one in drawn(picture, "circle"))


def test_bars_are_as_long_as_their_counts() -> None:
    picture = counts_picture([("Invalid 8 to 7 Place", 4), ("<&> " + "x" * 60, 1)])
    assert [one["width"] for one in drawn(picture, "rect")] == ["330", "82.5"]
    assert words(picture) == ["Invalid 8 to 7 Place", "4", "<&> " + "x" * 47 + "…", "1"]


def test_columns_stand_on_the_zero_line_or_hang_from_it() -> None:
    picture = percents_picture([(1, Decimal(20), "a"), (3, Decimal(-10), "b"), (4, Decimal(0), "c")])
    up, down, none = drawn(picture, "rect")
    # From -10 to 20: zero a third up.
    assert (up["class"], up["y"], up["height"]) == ("gain", "12", "105.3")
    assert (down["class"], down["y"], down["height"]) == ("loss", "117.3", "52.7")
    assert (none["y"], none["height"]) == ("117.3", "0.1")
    assert words(picture)[-3:] == ["1", "3", "4"]
    crowded = percents_picture([(number, Decimal(number), "") for number in range(1, 301)])
    assert len(drawn(crowded, "rect")) == 300
    numbers = [word for word in words(crowded) if not word.endswith("%")]
    assert 5 <= len(numbers) <= 15


# --- A whole day ----------------------------------------------------------------------------------------------------

SEED, RACES = 7, 6


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """A generated day, traded every three minutes; tests only look at it."""
    made = Day.generate(tmp_path_factory.mktemp("day"), SEED, RACES)
    made.pick_everywhere()
    with Engine(load_policy(resource("rules"))) as engine:
        made.run(engine, made.lead(), every_seconds=180)
    yield made
    made.store.close()


def day_of(day: Day) -> date:
    return day.last_off.astimezone(LONDON).date()


@pytest.fixture(scope="module")
def day_report(traded: Day) -> DayReport:
    return read_report(traded.store, day_of(traded), "paper")


def starting_price_at_the_exchange(day: Day, pick: PickReport) -> Decimal | None:
    runners = day.world.markets[pick.market_id].definition.runners
    return next(one.starting_price for one in runners if one.selection_id == pick.selection_id)


@pytest.mark.xdist_group("reported day")
def test_the_net_is_what_the_account_made(traded: Day, day_report: DayReport) -> None:
    assert day_report.settled == len(day_report.picks) > 20
    assert Decimal(10_000) + day_report.net == traded.world.account.balance
    charged = sum((market.commission or Decimal(0) for market in traded.world.markets.values()), Decimal(0))
    assert day_report.commission == charged > 0
    assert day_report.races[-1].total == day_report.net
    assert sum(race.picks for race in day_report.races) == len(day_report.picks)
    assert len(day_report.races) == RACES


@pytest.mark.xdist_group("reported day")
def test_matched_and_average_are_those_of_the_exchange(traded: Day, day_report: DayReport) -> None:
    owners = {entry.intent.ref: entry.intent for entry in traded.store.intents(day_of(traded))}
    sizes: dict[str, Fraction] = defaultdict(Fraction)
    values: dict[str, Fraction] = defaultdict(Fraction)
    for bet in traded.world.bets.values():
        assert bet.order_ref is not None
        intent = owners[bet.order_ref]
        if intent.purpose is Purpose.OPENING and bet.size_matched:
            assert bet.average_price_matched is not None
            sizes[intent.selection_ref] += Fraction(bet.size_matched)
            values[intent.selection_ref] += Fraction(bet.size_matched) * Fraction(bet.average_price_matched)
    known = 0
    for pick in day_report.picks:
        if pick.outcome is BetOutcome.VOID:
            continue
        assert pick.size_matched == sizes[pick.selection_ref]
        if pick.size_matched:
            average = values[pick.selection_ref] / sizes[pick.selection_ref]
            assert pick.average_price_matched is not None
            assert abs(Fraction(pick.average_price_matched) - average) < Fraction(1, 100)
            known += 1
            beat = pick.beat_percent
            assert beat is not None
            assert pick.starting_price is not None
            assert pick.starting_price == starting_price_at_the_exchange(traded, pick)
            is_better = pick.average_price_matched > pick.starting_price
            assert (beat > 0) == (is_better if pick.side is Side.BACK else not is_better)
    assert known == len(day_report.beats) > 10


@pytest.mark.xdist_group("reported day")
def test_orders_and_reasons_are_those_of_the_day(traded: Day, day_report: DayReport) -> None:
    done = [one for tick in traded.ticks for one in tick.executed]
    orders = day_report.orders
    assert orders.decided == orders.sent == len(done)
    assert orders.seen == len(traded.world.bets) > 20
    assert (orders.seen + orders.dead, orders.unknown) == (orders.sent, 0)
    assert orders.hedges == sum(one.entry.intent.purpose is Purpose.HEDGE for one in done) > 0
    assert dict(day_report.reasons) == Counter(reason for tick in traded.ticks for _, reason in tick.invalidated)
    assert len(day_report.reasons) > 1
    assert len(Page(html_of(day_report, "paper", LONDON)).tables[-1]) == len(day_report.picks) + 1
