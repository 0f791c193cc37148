"""What memray exports of a recording of memory: the CSV and the gprof2dot JSON of ``memray transform``.

CSV has a line for each kind of allocation that was alive at the peak (or, with ``--leaks``, at the end)::

    allocator,num_allocations,size,tid,thread_name,stack_trace

The stack runs from the leaf to the root, frames joined by ``|``, each ``function;file;line``. The JSON has functions,
and events of a chain of calls, leaf first, with the bytes. memray's own recordings need memray itself to be read.
"""

from __future__ import annotations

import csv
import io

import msgspec

from ingest.profiles.columns import SampleType
from ingest.profiles.formats.converted import Converted
from ingest.profiles.formats.hints import ImportHints
from ingest.profiles.formats.json_file import decode_json
from ingest.profiles.formats.refused import malformed
from ingest.profiles.formats.stack_tree import ROOT, StackTree
from ingest.profiles.labels import LABEL_NAME
from ingest.profiles.limits import Limits

CSV_HEADER = ("allocator", "num_allocations", "size", "tid", "thread_name", "stack_trace")

_OBJECTS, _SPACE = SampleType("inuse_objects", "count"), SampleType("inuse_space", "bytes")
_MAX_DIGITS = 19


class _Function(msgspec.Struct):
    name: str = ""
    module: str = ""


class _Event(msgspec.Struct):
    callchain: list[int]
    cost: list[int]


class _Gprof2dot(msgspec.Struct):
    functions: list[_Function]
    events: list[_Event]


def convert_memray_csv(data: bytes, hints: ImportHints, limits: Limits) -> list[Converted]:
    """Return the profile of allocations and their bytes."""
    tree = StackTree((_OBJECTS, _SPACE), limits)
    rows = csv.reader(io.StringIO(data.decode("utf-8", "replace"), newline=""))
    try:
        if tuple(next(rows, ())) != CSV_HEADER:
            raise malformed("the first line does not name the columns of memray")
        for row in rows:
            if len(row) != len(CSV_HEADER):
                raise malformed(f"line {rows.line_num} has {len(row)} columns, not {len(CSV_HEADER)}")
            node = ROOT
            for frame in reversed(row[-1].split("|")) if row[-1] else ():
                node = tree.child(node, _frame(tree, frame))
            tree.add(node, _number(row[1], rows.line_num), _number(row[2], rows.line_num))
    except csv.Error as error:
        raise malformed(f"line {rows.line_num} cannot be read: {error}") from None
    return _converted(tree, hints)


def convert_memray_json(data: bytes, hints: ImportHints, limits: Limits) -> list[Converted]:
    """Return the profile of bytes."""
    file = decode_json(data, _Gprof2dot)
    tree = StackTree((_SPACE,), limits)
    frames = [tree.frame(one.name, one.module) for one in file.functions]
    for event in file.events:
        node = ROOT
        for index in reversed(event.callchain):
            if not 0 <= index < len(frames):
                raise malformed(f"the function {index} is not among the {len(frames)} of the file")
            node = tree.child(node, frames[index])
        if len(event.cost) != 1:
            raise malformed("an event has more or fewer than one cost")
        tree.add(node, event.cost[0])
    return _converted(tree, hints)


def _converted(tree: StackTree, hints: ImportHints) -> list[Converted]:
    return [Converted(((LABEL_NAME, "memory"),), tree.pprof(time_ns=hints.moment_ns()))]


def _frame(tree: StackTree, text: str) -> int:
    name, _, place = text.partition(";")
    filename, _, line = place.rpartition(";")
    readable = line.isascii() and line.isdigit() and len(line) <= _MAX_DIGITS
    return tree.frame(name, filename or place, int(line) if readable else 0)


def _number(text: str, line: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise malformed(f"line {line} has {text[:50]!r} where a number belongs")
    return int(text)
