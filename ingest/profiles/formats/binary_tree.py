"""The two binary formats of early agents: a prefix tree of folded stacks, and a tree of frames.

Both are written in pre-order, numbers as unsigned LEB128 varints of at most 64 bits. A node is::

    name length (varint) | name | value (varint) | number of children (varint) | the children

The first node is the root and has an empty name. In a *tree* a node is one frame and its value is its own, without its
children's. In a *trie* a node's name is any part of a folded stack: the names from the root down, joined, are the
stack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from ingest.profiles.formats.refused import malformed, too_large
from ingest.profiles.formats.stack_tree import ROOT, StackTree
from ingest.profiles.limits import Limits

_MAX_VARINT_BYTES = 10
_MAX_U64 = (1 << 64) - 1
#: Most nodes that are open at once, which is the depth of what branches.
_MAX_OPEN = 1 << 16
#: Bytes of names that may be joined, per byte a profile may have: a few bytes could ask for a long name to be copied.
_JOINED_BYTES_PER_BYTE = 16

Open = TypeVar("Open")


@dataclass(frozen=True, slots=True)
class _Node:
    """One node as written."""

    name: bytes
    value: int
    children: int


class _Reader:
    """Reads nodes one after the other."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._data = data
        self._limits = limits
        self._position = 0

    def node(self) -> _Node:
        """Return the next node; refuses one that is cut off or beyond the bounds."""
        length = self._varint()
        if length > self._limits.max_profile_symbol_value_length:
            raise malformed(
                f"the name at byte {self._position} has {length} bytes, at most "
                f"{self._limits.max_profile_symbol_value_length} are allowed (max_profile_symbol_value_length)"
            )
        end = self._position + length
        if end > len(self._data):
            raise malformed(f"the name at byte {self._position} is cut off")
        name = self._data[self._position : end]
        self._position = end
        value, children = self._varint(), self._varint()
        if children > self._limits.max_profile_stacktrace_samples:
            raise malformed(
                f"the node at byte {end} has {children} children, at most "
                f"{self._limits.max_profile_stacktrace_samples} are allowed (max_profile_stacktrace_samples)"
            )
        return _Node(name, value, children)

    def finish(self) -> None:
        """Refuse what follows the last node."""
        if self._position != len(self._data):
            raise malformed(f"{len(self._data) - self._position} bytes follow the last node")

    def _varint(self) -> int:
        value = 0
        for index in range(_MAX_VARINT_BYTES):
            position = self._position + index
            if position >= len(self._data):
                break
            byte = self._data[position]
            value |= (byte & 127) << 7 * index
            if byte < 128:
                self._position = position + 1
                if value > _MAX_U64:
                    break
                return value
        raise malformed(f"the number at byte {self._position} is cut off or longer than 64 bits")


def read_tree(data: bytes, tree: StackTree, factor: int, limits: Limits) -> None:
    """Add the own value of each node, times ``factor``."""
    reader = _Reader(data, limits)
    root = reader.node()
    _add(tree, ROOT, root.value * factor)
    open_nodes = [(ROOT, root.children)]
    while open_nodes:
        parent, missing = open_nodes.pop()
        if not missing:
            continue
        if missing > 1:
            _open(open_nodes, (parent, missing - 1))
        node = reader.node()
        place = tree.named_child(parent, node.name.decode("utf-8", "replace"))
        _add(tree, place, node.value * factor)
        open_nodes.append((place, node.children))
    reader.finish()


def read_trie(data: bytes, tree: StackTree, factor: int, limits: Limits) -> None:
    """Add the value of each node, times ``factor``, to the stack that its joined name is."""
    reader = _Reader(data, limits)
    room = _JOINED_BYTES_PER_BYTE * limits.max_profile_size_bytes
    root = reader.node()
    open_nodes = [_join(tree, ROOT, b"", root, factor)]
    while open_nodes:
        parent, begun, missing = open_nodes.pop()
        if not missing:
            continue
        if missing > 1:
            _open(open_nodes, (parent, begun, missing - 1))
        node = reader.node()
        room -= len(begun)
        if room < 0 or len(begun) > limits.max_profile_symbol_value_length:
            raise too_large("the trie joins parts to names that are longer than a profile may be")
        open_nodes.append(_join(tree, parent, begun, node, factor))
    reader.finish()


def _open(open_nodes: list[Open], entry: Open) -> None:
    """Keep a node with children to come."""
    if len(open_nodes) >= _MAX_OPEN:
        raise malformed(f"more than {_MAX_OPEN} nodes are inside each other")
    open_nodes.append(entry)


def _join(tree: StackTree, parent: int, begun: bytes, node: _Node, factor: int) -> tuple[int, bytes, int]:
    """Return the last whole frame at the end of a node, the beginning of the next frame, and the children to come."""
    *whole, rest = (begun + node.name).split(b";")
    for name in whole:
        parent = tree.named_child(parent, name.decode("utf-8", "replace"))
    if node.value:
        _add(tree, tree.named_child(parent, rest.decode("utf-8", "replace")), node.value * factor)
    return parent, rest, node.children


def _add(tree: StackTree, place: int, value: int) -> None:
    if value:
        tree.add(place, value)
