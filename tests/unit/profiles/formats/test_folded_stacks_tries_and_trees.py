"""Four ways to write the same stacks give the same profile, and damaged ones are refused with the place."""

from __future__ import annotations

import gzip
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.formats.app_name import AppName
from ingest.profiles.formats.convert import TEXT_BYTES_PER_BYTE, convert_body
from ingest.profiles.formats.converted import Converted
from ingest.profiles.formats.parameters import BodyFormat, IngestParameters
from ingest.profiles.limits import DEFAULT_LIMITS, Limits
from ingest.profiles.reasons import Reason, Rejection
from tests.unit.profiles.formats.reading import folded, profile_of, types_of
from tests.unit.profiles.pprof.pprof_model import varint

NOW_NS = 1_700_000_000_000_000_000
NO_RATE = IngestParameters(AppName("app", {}), NOW_NS, NOW_NS, 0, "unknown")

names = st.text("abcø .", min_size=1, max_size=3)
stacks = st.dictionaries(st.lists(names, min_size=1, max_size=4).map(";".join), st.integers(1, 1 << 40), max_size=12)


def converted(
    body_format: BodyFormat, body: bytes, parameters: IngestParameters = NO_RATE, limits: Limits = DEFAULT_LIMITS
) -> Converted:
    answer = convert_body(body_format, {"": body}, parameters, limits)
    assert isinstance(answer, list), answer
    (one,) = answer
    return one


def refusal(body_format: BodyFormat, body: bytes, limits: Limits = DEFAULT_LIMITS) -> Rejection:
    answer = convert_body(body_format, {"": body}, NO_RATE, limits)
    assert isinstance(answer, Rejection)
    return answer


def node(name: bytes, value: int, *children: bytes) -> bytes:
    return varint(len(name)) + name + varint(value) + varint(len(children)) + b"".join(children)


def as_tree(values: dict[str, int], name: bytes = b"") -> bytes:
    """Write stacks as a tree: one node for each frame."""
    below: dict[str, dict[str, int]] = {}
    for stack, value in values.items():
        if stack:
            first, _, rest = stack.partition(";")
            below.setdefault(first, {})[rest] = value
    return node(name, values.get("", 0), *(as_tree(rest, first.encode()) for first, rest in below.items()))


def as_trie(values: dict[str, int], length: int, name: bytes = b"") -> bytes:
    """Write stacks as a trie whose nodes have at most ``length`` bytes of a stack."""
    below: dict[bytes, dict[bytes, int]] = {}
    keys = {key if isinstance(key, bytes) else key.encode(): value for key, value in values.items()}
    for key, value in keys.items():
        if key:
            below.setdefault(key[:length], {})[key[length:]] = value
    own = keys.get(b"", 0)
    return node(name, own, *(as_trie(rest, length, first) for first, rest in below.items()))


@given(stacks, st.integers(1, 5))
def test_every_format_carries_every_stack(values: dict[str, int], length: int):
    groups = "".join(f"{stack} {value}\n" for stack, value in values.items()).encode()
    assert folded(converted(BodyFormat.GROUPS, groups)) == Counter(values)
    assert folded(converted(BodyFormat.TREE, as_tree(values))) == Counter(values)
    assert folded(converted(BodyFormat.TRIE, as_trie(values, length))) == Counter(values)


@given(st.lists(names, max_size=20))
def test_lines_are_counted(lines: list[str]):
    body = "\n".join(lines).encode()
    assert folded(converted(BodyFormat.LINES, body)) == Counter(lines)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", {}),
        (b"a;b 1\n", {"a;b": 1}),
        (b"a;b 1\r\na;b 2", {"a;b": 3}),
        (b"nothing\n\na 1\n", {"a": 1}),
        (b"a b;c d 5\n", {"a b;c d": 5}),
        (b"a;;b 1\n", {"a;;b": 1}),
        (b"a 0\n", {}),
        (b"\xff 2\n", {"\ufffd": 2}),
        (b"a" * 70_000 + b" 1\n", {"a" * 70_000: 1}),
    ],
)
def test_groups(body: bytes, expected: dict[str, int]):
    assert folded(converted(BodyFormat.GROUPS, body)) == Counter(expected)


def test_the_example_of_a_tree():
    body = b"\x00\x00\x01\x01a\x00\x02\x01b\x01\x00\x01c\x02\x00"
    assert folded(converted(BodyFormat.TREE, body)) == Counter({"a;b": 1, "a;c": 2})


def test_a_count_becomes_a_time_by_the_sample_rate():
    one = converted(BodyFormat.GROUPS, b"a 3\n", replace(NO_RATE, sample_rate=100))
    assert types_of(one) == [("cpu", "nanoseconds")]
    assert folded(one) == Counter({"a": 30_000_000})
    profile = profile_of(one)
    assert (profile.period, profile.time_nanos) == (10_000_000, NOW_NS)
    assert len(profile.mapping) == 1


