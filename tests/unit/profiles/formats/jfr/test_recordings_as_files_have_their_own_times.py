"""A recording that somebody brings as a file is stored at its own time, with the interval its profiler says."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import pytest

from ingest.profiles.formats.detect import FileFormat
from ingest.profiles.formats.hints import ImportHints
from ingest.profiles.formats.import_file import ImportedFile, import_file
from ingest.profiles.formats.jfr.durations import parsed_ns
from ingest.profiles.reasons import Reason, Rejection
from tests.unit.profiles.formats.jfr.folding import LIMITS, message_of, sums_of
from tests.unit.profiles.formats.jfr.recording_writer import IDS, Event, write_chunk

FOLDER = Path(__file__).parent / "recordings"
STACK = (("Billing", "sum", 12),)
CPU = ("process_cpu", "cpu", "nanoseconds", "cpu", "nanoseconds")
#: Start of the recordings, in Unix seconds, as ``jfr summary`` tells it, and their time between two samples.
OWN = {"agent.jfr.gz": (1_795_661_905, 10_000_000), "wall.jfr.gz": (1_795_661_964, 100_000_000)}


def imported(data: bytes, hints: ImportHints) -> ImportedFile:
    result = import_file(data, hints, LIMITS)
    assert isinstance(result, ImportedFile), result
    assert result.format is FileFormat.JFR
    return result


def cpu_of(settings: list[tuple[str, str, int]], hints: ImportHints) -> int:
    """Return the value of one sample after settings of name, value and class."""
    events = [
        Event("jdk.ActiveSetting", numbers={"id": type_id}, texts={"name": name, "value": value})
        for name, value, type_id in settings
    ]
    data = write_chunk([*events, Event("jdk.ExecutionSample")], [STACK])
    (value,) = sums_of(imported(data, hints).profiles)[CPU].values()
    return value


SAMPLES, OTHERS = IDS["jdk.ExecutionSample"], IDS["jdk.ThreadPark"]


@pytest.mark.parametrize(
    ("settings", "hints", "expected"),
    [
        pytest.param([], ImportHints(), 10_000_000, id="nobody says it"),
        pytest.param([("interval", "5000000", SAMPLES)], ImportHints(), 5_000_000, id="async-profiler says it"),
        pytest.param([("period", "20 ms", SAMPLES)], ImportHints(), 20_000_000, id="the JDK says it"),
        pytest.param([("period", "everyChunk", SAMPLES)], ImportHints(), 10_000_000, id="it is no duration"),
        pytest.param([("period", "1 s", OTHERS)], ImportHints(), 10_000_000, id="it is that of other events"),
        pytest.param(
            [("interval", "1", SAMPLES), ("interval", "7", SAMPLES)], ImportHints(), 7, id="the last one counts"
        ),
        pytest.param(
            [("interval", "5000000", SAMPLES)], ImportHints(sample_rate=50), 20_000_000, id="who brings it says it"
        ),
    ],
)
def test_a_sample_is_worth_the_interval(
    settings: list[tuple[str, str, int]], hints: ImportHints, expected: int
) -> None:
    assert cpu_of(settings, hints) == expected


@pytest.mark.parametrize("recording", OWN)
def test_real_recordings_say_when_and_how_often(recording: str) -> None:
    start_s, interval_ns = OWN[recording]
    profiles = imported((FOLDER / recording).read_bytes(), ImportHints()).profiles

    for one in profiles:
        message = message_of(one.pprof)
        assert message.time_nanos // 10**9 == start_s
        assert 3 * 10**9 < message.duration_nanos < 6 * 10**9
    times = [values for kind, values in sums_of(profiles).items() if kind[0] in ("process_cpu", "wall")]
    assert all(value % interval_ns == 0 for values in times for value in values.values())


@pytest.mark.parametrize(
    ("start_ns", "duration_ns", "time_ns", "expected_ns"),
    [
        (5, 7, 5, 7),
        (-5, 7, 99, 7),
        (0, 7, 99, 7),
        (5, -7, 5, 0),
        ((1 << 63) - 1, (1 << 63) - 1, (1 << 63) - 1, (1 << 63) - 1),
    ],
)
def test_times_that_cannot_be_are_left_out(start_ns: int, duration_ns: int, time_ns: int, expected_ns: int) -> None:
    data = bytearray(write_chunk([Event("jdk.ExecutionSample")], [STACK]))
    struct.pack_into(">qq", data, 32, start_ns, duration_ns)

    (one,) = imported(bytes(data), ImportHints(now_ns=99)).profiles
    message = message_of(one.pprof)
    assert (message.time_nanos, message.duration_nanos) == (time_ns, expected_ns)


def test_a_time_that_is_said_is_that_of_the_profiles() -> None:
    data = gzip.decompress((FOLDER / "agent.jfr.gz").read_bytes())

    profiles = imported(data, ImportHints(time_ns=5 * 10**9)).profiles

    assert {message_of(one.pprof).time_nanos for one in profiles} == {5 * 10**9}


def test_a_damaged_file_is_refused() -> None:
    result = import_file(write_chunk([])[:-1], ImportHints(), LIMITS)

    assert isinstance(result, Rejection)
    assert result.reason is Reason.MALFORMED_PROFILE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10000000", 10_000_000), ("20 ms", 20_000_000), ("1us", 1_000), ("3 s", 3_000_000_000),
        ("1 d", 86_400 * 10**9), ("everyChunk", 0), ("", 0), ("-5", 0), ("20 parsecs", 0), ("9" * 16, 0), ("٣", 0),
    ],
)  # fmt: skip
def test_durations_of_settings(text: str, expected: int) -> None:
    assert parsed_ns(text) == expected
