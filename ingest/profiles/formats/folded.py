"""Folded stacks: a line a stack, from the root to the leaf, frames joined by semicolons.

*Groups* end with a space and a count; *lines* are counted by how often they occur.
"""

from __future__ import annotations

from collections.abc import Iterator

from ingest.profiles.formats.refused import malformed
from ingest.profiles.formats.stack_tree import ROOT, StackTree

_SHOWN_BYTES = 100
#: Most digits of an int64.
_MAX_DIGITS = 19


def read_groups(data: bytes, tree: StackTree, factor: int) -> None:
    """Add each line's count times ``factor`` to its stack; lines without a space are skipped.

    Refuses a line that ends in anything but a count.
    """
    nodes: dict[bytes, int] = {}
    for number, line in lines_of(data):
        stack, space, count = line.rpartition(b" ")
        if not space:
            continue
        if not count.isdigit() or len(count) > _MAX_DIGITS:
            shown = count[:_SHOWN_BYTES].decode("utf-8", "replace")
            raise malformed(f"line {number} ends in {shown!r}, which is not a count")
        tree.add(_node(tree, stack, nodes), int(count) * factor)


def read_lines(data: bytes, tree: StackTree, factor: int) -> None:
    """Add ``factor`` to the stack of each line; empty lines are skipped."""
    nodes: dict[bytes, int] = {}
    for _, line in lines_of(data):
        if line:
            tree.add(_node(tree, line, nodes), factor)


def lines_of(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each line and its number, from 1, without making a list of them all."""
    start, number = 0, 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        number += 1
        yield number, data[start:end].removesuffix(b"\r")
        start = end + 1


def _node(tree: StackTree, stack: bytes, nodes: dict[bytes, int]) -> int:
    """Return the node of a stack; ``nodes`` are those of stacks that were met before, because files repeat them."""
    node = nodes.get(stack)
    if node is None:
        node = ROOT
        for name in stack.decode("utf-8", "replace").split(";"):
            node = tree.child(node, tree.frame(name))
        nodes[stack] = node
    return node
