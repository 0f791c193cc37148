"""Collapsed stacks as Python's samplers write them, whose frames name a file and a line.

Three ways to write a frame are known: ``name (file:line)`` of py-spy, ``file:name:line`` of austin and of the standard
library's sampling profiler, and a bare name. austin and the standard library begin each stack with its process or
thread; these become frames at the root when there are several, and are left out when all stacks have the same.

austin's values are microseconds. Its comments say what was measured: wall time, CPU time, memory in bytes, or in full
mode three numbers a line: time, 1 when it was idle, and the change of memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ingest.profiles.formats.converted import Converted
from ingest.profiles.formats.folded import lines_of
from ingest.profiles.formats.hints import ImportHints
from ingest.profiles.formats.kinds import Meaning
from ingest.profiles.formats.refused import malformed
from ingest.profiles.formats.stack_tree import ROOT, StackTree
from ingest.profiles.labels import LABEL_NAME
from ingest.profiles.limits import Limits

_MICROSECOND_NS = 1000
_MAX_DIGITS = 19
_SHOWN_CHARS = 100

#: What is in parentheses is a file only with a line or an ending: C++ and people put other things there.
_PY_SPY = re.compile(r"(.+) \((?:([^()]+?):([0-9]{1,9})|([^() ]+\.[A-Za-z0-9]+))\)")
_COLONS = re.compile(r"(.+):([^:]+):([0-9]{1,9})")
_PROCESS = re.compile(r"P[0-9]{1,19}")
_THREAD = re.compile(r"T[0-9a-fx:]{1,40}")
_TID = re.compile(r"tid:[0-9]{1,20}")
_NUMBERS = re.compile(r"-?[0-9]{1,19}(?:,-?[0-9]{1,19}){0,2}", re.ASCII)

#: The mode that austin writes when it writes none.
_WALL, _CPU, _MEMORY, _FULL = "wall", "cpu", "memory", "full"
#: Words older versions of austin use for the same modes.
_MODES = {"wall": _WALL, "cpu": _CPU, "memory": _MEMORY, "full": _FULL}


@dataclass(frozen=True, slots=True)
class _Line:
    """One stack with its numbers."""

    owner: tuple[str, ...]  #: the process and the thread, as far as the line says
    frames: list[str]
    numbers: tuple[int, ...]


@dataclass(slots=True)
class _Stacks:
    """What is known of a whole file: austin's comments, and whose stacks it holds."""

    comments: dict[str, str] = field(default_factory=dict)
    owners: set[tuple[str, ...]] = field(default_factory=set)


def convert_collapsed(data: bytes, hints: ImportHints, limits: Limits) -> list[Converted]:
    """Return the profile of stacks that end in a count of samples."""
    meaning = hints.counted()
    tree = StackTree((meaning.sample_type,), limits)
    several = len(_survey(data).owners) > 1
    for line in _lines(data):
        (count, *more) = line.numbers
        if more or count < 0:
            raise malformed("a stack ends in something else than a count")
        tree.add(_node(tree, line, several), count * meaning.factor)
    return [_converted(meaning, tree, hints, 0)]


def convert_austin(data: bytes, hints: ImportHints, limits: Limits) -> list[Converted]:
    """Return the profiles of what austin wrote: one, or in full mode wall time, CPU time and allocated memory."""
    stacks = _survey(data)
    mode = _MODES.get(stacks.comments.get("mode", _WALL))
    if mode is None:
        raise malformed(f"austin's mode {stacks.comments['mode'][:_SHOWN_CHARS]!r} is not known")
    interval_ns = _microseconds_ns(stacks.comments.get("interval", ""))
    duration_ns = _microseconds_ns(stacks.comments.get("duration", ""))
    wanted = (_WALL, _CPU, _MEMORY) if mode == _FULL else (mode,)
    meanings = {
        _WALL: hints.timed("wall", interval_ns),
        _CPU: hints.timed("cpu", interval_ns),
        _MEMORY: ImportHints().counted("alloc_space"),
    }
    trees = {one: StackTree((meanings[one].sample_type,), limits) for one in wanted}
    for line in _lines(data):
        for one, value in _values(line.numbers, mode):
            if value > 0:
                tree = trees[one]
                tree.add(_node(tree, line, len(stacks.owners) > 1), value)
    return [_converted(meanings[one], tree, hints, duration_ns) for one, tree in trees.items()]


