"""What goes into a head comes out of the block written from it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.profiles.selector import Matcher
from ingest.storage.block import writer
from ingest.storage.block.reader import Block
from ingest.storage.block.writer import BlockIdentity, write_block
from ingest.storage.head.head import AppendOutcome, Head
from ingest.storage.part import Part, series_digests
from tests.unit.profiles.stack_model import Location, plain, read_profile
from tests.unit.storage.pushes import (
    ALWAYS,
    Group,
    Model,
    Row,
    Sample,
    by_names,
    push,
    read_names,
    read_rows,
    read_stacks,
    samples,
)

IDENTITY = BlockIdentity("01J0000000000000000000BLOK", "team-a", "ingester-1", 5)


def block_of(head: Head, directory: Path) -> Block:
    write_block(head.snapshot().content(), IDENTITY, directory)
    return Block.open(directory / IDENTITY.ulid)


def filled_head() -> Head:
    head = Head(IDENTITY.ulid, "team-a", "ingester-1", 5)
    for number in range(30):
        labels = (("__name__", "process_cpu"), ("pod", str(number % 3)), ("service_name", f"service-{number % 2}"))
        own = plain("main", f"only-{number}")
        group = Group(
            (*samples(main__work=number + 1, main__rest=(0, 7)), Sample(own, (number + 1, 3), span=number % 4)),
            number, number * 100 % 700, labels, duration_ns=number, period=number * 3,
        )  # fmt: skip
        head.append(push(group, junk=f"junk-{number}"))
    return head


def spelled(part: Part) -> dict[Row, dict[tuple[Location, ...], int]]:
    """Every row with its stacks."""
    rows = part.rows(part.select_series(()), *ALWAYS)
    from_rows = read_rows(part)
    return {row: read_stacks_of(part, rows.row_index[at : at + 1]) for at, row in enumerate(from_rows)}


def read_stacks_of(part: Part, row_index: np.ndarray) -> dict[tuple[Location, ...], int]:
    return read_profile(part.merge(row_index, by_name=False))


@pytest.fixture
def few_samples_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "ROW_GROUP_SAMPLES", 7)


@pytest.mark.usefixtures("few_samples_a_group")
def test_rows_and_merges_are_the_same_in_head_and_block(tmp_path: Path) -> None:
    head = filled_head()
    block = block_of(head, tmp_path)
    assert spelled(block) == spelled(head)
    assert read_stacks(block) == read_stacks(head)
    assert read_stacks(block, spans={1, 3}) == read_stacks(head, spans={1, 3}) != {}
    matchers = [Matcher("pod", "=~", "1|2"), Matcher("__type__", "=", "cpu")]
    assert read_stacks(block, matchers, 200, 500) == read_stacks(head, matchers, 200, 500) != {}
    rows = block.rows(block.select_series(()), *ALWAYS)
    assert read_names(block.merge(rows.row_index, by_name=True)) == by_names(read_stacks(head))
    assert (block.part_id, block.tenant, block.owner) == (head.part_id, head.tenant, head.owner)
    assert (block.min_time_ns, block.max_time_ns) == (head.min_time_ns, head.max_time_ns)


def test_durations_periods_and_spans_are_in_the_content_of_the_block(tmp_path: Path) -> None:
    head = filled_head()
    block = block_of(head, tmp_path)

    def plainly(part: Block | Head) -> list[tuple[object, ...]]:
        content = part.content() if isinstance(part, Block) else part.snapshot().content()
        samples = content.picked(np.arange(len(content.time_ns), dtype=np.int64))
        bounds = samples.offsets.tolist()
        return sorted(
            (content.series[content.row_series[row]], int(content.time_ns[row]), int(content.duration_ns[row]),
             int(content.period[row]),
             sorted(zip(samples.value[a:b].tolist(), samples.span[a:b].tolist(), strict=True)))
            for row, (a, b) in enumerate(pairwise(bounds))
        )  # fmt: skip

    assert plainly(block) == plainly(head)


def test_digests_by_fingerprint_are_the_same_and_also_in_the_series_file(tmp_path: Path) -> None:
    head = filled_head()
    block = block_of(head, tmp_path)
    found = []
    for part in (head, block):
        digest = series_digests(part.rows(part.select_series(()), *ALWAYS))
        fingerprints = part.series.fingerprints()[digest.series].tolist()
        halves = zip(digest.digest_hi.tolist(), digest.digest_lo.tolist(), strict=True)
        found.append(dict(zip(fingerprints, halves, strict=True)))
    table = pq.read_table(block.directory / "series.parquet")
    stored = {
        key: (high, low)
        for key, high, low in zip(
            *(table[name].to_pylist() for name in ("fingerprint", "digest_hi", "digest_lo")), strict=True
        )
    }
    assert found[0] == found[1] == stored


def test_a_head_without_rows_makes_a_block_without_rows(tmp_path: Path) -> None:
    block = block_of(Head(IDENTITY.ulid, "team-a", "ingester-1", 5), tmp_path)
    assert read_rows(block) == []
    assert (block.meta.stats.rows, block.min_time_ns, block.max_time_ns) == (0, 0, -1)
    assert block.merge(np.zeros(0, np.int64), by_name=True).node_self.tolist() == [0]


def test_only_symbols_in_use_are_written(tmp_path: Path) -> None:
    head = Head(IDENTITY.ulid, "team-a", "ingester-1", 5)
    head.append(push(Group((Sample(plain("main", "used"), (1, 1)), Sample(plain("main", "unused"), (0, 0))))))
    names = block_of(head, tmp_path).symbols().strings()
    assert "used" in names
    assert "unused" not in names


def test_stack_ids_ascend_within_a_row(tmp_path: Path) -> None:
    content = block_of(filled_head(), tmp_path).content()
    bounds = content.sample_offsets.tolist()
    for start, end in pairwise(bounds):
        assert (np.diff(content.sample_node[start:end].astype(np.int64)) > 0).all()


def test_meta_counts_what_is_in_the_files(tmp_path: Path) -> None:
    head = filled_head()
    meta = block_of(head, tmp_path).meta
    content = head.snapshot().content()
    assert meta.stats.series == len(head.series) == 12
    assert meta.stats.rows == head.row_count == 60
    assert meta.stats.profiles == head.profile_count == 30
    assert meta.stats.samples == int(content.sample_counts.sum())
    assert {entry.path: entry.size_bytes for entry in meta.files} == {
        path.name: path.stat().st_size for path in (tmp_path / IDENTITY.ulid).glob("*.parquet")
    }


def test_a_block_of_that_name_is_not_written_over(tmp_path: Path) -> None:
    head = filled_head()
    block_of(head, tmp_path)
    with pytest.raises(FileExistsError):
        write_block(head.snapshot().content(), IDENTITY, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [IDENTITY.ulid]


def test_what_a_crash_left_of_the_block_is_replaced(tmp_path: Path) -> None:
    torn = tmp_path / (IDENTITY.ulid + ".tmp")
    torn.mkdir()
    (torn / "profiles.parquet").write_bytes(b"PAR1 and then the lights went out")
    (torn / "left.over").write_bytes(b"")
    block = block_of(filled_head(), tmp_path)
    assert sorted(path.name for path in block.directory.iterdir()) == sorted(
        ["meta.json", *(entry.path for entry in block.meta.files)]
    )
    assert [path.name for path in tmp_path.iterdir()] == [IDENTITY.ulid]


def test_a_block_forgets_and_reads_again(tmp_path: Path) -> None:
    block = block_of(filled_head(), tmp_path)
    before = read_stacks(block)
    held = block.memory_bytes
    block.forget()
    assert block.memory_bytes == 0 < held
    assert read_stacks(block) == before


_PLAIN = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(lambda names: plain(*names))
_GROUPS = st.builds(
    Group,
    st.lists(
        st.builds(Sample, _PLAIN, st.tuples(st.integers(0, 3), st.integers(0, 2**50)), st.integers(0, 2)),
        max_size=5, unique_by=lambda sample: (sample.stack, sample.span),
    ).map(tuple),
    number=st.integers(0, 7),
    time_ns=st.integers(-5, 5),
    labels=st.builds(
        lambda pod, service: (("__name__", "cpu"), *((("pod", pod),) if pod else ()), ("service_name", service)),
        st.sampled_from(["", "x", "y"]),
        st.sampled_from(["s", "t"]),
    ),
)  # fmt: skip
_MATCHERS = st.lists(
    st.builds(
        Matcher,
        st.sampled_from(["pod", "service_name", "__type__", "nowhere"]),
        st.sampled_from(["=", "!=", "=~", "!~"]),
        st.sampled_from(["", "x", "s", "x|y", ".*", ".+", "cpu"]),
    ),
    max_size=3,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pushes=st.lists(st.lists(_GROUPS, max_size=3), max_size=6),
    selections=st.lists(st.tuples(_MATCHERS, st.integers(-6, 6), st.integers(-6, 6)), min_size=1, max_size=4),
)
def test_head_and_block_answer_like_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory,
    pushes: list[list[Group]],
    selections: list[tuple[list[Matcher], int, int]],
) -> None:
    head, model = Head(IDENTITY.ulid, "team-a", "ingester-1", 5), Model()
    for groups in pushes:
        outcomes = head.append(push(*groups))
        assert [outcome is AppendOutcome.STORED for outcome in outcomes] == model.append(groups)
    block = block_of(head, tmp_path_factory.mktemp("blocks"))
    for matchers, start_ns, end_ns in selections:
        expected = model.select(matchers, start_ns, end_ns)
        for part in (head, block):
            assert sorted(read_rows(part, matchers, start_ns, end_ns), key=repr) == sorted(expected, key=repr)
            assert read_stacks(part, matchers, start_ns, end_ns) == model.stacks(expected)
            assert read_stacks(part, matchers, start_ns, end_ns, spans={1}) == model.stacks(expected, {1})
            rows = part.rows(part.select_series(matchers), start_ns, end_ns)
            order = list(zip(rows.series, rows.time_ns, rows.id_hi, rows.id_lo, strict=True))
            assert order == sorted(order)
