"""Statistics of cProfile and profile, as ``Stats.dump_stats`` writes them: a marshalled dict of functions.

A function ``(file, line, name)`` has ``(primitive calls, calls, own seconds, total seconds, callers)``, and its callers
are a dict from function to the four numbers of the calls from there. There are no stacks in it: what can be drawn are
pairs of caller and callee, with the callee's own time. Such profiles carry the label ``stacks="call_pairs"``.
"""

from __future__ import annotations

import math
from typing import Any

from ingest.profiles.columns import SampleType
from ingest.profiles.formats.converted import Converted
from ingest.profiles.formats.hints import ImportHints
from ingest.profiles.formats.marshal_reader import MarshalReader
from ingest.profiles.formats.refused import malformed, too_large
from ingest.profiles.formats.stack_tree import ROOT, StackTree
from ingest.profiles.labels import LABEL_NAME
from ingest.profiles.limits import SECOND_NS, Limits

LABEL_STACKS, CALL_PAIRS = "stacks", "call_pairs"

#: Pairs read of one file. References could make many of few bytes.
_MAX_PAIRS = 1 << 18
_MAX_SECONDS = 9e9
_NO_FILE = "~"  #: the file of functions that are not Python

#: cProfile measures time on the clock, by default.
_TYPES = (SampleType("calls", "count"), SampleType("wall", "nanoseconds"))


def convert_pstats(data: bytes, hints: ImportHints, limits: Limits) -> list[Converted]:
    """Return the profile of call pairs: calls, and own time in nanoseconds.

    What a function's callers do not account for is its own alone, so the sum of a function's time is exact.
    """
    functions = MarshalReader(data).read()
    if not isinstance(functions, dict):
        raise malformed("not the statistics of a Python profiler: it is not a dict")
    tree = StackTree(_TYPES, limits)
    room = _MAX_PAIRS
    for function, row in functions.items():
        callee = _frame(tree, function)
        calls, own_ns, callers = _row(row)
        room -= len(callers)
        if room < 0:
            raise too_large(f"the statistics have more than {_MAX_PAIRS} pairs of caller and callee")
        for caller, pair in callers.items():
            pair_calls, pair_ns = _pair(pair, calls, own_ns)
            node = tree.child(tree.child(ROOT, _frame(tree, caller)), callee)
            tree.add(node, pair_calls, pair_ns)
            calls, own_ns = calls - pair_calls, own_ns - pair_ns
        tree.add(tree.child(ROOT, callee), calls, own_ns)
    labels = ((LABEL_NAME, "wall"), (LABEL_STACKS, CALL_PAIRS))
    return [Converted(labels, tree.pprof(time_ns=hints.moment_ns()))]


def _frame(tree: StackTree, function: Any) -> int:
    match function:
        case (str() as filename, int() as line, str() as name):
            if filename == _NO_FILE:
                filename = ""
            return tree.frame(name, filename, line, line)
    raise malformed("the statistics have a function that is not (file, line, name)")


def _row(row: Any) -> tuple[int, int, dict[Any, Any]]:
    """Return calls, own nanoseconds and callers of a function."""
    match row:
        case (int(), int() as calls, int() | float() as own, int() | float(), dict() as callers):
            return max(calls, 0), _ns(own), callers
    raise malformed("the statistics have a function without its five numbers")


def _pair(pair: Any, calls: int, own_ns: int) -> tuple[int, int]:
    """Return calls and own nanoseconds of a pair, at most what is left of the callee's.

    The older profiler counts the calls of a pair and does not measure it.
    """
    match pair:
        case (int() as pair_calls, int(), int() | float() as own, int() | float()):
            return min(max(pair_calls, 0), calls), min(_ns(own), own_ns)
        case int() as pair_calls:
            return min(max(pair_calls, 0), calls), 0
    raise malformed("the statistics have a caller without its four numbers")


def _ns(seconds: float) -> int:
    """Return nanoseconds; a clock that went backwards took no time."""
    if not math.isfinite(seconds) or seconds > _MAX_SECONDS:
        raise malformed("the statistics have a time that is out of range")
    return max(round(seconds * SECOND_NS), 0)
