"""The plan of a read: whatever parts hold, each distinct identity is read once, and agreeing replicas cost no
identities.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.querier.plan import PartDigest, PartIdentities, PartRead, make_plan, settle

Row = tuple[int, int, int]  # fingerprint, time_ns, identity


@dataclass(frozen=True)
class Held:
    """A part in a test: where it is, whose it is, and its rows."""

    source: str
    part_id: str
    owner: str
    rows: frozenset[Row]


def digest_of(part: Held) -> PartDigest:
    series = sorted({row[0] for row in part.rows})
    columns: list[list[int]] = [[], [], [], [], []]
    for fingerprint in series:
        rows = [row for row in part.rows if row[0] == fingerprint]
        for column, value in zip(
            columns,
            (
                len(rows),
                sum(identity * 3 for _, _, identity in rows) % 2**64,
                sum(identity for _, _, identity in rows) % 2**64,
                min(time for _, time, _ in rows),
                max(time for _, time, _ in rows),
            ),
            strict=True,
        ):
            column.append(value)
    count, high, low, first, last = columns
    return PartDigest(
        part.source,
        part.part_id,
        part.owner,
        np.array(series, np.uint64),
        np.array(count, np.int64),
        np.array(high, np.uint64),
        np.array(low, np.uint64),
        np.array(first, np.int64),
        np.array(last, np.int64),
    )


def identities_of(part: Held, fingerprints: set[int]) -> PartIdentities:
    rows = sorted(row for row in part.rows if row[0] in fingerprints)
    return PartIdentities(
        part.source,
        part.part_id,
        part.owner,
        np.array([row[0] for row in rows], np.uint64),
        np.array([row[2] * 3 for row in rows], np.uint64),
        np.array([row[2] for row in rows], np.uint64),
    )


def rows_read(reads: list[PartRead], parts: list[Held]) -> Counter[Row]:
    counted: Counter[Row] = Counter()
    by_key = {(part.source, part.part_id): part for part in parts}
    for read in reads:
        whole = set(read.whole.tolist())
        single = set(zip(read.row_fingerprint.tolist(), read.row_hi.tolist(), read.row_lo.tolist(), strict=True))
        for row in by_key[(read.source, read.part_id)].rows:
            if row[0] in whole:
                counted[row] += 1
            if (row[0], row[2] * 3, row[2]) in single:
                counted[row] += 1
    return counted


def carry_out(parts: list[Held], rotation: int = 0) -> tuple[Counter[Row], bool]:
    plan = make_plan([digest_of(part) for part in parts if part.rows], rotation)
    by_key = {(part.source, part.part_id): part for part in parts}
    identities = [identities_of(by_key[key], set(wanted.tolist())) for key, wanted in plan.disputed.items()]
    return rows_read(settle(plan, identities), parts), plan.rows_are_settled


def test_three_agreeing_replicas_are_read_from_one_of_them_without_asking_for_identities() -> None:
    rows = frozenset({(1, 10, 100), (1, 11, 101), (2, 10, 102)})
    parts = [Held(owner, f"head-{owner}", owner, rows) for owner in ("a", "b", "c")]
    counted, settled = carry_out(parts)
    assert settled
    assert counted == Counter(dict.fromkeys(rows, 1))


@pytest.mark.parametrize("rotation", [0, 1, 2, 3])
def test_rotation_changes_who_is_read_and_never_what(rotation: int) -> None:
    rows = frozenset({(1, 10, 100), (2, 10, 102)})
    parts = [Held(owner, f"head-{owner}", owner, rows) for owner in ("a", "b", "c")]
    counted, _ = carry_out(parts, rotation)
    assert counted == Counter(dict.fromkeys(rows, 1))


def test_a_replica_that_missed_a_write_makes_only_that_series_disputed() -> None:
    full = frozenset({(1, 10, 100), (1, 11, 101), (2, 10, 102)})
    parts = [
        Held("a", "ha", "a", full),
        Held("b", "hb", "b", full - {(1, 11, 101)}),
    ]
    plan = make_plan([digest_of(part) for part in parts])
    assert {key: set(wanted.tolist()) for key, wanted in plan.disputed.items()} == {("a", "ha"): {1}, ("b", "hb"): {1}}
    counted, _ = carry_out(parts)
    assert counted == Counter(dict.fromkeys(full, 1))


def test_two_replicas_that_each_missed_another_write_give_their_union() -> None:
    full = frozenset({(1, time, 100 + time) for time in range(10)})
    parts = [
        Held("a", "ha", "a", full - {(1, 3, 103)}),
        Held("b", "hb", "b", full - {(1, 7, 107)}),
    ]
    counted, settled = carry_out(parts)
    assert not settled
    assert counted == Counter(dict.fromkeys(full, 1))


def test_a_series_that_needs_two_owners_is_read_by_identity_alone() -> None:
    """So that a row which reaches both owners between plan and read is not counted by both."""
    parts = [
        Held("a", "ha", "a", frozenset({(1, 1, 101), (1, 2, 102)})),
        Held("b", "hb", "b", frozenset({(1, 3, 103)})),
    ]
    plan = make_plan([digest_of(part) for part in parts])
    reads = settle(plan, [identities_of(part, {1}) for part in parts])
    assert all(len(read.whole) == 0 for read in reads)


def test_a_block_that_is_both_local_and_in_the_bucket_is_read_once_from_its_owner() -> None:
    rows = frozenset({(1, 10, 100)})
    parts = [Held("a", "block", "a", rows), Held("bucket", "block", "a", rows)]
    plan = make_plan([digest_of(part) for part in parts])
    assert list(plan.whole) == [("a", "block")]
    assert not plan.disputed


def test_a_retry_that_landed_in_a_later_head_of_the_same_owner_counts_once() -> None:
    again = (1, 10, 100)
    parts = [
        Held("a", "block", "a", frozenset({again, (1, 20, 101)})),
        Held("a", "head", "a", frozenset({again, (1, 30, 102)})),
    ]
    counted, settled = carry_out(parts)
    assert not settled
    assert counted == Counter({again: 1, (1, 20, 101): 1, (1, 30, 102): 1})


def test_successive_parts_of_one_owner_that_do_not_overlap_cost_no_identities() -> None:
    parts = [
        Held("a", "block", "a", frozenset({(1, 10, 100), (1, 20, 101)})),
        Held("a", "head", "a", frozenset({(1, 21, 102)})),
    ]
    counted, settled = carry_out(parts)
    assert settled
    assert sum(counted.values()) == 3


def test_nothing_held_means_nothing_read() -> None:
    assert settle(make_plan([]), []) == []


@st.composite
def holdings(draw: st.DrawFn) -> list[Held]:
    rows = draw(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 6), st.integers(1, 4)), max_size=14))
    # An identity belongs to one series and time, as content-derived identities do.
    universe = sorted({(fingerprint, time, fingerprint * 1000 + time * 10 + n) for fingerprint, time, n in rows})
    parts = []
    for number in range(draw(st.integers(1, 6))):
        owner = draw(st.sampled_from("abc"))
        subset = frozenset(draw(st.lists(st.sampled_from(universe), unique=True))) if universe else frozenset()
        source = draw(st.sampled_from([owner, "bucket"]))
        parts.append(Held(source, f"part-{number}", owner, subset))
        if draw(st.booleans()):
            parts.append(Held("bucket" if source == owner else owner, f"part-{number}", owner, subset))
    return parts


@given(holdings(), st.integers(0, 5))
@settings(max_examples=300, deadline=None)
def test_any_parts_of_any_owners_give_the_union_of_their_rows_once(parts: list[Held], rotation: int) -> None:
    counted, _ = carry_out(parts, rotation)
    union = {row for part in parts for row in part.rows}
    assert counted == Counter(dict.fromkeys(union, 1))
