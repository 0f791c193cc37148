"""The content of a file says its format; what is not known is refused with what is."""

from __future__ import annotations

import json
import marshal

import pytest

from ingest.profiles.formats.detect import FileFormat, detect
from ingest.profiles.formats.hints import ImportHints
from ingest.profiles.formats.refused import Refused
from ingest.profiles.formats.speedscope import SCHEMA
from ingest.profiles.reasons import Reason
from tests.unit.profiles.formats.importing import HINTS, NOW_NS, imported, only, refused
from tests.unit.profiles.formats.otlp.requests import Request
from tests.unit.profiles.formats.reading import folded, profile_of, types_of
from tests.unit.profiles.pprof.pprof_model import Profile, Sample

PPROF = Profile([Sample((("main", "a.py", 1),), (7,))], time_ns=5).encode()


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (PPROF, FileFormat.PPROF),
        (b"a;b 1\n", FileFormat.COLLAPSED),
        (b"a 1", FileFormat.COLLAPSED),
        (b"[unknown];main 5\n", FileFormat.COLLAPSED),
        (b"[[kernel.kallsyms]];read 5\r\n", FileFormat.COLLAPSED),
        (b"{closure};main 5", FileFormat.COLLAPSED),
        (b"main (a.py:3);<module> (b.py:4) 12\r\n", FileFormat.COLLAPSED),
        ("søk;π 5\n".encode(), FileFormat.COLLAPSED),
        (b"tid:7;app.py:main:3 12\n", FileFormat.COLLAPSED),
        (b"# austin: 3.7.0\n\n", FileFormat.AUSTIN),
        (b"P1;T0:2;a.py:f:3 10\n", FileFormat.AUSTIN),
        (b"P1;T7f00a 10\n", FileFormat.AUSTIN),
        (b"allocator,num_allocations,size,tid,thread_name,stack_trace\n", FileFormat.MEMRAY_CSV),
        (marshal.dumps({}), FileFormat.PSTATS),
        (marshal.dumps({("a.py", 1, "f"): (1, 1, 0.5, 0.5, {})}), FileFormat.PSTATS),
        (json.dumps({"$schema": SCHEMA, "profiles": []}).encode(), FileFormat.SPEEDSCOPE),
        (b" \n{" + json.dumps({"$schema": SCHEMA}).encode()[1:], FileFormat.SPEEDSCOPE),
        (b'{"frame_records": []}', FileFormat.PYINSTRUMENT),
        (b'{"functions": [], "events": [], "costs": []}', FileFormat.MEMRAY_JSON),
        (b'{"nodes": [], "samples": [], "timeDeltas": []}', FileFormat.CPUPROFILE),
        (b'{"meta": {}, "threads": [], "shared": {}}', FileFormat.GECKO),
        (b"FLR\x00\x00\x02", FileFormat.JFR),
    ],
)
def test_known_formats(data: bytes, found: FileFormat) -> None:
    assert detect(data) is found


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\x00", "not known"),
        (b"hello world\n", "not known"),
        (b"a -1\n", "not known"),
        (b"{}", "not known"),
        (b"{", "not known"),
        (b"[1, 2]", "not known"),
        (b"[" * 100_000, "not known"),
        (b'{"$schema": "https://example.org"}', "not known"),
        (b'{"weights": 5', "JSON does, but Input data was truncated"),
        (b"[1, 5", "not known"),
        (b'{"name": "\\ud800"}', r"JSON does, but \ud800 at byte 10 is half of a surrogate pair"),
        (b'{"name": "\\ud83d\\ude00 \\\\ud800 \\uDC00"}', r"\uDC00 at byte 31 is half of a surrogate pair"),
        (b"\x0a\xff", "not known"),
        (b"\x89PNG\r\n\x1a\n", "not known"),
        (b'{"total_num_allocations": 1}', "memray transform"),
        (b'{"root_frame": {}}', "pyisession"),
        (b'{"traceEvents": []}', "CPU profile"),
        (b"MOJ\x03", "mojo2austin"),
        (b"PERFILE2", "perf script"),
        (b"\x04\x22\x4d\x18memray", "memray transform"),
        ("a 1\n".encode("utf-16"), "UTF-8"),
        (b"PK\x03\x04", "zip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"<!DOCTYPE html>", "page"),
        (b"<svg>", "drawing"),
    ],
)
def test_what_is_not_read_is_refused_with_a_sentence(data: bytes, says: str) -> None:
    with pytest.raises(Refused) as refusal:
        detect(data)
    assert refusal.value.rejection.reason is Reason.MALFORMED_PROFILE
    assert says in refusal.value.rejection.message


