"""What the numbers in events stand for comes in a message beside the recording."""

from __future__ import annotations

import gzip

import pytest

from ingest.profiles.formats.jfr.labels_snapshot import MAX_ENTRIES
from ingest.profiles.reasons import Reason, Rejection
from tests.unit.profiles.formats.jfr.folding import Labels, convert, sums_of
from tests.unit.profiles.formats.jfr.labels_writer import labels_snapshot
from tests.unit.profiles.formats.jfr.recording_writer import Event, write_chunk
from tests.unit.profiles.pprof.pprof_model import message, number

STACK = (("Billing", "sum", 12),)
LABELS = labels_snapshot({7: {"route": "/cart", "region": "eu"}}, {10: "POST /cart"})


def labels_of(numbers: dict[str, int], snapshot: bytes, event: str = "jdk.ExecutionSample") -> Labels:
    """Return the labels of the only sample of a recording."""
    sums = sums_of(convert(write_chunk([Event(event, numbers=numbers)], [STACK]), snapshot))
    (labels,) = {labels for values in sums.values() for _, labels in values}
    return labels


CART = (("region", "eu"), ("route", "/cart"))
CASES: dict[str, tuple[dict[str, int], Labels]] = {
    "an event without a context": ({}, ()),
    "a context": ({"contextId": 7}, CART),
    "a context that is not there": ({"contextId": 8}, ()),
    "a span is 16 digits of a profile id": ({"spanId": 0xABC}, (("profile_id", "0000000000000abc"),)),
    "a span above the largest long": ({"spanId": -1}, (("profile_id", "f" * 16),)),
    "a span with a name": (
        {"spanId": 1, "spanName": 10},
        (("profile_id", "0000000000000001"), ("span_name", "POST /cart")),
    ),
    "a span with a name that is not there": ({"spanId": 1, "spanName": 11}, (("profile_id", "0000000000000001"),)),
    "a trace is 32 digits": ({"traceIdHi": 1, "traceIdLo": -2}, (("trace_id", "0000000000000001fffffffffffffffe"),)),
    "all of them": (
        {"contextId": 7, "spanId": 1},
        (("profile_id", "0000000000000001"), *CART),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("numbers", "expected"), CASES.values(), ids=CASES)
def test_numbers_of_an_event_become_labels(numbers: dict[str, int], expected: Labels) -> None:
    assert labels_of(numbers, LABELS) == tuple(sorted(expected))
    assert labels_of(numbers, gzip.compress(LABELS)) == tuple(sorted(expected))


@pytest.mark.parametrize("event", ["jdk.ThreadPark", "profiler.LiveObject", "jdk.ObjectAllocationSample"])
def test_events_that_carry_no_context_have_no_labels(event: str) -> None:
    assert labels_of({"duration": 5, "weight": 5, "contextId": 7}, LABELS, event) == ()


def test_a_span_needs_no_message() -> None:
    assert labels_of({"spanId": 1, "spanName": 10}, b"") == (("profile_id", "0000000000000001"),)


MESSAGES: dict[str, tuple[bytes, Labels]] = {
    "no message at all": (b"", ()),
    "the last context of a number": (
        labels_snapshot({7: {"route": "/old"}}, {}) + message(2, number(1, 1) + message(2, b"x")) + LABELS,
        CART,
    ),
    "a label without a value": (labels_snapshot({7: {"route": "", "region": "eu"}}, {}), (("region", "eu"),)),
    "a label whose strings are missing": (message(1, number(1, 7) + message(2, message(1, number(1, 5)))), ()),
    "a context without labels": (message(1, number(1, 7)), ()),
    "a value that is no text": (labels_snapshot({7: {"a": "b"}}, {}) + message(2, number(1, 1001) + number(2, 5)), ()),
    "fields to come": (number(9, 1) + b"\x51" + bytes(8) + b"\x55" + bytes(4) + LABELS, CART),
    "damaged characters": (
        message(1, number(1, 7) + message(2, message(1, number(1, 5) + number(2, 6))))
        + message(2, number(1, 5) + message(2, b"r"))
        + message(2, number(1, 6) + message(2, b"\xff")),
        (("r", "�"),),
    ),
}


@pytest.mark.parametrize(("snapshot", "expected"), MESSAGES.values(), ids=MESSAGES)
def test_what_a_message_may_look_like(snapshot: bytes, expected: Labels) -> None:
    assert labels_of({"contextId": 7}, snapshot) == expected


DAMAGES = {
    "a number that is cut off": b"\x80",
    "a number that does not end": b"\xff" * 11,
    "a length past the end": b"\x0a\x05\x08",
    "a group": b"\x0b\x0c",
    "a context that is a number": number(1, 5),
    "an entry that is cut off": message(2, b"\x08"),
}


@pytest.mark.parametrize("snapshot", DAMAGES.values(), ids=DAMAGES)
def test_another_message_is_refused(snapshot: bytes) -> None:
    result = convert(write_chunk([Event("jdk.ExecutionSample")], [STACK]), snapshot)

    assert isinstance(result, Rejection)
    assert result.reason is Reason.MALFORMED_PROFILE
    assert "not a LabelsSnapshot message" in result.message


def test_entries_are_bounded() -> None:
    result = convert(write_chunk([]), message(2, b"") * (MAX_ENTRIES + 1))

    assert isinstance(result, Rejection)
    assert f"more than {MAX_ENTRIES} entries" in result.message


def test_labels_of_many_spans_in_one_large_context_are_bounded() -> None:
    large = labels_snapshot({7: {f"label{index}": "x" for index in range(2000)}}, {})
    events = [Event("jdk.ExecutionSample", numbers={"contextId": 7, "spanId": span}) for span in range(1, 1000)]

    result = convert(write_chunk(events, [STACK]), large)

    assert isinstance(result, Rejection)
    assert result.reason is Reason.SAMPLE_LABELS_LIMIT
