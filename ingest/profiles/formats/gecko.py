"""Profiles for the Firefox Profiler, as Python's sampling profiler writes them (``--gecko``).

JSON in the *processed* format of https://profiler.firefox.com: for each thread tables of samples, stacks, frames and
functions in columns, a stack being a frame and the stack that called it, which stands before it in the table. Strings
are shared by all threads. Each sample stands for the interval between samples.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from ingest.profiles.formats.converted import Converted
from ingest.profiles.formats.hints import ImportHints
from ingest.profiles.formats.json_file import decode_json
from ingest.profiles.formats.refused import malformed
from ingest.profiles.formats.stack_tree import ROOT, StackTree
from ingest.profiles.labels import LABEL_NAME
from ingest.profiles.limits import Limits

Item = TypeVar("Item")

_MILLISECOND_NS = 1_000_000
_MAX_INTERVAL_MS = 1e9


class _Meta(msgspec.Struct):
    interval: float  #: milliseconds


class _Samples(msgspec.Struct):
    stack: list[int | None]


class _StackTable(msgspec.Struct):
    frame: list[int]
    prefix: list[int | None]


class _FrameTable(msgspec.Struct):
    func: list[int]
    line: list[int | None]


class _FuncTable(msgspec.Struct, rename="camel"):
    name: list[int]
    file_name: list[int | None]


class _Thread(msgspec.Struct, rename="camel"):
    name: str
    samples: _Samples
    stack_table: _StackTable
    frame_table: _FrameTable
    func_table: _FuncTable


class _Shared(msgspec.Struct, rename="camel"):
    string_array: list[str]


class _Profile(msgspec.Struct):
    meta: _Meta
    threads: list[_Thread]
    shared: _Shared


def convert_gecko(data: bytes, hints: ImportHints, limits: Limits) -> list[Converted]:
    """Return the profile of time on the clock; threads are frames at the root when there are several."""
    profile = decode_json(data, _Profile)
    if not 0 < profile.meta.interval < _MAX_INTERVAL_MS:
        raise malformed(f"the interval between samples is {profile.meta.interval} ms, which is out of range")
    interval_ns = round(profile.meta.interval * _MILLISECOND_NS)
    meaning = hints.timed("wall", interval_ns)
    tree = StackTree((meaning.sample_type,), limits)
    for thread in profile.threads:
        root = tree.named_child(ROOT, thread.name) if len(profile.threads) > 1 else ROOT
        nodes = _nodes(thread, profile.shared.string_array, root, tree)
        for stack in thread.samples.stack:
            # A sample without a stack was taken while nothing ran.
            if stack is not None:
                tree.add(_at(nodes, stack, "stack"), interval_ns * meaning.factor)
    pprof = tree.pprof(meaning.period_type, meaning.period, hints.moment_ns())
    return [Converted(((LABEL_NAME, meaning.metric_name),), pprof)]


def _nodes(thread: _Thread, strings: list[str], root: int, tree: StackTree) -> list[int]:
    """Return the node of each stack of a thread."""
    frames = _frames(thread, strings, tree)
    stacks = thread.stack_table
    if len(stacks.frame) != len(stacks.prefix):
        raise malformed("the columns of a table of stacks differ in length")
    nodes: list[int] = []
    for frame, prefix in zip(stacks.frame, stacks.prefix, strict=True):
        caller = root if prefix is None else _at(nodes, prefix, "stack before it")
        nodes.append(tree.child(caller, _at(frames, frame, "frame")))
    return nodes


def _frames(thread: _Thread, strings: list[str], tree: StackTree) -> list[int]:
    functions, frames = thread.func_table, thread.frame_table
    if len(functions.name) != len(functions.file_name) or len(frames.func) != len(frames.line):
        raise malformed("the columns of a table of functions or frames differ in length")
    found = []
    for function, line in zip(frames.func, frames.line, strict=True):
        name = _at(strings, _at(functions.name, function, "function"), "string")
        file_name = functions.file_name[function]
        found.append(tree.frame(name, "" if file_name is None else _at(strings, file_name, "string"), line or 0))
    return found


def _at(table: list[Item], index: int, what: str) -> Item:
    if not 0 <= index < len(table):
        raise malformed(f"the {what} {index} is not among the {len(table)} there are")
    return table[index]