def test_the_mark_before_text_is_no_part_of_it() -> None:
    assert folded(only("\ufeffa;b 1\n".encode())) == {"a;b": 1}


def test_a_format_may_be_named() -> None:
    assert folded(only(b"a 1\n# b 2\n", named="collapsed")) == {"a": 1}
    assert "not known" in refused(b"a 1\n", named="svg").message
    assert refused(b"a 1\n", named="pstats").reason is Reason.MALFORMED_PROFILE


@pytest.mark.parametrize(
    ("hints", "name", "types", "value"),
    [
        (HINTS, "process_cpu", [("samples", "count")], 3),
        (ImportHints(sample_rate=100), "process_cpu", [("cpu", "nanoseconds")], 30_000_000),
        (ImportHints("wall", 100), "wall", [("wall", "nanoseconds")], 30_000_000),
        (ImportHints("alloc_space"), "memory", [("alloc_space", "bytes")], 3),
        (ImportHints("alloc_space", 100), "memory", [("alloc_space", "bytes")], 3),
    ],
)
def test_what_counts_of_a_file_that_does_not_say(
    hints: ImportHints, name: str, types: list[tuple[str, str]], value: int
) -> None:
    one = only(b"a 3\n", hints)
    assert (dict(one.labels), types_of(one), folded(one)) == ({"__name__": name}, types, {"a": value})


@pytest.mark.parametrize(
    ("time_ns", "file_ns", "expected_ns"),
    [(0, 9 * 10**17, 9 * 10**17), (8 * 10**17, 9 * 10**17, 8 * 10**17), (0, 0, NOW_NS), (8 * 10**17, 0, 8 * 10**17)],
)
def test_the_time_that_was_said_comes_before_the_files_own(time_ns: int, file_ns: int, expected_ns: int) -> None:
    hints = ImportHints(time_ns=time_ns, now_ns=NOW_NS)
    pprof = Profile([Sample((("main", "", 0),), (1,))], time_ns=file_ns).encode()
    assert profile_of(only(pprof, hints)).time_nanos == expected_ns
    session = {"start_time": file_ns / 10**9, "duration": 1.0, "frame_records": [[["f\0a.py\0001"], 0.5]]}
    assert profile_of(only(json.dumps(session).encode(), hints)).time_nanos == expected_ns
    assert profile_of(only(b"a 1\n", hints)).time_nanos == (time_ns or NOW_NS)


def otlp(values: list[int]) -> bytes:
    request = Request()
    stack = request.stack(request.location("leaf"), request.location("root"))
    profile = request.profile(("off_cpu", "nanoseconds"), resource={"service.name": "shop"}, time_ns=5 * 10**17)
    profile.samples.add(stack_index=stack, values=values, timestamps_unix_nano=[9])
    data: bytes = request.message.SerializeToString()
    return data


def test_a_request_of_opentelemetry_is_a_file_as_well() -> None:
    file = imported(otlp([5]))
    assert file.format is FileFormat.OTLP
    (one,) = file.profiles
    assert dict(one.labels)["service_name"] == "shop"
    assert (folded(one), profile_of(one).time_nanos) == ({"root;leaf": 5}, 5 * 10**17)
    elsewhere = only(otlp([5]), ImportHints(time_ns=6 * 10**17))
    assert profile_of(elsewhere).time_nanos == 6 * 10**17


def test_of_a_request_with_a_profile_that_cannot_be_read_nothing_is_kept() -> None:
    request = Request()
    for stack in (request.stack(request.location("leaf")), 99):
        profile = request.profile(("off_cpu", "nanoseconds"))
        profile.samples.add(stack_index=stack, values=[5], timestamps_unix_nano=[9])
    assert refused(request.message.SerializeToString(), named="otlp").reason is Reason.MALFORMED_PROFILE
