"""The damage table: how a segment is damaged, and exactly which records survive."""

from __future__ import annotations

import errno
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ingest.storage.wal.format import (
    FORMAT_VERSION,
    RECORD_HEADER_BYTES,
    RECORD_MARKER,
    SEGMENT_HEADER_BYTES,
    checksum,
    encode_record_header,
    encode_segment_header,
)
from ingest.storage.wal.reader import QUARANTINE, Damage, replay
from ingest.storage.wal.writer import WalWriter
from tests.unit.storage.faulty_files import FaultyFiles
from tests.unit.storage.wal.logs import PAYLOADS, payloads_of, read_all, segment_path, write_log

Bytes = bytearray
Damager = Callable[[Bytes, list[int]], None]
COUNT = len(PAYLOADS)
GARBAGE = bytes(random.Random(7).randbytes(500))


def flip(record: int, byte: int) -> Damager:
    """Flip a bit of the byte ``byte`` of a record, counted from its header."""

    def damage(data: Bytes, at: list[int]) -> None:
        data[at[record] + byte] ^= 0x10

    return damage


def cut(record: int, start: int, end: int) -> Damager:
    """Remove bytes from inside a record, so that all that follows moves."""

    def damage(data: Bytes, at: list[int]) -> None:
        del data[at[record] + start : at[record] + end]

    return damage


def insert(record: int, new: bytes) -> Damager:
    def damage(data: Bytes, at: list[int]) -> None:
        data[at[record] : at[record]] = new

    return damage


def zero(record: int, start: int, end: int) -> Damager:
    def damage(data: Bytes, at: list[int]) -> None:
        data[at[record] + start : at[record] + end] = bytes(end - start)

    return damage


def repeat(record: int, after: int) -> Damager:
    def damage(data: Bytes, at: list[int]) -> None:
        data[at[after + 1] : at[after + 1]] = data[at[record] : at[record + 1]]

    return damage


def tail(new: bytes) -> Damager:
    def damage(data: Bytes, at: list[int]) -> None:
        data += new

    return damage


def header(change: Callable[[bytes], bytes]) -> Damager:
    def damage(data: Bytes, at: list[int]) -> None:
        data[:SEGMENT_HEADER_BYTES] = change(bytes(data[:SEGMENT_HEADER_BYTES]))

    return damage


def with_version(version: int) -> Callable[[bytes], bytes]:
    def change(old: bytes) -> bytes:
        body = old[:8] + version.to_bytes(4, "little") + old[12:28]
        return body + checksum(body).to_bytes(4, "little")

    return change


def both(*damagers: Damager) -> Damager:
    def damage(data: Bytes, at: list[int]) -> None:
        for each in damagers:
            each(data, at)

    return damage


def foreign(record: int) -> Damager:
    """Put a whole record of the same length that another segment holds in the place of one, as stale blocks would."""

    def damage(data: Bytes, at: list[int]) -> None:
        payload = b"?" * len(PAYLOADS[record])
        data[at[record] : at[record + 1]] = encode_record_header(b"8 random", 1, record + 1, payload) + payload

    return damage


ALL = set(range(COUNT))

