"""A file to look at is known by its content, in whatever format this project or its neighbours write it."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings

from ingest.profiles.exports.collapsed import collapsed_text
from ingest.profiles.exports.flamebearer import flamebearer
from ingest.profiles.exports.speedscope import speedscope_json
from ingest.profiles.flamegraph import build_flamegraph
from ingest.profiles.limits import DEFAULT_LIMITS
from ingest.profiles.pprof.encode import encode_pprof
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.uploads import UploadedProfile, read_upload
from tests.django.api.pprof import pprof
from tests.unit.profiles.exports.export_cases import CAPTION
from tests.unit.profiles.stack_model import build_profile, named_sums, plain, plain_stacks, read_profile

NOW_NS = 1_800_000_000_000_000_000
SOURCE = [(plain("main", "b"), 3), (plain("main", "a", "b"), 4), (plain("main"), 1)]
SUMS = named_sums(SOURCE)


def read(data: bytes) -> UploadedProfile:
    found = read_upload(data, DEFAULT_LIMITS, NOW_NS)
    assert not isinstance(found, Rejection), found
    assert len(found) == 1
    return found[0]


def sums(one: UploadedProfile) -> dict[tuple[str, ...], int]:
    return {tuple(step.functions[0][0] for step in path): value for path, value in read_profile(one.profile).items()}


def saved(source: list) -> bytes:
    graph = build_flamegraph(build_profile(source), 0)
    return msgspec.json.encode(flamebearer(graph, CAPTION.profile_type))


def files() -> dict[str, bytes]:
    profile = build_profile(SOURCE)
    collapsed, speedscope = collapsed_text(profile), speedscope_json(profile, CAPTION)
    assert isinstance(collapsed, bytes)
    assert isinstance(speedscope, bytes)
    return {
        "pprof": encode_pprof(profile, CAPTION.profile_type, 1, 1, 1),
        "collapsed": collapsed,
        "speedscope": speedscope,
        "flamebearer": saved(SOURCE),
    }


@pytest.mark.parametrize("name", ["pprof", "collapsed", "speedscope", "flamebearer"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_file_is_read_whatever_its_format(name: str, packed: bool) -> None:
    data = files()[name]
    assert sums(read(gzip.compress(data) if packed else data)) == SUMS


@settings(max_examples=100, deadline=None)
@given(plain_stacks)
def test_a_saved_flame_graph_is_read_back(source: list) -> None:
    graph = build_flamegraph(build_profile(source), 0)
    if not graph.total:
        return
    again = build_flamegraph(read(saved(source)).profile, 0)
    assert (again.names, [list(level) for level in again.levels]) == (
        graph.names, [list(level) for level in graph.levels]
    )  # fmt: skip


def test_each_type_of_value_is_a_profile() -> None:
    data = pprof({("a",): 2}, sample_types=(("alloc_objects", "count"), ("alloc_space", "bytes")))
    found = read_upload(data, DEFAULT_LIMITS, NOW_NS)
    assert not isinstance(found, Rejection)
    assert [(one.profile_type.sample_type, one.profile_type.sample_unit) for one in found] == [
        ("alloc_objects", "count"), ("alloc_space", "bytes")
    ]  # fmt: skip


def test_an_old_profile_may_be_looked_at() -> None:
    assert sums(read(encode_pprof(build_profile(SOURCE), CAPTION.profile_type, 1, 1, 1))) == SUMS


GRAPH = {"names": ["total", "a"], "levels": [[0, 2, 0, 0], [0, 2, 2, 1]]}


@pytest.mark.parametrize(
    "graph",
    [
        {"levels": [[0, 2, 0]]},
        {"levels": [[0, 2, 0, 0, 0, 1, 0, 0]]},
        {"levels": [[0, 2, 0, 0], [0, 2, 2, 2]]},
        {"levels": [[0, 2, 0, 0], [0, 2, 2, -1]]},
        {"levels": [[0, 2, 0, 0], [0, 3, 2, 1]]},
        {"levels": [[0, 2, 0, 0], [-1, 2, 2, 1]]},
        {"levels": [[0, 2, 0, 0], [0, 2, 3, 1]]},
        {"levels": [[0, 2, 0, 0], [0, -2, 0, 1]]},
        {"levels": [[0, 2**63, 2**63, 0]]},
        {"levels": [[0, 2, 0, 0], [0, 1, 1, 1, 0, 2, 1, 1]]},
        {"levels": [[0, 2.5, 0, 0]]},
        {"levels": "none"},
        {"names": [1]},
    ],
    ids=["three numbers", "two roots", "name beyond the end", "name before the start", "wider than its parent",
         "left of its parent", "self above total", "negative", "64 bits", "between two parents", "fraction", "text",
         "name that is no text"],
)  # fmt: skip
def test_a_flame_graph_that_cannot_be_is_refused(graph: dict) -> None:
    refused = read_upload(json.dumps({"flamebearer": GRAPH | graph}).encode(), DEFAULT_LIMITS, NOW_NS)
    assert isinstance(refused, Rejection)
    assert refused.reason is Reason.MALFORMED_PROFILE


def test_two_profiles_in_one_graph_are_refused() -> None:
    data = json.dumps({"flamebearer": GRAPH, "metadata": {"format": "double"}}).encode()
    refused = read_upload(data, DEFAULT_LIMITS, NOW_NS)
    assert isinstance(refused, Rejection)
    assert "double" in refused.message


def test_the_nodes_of_a_flame_graph_are_bounded() -> None:
    refused = read_upload(saved(SOURCE), replace(DEFAULT_LIMITS, max_profile_stacktrace_samples=4), NOW_NS)
    assert isinstance(refused, Rejection)
    assert "max_profile_stacktrace_samples" in refused.message


@pytest.mark.parametrize("data", [b"", b"\0" * 50, b"hello world\n", b'{"a": 1}', b'{"flamebearer": ', b"\x1f\x8bxx"])
def test_what_is_no_profile_is_refused(data: bytes) -> None:
    assert isinstance(read_upload(data, DEFAULT_LIMITS, NOW_NS), Rejection)
