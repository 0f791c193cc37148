"""Encoded trees equal those of the naive model, and are read back whatever the order of their children."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.profiles.columns import StackProfile, empty_stack_profile
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.tree_encoding import decode_tree, encode_tree
from tests.unit.profiles.flamegraph import flamegraph_model as model
from tests.unit.profiles.stack_model import (
    build_profile,
    check_conventions,
    named_sums,
    plain,
    plain_stacks,
    read_profile,
    stacks,
)

MOST = 1 << 20


def decoded(data: bytes) -> StackProfile:
    profile = decode_tree(data, MOST)
    assert isinstance(profile, StackProfile), profile
    return profile


def by_names(profile: StackProfile) -> dict[tuple[str, ...], int]:
    return {tuple(one.functions[0][0] for one in path): value for path, value in read_profile(profile).items()}


@settings(max_examples=200, deadline=None)
@given(plain_stacks, st.integers(0, 12))
def test_an_encoded_tree_equals_that_of_the_naive_model(source: list, max_nodes: int) -> None:
    tree = model.tree_of(named_sums(source))
    expected = model.encode(model.cut_keeping_other(tree, model.least_total(tree, max_nodes)))
    assert encode_tree(build_profile(source), max_nodes) == expected


def test_a_tree_is_written_root_first_and_last_child_first() -> None:
    source = [(plain("a"), 1), (plain("b", "c"), 300)]
    assert encode_tree(build_profile(source), 0) == b"\0\0\x02\x01b\0\x01\x01c\xac\x02\0\x01a\x01\0"


@settings(max_examples=100, deadline=None)
@given(stacks)
def test_a_tree_that_was_written_is_read_back(source: list) -> None:
    profile = decoded(encode_tree(build_profile(source), 0))
    check_conventions(profile.symbols)
    assert by_names(profile) == named_sums(source)


def test_children_come_in_any_order_and_equal_siblings_become_one() -> None:
    data = b"\0\x05\x03" + b"\x01a\x01\0" + b"\x01b\0\x01\x01c\x02\0" + b"\x01a\x03\0"
    assert by_names(decoded(data)) == {(): 5, ("a",): 4, ("b", "c"): 2}


def test_a_chain_of_20_000_nodes_is_written_and_read() -> None:
    data = encode_tree(build_profile([(plain(*("ab" * 10_000)), 5)]), 0)
    assert len(data) == 3 + 4 * 20_000
    assert decoded(data).symbols.node_count == 20_001


def test_no_bytes_are_the_empty_profile() -> None:
    assert encode_tree(empty_stack_profile(), 8192) == b""
    assert read_profile(decoded(b"")) == {}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\0\0", Reason.MALFORMED_PROFILE),
        (b"\x05a\0\0", Reason.MALFORMED_PROFILE),
        (b"\0\0\x01", Reason.MALFORMED_PROFILE),
        (b"\0\0\x02\x01a\x01\0", Reason.MALFORMED_PROFILE),
        (b"\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", Reason.MALFORMED_PROFILE),
        (b"\0\0\0trailing", Reason.MALFORMED_PROFILE),
        (b"\xff" * 11, Reason.MALFORMED_PROFILE),
        (b"\0" + b"\xff" * 9 + b"\x01\0", Reason.MALFORMED_PROFILE),
        (b"\0" + b"\xff" * 8 + b"\x7f\x01\x01a\x01\0", Reason.MALFORMED_PROFILE),
        (b"\0\0\x01\x01\xff\x01\0", Reason.MALFORMED_PROFILE),
        (b"\0\0\x03" + b"\x01a\x01\0" * 3, Reason.SAMPLES_LIMIT),
    ],
    ids=["cut off", "name beyond the end", "child missing", "second child missing", "more children than bytes",
         "bytes after the end", "endless number", "value of 64 bits", "sum of 64 bits", "name that is no text",
         "more nodes than allowed"],
)  # fmt: skip
def test_what_is_no_tree_is_refused(data: bytes, reason: Reason) -> None:
    refused = decode_tree(data, 2)
    assert isinstance(refused, Rejection)
    assert refused.reason is reason


def test_a_tree_cut_at_any_byte_is_refused() -> None:
    data = encode_tree(build_profile([(plain("a", "bb"), 200), (plain("ccc"), 3)]), 0)
    assert all(isinstance(decode_tree(data[:end], MOST), Rejection) for end in range(1, len(data)))
