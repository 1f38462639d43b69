"""A book that is brought up from a tape is the book that its quotes make one after the other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from policytrader.model.snapshot import Side
from policytrader.simulation.book import RunnerBook
from policytrader.simulation.events import Quote
from tests.app.replay.recorder import tape_of

if TYPE_CHECKING:
    from collections.abc import Sequence

BEGAN = datetime(2021, 3, 30, 9, tzinfo=UTC)
RUNNER = 786779
_LEVELS = st.lists(st.tuples(st.integers(100, 104), st.integers(0, 4).map(lambda size: size * 100)), max_size=4)
_SIDE = st.none() | _LEVELS.map(lambda levels: tuple(dict(levels).items()))
_PRICE = st.none() | st.sampled_from([Decimal("3.50"), Decimal("3.55"), Decimal("3.552"), Decimal("12.00")])


@st.composite
def quotes(draw: st.DrawFn) -> list[Quote]:
    """Quotes of one runner, some of them whole ladders."""
    return [
        Quote(
            BEGAN + timedelta(seconds=number), "1.1", RUNNER, draw(_SIDE), draw(_SIDE), draw(_SIDE), draw(_PRICE),
            replaces=draw(st.sampled_from([False, False, False, True])), near=draw(_PRICE), far=draw(_PRICE),
        )
        for number in range(draw(st.integers(0, 8)))
    ]  # fmt: skip


@given(before=quotes(), after=quotes(), sides=st.sets(st.sampled_from(Side)))
def test_a_book_brought_up_is_the_book_that_its_quotes_make(
    before: list[Quote], after: list[Quote], sides: set[Side]
) -> None:
    """Also with what we took: it stands as far as the level did after every quote."""
    tape = tape_of(enumerate([*before, *(one._replace(at=one.at + timedelta(minutes=1)) for one in after)]))
    middle = tape.until(_microseconds(BEGAN + timedelta(seconds=30)))
    played, brought_up = _played(before), RunnerBook(RUNNER)
    tape.bring_up(brought_up, 0, middle)
    assert _state(brought_up) == _state(played)
    for book in (played, brought_up):
        for side in sorted(sides):
            for tick, pennies in book.takeable(side, None)[:2]:
                book.take(side, tick, pennies // 2)
    for quote in after:
        played.apply(quote)
    tape.bring_up(brought_up, middle, len(tape.at))
    assert _state(brought_up) == _state(played)


def test_what_we_took_of_a_level_that_went_and_came_is_forgotten() -> None:
    whole = Quote(BEGAN, "1.1", RUNNER, back=((100, 500),), lay=())
    gone = whole._replace(at=BEGAN + timedelta(minutes=1), back=((100, 0),))
    again = whole._replace(at=BEGAN + timedelta(minutes=2), back=((100, 300),))
    tape = tape_of(enumerate([whole, gone, again]))
    book = RunnerBook(RUNNER)
    tape.bring_up(book, 0, 1)
    book.take(Side.BACK, 100, 200)
    tape.bring_up(book, 1, len(tape.at))
    assert book.back_levels() == [(100, 300)]


def test_the_quotes_of_a_tape_are_those_it_was_made_of() -> None:
    """Also with prices of more than two decimals, wherever one begins to read."""
    told = [
        Quote(BEGAN, "1.1", RUNNER, last_traded=Decimal("3.14159"), near=Decimal("3.50")),
        Quote(BEGAN, "1.1", RUNNER, back=((100, 500),), last_traded=Decimal("3.50"), far=Decimal("9.8765")),
    ]
    tape = tape_of(enumerate(told))
    begins = np.searchsorted(tape.number, [0, 1]).tolist()
    for number, begin in enumerate(begins):
        assert [quote for _, quote in tape.quotes("1.1", RUNNER, begin, len(tape.at))] == told[number:]


def _played(quotes_told: Sequence[Quote]) -> RunnerBook:
    book = RunnerBook(RUNNER)
    for quote in quotes_told:
        book.apply(quote)
    return book


def _state(book: RunnerBook) -> tuple[object, ...]:
    shown = (book.back_levels(), book.lay_levels(), book.traded_levels(), book.total_matched)
    taken = ({tick: size for tick, size in one.items() if size} for one in (book.taken_back, book.taken_lay))
    return (*shown, book.best_back(), book.best_lay(), *taken, book.last_traded, book.near, book.far)


def _microseconds(at: datetime) -> int:
    return int((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