def _values(numbers: tuple[int, ...], mode: str) -> Iterator[tuple[str, int]]:
    """Yield which profile gets which value of a line. Memory that was given back, below 0, belongs to none."""
    if len(numbers) != (3 if mode == _FULL else 1):
        raise malformed(f"a stack ends in {len(numbers)} numbers, which the mode {mode} does not write")
    if mode != _FULL:
        yield mode, numbers[0] * (1 if mode == _MEMORY else _MICROSECOND_NS)
        return
    time_us, idle, memory_bytes = numbers
    yield _WALL, time_us * _MICROSECOND_NS
    if not idle:
        yield _CPU, time_us * _MICROSECOND_NS
    yield _MEMORY, memory_bytes


def _survey(data: bytes) -> _Stacks:
    """Read a file once for what its lines have in common."""
    stacks = _Stacks()
    for _, raw in lines_of(data):
        if raw.startswith(b"#"):
            name, _, value = raw[1:].decode("utf-8", "replace").partition(":")
            stacks.comments[name.strip()] = value.strip()
        elif raw:
            stacks.owners.add(_owner(raw.decode("utf-8", "replace").split(";", 2)))
    return stacks


def _lines(data: bytes) -> Iterator[_Line]:
    for number, raw in lines_of(data):
        if not raw or raw.startswith(b"#"):
            continue
        stack, _, numbers = raw.decode("utf-8", "replace").rpartition(" ")
        if not _NUMBERS.fullmatch(numbers):
            raise malformed(f"line {number} ends in {numbers[:_SHOWN_CHARS]!r}, which is not a count")
        frames = stack.split(";") if stack else []
        owner = _owner(frames)
        yield _Line(owner, frames[len(owner) :], tuple(int(one) for one in numbers.split(",")))


def _owner(frames: list[str]) -> tuple[str, ...]:
    """Return the first parts of a stack that name its process and its thread. The last may still end in numbers."""
    first = frames[0].partition(" ")[0]
    if _TID.fullmatch(first):
        return (first,)
    if not _PROCESS.fullmatch(first):
        return ()
    second = frames[1].partition(" ")[0] if len(frames) > 1 else ""
    return (first, second) if _THREAD.fullmatch(second) else (first,)


def _node(tree: StackTree, line: _Line, several: bool) -> int:
    node = ROOT
    if several:
        for name in line.owner:
            node = tree.named_child(node, name)
    for frame in line.frames:
        node = tree.child(node, _frame(tree, frame))
    return node


def _frame(tree: StackTree, text: str) -> int:
    match = _PY_SPY.fullmatch(text)
    if match:
        return tree.frame(match[1], match[2] or match[4], int(match[3] or 0))
    match = _COLONS.fullmatch(text)
    return tree.frame(match[2], match[1], int(match[3])) if match else tree.frame(text)


def _converted(meaning: Meaning, tree: StackTree, hints: ImportHints, duration_ns: int) -> Converted:
    pprof = tree.pprof(meaning.period_type, meaning.period, hints.moment_ns(), duration_ns)
    return Converted(((LABEL_NAME, meaning.metric_name),), pprof)


def _microseconds_ns(text: str) -> int:
    readable = text.isascii() and text.isdigit() and len(text) < _MAX_DIGITS - len(str(_MICROSECOND_NS))
    return int(text) * _MICROSECOND_NS if readable else 0
