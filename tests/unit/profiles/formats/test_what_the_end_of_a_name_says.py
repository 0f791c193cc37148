"""The end of an application's name chooses the profile type of formats that have none of their own."""

from __future__ import annotations

import pytest

from ingest.profiles.formats.convert import convert_body
from ingest.profiles.formats.parameters import BodyFormat, IngestParameters, parse_parameters
from ingest.profiles.limits import DEFAULT_LIMITS
from ingest.profiles.reasons import Reason, Rejection
from tests.unit.profiles.formats.reading import folded, profile_of, types_of

CPU = ("cpu", "nanoseconds")
NONE = ("", "")


def parameters(name: str, rate: str = "100") -> IngestParameters:
    answer = parse_parameters({"name": name, "sampleRate": rate, "spyName": "gospy"}, 1)
    assert isinstance(answer, IngestParameters)
    return answer


@pytest.mark.parametrize(
    ("app", "service", "metric", "sample_type", "period_type", "value"),
    [
        ("app", "app", "process_cpu", CPU, CPU, 10_000_000),
        ("app.cpu", "app", "process_cpu", CPU, CPU, 10_000_000),
        ("my.app.itimer", "my.app", "process_cpu", CPU, CPU, 10_000_000),
        ("app.wall", "app", "wall", ("wall", "nanoseconds"), CPU, 10_000_000),
        ("app.seconds", "app", "wall", ("wall", "nanoseconds"), CPU, 10_000_000),
        ("app.nanoseconds", "app", "wall", ("wall", "nanoseconds"), CPU, 10_000_000),
        ("app.bytes", "app", "memory", ("samples", "bytes"), NONE, 1),
        ("app.inuse_objects", "app", "memory", ("inuse_objects", "count"), NONE, 1),
        ("app.alloc_objects", "app", "memory", ("alloc_objects", "count"), NONE, 1),
        ("app.inuse_space", "app", "memory", ("inuse_space", "bytes"), NONE, 1),
        ("app.alloc_space", "app", "memory", ("alloc_space", "bytes"), NONE, 1),
        ("app.goroutines", "app", "goroutine", ("goroutines", "count"), NONE, 1),
        ("app.mutex_count", "app", "mutex", ("contentions", "count"), NONE, 1),
        ("app.mutex_duration", "app", "mutex", ("delay", "nanoseconds"), NONE, 1),
        ("app.block_count", "app", "block", ("contentions", "count"), NONE, 1),
        ("app.lock_count", "app", "block", ("contentions", "count"), NONE, 1),
        ("app.block_duration", "app", "block", ("delay", "nanoseconds"), NONE, 1),
        ("app.lock_duration", "app", "block", ("delay", "nanoseconds"), NONE, 1),
        ("app.alloc_in_new_tlab_objects", "app", "memory", ("alloc_in_new_tlab_objects", "count"), NONE, 1),
        ("app.alloc_outside_tlab_bytes", "app", "memory", ("alloc_outside_tlab_bytes", "bytes"), NONE, 1),
        ("app.live", "app", "memory", ("live", "count"), NONE, 1),
        ("app.exceptions", "app", "exceptions", ("samples", "count"), NONE, 1),
    ],
)
def test_types(
    app: str, service: str, metric: str, sample_type: tuple[str, str], period_type: tuple[str, str], value: int
):
    answer = convert_body(BodyFormat.GROUPS, {"": b"a 1\n"}, parameters(app), DEFAULT_LIMITS)
    assert isinstance(answer, list)
    (one,) = answer
    profile = profile_of(one)
    text = profile.string_table
    assert types_of(one) == [sample_type]
    assert (text[profile.period_type.type], text[profile.period_type.unit]) == period_type
    assert folded(one) == {"a": value}
    assert dict(one.labels) == {
        "__name__": metric, "service_name": service, "__delta__": "false", "pyroscope_spy": "gospy",
    }  # fmt: skip


def test_without_a_sample_rate_samples_stay_counts():
    answer = convert_body(BodyFormat.GROUPS, {"": b"a 1\n"}, parameters("app.cpu", "0"), DEFAULT_LIMITS)
    assert isinstance(answer, list)
    assert types_of(answer[0]) == [("samples", "count")]
    assert folded(answer[0]) == {"a": 1}
    assert profile_of(answer[0]).period == 0


@pytest.mark.parametrize("app", ["app.v2", "app.", "app.CPU"])
def test_an_end_that_says_nothing_is_a_bad_request(app: str):
    answer = convert_body(BodyFormat.GROUPS, {"": b"a 1\n"}, parameters(app), DEFAULT_LIMITS)
    assert isinstance(answer, Rejection)
    assert answer.reason is Reason.BAD_REQUEST
    assert "itimer" in answer.message


def test_the_users_labels_come_on_top():
    name = "app.cpu{service_name=mine,region=eu,pyroscope_spy=other,__name__=x}"
    answer = convert_body(BodyFormat.GROUPS, {"": b"a 1\n"}, parameters(name), DEFAULT_LIMITS)
    assert isinstance(answer, list)
    assert dict(answer[0].labels) == {
        "__name__": "process_cpu", "service_name": "mine", "app_name": "app", "region": "eu", "__delta__": "false",
        "pyroscope_spy": "other",
    }  # fmt: skip