TABLE = [
    pytest.param(flip(2, 0), ALL - {2}, [Damage.RECORD_HEADER], id="a flipped marker loses its record"),
    pytest.param(flip(2, 5), ALL - {2}, [Damage.RECORD_HEADER], id="a flipped salt loses its record"),
    pytest.param(flip(2, 12), ALL - {2}, [Damage.RECORD_HEADER], id="a flipped kind loses its record"),
    pytest.param(flip(2, 14), ALL - {2}, [Damage.RECORD_HEADER], id="a flipped reserved byte loses its record"),
    pytest.param(flip(2, 16), ALL - {2}, [Damage.RECORD_HEADER], id="a flipped sequence loses its record"),
    pytest.param(flip(2, 20), ALL - {2}, [Damage.RECORD_HEADER], id="a length that became longer loses its record"),
    pytest.param(flip(2, 23), ALL - {2}, [Damage.RECORD_HEADER], id="a length of many megabytes loses its record"),
    pytest.param(zero(2, 20, 24), ALL - {2}, [Damage.RECORD_HEADER], id="a length of zero loses its record"),
    pytest.param(flip(2, 24), ALL - {2}, [Damage.RECORD_HEADER], id="a flipped payload CRC loses its record"),
    pytest.param(flip(2, 28), ALL - {2}, [Damage.RECORD_HEADER], id="a flipped header CRC loses its record"),
    pytest.param(flip(2, 32), ALL - {2}, [Damage.PAYLOAD], id="a flip at the begin of a payload loses its record"),
    pytest.param(flip(2, 32 + 249), ALL - {2}, [Damage.PAYLOAD], id="a flip at the end of a payload loses its record"),
    pytest.param(flip(0, 32), ALL - {0}, [Damage.PAYLOAD], id="damage in the first record"),
    pytest.param(flip(4, 33), ALL - {4}, [Damage.PAYLOAD], id="damage in the last record"),
    pytest.param(flip(1, 3), ALL - {1}, [Damage.RECORD_HEADER], id="damage in a record without payload"),
    pytest.param(
        both(flip(1, 3), flip(3, 40)), {0, 2, 4}, [Damage.RECORD_HEADER, Damage.PAYLOAD], id="two damaged records apart"
    ),
    pytest.param(
        both(flip(2, 0), flip(3, 0)),
        {0, 1, 4},
        [Damage.RECORD_HEADER],
        id="neighbours with damaged headers are one range",
    ),
    pytest.param(
        both(flip(2, 40), flip(3, 40)), {0, 1, 4}, [Damage.PAYLOAD] * 2, id="neighbours with damaged payloads are two"
    ),
    pytest.param(cut(2, 40, 47), ALL - {2}, [Damage.PAYLOAD], id="bytes missing in a payload move what follows"),
    pytest.param(cut(2, 3, 9), ALL - {2}, [Damage.RECORD_HEADER], id="bytes missing in a header move what follows"),
    pytest.param(cut(2, 0, 282), ALL - {2}, [], id="a record taken out whole leaves no trace in its segment"),
    pytest.param(cut(3, 40, 70), ALL - {3}, [Damage.PAYLOAD], id="a record short by less than the next is long"),
    pytest.param(cut(3, 33, 76), ALL - {3}, [Damage.TORN], id="a record that ends beyond the file before a whole one"),
    pytest.param(insert(2, GARBAGE), ALL, [Damage.RECORD_HEADER], id="garbage between two records loses none"),
    pytest.param(insert(2, bytes(64)), ALL, [Damage.ZEROS], id="zeros between two records lose none"),
    pytest.param(zero(2, 0, 282), ALL - {2}, [Damage.ZEROS], id="a record overwritten with zeros"),
    pytest.param(zero(3, 0, 112), {0, 1, 2}, [Damage.ZEROS], id="everything from a record on overwritten with zeros"),
    pytest.param(zero(3, 40, 112), {0, 1, 2}, [Damage.PAYLOAD], id="zeros from inside a payload on"),
    pytest.param(repeat(2, 2), ALL, [Damage.REPEATED], id="a record repeated at once counts once"),
    pytest.param(repeat(1, 3), ALL, [Damage.REPEATED], id="a record repeated later counts once"),
    pytest.param(repeat(0, 4), ALL, [Damage.REPEATED], id="a record repeated at the end counts once"),
    pytest.param(
        both(repeat(2, 2), flip(2, 40)), ALL, [Damage.PAYLOAD], id="the sound copy of a damaged record takes its place"
    ),
    pytest.param(foreign(2), ALL - {2}, [Damage.RECORD_HEADER], id="a whole record of another segment is not believed"),
    pytest.param(
        both(repeat(1, 3), insert(4, GARBAGE)), ALL, [Damage.RECORD_HEADER, Damage.REPEATED], id="garbage, a repetition"
    ),
    pytest.param(tail(bytes(5000)), ALL, [Damage.ZEROS], id="a tail of zeros"),
    pytest.param(tail(GARBAGE), ALL, [Damage.RECORD_HEADER], id="a tail of garbage"),
    pytest.param(tail(b"x"), ALL, [Damage.TORN], id="a tail of one byte"),
    pytest.param(tail(RECORD_MARKER * 9), ALL, [Damage.RECORD_HEADER], id="a tail of markers"),
    pytest.param(header(lambda old: b"X" + old[1:]), ALL, [Damage.SEGMENT_HEADER], id="a wrong magic loses no record"),
    pytest.param(header(lambda old: bytes(32)), ALL, [Damage.SEGMENT_HEADER], id="a header of zeros loses no record"),
    pytest.param(
        header(lambda old: old[:12] + bytes(8) + old[20:]),
        ALL,
        [Damage.SEGMENT_HEADER],
        id="a wrong salt in the header",
    ),
    pytest.param(
        header(lambda old: b""),
        ALL - {0},
        [Damage.SEGMENT_HEADER],
        id="a missing header takes along the record in its place",
    ),
    pytest.param(
        both(header(lambda old: bytes(32)), flip(0, 0)),
        ALL - {0},
        [Damage.SEGMENT_HEADER],
        id="a damaged header and a damaged first record are one range",
    ),
    pytest.param(
        header(with_version(FORMAT_VERSION + 1)),
        set(),
        [Damage.UNKNOWN_VERSION],
        id="a later version is not guessed at",
    ),
]


