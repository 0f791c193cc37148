"""Who calls whom, as Graphviz draws it: a box for each function, an arrow for each call, in the manner of pprof.

A function's ``self`` is what its own code took; its ``total`` and the weight of an arrow count a stack once, however
often the function or the call is on it. Functions left out for want of room are skipped over: a dotted arrow leads
from the caller that is shown to the callee that is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.profiles.columns import I64, StackProfile
from ingest.profiles.flamegraph_kernels import children_by_rank, name_totals
from ingest.profiles.projection import by_name, function_names
from ingest.profiles.projection_kernels import node_totals
from ingest.profiles.quantity import quantity, share

#: Functions drawn when the caller names no number; more than that nobody can follow. Pyroscope draws as many.
DEFAULT_MAX_FUNCTIONS = 100

#: Arrows below this part of the whole are left out, as pprof does.
_LEAST_ARROW = 0.001
_MAX_NAME_CHARS = 200


@dataclass(frozen=True, slots=True)
class CallGraph:
    """Functions with their calls; indices are those of ``names``."""

    names: list[str]
    self_values: list[int]
    totals: list[int]
    calls: list[tuple[int, int, int, bool]]  #: caller, callee, weight, whether functions between are left out
    total: int  #: of the whole profile


def call_graph(profile: StackProfile, max_functions: int) -> CallGraph:
    """Return the ``max_functions`` functions with the largest totals and the calls between them (under 1: the default).

    Functions come by descending total, then self, then name; calls by descending weight.
    """
    profile = by_name(profile)
    symbols = profile.symbols
    parents, values = symbols.node_parent, profile.node_self
    count = len(symbols.function_name)
    child_offsets, children = children_by_rank(parents, np.zeros(len(parents), np.int64), 1)
    node_sums = node_totals(parents, values)
    self_values, totals = name_totals(child_offsets, children, symbols.node_location, values, node_sums, count)
    names = function_names(symbols)
    ranked = sorted(
        (number for number in range(count) if totals[number]),
        key=lambda number: (-totals[number], -self_values[number], names[number]),
    )[: max_functions if max_functions > 0 else DEFAULT_MAX_FUNCTIONS]
    place = np.full(count + 1, -1, np.int64)
    place[ranked] = np.arange(len(ranked))
    callers, callees, is_skipping = _calls(parents.astype(np.int64), place[symbols.node_location])
    # Calls are numbered, and the kernel that sums by function sums by call; number 0 is none.
    keys = np.where(callees >= 0, 1 + callers * np.int64(len(ranked)) + callees, 0)
    numbers, call_of_node = np.unique(keys, return_inverse=True)
    _, weights = name_totals(
        child_offsets, children, call_of_node.astype(np.uint32), values, node_sums, len(numbers)
    )  # fmt: skip
    dotted = np.ones(len(numbers), np.bool_)
    dotted[call_of_node[~is_skipping & (node_sums != 0)]] = False
    calls = [
        (*divmod(key - 1, len(ranked)), weight, bool(is_dotted))
        for key, weight, is_dotted in zip(numbers.tolist(), weights.tolist(), dotted.tolist(), strict=True)
        if key and weight
    ]
    calls.sort(key=lambda call: (-call[2], call[0], call[1]))
    return CallGraph(
        [names[number] for number in ranked],
        self_values[ranked].tolist(),
        totals[ranked].tolist(),
        calls,
        int(node_sums[0]),
    )


def dot_graph(profile: StackProfile, unit: str, max_functions: int = 0, title: str = "") -> str:
    """Return the call graph of ``profile`` as text for Graphviz; "" for a profile without values.

    ``unit`` is that of the values, e.g. ``nanoseconds``; ``title`` is shown in a corner.
    """
    graph = call_graph(profile, max_functions)
    if not graph.total:
        return ""
    shown = f"{len(graph.names)} functions, {quantity(graph.total, unit)}"
    lines = [
        "digraph profile {",
        'node [style=filled fillcolor="#f8f8f8" shape=box fontname="sans-serif"]',
        'edge [fontname="sans-serif"]',
        f"legend [shape=note fontsize=16 label={_quoted([part for part in (title, shown) if part])}]",
        *(_box(graph, number, unit) for number in range(len(graph.names))),
        *(
            _arrow(graph, call, unit)
            for call in graph.calls
            if call[2] >= _LEAST_ARROW * graph.total
        ),
        "}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _calls(parents: I64, places: I64) -> tuple[I64, I64, NDArray[np.bool_]]:
    """Return int64[N] caller and callee (-1 when there is no call) and bool[N], whether nodes between are left out.

    ``places`` is int64[N], the place of each node's function among those shown, or -1. A node that is shown is called
    by the nearest node above it that is.
    """
    shown = places >= 0
    shown[0] = True
    nearest = np.where(shown, np.arange(len(parents)), parents)
    while True:  # the way to the nearest one doubles with each step
        further = nearest[nearest]
        if np.array_equal(further, nearest):
            break
        nearest = further
    above = nearest[parents]
    is_call = shown & (above != 0)
    is_call[0] = False
    return np.where(is_call, places[above], -1), np.where(is_call, places, -1), above != parents


def _box(graph: CallGraph, number: int, unit: str) -> str:
    name, own, total = graph.names[number], graph.self_values[number], graph.totals[number]
    text = [name[:_MAX_NAME_CHARS], f"{quantity(own, unit)} ({share(own, graph.total)})"]
    if own != total:
        text.append(f"of {quantity(total, unit)} ({share(total, graph.total)})")
    size = 8 + math.ceil(24 * math.sqrt(own / graph.total))
    return (
        f"N{number + 1} [label={_quoted(text)} tooltip={_quoted([name])} fontsize={size} "
        f'fillcolor="{_colour(total / graph.total)}"]'
    )


def _arrow(graph: CallGraph, call: tuple[int, int, int, bool], unit: str) -> str:
    caller, callee, weight, is_dotted = call
    part = weight / graph.total
    dotted = " style=dotted" if is_dotted else ""
    tooltip = _quoted([f"{graph.names[caller]} -> {graph.names[callee]}"])
    return (
        f"N{caller + 1} -> N{callee + 1} [label={_quoted([quantity(weight, unit)])} weight={1 + int(100 * part)} "
        f"penwidth={1 + int(5 * part)} tooltip={tooltip}{dotted}]"
    )


def _colour(part: float) -> str:
    """Return a fill from pale grey to red."""
    fade = round(0xF0 - 0x68 * part)
    return f"#f0{fade:02x}{fade:02x}"


def _quoted(lines: list[str]) -> str:
    """Return lines as a quoted string of the DOT language, in which nothing has a meaning of its own."""
    clean = ("".join(char if char.isprintable() else "\ufffd" for char in line) for line in lines)
    return '"' + "\\n".join(line.replace("\\", "\\\\").replace('"', '\\"') for line in clean) + '"'
