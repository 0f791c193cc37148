"""Each way in which a recording can be broken has an answer that says what is wrong and where."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable

import pytest

from ingest.profiles.formats.jfr.header import MAX_CHUNKS
from ingest.profiles.formats.jfr.metadata import MAX_METADATA_BYTES
from ingest.profiles.limits import Limits
from ingest.profiles.reasons import Reason, Rejection
from tests.unit.profiles.formats.jfr.folding import convert, sums_of
from tests.unit.profiles.formats.jfr.recording_writer import (
    CLASSES,
    IDS,
    Element,
    Encoding,
    Event,
    Writer,
    assemble,
    described,
    metadata_content,
    write_chunk,
)

STACK = (("Billing", "sum", 12), ("Billing", "main", 3))
EVENTS = [
    Event("jdk.ActiveSetting", texts={"name": "event", "value": "cpu"}),
    Event("jdk.ExecutionSample", numbers={"contextId": 1, "spanId": 77}),
    Event("jdk.ThreadPark", numbers={"duration": 500}),
]
WHOLE = write_chunk(EVENTS, [STACK])
FIRST_EVENT = 68


def with_header(field: str, value: int) -> bytes:
    """Return the recording with another number in its header."""
    offset, size = {"version": (4, 2), "size": (8, 8), "metadata": (24, 8)}[field]
    return WHOLE[:offset] + value.to_bytes(size, "big") + WHOLE[offset + size :]


def with_bytes(offset: int, content: bytes) -> bytes:
    return WHOLE[:offset] + content + WHOLE[offset + len(content) :]


def with_event(name: str, content: bytes) -> bytes:
    """Return a recording of one event of exactly these bytes."""
    writer, inside = Writer(Encoding()), Writer(Encoding())
    inside.out += content
    writer.event(IDS.get(name, 1), inside)
    return assemble(bytes(writer.out), metadata_content(described(CLASSES), Encoding()), Encoding())


def checkpoint_of(*numbers: int) -> Writer:
    """Return a checkpoint that has these numbers after its head."""
    writer = Writer(Encoding())
    for _ in range(3):
        writer.number(0, 8)
    writer.out.append(1)
    for number in numbers:
        writer.number(number, 8)
    return writer


def with_checkpoint(*numbers: int) -> bytes:
    """Return a recording with such a checkpoint."""
    return with_event("checkpoint", bytes(checkpoint_of(*numbers).out))


def with_classes(classes: dict[str, list[tuple[str, str]]]) -> bytes:
    """Return a recording without events whose metadata has these classes besides the usual ones."""
    return assemble(b"", metadata_content(described({**CLASSES, **classes}), Encoding()), Encoding())


def with_elements(root: Element) -> bytes:
    return assemble(b"", metadata_content(root, Encoding()), Encoding())


def with_metadata(*, strings: int, rest: bytes) -> bytes:
    writer = Writer(Encoding())
    for _ in range(3):
        writer.number(0, 8)
    writer.number(strings, 4)
    writer.out += rest
    return assemble(b"", writer, Encoding())


def nested(depth: int) -> Element:
    return ("root", {}, [nested(depth - 1)] if depth else [])


METADATA_AT = struct.unpack_from(">Q", WHOLE, 24)[0]
TEXT_ROOT = b"\x03\x04root"
EACH_TWICE = {f"test.C{level}": [(name, f"test.C{level + 1}") for name in "abcdefgh"] for level in range(12)}
for _level in range(13):
    IDS.setdefault(f"test.C{_level}", 500 + _level)
IDS.setdefault("test.Self", 600)

DAMAGES: dict[str, tuple[bytes, str]] = {
    "nothing at all": (b"", "does not start with a chunk (at byte 0)"),
    "another format": (b"PAR1" + WHOLE, "does not start with a chunk (at byte 0)"),
    "a header that is cut off": (WHOLE[:60], "the header of the chunk at byte 0 is cut off"),
    "a version to come": (with_header("version", 3), "version 3.0"),
    "a chunk that is cut off": (WHOLE[:-1], f"says it has {len(WHOLE)} bytes, of {len(WHOLE) - 1} that are there"),
    "a chunk that is being written": (with_header("size", 0), "was still being written"),
    "a chunk of the largest size": (with_header("size", (1 << 64) - 1), "is cut off"),
    "bytes after the last chunk": (WHOLE + b"more", f"there is no chunk (at byte {len(WHOLE)})"),
    "a second chunk that is cut off": (WHOLE + WHOLE[:-9], f"the chunk at byte {len(WHOLE)} says"),
    "metadata in the header": (with_header("metadata", 8), "has its metadata at 8"),
    "metadata past the end": (with_header("metadata", len(WHOLE)), f"has its metadata at {len(WHOLE)}"),
    "metadata where an event is": (with_header("metadata", FIRST_EVENT), "there is no metadata event at byte 68"),
    "metadata that says it is longer": (
        with_bytes(METADATA_AT, b"\xff\xff\xff\x7f"),
        f"runs past the end of its chunk (at byte {METADATA_AT} of the metadata)",
    ),
    "metadata of too many strings": (with_metadata(strings=1 << 30, rest=b""), "there is no metadata event"),
    "metadata of a negative number of strings": (with_metadata(strings=-1, rest=b""), "there is no metadata event"),
    "metadata with a string that is cut off": (
        with_metadata(strings=1, rest=b"\x03\x09root"),
        "a string has an unknown encoding or runs past the end",
    ),
    "metadata with a string of unknown encoding": (with_metadata(strings=1, rest=b"\x09"), "unknown encoding"),
    "metadata without elements": (with_metadata(strings=1, rest=TEXT_ROOT), "is cut off"),
    "metadata that names no string": (with_metadata(strings=1, rest=TEXT_ROOT + b"\x07\0\0"), "names a string"),
    "metadata whose elements are cut off": (with_metadata(strings=1, rest=TEXT_ROOT + b"\0\0\x05"), "is cut off"),
    "metadata with a negative number": (
        with_metadata(strings=1, rest=TEXT_ROOT + b"\0\0" + b"\xff" * 4 + b"\x0f"),
        "is cut off",
    ),
    "metadata nested too deep": (with_elements(nested(40)), "nested more than 16 deep"),
    "a class without an id": (
        with_elements(("root", {}, [("metadata", {}, [("class", {"name": "x"}, [])])])),
        "says '' where a number is due",
    ),
    "a class with an id that is too large": (
        with_elements(("root", {}, [("metadata", {}, [("class", {"id": "9" * 40}, [])])])),
        "where a number is due",
    ),
    "an event of a class that is not there": (
        with_classes({"jdk.ThreadPark": [("stackTrace", "test.Missing")]}),
        "describes an event that cannot be read",
    ),
    "an event that contains itself": (
        with_classes({"jdk.ThreadPark": [("self", "jdk.ThreadPark")]}),
        "describes an event that cannot be read",
    ),
    "an event that doubles and doubles": (
        with_classes({**EACH_TWICE, "test.C12": [], "jdk.ThreadPark": [("all", "test.C0")]}),
        "describes an event that cannot be read",
    ),
    "arrays of arrays of arrays": (
        with_classes({"test.Self": [("all", "[]test.Self")], "jdk.ThreadPark": [("all", "[]test.Self")]}),
        "describes an event that cannot be read",
    ),
    "an event of size 0": (
        with_bytes(FIRST_EVENT, b"\x80\x80\x80\x00"),
        f"an event is shorter than what it holds, or runs past the end of its chunk (at byte {FIRST_EVENT}",
    ),
    "an event that runs past the chunk": (with_bytes(FIRST_EVENT, b"\xff\xff\xff\x7f"), "at byte 68 of an event"),
    "an event of a negative size": (with_bytes(FIRST_EVENT, b"\xff" * 8 + b"\x7f"), "at byte 68 of an event"),
    "an event whose fields are cut off": (with_event("jdk.ThreadPark", b"\1\1\1"), "cut off (at byte 68 of an event)"),
    "an event whose text is cut off": (
        with_event("jdk.ActiveSetting", b"\1\3\x7fevent"),
        "a string has an unknown encoding or runs past the end (at byte 68",
    ),
    "a checkpoint that is cut off": (with_event("checkpoint", b"\1"), "cut off"),
    "constants of a class that is not there": (
        with_checkpoint(1, 9999, 1, 1),
        "does not say what the constants of a class look like",
    ),
    "constants that are cut off": (with_checkpoint(1, IDS["jdk.types.Method"], 5, 1, 1), "of the constants of class"),
    "an array with more elements than bytes": (
        with_checkpoint(1, IDS["jdk.types.StackTrace"], 1, 1, 0, 1 << 20),
        "an array has more elements than there are bytes",
    ),
}  # fmt: skip


def refused(data: bytes, labels: bytes = b"") -> Rejection:
    result = convert(data, labels)
    assert isinstance(result, Rejection), result
    return result


def test_the_recording_that_is_damaged_below_is_whole() -> None:
    assert len(sums_of(convert(WHOLE))) == 3


@pytest.mark.parametrize(("data", "message"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_recording_is_refused_with_what_and_where(data: bytes, message: str) -> None:
    rejection = refused(data)

    assert rejection.reason is Reason.MALFORMED_PROFILE
    assert message in rejection.message


def test_gzip_that_is_damaged_is_refused_as_such() -> None:
    assert refused(gzip.compress(WHOLE)[:-3]).reason is Reason.BAD_GZIP


def test_every_prefix_is_refused() -> None:
    for end in range(0, len(WHOLE), 3):
        assert refused(WHOLE[:end]).reason is Reason.MALFORMED_PROFILE


def test_a_changed_byte_gets_an_orderly_answer() -> None:
    for position in (*range(METADATA_AT), *range(METADATA_AT, len(WHOLE), 17)):
        for change in (0x01, 0xFF):
            data = bytearray(WHOLE)
            data[position] ^= change
            result = convert(bytes(data))
            assert isinstance(result, list | Rejection)


def many_chunks() -> bytes:
    chunk = assemble(b"", metadata_content(("root", {}, []), Encoding()), Encoding())
    return chunk * (MAX_CHUNKS + 1)


def large_metadata() -> bytes:
    return with_elements(("root", {"x" * MAX_METADATA_BYTES: ""}, []))


def values_without_a_sum() -> bytes:
    return write_chunk([Event("jdk.ThreadPark", numbers={"duration": (1 << 63) - 1})] * 2, [STACK])


def many_settings() -> bytes:
    return write_chunk([Event("jdk.ActiveSetting", texts={"name": "event", "value": "a"})] * 10_001)


def classes_in_classes() -> bytes:
    """Each class is eight times as large as the next, and there are many that use the largest."""
    users = {f"test.User{index}": [("all", "test.C9")] for index in range(3000)}
    for index, name in enumerate(users):
        IDS.setdefault(name, 1000 + index)
    metadata = metadata_content(described({**CLASSES, **EACH_TWICE, "test.C12": [], **users}), Encoding())
    checkpoint = Writer(Encoding())
    checkpoint.event(1, checkpoint_of(1, IDS["test.User2999"], 1, 1))
    return assemble(bytes(checkpoint.out), metadata, Encoding())


BOUNDS: dict[str, tuple[Callable[[], bytes], Reason, str]] = {
    "chunks": (many_chunks, Reason.MALFORMED_PROFILE, "more than 1000 chunks"),
    "bytes of metadata": (large_metadata, Reason.MALFORMED_PROFILE, f"at most {MAX_METADATA_BYTES} are read"),
    "fields": (classes_in_classes, Reason.MALFORMED_PROFILE, "does not say what the constants of a class look like"),
    "sums": (values_without_a_sum, Reason.MALFORMED_PROFILE, "too large to be summed"),
    "settings": (many_settings, Reason.MALFORMED_PROFILE, "more than 10000 settings"),
}


@pytest.mark.parametrize(("make", "reason", "message"), BOUNDS.values(), ids=BOUNDS)
def test_what_a_recording_may_have_is_bounded(make: Callable[[], bytes], reason: Reason, message: str) -> None:
    rejection = refused(make())

    assert rejection.reason is reason
    assert message in rejection.message


def test_a_recording_that_is_too_large_is_refused_before_it_is_read() -> None:
    packed = gzip.compress(WHOLE + bytes(10_000))

    for data in (WHOLE + bytes(10_000), packed):
        result = convert(data, limits=Limits(max_profile_size_bytes=len(WHOLE)))
        assert isinstance(result, Rejection)
        assert result.reason is Reason.DECOMPRESSED_TOO_LARGE


def test_one_long_name_given_to_many_methods_is_refused() -> None:
    stack = tuple(("C" * 20_000, f"m{index}", 1) for index in range(500))
    data = write_chunk([Event("jdk.ThreadPark")], [stack])

    result = convert(data, limits=Limits(max_profile_size_bytes=len(data)))

    assert isinstance(result, Rejection)
    assert result.reason is Reason.PROFILE_SIZE_LIMIT
    assert "names of the methods" in result.message


def test_one_deep_stack_used_by_many_events_is_refused() -> None:
    stack = tuple(("Deep", "call", line) for line in range(2000))
    data = write_chunk([Event("jdk.ExecutionSample", numbers={"spanId": 1 + span}) for span in range(3000)], [stack])

    result = convert(data, limits=Limits(max_profile_size_bytes=len(data)))

    assert isinstance(result, Rejection)
    assert result.reason is Reason.PROFILE_SIZE_LIMIT
    assert f"would be larger than {len(data)} bytes" in result.message
