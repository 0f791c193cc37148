"""What a head does with the groups of a push."""

from __future__ import annotations

import numpy as np
import pytest

from ingest.profiles.columns import SampleType
from ingest.profiles.selector import Matcher
from ingest.storage.head import columns
from ingest.storage.head.head import AppendOutcome, Head
from ingest.storage.part import series_digests
from tests.unit.profiles.stack_model import Location, plain
from tests.unit.storage.pushes import ALWAYS, Group, Sample, push, read_names, read_rows, read_stacks, samples

STORED, DUPLICATE = AppendOutcome.STORED, AppendOutcome.DUPLICATE


@pytest.fixture
def head() -> Head:
    return Head("01J", "team-a", "ingester-1", 0)


def test_a_group_becomes_a_row_per_sample_type(head: Head) -> None:
    group = Group(samples(main__work=3, main=4))
    assert head.append(push(group)) == (STORED,)
    rows = read_rows(head)
    assert [(dict(row.labels)["__type__"], row.total) for row in rows] == [("samples", 7), ("cpu", 70)]
    assert {row.profile_id for row in rows} == {group.profile_id}
    cpu = [Matcher("__type__", "=", "cpu")]
    assert read_stacks(head, cpu) == {plain("main", "work"): 30, plain("main"): 40}


def test_a_value_of_zero_is_not_kept_and_a_type_without_values_has_no_row(head: Head) -> None:
    head.append(push(Group(samples(main__work=(0, 5), main=(0, 0)))))
    assert [(dict(row.labels)["__type__"], row.total) for row in read_rows(head)] == [("cpu", 5)]
    assert head.snapshot().content().picked(np.zeros(1, np.int64)).value.tolist() == [5]


@pytest.mark.parametrize(
    ("pushes", "outcomes"),
    [
        pytest.param([(1,), (1,)], [(STORED,), (DUPLICATE,)], id="a push that comes again changes nothing"),
        pytest.param([(1, 1)], [(STORED, DUPLICATE)], id="a group that is twice in one push is stored once"),
        pytest.param(
            [(1, 2), (2, 3)], [(STORED, STORED), (DUPLICATE, STORED)], id="only the groups not yet here are stored"
        ),
    ],
)
def test_an_identity_is_stored_once(
    head: Head, pushes: list[tuple[int, ...]], outcomes: list[tuple[AppendOutcome, ...]]
) -> None:
    got = [head.append(push(*(Group(samples(main=number), number) for number in numbers))) for numbers in pushes]
    assert got == outcomes
    assert head.profile_count == len({number for numbers in pushes for number in numbers})
    assert len(read_rows(head)) == 2 * head.profile_count


def test_equal_stacks_of_pushes_with_other_symbol_ids_are_one_stack(head: Head) -> None:
    head.append(push(Group(samples(main__work=1), 1)))
    head.append(push(Group(samples(init=1, main__work=2), 2), junk="shifts every id"))
    assert read_stacks(head, [Matcher("__type__", "=", "samples")]) == {plain("main", "work"): 3, plain("init"): 1}


def test_a_merge_by_name_ignores_addresses(head: Head) -> None:
    stacks = [(Location((("work", "", 0),), address=address),) for address in (16, 32)]
    head.append(push(Group(tuple(Sample(stack, (1, 10)) for stack in stacks))))
    rows = head.rows(head.select_series([Matcher("__type__", "=", "samples")]), *ALWAYS)
    assert read_names(head.merge(rows.row_index, by_name=True)) == {("work",): 2}
    assert len(read_stacks(head, [Matcher("__type__", "=", "samples")])) == 2


@pytest.mark.parametrize(
    ("start_ns", "end_ns", "times"),
    [
        pytest.param(10, 30, [10, 20], id="the start is in, the end is not"),
        pytest.param(11, 31, [20, 30], id="one later"),
        pytest.param(0, 10, [], id="before the first"),
        pytest.param(31, 99, [], id="after the last"),
        pytest.param(30, 31, [30], id="the last alone"),
        pytest.param(20, 20, [], id="an empty range"),
    ],
)
def test_a_range_includes_its_start_and_not_its_end(head: Head, start_ns: int, end_ns: int, times: list[int]) -> None:
    for number, time_ns in enumerate((30, 10, 20)):
        one_type = (SampleType("cpu", "nanoseconds"),)
        head.append(push(Group((Sample(plain("main"), (1,)),), number, time_ns, sample_types=one_type)))
    assert [row.time_ns for row in read_rows(head, (), start_ns, end_ns)] == times


