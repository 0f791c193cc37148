"""A head only moves along its states, and tells its story when asked for anything else."""

from __future__ import annotations

from itertools import product

import pytest

from ingest.storage.head.head import Head
from ingest.storage.head.states import ALLOWED, HeadState, IllegalTransition, Move, step
from tests.unit.storage.pushes import Group, push, read_rows, samples

WAY = [HeadState.SEALED, HeadState.WRITTEN, HeadState.UPLOADED, HeadState.EVICTED]
LEGAL = {
    (HeadState.OPEN, HeadState.SEALED),
    (HeadState.SEALED, HeadState.WRITTEN),
    (HeadState.SEALED, HeadState.EVICTED),
    (HeadState.WRITTEN, HeadState.UPLOADED),
    (HeadState.UPLOADED, HeadState.EVICTED),
}


@pytest.mark.parametrize(
    ("state", "to"), [pytest.param(a, b, id=f"{a} to {b}") for a, b in product(HeadState, HeadState)]
)
def test_only_the_five_listed_moves_are_legal(state: HeadState, to: HeadState) -> None:
    if (state, to) in LEGAL:
        assert step(state, to) is to
    else:
        with pytest.raises(IllegalTransition, match=f"a head that is {state} cannot become {to}"):
            step(state, to)


def test_every_state_has_a_line_in_the_table() -> None:
    assert set(ALLOWED) == set(HeadState)


def test_an_illegal_move_tells_what_happened_before() -> None:
    story = [Move(5, HeadState.OPEN, "created"), Move(7, HeadState.SEALED, "older than an hour")]
    with pytest.raises(
        IllegalTransition, match=r"open at 5 ns \(created\), then sealed at 7 ns \(older than an hour\)"
    ):
        step(HeadState.SEALED, HeadState.OPEN, story)


def test_a_head_answers_until_it_is_evicted() -> None:
    head = Head("01J", "team-a", "ingester-1", 0)
    head.append(push(Group(samples(main__work=3))))
    before = read_rows(head)
    for at_ns, state in enumerate(WAY):
        assert read_rows(head) == before
        head.advance(state, at_ns, "test")
    assert read_rows(head) == []
    assert [move.to for move in head.story] == [HeadState.OPEN, *WAY]


def test_a_view_taken_before_eviction_goes_on_answering() -> None:
    head = Head("01J", "team-a", "ingester-1", 0)
    head.append(push(Group(samples(main__work=3))))
    view, before = head.snapshot(), read_rows(head)
    for state in WAY:
        head.advance(state, 0, "test")
    assert read_rows(view) == before


def test_a_sealed_head_takes_no_more_pushes() -> None:
    head = Head("01J", "team-a", "ingester-1", 0)
    head.advance(HeadState.SEALED, 1, "size")
    with pytest.raises(IllegalTransition, match="sealed at 1 ns"):
        head.append(push(Group(samples(main=1))))
    assert head.row_count == 0