@pytest.mark.parametrize("newest", [True, False], ids=["in the newest segment", "in an older segment"])
@pytest.mark.parametrize(("damager", "survivors", "damages"), TABLE)
def test_exactly_the_undamaged_records_survive(
    tmp_path: Path, damager: Damager, survivors: set[int], damages: list[Damage], newest: bool
) -> None:
    offsets = write_log(tmp_path)
    path = segment_path(tmp_path)
    data = Bytes(path.read_bytes())
    damager(data, offsets)
    path.write_bytes(data)
    after = []
    if not newest:
        write_log(tmp_path, [b"later"])
        after = [b"later"]
    payloads, found = read_all(tmp_path, repair=False)
    assert payloads == [PAYLOADS[number] for number in sorted(survivors)] + after
    assert [damage.what for damage in found] == damages
    assert path.read_bytes() == bytes(data), "reading without repair changed the file"


def test_records_and_damages_cover_the_whole_file(tmp_path: Path) -> None:
    for row in TABLE:
        damager = row.values[0]
        assert callable(damager)
        directory = tmp_path / str(row.id)
        offsets = write_log(directory)
        data = Bytes(segment_path(directory).read_bytes())
        damager(data, offsets)
        segment_path(directory).write_bytes(data)
        run = replay(directory, repair=False)
        spans = [(record.offset, RECORD_HEADER_BYTES + len(record.data)) for record in run]
        spans = sorted(spans + [(damage.offset, damage.length) for damage in run.report.damages])
        place = spans[0][0]
        assert place in (0, SEGMENT_HEADER_BYTES)
        for start, length in spans:
            assert start == place
            place += length
        assert place == len(data)


