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
_COMMENT = re.compile(rb"^#([^:\n]*):([^\n]*)", re.MULTILINE)
_OWNER = re.compile(rb"^(?:P[0-9]{1,19}(?:;T[0-9a-fx:]{1,40})?|tid:[0-9]{1,20})(?=[; ])", re.MULTILINE)
_NUMBERS = re.compile(rb"-?[0-9]{1,19}(?:,-?[0-9]{1,19}){0,2}")

#: What austin measured; wall time when it does not say.
_MODES = _WALL, _CPU, _MEMORY, _FULL = "wall", "cpu", "memory", "full"


class _Stacks:
    """The stacks of a file as nodes of a tree. Files repeat their stacks, so each is taken apart once."""

    def __init__(self, tree: StackTree, several_owners: bool) -> None:
        self._tree = tree
        self._several_owners = several_owners
        self._nodes: dict[bytes, int] = {}
        self._frames: dict[str, int] = {}

    def node(self, stack: bytes) -> int:
        """Return the node of a stack as written."""
        node = self._nodes.get(stack)
        if node is None:
            node = self._nodes[stack] = self._new_node(stack)
        return node

    def _new_node(self, stack: bytes) -> int:
        owner = _OWNER.match(stack + b" ")
        node, frames = ROOT, stack
        if owner:
            frames = stack[owner.end() + 1 :]
            for name in owner[0].split(b";") if self._several_owners else ():
                node = self._tree.named_child(node, name.decode())
        if frames:
            for text in frames.decode("utf-8", "replace").split(";"):
                node = self._tree.child(node, self._frame(text))
        return node

    def _frame(self, text: str) -> int:
        index = self._frames.get(text)
        if index is None:
            index = self._frames[text] = _frame(self._tree, text)
        return index


def convert_collapsed(data: bytes, hints: ImportHints, limits: Limits) -> list[Converted]:
    """Return the profile of stacks that end in a count of samples."""
    meaning = hints.counted()
    tree = StackTree((meaning.sample_type,), limits)
    stacks = _Stacks(tree, _has_several_owners(data))
    for stack, (count, *more) in _lines(data):
        if more or count < 0:
            raise malformed("a stack ends in something else than a count")
        tree.add(stacks.node(stack), count * meaning.factor)
    return [_converted(meaning, tree, hints, 0)]


def convert_austin(data: bytes, hints: ImportHints, limits: Limits) -> list[Converted]:
    """Return the profiles of what austin wrote: one, or in full mode wall time, CPU time and allocated memory."""
    comments = {name.strip(): value.strip() for name, value in _COMMENT.findall(data)}
    mode = comments.get(b"mode", _WALL.encode()).decode("utf-8", "replace")
    if mode not in _MODES:
        raise malformed(f"austin's mode {mode[:_SHOWN_CHARS]!r} is not known")
    interval_ns = _microseconds_ns(comments.get(b"interval", b""))
    duration_ns = _microseconds_ns(comments.get(b"duration", b""))
    wanted = (_WALL, _CPU, _MEMORY) if mode == _FULL else (mode,)
    meanings = {
        _WALL: hints.timed("wall", interval_ns),
        _CPU: hints.timed("cpu", interval_ns),
        _MEMORY: ImportHints().counted("alloc_space"),
    }
    trees = {one: StackTree((meanings[one].sample_type,), limits) for one in wanted}
    several = _has_several_owners(data)
    stacks = {one: _Stacks(tree, several) for one, tree in trees.items()}
    for stack, numbers in _lines(data):
        for one, value in _values(numbers, mode):
            if value > 0:
                trees[one].add(stacks[one].node(stack), value)
    return [_converted(meanings[one], tree, hints, duration_ns) for one, tree in trees.items()]


def _values(numbers: list[int], mode: str) -> Iterator[tuple[str, int]]:
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


def _has_several_owners(data: bytes) -> bool:
    return len({match[0] for match in _OWNER.finditer(data)}) > 1


def _lines(data: bytes) -> Iterator[tuple[bytes, list[int]]]:
    """Yield each stack as written with the numbers at its end."""
    for number, line in lines_of(data):
        if not line or line.startswith(b"#"):
            continue
        stack, _, numbers = line.rpartition(b" ")
        if not _NUMBERS.fullmatch(numbers):
            shown = numbers[:_SHOWN_CHARS].decode("utf-8", "replace")
            raise malformed(f"line {number} ends in {shown!r}, which is not a count")
        yield stack, [int(one) for one in numbers.split(b",")]


def _frame(tree: StackTree, text: str) -> int:
    match = _PY_SPY.fullmatch(text)
    if match:
        return tree.frame(match[1], match[2] or match[4], int(match[3] or 0))
    match = _COLONS.fullmatch(text)
    return tree.frame(match[2], match[1], int(match[3])) if match else tree.frame(text)


def _converted(meaning: Meaning, tree: StackTree, hints: ImportHints, duration_ns: int) -> Converted:
    pprof = tree.pprof(meaning.period_type, meaning.period, hints.moment_ns(), duration_ns)
    return Converted(((LABEL_NAME, meaning.metric_name),), pprof)


def _microseconds_ns(text: bytes) -> int:
    readable = text.isdigit() and len(text) < _MAX_DIGITS - len(str(_MICROSECOND_NS))
    return int(text) * _MICROSECOND_NS if readable else 0