@pytest.mark.parametrize(
    ("body_format", "body", "says"),
    [
        (BodyFormat.GROUPS, b"a 1\nb x\n", "line 2"),
        (BodyFormat.GROUPS, b"a -1\n", "not a count"),
        (BodyFormat.GROUPS, b"a 1.5\n", "not a count"),
        (BodyFormat.GROUPS, b"a " + b"9" * 20 + b"\n", "not a count"),
        (BodyFormat.GROUPS, b"a 9999999999999999999\n", "64 bits"),
        (BodyFormat.GROUPS, (b"a 9223372036854775807\n" * 2), "64 bits"),
        (BodyFormat.TREE, b"", "cut off"),
        (BodyFormat.TREE, node(b"", 0, node(b"a", 1))[:-1], "cut off"),
        (BodyFormat.TREE, varint(0) + varint(0) + varint(1) + b"\x05ab", "cut off"),
        (BodyFormat.TREE, b"\x00" + b"\xff" * 10 + b"\x00", "64 bits"),
        (BodyFormat.TREE, node(b"", 0, node(b"a", 1)) + b"x", "follow"),
        (BodyFormat.TREE, varint(0) + varint(0) + varint(16_001), "children"),
        (BodyFormat.TREE, varint(65_536) + b"a" * 65_536 + b"\x00\x00", "65536 bytes"),
        (BodyFormat.TREE, node(b"", 0, node(b"a", 1 << 63)), "64 bits"),
        (BodyFormat.TRIE, node(b"", 0, node(b"a", 1))[:-1], "cut off"),
        (BodyFormat.TRIE, node(b"", 0, node(b"a", 1)) + b"x", "follow"),
    ],
)
def test_damaged_bodies_are_refused_with_the_place(body_format: BodyFormat, body: bytes, says: str):
    rejection = refusal(body_format, body)
    assert rejection.reason is Reason.MALFORMED_PROFILE
    assert says in rejection.message


SMALL = Limits(max_profile_size_bytes=1000, max_profile_stacktrace_samples=10, max_profile_stacktrace_depth=5)


@pytest.mark.parametrize(
    ("body_format", "body", "reason"),
    [
        (BodyFormat.GROUPS, b"".join(b"f%d 1\n" % n for n in range(11)), Reason.SAMPLES_LIMIT),
        (BodyFormat.GROUPS, b"a" * 1001 + b" 1\n", Reason.PROFILE_SIZE_LIMIT),
        (BodyFormat.GROUPS, b"a 1\n" * 250 * TEXT_BYTES_PER_BYTE + b"x", Reason.DECOMPRESSED_TOO_LARGE),
        (BodyFormat.TRIE, node(b"", 0, node(b"a" * 900, 0, *[node(b"b", 0)] * 10)), None),
        (
            BodyFormat.TRIE,
            node(b"", 0, *[node(b"a" * 900, 0, *[node(b"b%d" % n, 0) for n in range(8)])] * 8),
            Reason.PROFILE_SIZE_LIMIT,
        ),
    ],
)
def test_bounds(body_format: BodyFormat, body: bytes, reason: Reason | None):
    answer = convert_body(body_format, {"": body}, NO_RATE, SMALL)
    assert (answer.reason if isinstance(answer, Rejection) else None) is reason


def test_deep_stacks_lose_frames_on_the_leaf_side():
    body = ";".join("abcdefgh").encode() + b" 1\n"
    assert folded(converted(BodyFormat.GROUPS, body, limits=SMALL)) == Counter({"a;b;c;d;e": 1})


def test_equal_stacks_are_one_sample_however_often_they_are_written():
    assert folded(converted(BodyFormat.GROUPS, b"a;b 1\n" * 500, limits=SMALL)) == Counter({"a;b": 500})


def test_stacks_that_together_are_larger_than_a_profile_are_not_built():
    limits = replace(SMALL, max_profile_stacktrace_depth=1000, max_profile_size_bytes=100)
    body = b"".join(b"a" + b";a" * n + b" 1\n" for n in range(15))
    limits = replace(limits, max_profile_stacktrace_samples=1000)
    assert refusal(BodyFormat.GROUPS, body, limits).reason is Reason.PROFILE_SIZE_LIMIT


def test_a_deep_tree_is_read_without_recursion():
    deep = b"\x00\x00\x01" + b"\x01a\x00\x01" * 100_000 + b"\x01a\x01\x00"
    assert folded(converted(BodyFormat.TREE, deep)) == Counter({";".join("a" * 1000): 1})


def test_a_trie_of_many_parts_is_read_without_recursion():
    part = b"\x01;\x00\x01\x01a\x00\x01"
    deep = b"\x00\x00\x01\x01a\x00\x01" + part * 100_000 + b"\x00\x01\x00"
    assert folded(converted(BodyFormat.TRIE, deep)) == Counter({";".join("a" * 1000): 1})


def test_a_body_that_opens_nodes_without_end_is_refused():
    assert "inside each other" in refusal(BodyFormat.TREE, b"\x00\x00\x02" + b"\x01a\x00\x02" * 70_000).message


def test_gzip_is_unpacked_whatever_the_headers_say():
    assert folded(converted(BodyFormat.GROUPS, gzip.compress(b"a;b 2\n"))) == Counter({"a;b": 2})
