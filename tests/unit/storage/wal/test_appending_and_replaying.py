"""What is appended comes back: order, kinds, places, segments, truncation."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.storage.wal.format import RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES
from ingest.storage.wal.reader import WINDOW_BYTES, Damage, replay
from ingest.storage.wal.writer import Position, WalWriter, list_segments
from tests.unit.storage.faulty_files import FaultyFiles
from tests.unit.storage.wal.logs import PAYLOADS, payloads_of, read_all, segment_path, write_log


def test_a_missing_and_an_empty_directory_hold_no_records(tmp_path: Path) -> None:
    for directory in (tmp_path / "absent", tmp_path):
        run = replay(directory)
        assert payloads_of(run) == []
        assert run.report.segments == 0
        assert run.report.damages == ()


def test_records_come_back_in_order_with_their_kind_and_place(tmp_path: Path) -> None:
    offsets = write_log(tmp_path)
    run = replay(tmp_path)
    found = [(record.kind, bytes(record.data), record.segment, record.offset) for record in run]
    assert found == [(kind, payload, 1, offsets[kind]) for kind, payload in enumerate(PAYLOADS)]
    assert (run.report.segments, run.report.records, run.report.damages) == (1, len(PAYLOADS), ())
    assert run.report.payload_bytes == sum(map(len, PAYLOADS))


@settings(max_examples=60, deadline=None)
@given(
    batches=st.lists(
        st.one_of(
            st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=300)), max_size=4),
            st.sampled_from(["sync", "cut", "reopen"]),
        ),
        max_size=25,
    ),
    segment_bytes=st.integers(1, 2000),
)
def test_any_mix_of_batches_cuts_and_reopenings_is_replayed_as_appended(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[tuple[int, bytes]] | str], segment_bytes: int
) -> None:
    directory = tmp_path_factory.mktemp("wal")
    writer = WalWriter(directory, segment_bytes)
    appended = []
    for step in batches:
        if step == "sync":
            writer.sync()
        elif step == "cut":
            writer.cut()
        elif step == "reopen":
            writer.close()
            writer = WalWriter(directory, segment_bytes)
        else:
            assert isinstance(step, list)
            place = writer.append(step)
            expected = place.offset
            for kind, payload in step:
                appended.append((kind, payload, Position(place.segment, expected)))
                expected += RECORD_HEADER_BYTES + len(payload)
    writer.close()
    run = replay(directory)
    assert [(r.kind, bytes(r.data), Position(r.segment, r.offset)) for r in run] == appended
    assert run.report.damages == ()
    assert run.report.missing_segments == ()


def test_payloads_of_any_buffer_are_written_as_bytes(tmp_path: Path) -> None:
    numbers = memoryview(bytearray(range(16))).cast("I")
    writer = WalWriter(tmp_path)
    writer.append([(1, b"bytes"), (1, bytearray(b"array")), (1, memoryview(b"xviewx")[1:5]), (1, numbers)])
    writer.close()
    assert read_all(tmp_path)[0] == [b"bytes", b"array", b"view", bytes(range(16))]


def test_more_records_than_one_writev_takes_are_written(tmp_path: Path) -> None:
    payloads = [b"%d" % number for number in range(3000)]
    writer = WalWriter(tmp_path)
    writer.append([(1, payload) for payload in payloads])
    writer.close()
    assert read_all(tmp_path) == (payloads, ())


@pytest.mark.parametrize("short_bytes", [1, 7, 33])
def test_a_disk_that_takes_few_bytes_at_a_time_gets_all_of_them(tmp_path: Path, short_bytes: int) -> None:
    files = FaultyFiles()
    files.short_bytes = short_bytes
    writer = WalWriter(tmp_path, files=files)
    writer.append([(1, payload) for payload in PAYLOADS])
    writer.close()
    assert read_all(tmp_path) == (list(PAYLOADS), ())


@pytest.mark.parametrize("kind", [-1, 256])
def test_a_kind_that_is_no_byte_is_refused_before_anything_is_written(tmp_path: Path, kind: int) -> None:
    writer = WalWriter(tmp_path)
    with pytest.raises(ValueError, match="does not fit"):
        writer.append([(1, b"fine"), (kind, b"")])
    assert list_segments(tmp_path) == []


def test_opening_for_writing_begins_a_segment_of_its_own_and_leaves_the_old_one_alone(tmp_path: Path) -> None:
    write_log(tmp_path)
    before = segment_path(tmp_path).read_bytes()
    writer = WalWriter(tmp_path)
    assert writer.append([(1, b"next")]).segment == 2
    writer.close()
    assert segment_path(tmp_path).read_bytes() == before
    assert read_all(tmp_path)[0] == [*PAYLOADS, b"next"]


def test_a_segment_ends_before_the_batch_that_would_exceed_it_and_a_batch_is_never_divided(tmp_path: Path) -> None:
    writer = WalWriter(tmp_path, segment_bytes=SEGMENT_HEADER_BYTES + 3 * (RECORD_HEADER_BYTES + 10))
    ten = (1, b"0123456789")
    assert writer.append([ten, ten]).segment == 1
    assert writer.append([ten]).segment == 1
    assert writer.append([ten]).segment == 2
    assert writer.append([ten, ten, ten]).segment == 3
    writer.close()
    assert list_segments(tmp_path) == [1, 2, 3]


def test_a_batch_larger_than_a_segment_gets_one_of_its_own(tmp_path: Path) -> None:
    writer = WalWriter(tmp_path, segment_bytes=1000)
    large = os.urandom(50_000)
    places = [writer.append([(1, payload)]) for payload in (b"small", large, b"small")]
    writer.close()
    assert [place.segment for place in places] == [1, 2, 3]
    assert read_all(tmp_path) == ([b"small", large, b"small"], ())


def test_records_larger_than_the_window_of_the_reader_are_read_whole(tmp_path: Path) -> None:
    payloads = [b"before", os.urandom(2 * WINDOW_BYTES + 13), b"between", os.urandom(WINDOW_BYTES), b"after"]
    write_log(tmp_path, payloads)
    assert read_all(tmp_path) == (payloads, ())


def test_records_lie_on_eight_bytes_in_memory_whatever_their_place_in_the_file(tmp_path: Path) -> None:
    import numpy as np

    write_log(tmp_path, [bytes(length) for length in range(1, 40)])
    for record in replay(tmp_path):
        assert np.frombuffer(record.data, np.uint8).ctypes.data % 8 == 0


def test_a_log_that_nothing_was_appended_to_leaves_no_file(tmp_path: Path) -> None:
    writer = WalWriter(tmp_path)
    writer.sync()
    assert writer.cut() == 1
    writer.close()
    assert list_segments(tmp_path) == []
    assert (writer.first_segment, writer.last_segment, writer.size_bytes) == (1, 1, 0)


def test_cut_names_the_segment_of_the_next_record(tmp_path: Path) -> None:
    writer = WalWriter(tmp_path)
    writer.append([(1, b"a")])
    following = writer.cut()
    assert writer.cut() == following == 2
    assert writer.append([(1, b"b")]).segment == following
    writer.close()


def test_replay_starts_at_the_segment_it_is_told(tmp_path: Path) -> None:
    writer = WalWriter(tmp_path)
    for payload in (b"1", b"2", b"3"):
        writer.append([(1, payload)])
        writer.cut()
    writer.close()
    assert read_all(tmp_path, from_segment=2)[0] == [b"2", b"3"]
    assert read_all(tmp_path, from_segment=9)[0] == []


def test_truncation_deletes_whole_lower_segments_and_keeps_the_one_being_written(tmp_path: Path) -> None:
    writer = WalWriter(tmp_path)
    for payload in (b"1", b"2", b"3"):
        writer.cut()
        writer.append([(1, payload)])
    assert writer.truncate_before(1) == 0
    assert writer.truncate_before(2) == 1
    assert (writer.first_segment, writer.last_segment, list_segments(tmp_path)) == (2, 3, [2, 3])
    assert writer.truncate_before(99) == 1
    writer.append([(1, b"4")])
    writer.close()
    assert read_all(tmp_path)[0] == [b"3", b"4"]


def test_truncation_makes_the_deletion_durable(tmp_path: Path) -> None:
    files = FaultyFiles()
    writer = WalWriter(tmp_path, files=files)
    writer.append([(1, b"1")])
    writer.cut()
    files.calls.clear()
    writer.truncate_before(2)
    assert files.calls == ["unlink", "open", "sync"]


def test_numbers_go_on_after_everything_but_the_newest_segment_was_deleted(tmp_path: Path) -> None:
    writer = WalWriter(tmp_path)
    for _ in range(3):
        writer.append([(1, b"x")])
        writer.cut()
    writer.truncate_before(3)
    writer.close()
    assert WalWriter(tmp_path).append([(1, b"y")]).segment == 4


def test_the_size_of_the_log_is_the_size_of_its_files(tmp_path: Path) -> None:
    writer = WalWriter(tmp_path)
    writer.append([(1, b"12345")])
    writer.cut()
    writer.append([(1, b"123")])
    assert writer.size_bytes == 2 * (SEGMENT_HEADER_BYTES + RECORD_HEADER_BYTES) + 8
    writer.close()


def test_files_with_other_names_are_ignored_and_kept(tmp_path: Path) -> None:
    write_log(tmp_path)
    strangers = ["1.wal", "00000002.wal.tmp", "00000000.wal", "0000000x.wal", "notes.txt"]
    for name in strangers:
        (tmp_path / name).write_bytes(b"not a segment")
    (tmp_path / "00000007.wal").mkdir()
    assert read_all(tmp_path) == (list(PAYLOADS), ())
    assert all((tmp_path / name).read_bytes() == b"not a segment" for name in strangers)


def test_missing_segments_are_reported(tmp_path: Path) -> None:
    writer = WalWriter(tmp_path)
    for number in range(6):
        writer.append([(1, b"%d" % number)])
        writer.cut()
    writer.close()
    for number in (1, 3, 4):
        segment_path(tmp_path, number).unlink()
    run = replay(tmp_path)
    assert payloads_of(run) == [b"1", b"4", b"5"]
    # The first ones are what truncation deletes: only a hole tells of a loss.
    assert run.report.missing_segments == (3, 4)


def test_a_second_writer_on_the_same_directory_does_not_touch_the_segment_of_the_first(tmp_path: Path) -> None:
    first, second = WalWriter(tmp_path), WalWriter(tmp_path)
    first.append([(1, b"first")])
    with pytest.raises(Exception, match="cannot create segment 1"):
        second.append([(1, b"second")])
    first.close()
    assert read_all(tmp_path) == ([b"first"], ())


def test_replay_can_be_left_early_and_reports_what_it_met(tmp_path: Path) -> None:
    offsets = write_log(tmp_path)
    path = segment_path(tmp_path)
    damaged = bytearray(path.read_bytes())
    damaged[offsets[0]] ^= 1
    path.write_bytes(damaged)
    run = replay(tmp_path)
    next(iter(run))
    assert run.report.records == 1
    assert [damage.what for damage in run.report.damages] == [Damage.RECORD_HEADER]