def test_only_samples_of_the_wanted_spans_are_merged(head: Head) -> None:
    main = plain("main")
    head.append(
        push(Group((Sample(main, (1, 10), 7), Sample(plain("main", "a"), (2, 20), 8), Sample(plain("b"), (4, 40))), 1))
    )
    head.append(push(Group((Sample(main, (8, 80)),), 2)))
    cpu = [Matcher("__type__", "=", "samples")]
    assert read_stacks(head, cpu, spans={7}) == {main: 1}
    assert read_stacks(head, cpu, spans={7, 8}) == {main: 1, plain("main", "a"): 2}
    assert read_stacks(head, cpu, spans={9}) == {}


def test_a_merge_of_no_rows_is_the_empty_profile(head: Head) -> None:
    rows = head.rows(head.select_series(()), *ALWAYS)
    assert head.merge(rows.row_index, by_name=True).node_self.tolist() == [0]


def test_samples_outgrow_chunks_without_moving(head: Head, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "CHUNK_SAMPLES", 8)
    monkeypatch.setattr(columns, "FIRST_CHUNK_SAMPLES", 4)
    expected: dict[tuple[Location, ...], int] = {}
    first = None
    for number in range(40):
        width = 30 if number == 20 else number % 5 + 1
        stacks = [plain(f"f{i}") for i in range(width)]
        head.append(push(Group(tuple(Sample(stack, (i + 1, 0)) for i, stack in enumerate(stacks)), number)))
        for i, stack in enumerate(stacks):
            expected[stack] = expected.get(stack, 0) + i + 1
        first = head.snapshot().chunks[0].node if first is None else first
    view = head.snapshot()
    assert view.chunks[0].node is first
    assert read_stacks(head) == expected
    content = view.content()
    assert content.picked(np.arange(40, dtype=np.int64)).value.sum() == sum(expected.values())
    assert max(len(chunk.node) for chunk in view.chunks) == 30


def test_a_view_does_not_change_while_the_head_grows(head: Head) -> None:
    head.append(push(Group(samples(main__work=1), 1)))
    view = head.snapshot()
    rows, stacks, names = read_rows(view), read_stacks(view), view.series.label_names()
    for number in range(2, 200):
        labels = (("__name__", "process_cpu"), ("pod", str(number)), ("service_name", "checkout"))
        head.append(push(Group(samples(main__work=1, other=number), number, number, labels)))
    assert (read_rows(view), read_stacks(view), view.series.label_names()) == (rows, stacks, names)
    assert len(view.series) == 2
    assert len(read_rows(head)) == 2 * 199


def test_two_heads_with_the_same_profiles_have_the_same_digests_in_whatever_order() -> None:
    groups = [Group(samples(main=number), number, number * 10) for number in range(1, 9)]
    digests = []
    for ordered in (groups, groups[::-1]):
        head = Head("01J", "team-a", "ingester-1", 0)
        for group in ordered:
            head.append(push(group))
        digest = series_digests(head.rows(head.select_series(()), *ALWAYS))
        digests.append(
            [
                tuple(column.tolist())
                for column in (
                    digest.series,
                    digest.count,
                    digest.digest_hi,
                    digest.digest_lo,
                    digest.min_time_ns,
                    digest.max_time_ns,
                )
            ]
        )
    assert digests[0] == digests[1]
    assert digests[0][1] == (8, 8)
    assert digests[0][4:] == [(10, 10), (80, 80)]


def test_one_missing_profile_changes_the_digest_of_its_series(head: Head) -> None:
    head.append(push(Group(samples(main=1), 1)))
    head.append(push(Group(samples(main=1), 2)))
    rows = head.rows(head.select_series(()), *ALWAYS)
    whole, part = series_digests(rows), series_digests(rows.take(np.array([0, 2, 3])))
    assert whole.digest_lo[0] != part.digest_lo[0]
    assert whole.digest_lo[1] == part.digest_lo[1]
