"""The agenda: what is due first, once each, also what becomes due while the rest of its moment is taken."""

from __future__ import annotations

from policytrader.app.replay.agenda import Agenda


def test_what_is_due_is_taken_by_moment_and_then_by_name() -> None:
    agenda = Agenda()
    for name, at in (("b", 2), ("c", 1), ("a", 2)):
        agenda.push(name, at)
    assert [(agenda.next_at, agenda.take()) for _ in range(3)] == [(1, "c"), (2, "a"), (2, "b")]
    assert agenda.next_at is None


def test_the_earliest_moment_of_a_name_counts_and_none_asks_for_nothing() -> None:
    agenda = Agenda()
    agenda.push("a", 5)
    agenda.push("a", 3)
    agenda.push("a", 9)
    agenda.push("a", None)
    assert (agenda.next_at, agenda.take()) == (3, "a")
    assert agenda.next_at is None


def test_a_name_that_becomes_due_again_at_its_moment_before_it_is_taken_is_taken_once() -> None:
    agenda = Agenda()
    agenda.push("\1news", 4)
    agenda.push("pick", 4)
    assert agenda.take() == "\1news"
    agenda.push("pick", 4)
    agenda.push("other", 4)
    assert [agenda.take(), agenda.take()] == ["other", "pick"]
    assert agenda.next_at is None
