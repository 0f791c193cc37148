"""pprof by ``/ingest``: how it is named, and what is mended of profiles that old agents wrote."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.api.proto import profile_pb2
from ingest.profiles.formats.app_name import AppName
from ingest.profiles.formats.convert import convert_body
from ingest.profiles.formats.converted import Converted
from ingest.profiles.formats.metric_name import metric_name
from ingest.profiles.formats.parameters import BodyFormat, IngestParameters
from ingest.profiles.limits import DEFAULT_LIMITS
from ingest.profiles.pprof.decode import Decoded, decode_pprof
from ingest.profiles.pprof.rewrite import with_function_names
from ingest.profiles.reasons import Reason, Rejection
from tests.unit.profiles.formats.reading import folded, profile_of
from tests.unit.profiles.pprof.pprof_model import NOW_NS, Profile, Sample

FROM_NS = 1_600_000_000_000_000_000
PARAMETERS = IngestParameters(AppName("shop.cpu", {"region": "eu"}), FROM_NS, FROM_NS, 100, "unknown")
PROFILE = Profile([Sample((("main", "/srv/app.py", 1), ("work", "lib/work.py", 2), ("go", "", 3)), (7,))])


def convert(parts: dict[str, bytes], spy: str = "unknown") -> list[Converted] | Rejection:
    body_format = BodyFormat.PPROF if "" in parts else BodyFormat.FORM
    return convert_body(body_format, parts, replace(PARAMETERS, spy_name=spy), DEFAULT_LIMITS)


def converted(profile: Profile | bytes, spy: str = "unknown", **parts: bytes) -> Converted:
    data = profile if isinstance(profile, bytes) else profile.encode()
    answer = convert({"profile": data, **parts} if parts else {"": data}, spy)
    assert isinstance(answer, list), answer
    (one,) = answer
    return one


def name_of(types: list[str], config: dict[str, Any] | None = None) -> str:
    profile = Profile([Sample((("a", "", 0),), (1,) * len(types))], types=[(name, "count") for name in types])
    parts = {"sample_type_config": json.dumps(config).encode()} if config is not None else {}
    return dict(converted(profile, **parts).labels)["__name__"]


@pytest.mark.parametrize(
    ("types", "config", "name"),
    [
        (["samples", "cpu"], None, "process_cpu"),
        (["samples", "wall"], None, "wall"),
        (["inuse_objects"], None, "memory"),
        (["objects", "space"], None, "memory"),
        (["goroutine"], None, "goroutines"),
        (["contentions", "delay"], None, "mutex"),
        (["exceptions"], None, "exceptions"),
        (["a", "b"], None, "b"),
        (["contentions", "delay"], {"contentions": {"display-name": "block_count"}}, "block"),
        (["contentions"], {"contentions": {"units": "lock_samples"}}, "mutex"),
        (["x"], {"x": {"display-name": "cpu", "cumulative": True, "sampled": True}}, "process_cpu"),
        (["x"], {}, "x"),
    ],
)  # fmt: skip
def test_the_name_follows_from_the_sample_types(types: list[str], config: dict[str, Any] | None, name: str):
    assert name_of(types, config) == name


def test_the_whole_application_name_is_the_service():
    assert dict(converted(PROFILE).labels) == {
        "__name__": "process_cpu", "service_name": "shop.cpu", "region": "eu", "__delta__": "false",
        "pyroscope_spy": "unknown",
    }  # fmt: skip


def test_a_profile_without_faults_stays_as_it_came():
    data = PROFILE.encode()
    assert converted(data).pprof == data
    assert converted(gzip.compress(data)).pprof == data
    assert converted(gzip.compress(data), sample_type_config=b"{}").pprof == data


@pytest.mark.parametrize(
    ("time_ns", "expected_ns"),
    [
        (0, FROM_NS),
        (1_700_000_000_000, FROM_NS),
        (1_700_000_000_000_000, FROM_NS),
        (365 * 86400 * 10**9 - 1, FROM_NS),
        (365 * 86400 * 10**9, 365 * 86400 * 10**9),
        (-1, -1),
        (NOW_NS, NOW_NS),
    ],
)
def test_a_time_of_the_year_1970_becomes_the_start(time_ns: int, expected_ns: int):
    assert profile_of(converted(replace(PROFILE, time_ns=time_ns))).time_nanos == expected_ns


@pytest.mark.parametrize(
    ("spy", "stack"),
    [
        ("unknown", "main;work;go"),
        ("gospy", "main;work;go"),
        ("pyspy", "main;lib/work.py work;go"),
        ("rbspy", "/srv/app.py main;lib/work.py work;go"),
        ("scripting", "/srv/app.py main;lib/work.py work;go"),
    ],
)
def test_functions_of_scripting_languages_are_named_with_their_file(spy: str, stack: str):
    one = converted(PROFILE, spy)
    assert folded(one) == {stack: 7}
    assert profile_of(one).time_nanos == NOW_NS


@pytest.mark.parametrize(
    ("parts", "reason", "says"),
    [
        ({}, Reason.MALFORMED_PROFILE, "no part named profile"),
        ({"profile": b"x", "prev_profile": b""}, Reason.MALFORMED_PROFILE, "too old"),
        ({"profile": b"\xff"}, Reason.MALFORMED_PROFILE, "not a pprof message"),
        ({"profile": b""}, Reason.MALFORMED_PROFILE, "no sample type"),
        ({"": b""}, Reason.MALFORMED_PROFILE, "no sample type"),
        ({"profile": b"\x1f\x8b" + b"x" * 30}, Reason.BAD_GZIP, "gzip"),
        ({"": b"\x00" * (4 << 20) + b"x"}, Reason.PROFILE_SIZE_LIMIT, "at most"),
        ({"profile": PROFILE.encode(), "sample_type_config": b"{"}, Reason.MALFORMED_PROFILE, "JSON"),
        ({"profile": PROFILE.encode(), "sample_type_config": b"[1]"}, Reason.MALFORMED_PROFILE, "JSON"),
    ],
)
def test_what_is_refused(parts: dict[str, bytes], reason: Reason, says: str):
    answer = convert(parts)
    assert isinstance(answer, Rejection)
    assert answer.reason is reason
    assert says in answer.message


def test_a_config_may_give_no_name():
    assert metric_name(["contentions"], {"contentions": ""}) == "mutex"


texts = st.sampled_from(["main", "work", "søk", "", "a.py"])
frames = st.tuples(texts, texts, st.integers(0, 3))
profiles = st.lists(
    st.builds(Sample, st.lists(frames, max_size=4).map(tuple), st.tuples(st.integers(1, 9))), min_size=1, max_size=6
).map(Profile)


@given(profiles, st.randoms(use_true_random=False))
def test_renaming_changes_names_and_nothing_else(profile: Profile, rng: Any):
    data = profile.encode(rng)
    decoded = decode_pprof(data)
    assert isinstance(decoded, Decoded)
    renamed = profile_pb2.Profile.FromString(with_function_names(data, decoded, lambda name, file: f"{file}|{name}"))
    expected = profile_pb2.Profile.FromString(data)
    for function, before in zip(renamed.function, expected.function, strict=True):
        text = expected.string_table
        assert renamed.string_table[function.name] == f"{text[before.filename]}|{text[before.name]}"
        function.name = before.name
    del renamed.string_table[len(expected.string_table) :]
    assert renamed == expected
