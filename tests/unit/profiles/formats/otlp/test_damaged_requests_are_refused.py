"""Whatever the bytes are: a sentence for what is wrong, nothing else lost, and memory in proportion."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable

import pytest

from ingest.profiles.formats.otlp import convert, decode
from ingest.profiles.formats.otlp.convert import ConvertedRequest, convert_otlp
from ingest.profiles.labels import prepare_series_labels
from ingest.profiles.limits import DEFAULT_LIMITS
from ingest.profiles.prepare import prepare_profile
from ingest.profiles.reasons import Reason, Rejection
from tests.unit.profiles.formats.otlp.requests import Request

MAX_BYTES = 100_000


def good() -> Request:
    """Two profiles over one dictionary."""
    request = Request()
    request.dictionary.mapping_table.add(filename_strindex=request.text("app"))
    request.attribute("thread.name", "t")
    request.link(b"t" * 16, b"s" * 8)
    stack = request.stack(request.location("leaf", mapping=1, address=7), request.location("root"))
    for _ in range(2):
        profile = request.profile(("off_cpu", "nanoseconds"), resource={"service.name": "shop"}, time_ns=1)
        profile.samples.add(
            stack_index=stack, values=[5], timestamps_unix_nano=[9], attribute_indices=[1], link_index=1
        )
    return request


def profile_of(request: Request) -> object:
    return request.message.resource_profiles[0].scope_profiles[0].profiles[0]


def sample_of(request: Request) -> object:
    return profile_of(request).samples[0]


DANGLING: dict[str, Callable[[Request], object]] = {
    "no such stack": lambda r: setattr(sample_of(r), "stack_index", 9),
    "a stack below 0": lambda r: setattr(sample_of(r), "stack_index", -1),
    "no such link": lambda r: setattr(sample_of(r), "link_index", 2),
    "no such attribute": lambda r: sample_of(r).attribute_indices.append(50),
    "an attribute below 0": lambda r: sample_of(r).attribute_indices.append(-1),
    "no such attribute of the profile": lambda r: profile_of(r).attribute_indices.append(50),
    "values beyond 64 bits": lambda r: sample_of(r).values.extend([(1 << 63) - 1]),
    "values below 64 bits": lambda r: sample_of(r).values.extend([-(1 << 63), -6]),
    "neither values nor timestamps": lambda r: (
        sample_of(r).ClearField("values"),
        sample_of(r).ClearField("timestamps_unix_nano"),
    ),
    "a value times the period": lambda r: (
        setattr(profile_of(r).sample_type, "type_strindex", r.text("samples")),
        setattr(profile_of(r).sample_type, "unit_strindex", r.text("count")),
        setattr(profile_of(r).period_type, "type_strindex", r.text("cpu")),
        setattr(profile_of(r).period_type, "unit_strindex", r.text("nanoseconds")),
        setattr(profile_of(r), "period", 1 << 62),
    ),
    "the largest negative value times the period": lambda r: (
        setattr(profile_of(r).sample_type, "type_strindex", r.text("samples")),
        setattr(profile_of(r).sample_type, "unit_strindex", r.text("count")),
        setattr(profile_of(r).period_type, "type_strindex", r.text("cpu")),
        setattr(profile_of(r).period_type, "unit_strindex", r.text("nanoseconds")),
        setattr(profile_of(r), "period", 3),
        sample_of(r).values.__setitem__(0, -(1 << 63)),
    ),
}


@pytest.mark.parametrize("name", DANGLING)
def test_a_profile_with_a_wrong_number_is_refused_alone(name: str) -> None:
    request = good()
    DANGLING[name](request)

    made = convert_otlp(request.encoded(), MAX_BYTES)

    assert isinstance(made, ConvertedRequest)
    ((number, why),) = made.rejected
    assert (number, why.reason, made.sources) == (0, Reason.MALFORMED_PROFILE, (1,)), why.message


TORN: dict[str, Callable[[Request], object]] = {
    "a stack without its location": lambda r: r.dictionary.stack_table[1].location_indices.append(9),
    "a location below 0": lambda r: r.dictionary.stack_table[1].location_indices.append(-1),
    "a location without its mapping": lambda r: setattr(r.dictionary.location_table[1], "mapping_index", 9),
    "a line without its function": lambda r: setattr(r.dictionary.location_table[1].lines[0], "function_index", 9),
    "a function without its name": lambda r: setattr(r.dictionary.function_table[1], "name_strindex", 99),
    "a function without its file": lambda r: setattr(r.dictionary.function_table[1], "filename_strindex", -9),
    "a mapping without its file": lambda r: setattr(r.dictionary.mapping_table[1], "filename_strindex", 99),
    "no functions": lambda r: r.dictionary.ClearField("function_table"),
    "no mappings": lambda r: r.dictionary.ClearField("mapping_table"),
    "no locations": lambda r: r.dictionary.ClearField("location_table"),
    "no stacks": lambda r: r.dictionary.ClearField("stack_table"),
    "no strings": lambda r: r.dictionary.ClearField("string_table"),
    "no attributes": lambda r: r.dictionary.ClearField("attribute_table"),
    "no links": lambda r: r.dictionary.ClearField("link_table"),
}


@pytest.mark.parametrize("name", TORN)
def test_a_torn_dictionary_refuses_those_who_lead_there(name: str) -> None:
    request = good()
    TORN[name](request)

    made = convert_otlp(request.encoded(), MAX_BYTES)

    assert isinstance(made, ConvertedRequest)
    assert [(number, why.reason) for number, why in made.rejected] == [
        (0, Reason.MALFORMED_PROFILE),
        (1, Reason.MALFORMED_PROFILE),
    ]


def test_who_does_not_lead_to_the_damage_is_taken() -> None:
    request = good()
    request.stack(77)
    request.dictionary.location_table.add(mapping_index=99)
    made = convert_otlp(request.encoded(), MAX_BYTES)
    assert isinstance(made, ConvertedRequest)
    assert (made.rejected, len(made.profiles)) == ((), 2)


def test_a_dictionary_in_pieces_is_put_together() -> None:
    request = good()
    whole = request.encoded()
    dictionary = request.dictionary.SerializeToString()
    request.message.ClearField("dictionary")
    cut = next(at for at in range(20, len(dictionary)) if _parses(request, dictionary[:at], dictionary[at:]))
    pieces = b"".join(b"\x12" + bytes([len(part)]) + part for part in (dictionary[:cut], dictionary[cut:]))

    assert convert_otlp(request.encoded() + pieces, MAX_BYTES) == convert_otlp(whole, MAX_BYTES)


def _parses(request: Request, *parts: bytes) -> bool:
    for part in parts:
        try:
            request.kinds.ProfilesDictionary.FromString(part)
        except Exception:
            return False
    return all(len(part) < 128 for part in parts)


@pytest.mark.parametrize("data", [b"", b"\x0a\x00", b"\x12\x00", Request().encoded()])
def test_nothing_useful_is_never_a_success(data: bytes) -> None:
    told = convert_otlp(data, MAX_BYTES)
    assert isinstance(told, Rejection)
    assert told.reason is Reason.NO_PROFILES


def test_a_profile_without_samples_is_counted_as_empty() -> None:
    request = good()
    profile_of(request).ClearField("samples")
    made = convert_otlp(request.encoded(), MAX_BYTES)
    assert isinstance(made, ConvertedRequest)
    assert (made.empty, len(made.profiles), made.profile_count) == (1, 1, 2)


def test_a_request_cut_anywhere_is_refused_or_says_what_it_lacks() -> None:
    whole = good().encoded()
    for length in range(len(whole)):
        made = convert_otlp(whole[:length], MAX_BYTES)
        if isinstance(made, ConvertedRequest):
            assert made.rejected, length
            assert not made.profiles, length


def test_no_changed_byte_raises_or_makes_more_than_was_sent() -> None:
    whole = good().encoded()
    draw = random.Random(7)
    for _ in range(4000):
        damaged = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        made = convert_otlp(bytes(damaged), MAX_BYTES)
        if isinstance(made, ConvertedRequest):
            assert len(made.profiles) <= 4
            for one in made.profiles:
                labels = prepare_series_labels(one.labels, DEFAULT_LIMITS)
                if not isinstance(labels, Rejection):
                    prepare_profile(one.pprof, "tenant", labels, DEFAULT_LIMITS, 1)


BOUNDS = [
    pytest.param("MAX_PROFILES", 1, Reason.BODY_TOO_LARGE, "2 profiles", id="profiles"),
    pytest.param("MAX_ROWS", 3, Reason.BODY_TOO_LARGE, "strings", id="rows of a table"),
    pytest.param("MAX_ATTRIBUTES", 1, Reason.BODY_TOO_LARGE, "2 attributes", id="attributes"),
    pytest.param("MAX_REQUEST_BYTES", 50, Reason.BODY_TOO_LARGE, "larger than 50 bytes", id="bytes"),
]


@pytest.mark.parametrize(("name", "bound", "reason", "says"), BOUNDS)
def test_everything_is_bounded(
    monkeypatch: pytest.MonkeyPatch, name: str, bound: int, reason: Reason, says: str
) -> None:
    monkeypatch.setattr(decode, name, bound)
    told = convert_otlp(good().encoded(), MAX_BYTES)
    assert isinstance(told, Rejection)
    assert (told.reason, says in told.message) == (reason, True), told.message


def test_samples_are_bounded_over_all_profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    request = good()
    for _ in range(60):
        profile_of(request).samples.add().CopyFrom(sample_of(request))
    monkeypatch.setattr(decode, "MAX_ROWS", 50)
    told = convert_otlp(request.encoded(), MAX_BYTES)
    assert isinstance(told, Rejection)
    assert told.reason is Reason.SAMPLES_LIMIT


def test_one_long_stack_of_many_samples_is_bounded_before_it_is_written() -> None:
    request = good()
    stack = request.stack(*[1] * 1000)
    for _ in range(200):
        profile_of(request).samples.add(stack_index=stack, values=[1])

    tracemalloc.start()
    made = convert_otlp(request.encoded(), MAX_BYTES)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert isinstance(made, ConvertedRequest)
    assert [(number, why.reason) for number, why in made.rejected] == [(0, Reason.PROFILE_SIZE_LIMIT)]
    assert peak < 1 << 20


def test_many_profiles_over_one_dictionary_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convert, "_GROWTH_FLOOR_BYTES", 0)
    request = good()
    stack = request.stack(*range(1, 3), *[request.location("f" * 20_000)])
    for _ in range(30):
        request.profile().samples.add(stack_index=stack, values=[1])
    told = convert_otlp(request.encoded(), MAX_BYTES)
    assert isinstance(told, Rejection)
    assert told.reason is Reason.BODY_SIZE_LIMIT_EXCEEDED


def test_tables_take_memory_in_proportion_to_the_bytes() -> None:
    hostile = b"\x12" + _length(2 * 500_000) + b"\x0a\x00" * 500_000  # mappings without anything in them
    profile = b"\x0a\x06\x12\x04\x12\x02\x12\x00"
    tracemalloc.start()
    made = convert_otlp(profile + hostile, MAX_BYTES)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(made, ConvertedRequest)
    assert peak < 40 * len(hostile)


def _length(size: int) -> bytes:
    out = bytearray()
    while size >= 128:
        out.append(size & 127 | 128)
        size >>= 7
    return bytes([*out, size])
