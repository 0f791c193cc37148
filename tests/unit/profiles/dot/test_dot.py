"""The call graph sums as the naive model does, skips what is left out, and nothing in a name escapes its quotes."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.profiles.columns import empty_stack_profile
from ingest.profiles.dot import call_graph, dot_graph
from ingest.profiles.quantity import quantity, share
from tests.unit.profiles.stack_model import build_profile, named_sums, plain, plain_stacks

GOLDEN = Path(__file__).parent / "golden" / "small.dot"
SMALL = [
    (plain("main", "read", "parse"), 2_000_000_000),
    (plain("main", "parse"), 1_000_000_000),
    (plain("main", "write"), 250_000_000),
    (plain("main"), 5_000_000),
]


def naive(sums: dict[tuple[str, ...], int], max_functions: int) -> tuple[list[tuple], set[tuple]]:
    """Return (name, self, total) of each function shown, and (caller, callee, weight, dotted), one stack at a time."""
    own: dict[str, int] = {}
    totals: dict[str, int] = {}
    for names, value in sums.items():
        for name in set(names):
            totals[name] = totals.get(name, 0) + value
        if names:
            own[names[-1]] = own.get(names[-1], 0) + value
    ranked = sorted(totals, key=lambda name: (-totals[name], -own.get(name, 0), name))[:max_functions]
    weights: dict[tuple[str, str], int] = {}
    direct = set()
    for names, value in sums.items():
        shown = [(at, name) for at, name in enumerate(names) if name in ranked]
        calls = set()
        for (at, caller), (below, callee) in pairwise(shown):
            calls.add((caller, callee))
            if below == at + 1:
                direct.add((caller, callee))
        for call in calls:
            weights[call] = weights.get(call, 0) + value
    functions = [(name, own.get(name, 0), totals[name]) for name in ranked]
    return functions, {(*call, weight, call not in direct) for call, weight in weights.items()}


@settings(max_examples=200, deadline=None)
@given(plain_stacks, st.integers(1, 12))
def test_a_call_graph_equals_that_of_the_naive_model(source: list, max_functions: int) -> None:
    graph = call_graph(build_profile(source), max_functions)
    functions, calls = naive(named_sums(source), max_functions)
    assert list(zip(graph.names, graph.self_values, graph.totals, strict=True)) == functions
    assert {(graph.names[a], graph.names[b], weight, dotted) for a, b, weight, dotted in graph.calls} == calls
    assert graph.total == sum(value for _, value in source)


def test_recursion_counts_a_stack_once() -> None:
    graph = call_graph(build_profile([(plain("f", "f", "g", "f", "f"), 3)]), 0)
    assert graph.totals == [3, 3]
    assert sorted(graph.calls) == [(0, 0, 3, False), (0, 1, 3, False), (1, 0, 3, False)]


def test_a_small_graph_is_drawn_as_ever() -> None:
    assert dot_graph(build_profile(SMALL), "nanoseconds", title="cpu") == GOLDEN.read_text("utf-8")


def test_an_empty_profile_draws_nothing() -> None:
    assert dot_graph(empty_stack_profile(), "nanoseconds") == ""


@settings(max_examples=100, deadline=None)
@given(st.text(), st.text())
def test_no_name_ends_its_quotes_or_its_line(name: str, title: str) -> None:
    text = dot_graph(build_profile([(plain(name, "x"), 1)]), "count", title=title)
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "Q", text)
    lines = bare.splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("digraph profile {", "}", 8 if name != "x" else 7)
    assert not re.search(r'["\\]', bare)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "nanoseconds", "0 ns"), (999, "nanoseconds", "999 ns"), (1500, "nanoseconds", "1.5 µs"),
        (2_340_000_000, "nanoseconds", "2.34 s"), (90_000_000_000, "nanoseconds", "1.5 min"),
        (7_200_000_000_000, "nanoseconds", "2 h"), (1023, "bytes", "1023 B"), (1536, "bytes", "1.5 KiB"),
        (5 << 40, "bytes", "5 TiB"), (12_345, "count", "12.3 k"), (7, "contentions", "7"), (-2048, "bytes", "-2 KiB"),
    ],
)  # fmt: skip
def test_a_quantity_has_three_digits_and_the_unit_that_fits(value: int, unit: str, text: str) -> None:
    assert quantity(value, unit) == text


def test_a_share_of_nothing_is_nothing() -> None:
    assert [share(0, 0), share(1, 3), share(1, 10_000)] == ["0.0 %", "33.3 %", "0.010 %"]
