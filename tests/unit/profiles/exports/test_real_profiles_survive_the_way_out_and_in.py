"""Recordings of real programs are exported and read again by what takes such files: the stacks by name are the same."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from ingest.api.otlp_message import otlp_request
from ingest.api.proto import otlp_pb2
from ingest.profiles.columns import StackProfile
from ingest.profiles.exports.caption import Caption
from ingest.profiles.exports.collapsed import UNKNOWN, collapsed_text, frame_name
from ingest.profiles.exports.flamebearer import flamebearer
from ingest.profiles.exports.parquet import stacks_parquet
from ingest.profiles.exports.speedscope import speedscope_json
from ingest.profiles.exports.stacks import SpelledStacks, spell
from ingest.profiles.flamegraph import build_flamegraph
from ingest.profiles.limits import DEFAULT_LIMITS
from ingest.profiles.pprof.encode import encode_pprof
from ingest.profiles.profile_type import ProfileType
from ingest.profiles.reasons import Rejection
from ingest.profiles.tree_encoding import decode_tree, encode_tree
from ingest.profiles.uploads import read_upload

RECORDINGS = Path(__file__).resolve().parents[4] / "ingest" / "demo" / "recordings"
NAMES = ["go_cpu_3.pb.gz", "go_heap_8.pb.gz", "java_cpu_2.pb.gz", "node_wall_4.pb.gz", "python_cpu_1.5.0_4.pb.gz"]
NOW_NS = 1_800_000_000_000_000_000
CPU = ProfileType("process_cpu", "cpu", "nanoseconds", "cpu", "nanoseconds")
CAPTION = Caption("{}", CPU, 1, 2)

Sums = dict[tuple[str, ...], int]


def profile_of(data: bytes, number: int = -1) -> StackProfile:
    found = read_upload(data, DEFAULT_LIMITS, NOW_NS)
    assert not isinstance(found, Rejection), found
    return found[number].profile


def sums(profile: StackProfile) -> Sums:
    stacks = spell(profile)
    assert isinstance(stacks, SpelledStacks)
    bounds = stacks.offsets.tolist()
    return {
        tuple(stacks.names[at] for at in stacks.frames[start:end]): value
        for start, end, value in zip(bounds, bounds[1:], stacks.values.tolist(), strict=False)
    }


def bytes_of(made: bytes | Rejection) -> bytes:
    assert isinstance(made, bytes), made
    return made


def through_tree(profile: StackProfile) -> Sums:
    decoded = decode_tree(encode_tree(profile, 0), 1 << 20)
    assert isinstance(decoded, StackProfile)
    return sums(decoded)


def through_otlp(profile: StackProfile) -> Sums:
    request = otlp_pb2.ExportProfilesServiceRequest.FromString(otlp_request(encode_pprof(profile, CPU, 1, 1, 1), "x"))
    tables, found = request.dictionary, {}
    for sample in request.resource_profiles[0].scope_profiles[0].profiles[0].samples:
        lines = [
            tables.string_table[tables.function_table[line.function_index].name_strindex]
            for at in tables.stack_table[sample.stack_index].location_indices
            for line in tables.location_table[at].lines
        ]
        stack = tuple(reversed(lines))
        found[stack] = found.get(stack, 0) + sample.values[0]
    return found


def through_parquet(profile: StackProfile) -> Sums:
    rows = pq.read_table(io.BytesIO(bytes_of(stacks_parquet(profile, CAPTION)))).to_pylist()
    return {tuple(row["stack"]): row["value"] for row in rows}


WAYS: dict[str, Callable[[StackProfile], Sums]] = {
    "pprof": lambda profile: sums(profile_of(encode_pprof(profile, CPU, 1, 1, 1))),
    "speedscope": lambda profile: sums(profile_of(bytes_of(speedscope_json(profile, CAPTION)))),
    "flamebearer": lambda profile: sums(
        profile_of(msgspec.json.encode(flamebearer(build_flamegraph(profile, 0), CPU)))
    ),
    "tree": through_tree,
    "otlp": through_otlp,
    "parquet": through_parquet,
}


@pytest.fixture(scope="module")
def recordings() -> dict[str, StackProfile]:
    return {name: profile_of(gzip.decompress((RECORDINGS / name).read_bytes())) for name in NAMES}


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("name", NAMES)
def test_stacks_are_the_same(recordings: dict[str, StackProfile], name: str, way: str) -> None:
    profile = recordings[name]
    assert len(sums(profile)) > 5
    assert WAYS[way](profile) == sums(profile)


@pytest.mark.parametrize("name", NAMES)
def test_collapsed_stacks_have_the_names_the_format_carries(recordings: dict[str, StackProfile], name: str) -> None:
    expected: Sums = {}
    for stack, value in sums(recordings[name]).items():
        carried = tuple(frame_name(one) for one in stack) or (UNKNOWN,)
        expected[carried] = expected.get(carried, 0) + value
    again = sums(profile_of(bytes_of(collapsed_text(recordings[name]))))
    # Collapsed stacks count samples unless somebody says otherwise: every value is multiplied by the same number.
    factor = int(np.gcd.reduce(list(again.values()))) // int(np.gcd.reduce(list(expected.values())))
    assert again == {stack: value * factor for stack, value in expected.items()}
