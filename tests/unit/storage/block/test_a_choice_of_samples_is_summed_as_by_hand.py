"""Sums over chosen samples, by span or call site, per stack, row or span, are alike in a head and a block."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.profiles.sample_choice import EVERY_SAMPLE, SampleChoice
from ingest.storage.block.reader import Block
from ingest.storage.block.writer import BlockIdentity, write_block
from ingest.storage.head.head import Head
from ingest.storage.part import Part
from tests.unit.profiles.stack_model import Location, read_profile
from tests.unit.storage.pushes import ALWAYS, Group, Model, Row, Sample, by_names, plain, push, read_rows

ULID = "01J00000000000000000000001"
INLINED = (Location((("in", "f", 1), ("main", "f", 2))), *plain("work"))
STACKS = [plain("main"), plain("main", "work"), plain("main", "in", "work"), plain("other"), INLINED]

TRACES = [number.to_bytes(16, "big") for number in (2**64, 2**127 + 1, 1)]
_values = st.tuples(st.integers(0, 3), st.integers(0, 3))
_traces = st.sampled_from([0, 1, 2**64, 2**127 + 1])
_samples = st.builds(Sample, st.sampled_from(STACKS), _values, st.integers(0, 3), _traces)
_groups = st.builds(
    lambda number, samples: Group(tuple({one.stack: one for one in samples}.values()), number=number, time_ns=number),
    st.integers(1, 9),
    st.lists(_samples, min_size=1, max_size=5),
)
_choices = st.builds(
    SampleChoice,
    spans=st.sampled_from([(), (1,), (1, 3), (9,)]),
    traces=st.sampled_from([(), (TRACES[1],), tuple(sorted(TRACES)), (b"x" * 16,)]),
    call_site=st.sampled_from([(), ("main",), ("main", "in"), ("main", "work"), ("absent",)]),
)


def parts_of(groups: list[Group], directory: Path) -> tuple[Model, list[Part]]:
    head, model = Head(ULID, "team-a", "ingester-1", 5), Model()
    for group in groups:
        head.append(push(group))
        model.append([group])
    write_block(head.snapshot().content(), BlockIdentity(ULID, "team-a", "ingester-1", 5), directory)
    return model, [head, Block.open(directory / ULID)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_groups, max_size=5), _choices)
def test_head_and_block_sum_what_is_chosen(
    tmp_path_factory: pytest.TempPathFactory, groups: list[Group], choice: SampleChoice
) -> None:
    model, parts = parts_of(groups, tmp_path_factory.mktemp("blocks"))
    assert {part.sample_count for part in parts} == {sum(map(len, model.rows.values()))}
    assert all(part.size_bytes > 0 for part in parts)
    for part in parts:
        listed = read_rows(part)
        rows = part.rows(part.select_series(()), *ALWAYS).row_index
        chosen = {row: model.chosen(row, choice) for row in listed}
        stacks: Counter[tuple[Location, ...]] = Counter()
        for samples in chosen.values():
            for sample in samples:
                stacks[sample.stack] += sample.values[0]
        assert read_profile(part.merge(rows, by_name=False, choice=choice)) == stacks
        assert read_profile_by_name(part, rows, choice) == by_names(stacks)
        totals = [sum(sample.values[0] for sample in chosen[row]) for row in listed]
        assert part.row_totals(rows, choice).tolist() == totals
        # In any order, and a row twice.
        mixed = np.concatenate((rows[::-1], rows[:1]))
        assert part.row_totals(mixed, choice).tolist() == totals[::-1] + totals[:1]
        assert spans_of(part, rows, choice) == spans_by_hand(listed, chosen)


def read_profile_by_name(part: Part, rows: np.ndarray, choice: SampleChoice) -> dict[tuple[str, ...], int]:
    return by_names(read_profile(part.merge(rows, by_name=True, choice=choice)))


def spans_of(part: Part, rows: np.ndarray, choice: SampleChoice) -> dict[tuple[int, int], int]:
    found: dict[tuple[int, int], int] = {}
    for some in part.span_totals(rows, choice):
        assert len(some.trace) == len(some.span)
        for row, span, value in zip(some.row.tolist(), some.span.tolist(), some.value.tolist(), strict=True):
            assert (row, span) not in found, "a span of a row is there twice"
            found[row, span] = value
    return found


def spans_by_hand(listed: list[Row], chosen: dict[Row, list[Sample]]) -> dict[tuple[int, int], int]:
    totals: Counter[tuple[int, int]] = Counter()
    for number, row in enumerate(listed):
        for sample in chosen[row]:
            if sample.span:
                totals[number, sample.span] += sample.values[0]
    return dict(totals)


def test_without_any_span_a_span_selects_nothing(tmp_path: Path) -> None:
    _, parts = parts_of([Group((Sample(plain("main"), (1, 2)),))], tmp_path)
    for part in parts:
        rows = part.rows(part.select_series(()), *ALWAYS).row_index
        assert part.merge(rows, by_name=True, choice=SampleChoice(spans=(1,))).node_self.sum() == 0
        assert part.row_totals(rows, SampleChoice(spans=(1,))).tolist() == [0, 0]
        assert sum(len(some.row) for some in part.span_totals(rows, EVERY_SAMPLE)) == 0


def test_stacks_are_cut_before_they_are_named(tmp_path: Path) -> None:
    _, parts = parts_of([Group((Sample(INLINED, (1, 0)), Sample(plain("main", "in", "work"), (2, 0))))], tmp_path)
    for part in parts:
        rows = part.rows(part.select_series(()), *ALWAYS).row_index
        # Two locations of the one are three frames, and two frames of the other are left.
        names = read_profile_by_name(part, rows, SampleChoice(keep_locations=2))
        assert names == {("main", "in", "work"): 1, ("in", "work"): 2}