def test_a_file_cut_at_any_byte_gives_the_records_that_are_whole_and_nothing_else(tmp_path: Path) -> None:
    offsets = write_log(tmp_path)
    path = segment_path(tmp_path)
    whole = path.read_bytes()
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        payloads, damages = read_all(tmp_path)
        count = sum(1 for end in offsets[1:] if end <= size)
        assert payloads == list(PAYLOADS[:count]), f"cut at {size}"
        last_good = max((end for end in offsets if end <= size), default=0)
        expected = [] if size == last_good else [(last_good, size - last_good, Damage.TORN, True)]
        assert [(d.offset, d.length, d.what, d.truncated) for d in damages] == expected, f"cut at {size}"
        assert path.stat().st_size == last_good, "the torn tail is cut off"
        assert read_all(tmp_path) == (payloads, ()), "a second replay finds nothing to report"


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_damage_makes_up_a_record_or_stops_the_replay(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    directory = tmp_path_factory.mktemp("wal")
    offsets = write_log(directory)
    path = segment_path(directory)
    content = Bytes(path.read_bytes())
    start = data.draw(st.integers(0, len(content) - 1), "start")
    end = data.draw(st.integers(start, min(len(content), start + 120)), "end")
    new = data.draw(st.binary(max_size=120), "new")
    touched = content[start:end] != new
    assume(new or (start, end) != (0, SEGMENT_HEADER_BYTES))  # then the first record stands in the place of the header
    content[start:end] = new
    path.write_bytes(content)
    payloads, _ = read_all(directory)
    sound = [
        payload
        for payload, a, b in zip(PAYLOADS, offsets, offsets[1:], strict=False)
        if not touched or b <= start or a >= max(end, start + 1)
    ]
    remaining = iter(PAYLOADS)
    assert all(payload in remaining for payload in payloads), "in order, and none that was not written"
    assert set(sound) <= set(payloads)


def test_an_empty_segment_is_no_damage(tmp_path: Path) -> None:
    write_log(tmp_path)
    segment_path(tmp_path, 2).touch()
    assert read_all(tmp_path) == (list(PAYLOADS), ())
    assert WalWriter(tmp_path).append([(1, b"")]).segment == 3


def test_a_record_inside_a_payload_is_not_taken_for_one_of_the_log(tmp_path: Path) -> None:
    """Who pushes bytes that look like the log must not be able to write to it, even if the real record is damaged."""
    forged = b"forged by a client"
    inner = encode_record_header(b"8 random", 1, 9, forged) + forged
    offsets = write_log(tmp_path, [b"first", b"around " + inner, b"last"])
    path = segment_path(tmp_path)
    data = Bytes(path.read_bytes())
    data[offsets[1] + 8] ^= 1
    path.write_bytes(data)
    assert read_all(tmp_path)[0] == [b"first", b"last"]
    data[:SEGMENT_HEADER_BYTES] = bytes(SEGMENT_HEADER_BYTES)
    path.write_bytes(data)
    assert read_all(tmp_path)[0] == [b"first", b"last"], "the salt is learnt from the first record"


def test_records_are_found_again_far_behind_the_damage(tmp_path: Path) -> None:
    """Headers around the borders of the pieces in which the reader searches."""
    from ingest.storage.wal.reader import _SCAN_BYTES

    for shift in range(-RECORD_HEADER_BYTES - 2, 3):
        directory = tmp_path / str(shift)
        offsets = write_log(directory, [b"a", bytes(2 * _SCAN_BYTES + shift - RECORD_HEADER_BYTES), b"b"])
        data = Bytes(segment_path(directory).read_bytes())
        data[offsets[1]] ^= 1
        segment_path(directory).write_bytes(data)
        payloads, damages = read_all(directory)
        assert payloads == [b"a", b"b"]
        assert [(d.offset, d.length) for d in damages] == [(offsets[1], offsets[2] - offsets[1])]


def damaged_log(directory: Path, record: int = 2) -> tuple[list[int], bytes]:
    """Write a log with a flip in the payload of a record; return the offsets and the bytes of the damaged record."""
    offsets = write_log(directory)
    data = Bytes(segment_path(directory).read_bytes())
    data[offsets[record] + RECORD_HEADER_BYTES] ^= 1
    segment_path(directory).write_bytes(data)
    return offsets, bytes(data[offsets[record] : offsets[record + 1]])


def test_damage_is_copied_to_the_quarantine_once_and_the_segment_stays_as_it_is(tmp_path: Path) -> None:
    offsets, damaged = damaged_log(tmp_path)
    before = segment_path(tmp_path).read_bytes()
    for _ in range(2):
        _, (damage,) = read_all(tmp_path)
        assert damage.quarantined == tmp_path / QUARANTINE / f"00000001-{offsets[2]}.bin"
        assert damage.quarantined.read_bytes() == damaged
        assert not damage.truncated
        assert [path.name for path in (tmp_path / QUARANTINE).iterdir()] == [damage.quarantined.name]
    assert segment_path(tmp_path).read_bytes() == before


def test_a_damaged_last_record_of_the_newest_segment_is_copied_and_then_cut_off(tmp_path: Path) -> None:
    offsets, damaged = damaged_log(tmp_path, record=4)
    _, (damage,) = read_all(tmp_path)
    assert damage.truncated
    assert damage.quarantined is not None
    assert damage.quarantined.read_bytes() == damaged
    assert segment_path(tmp_path).stat().st_size == offsets[4]


def test_the_tail_of_an_older_segment_is_reported_and_stays(tmp_path: Path) -> None:
    offsets, _ = damaged_log(tmp_path, record=4)
    write_log(tmp_path, [b"later"])
    _, (damage,) = read_all(tmp_path)
    assert not damage.truncated
    assert segment_path(tmp_path).stat().st_size == offsets[5]


def test_a_full_quarantine_takes_no_more_and_then_a_tail_is_not_cut_off(tmp_path: Path) -> None:
    offsets, damaged = damaged_log(tmp_path, record=4)
    payloads, (damage,) = read_all(tmp_path, quarantine_bytes=len(damaged) - 1)
    assert payloads == list(PAYLOADS[:4])
    assert (damage.quarantined, damage.truncated) == (None, False)
    assert segment_path(tmp_path).stat().st_size == offsets[5]


@pytest.mark.parametrize("method", ["create", "writev", "sync", "replace", "truncate"])
def test_a_disk_that_refuses_the_repair_does_not_stop_the_replay(tmp_path: Path, method: str) -> None:
    damaged_log(tmp_path, record=4)
    files = FaultyFiles()
    files.failing[method] = errno.ENOSPC
    payloads, (damage,) = read_all(tmp_path, files=files)
    assert payloads == list(PAYLOADS[:4])
    assert not damage.truncated


def test_an_unknown_version_is_kept_whole_even_as_the_newest_segment(tmp_path: Path) -> None:
    write_log(tmp_path)
    path = segment_path(tmp_path)
    newer = with_version(9)(encode_segment_header(b"8 random")) + path.read_bytes()[SEGMENT_HEADER_BYTES:]
    path.write_bytes(newer)
    _, (damage,) = read_all(tmp_path)
    assert (damage.what, damage.truncated) == (Damage.UNKNOWN_VERSION, False)
    assert path.read_bytes() == newer


def test_bad_sectors_lose_the_records_on_them_and_no_others(tmp_path: Path) -> None:
    payloads = [bytes([65 + number]) * 3000 for number in range(40)]
    offsets = write_log(tmp_path, payloads)
    files = FaultyFiles()
    files.bad_sectors = frozenset({50_000})
    run = replay(tmp_path, repair=False, files=files)
    found = payloads_of(run)
    # The window begins at the first byte of the file, so the page that is lost does too.
    lost = {n for n in range(40) if offsets[n] < 53_248 and offsets[n + 1] > 49_152}
    assert found == [payload for number, payload in enumerate(payloads) if number not in lost]
    assert lost
    assert run.report.unreadable_bytes >= 4096
    assert sum(damage.length for damage in run.report.damages) < 4 * 3032
