"""Flame graphs the slow way: nested dictionaries, recursion, one node at a time."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from ingest.profiles.flamegraph import FlameGraph


@dataclass
class Node:
    name: str
    value: int = 0
    children: dict[str, Node] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.value + sum(child.total for child in self.children.values())

    def below(self) -> list[Node]:
        return [node for child in self.children.values() for node in (child, *child.below())]

    def ordered(self, *, other_last: bool) -> list[Node]:
        return sorted(
            self.children.values(), key=lambda child: (other_last and child.name == "other", child.name.encode())
        )


def tree_of(sums: dict[tuple[str, ...], int]) -> Node:
    """Return the tree of stacks of names; its root is called ``total``."""
    root = Node("total")
    for names, value in sums.items():
        node = root
        for name in names:
            node = node.children.setdefault(name, Node(name))
        node.value += value
    return root


def least_total(root: Node, max_nodes: int) -> int:
    nodes = root.below()
    if max_nodes < 1 or len(nodes) <= max_nodes:
        return 0
    return heapq.nlargest(max_nodes, (node.total for node in nodes))[-1]


def cut(node: Node, least: int) -> Node:
    """Return the tree with small children, and those called ``other``, summed into a leaf ``other``."""
    kept = Node(node.name, node.value)
    rest = 0
    for child in node.children.values():
        if child.total < least or child.name == "other":
            rest += child.total
        else:
            kept.children[child.name] = cut(child, least)
    if rest:
        kept.children["other"] = Node("other", rest)
    return kept


def cut_keeping_other(node: Node, least: int) -> Node:
    """Return the tree with small children added to their sibling ``other``, which is made when there is none."""
    kept = Node(node.name, node.value)
    rest = 0
    for child in node.children.values():
        if child.total < least and child.name != "other":
            rest += child.total
        else:
            kept.children[child.name] = cut_keeping_other(child, least)
    if rest:
        kept.children.setdefault("other", Node("other")).value += rest
    return kept


def lay_out(root: Node) -> FlameGraph:
    """Return the flame graph of an already cut tree."""
    names = ["total"]

    def name_all(node: Node) -> None:
        if node.name not in names:
            names.append(node.name)
        for child in reversed(node.ordered(other_last=True)):
            name_all(child)

    name_all(root)
    levels: list[list[int]] = []
    row = [(0, root)]
    most = 0
    while row:
        numbers: list[int] = []
        position = 0
        below = []
        for start, node in row:
            numbers += [start - position, node.total, node.value, names.index(node.name)]
            most = max(most, node.value)
            position = start + node.total
            child_start = start + node.value
            for child in node.ordered(other_last=True):
                below.append((child_start, child))
                child_start += child.total
        levels.append(numbers)
        row = below
    return FlameGraph(names, levels, root.total, most)  # type: ignore[arg-type]


def lay_out_two(left: Node, right: Node) -> tuple[list[str], list[list[int]]]:
    """Return the names and levels of two trees on the same nodes, already cut; names are numbered level by level."""
    names = ["total"]
    levels: list[list[int]] = []
    row = [(0, left, 0, right)]
    while row:
        numbers: list[int] = []
        ends = [0, 0]
        below = []
        for left_start, a, right_start, b in row:
            names += [a.name] * (a.name not in names)
            numbers += [left_start - ends[0], a.total, a.value, right_start - ends[1], b.total, b.value]
            numbers.append(names.index(a.name))
            ends = [left_start + a.total, right_start + b.total]
            at = [left_start + a.value, right_start + b.value]
            both = sorted({*a.children, *b.children}, key=lambda name: (name == "other", name.encode()))
            for name in both:
                child_a, child_b = a.children.get(name, Node(name)), b.children.get(name, Node(name))
                below.append((at[0], child_a, at[1], child_b))
                at = [at[0] + child_a.total, at[1] + child_b.total]
        levels.append(numbers)
        row = below
    return names, levels


def paths(node: Node, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], int]:
    """Return the total of each node below ``node`` by its names from there on."""
    found = {}
    for child in node.children.values():
        found[*path, child.name] = child.total
        found |= paths(child, (*path, child.name))
    return found


def cut_to(node: Node, keep: set[tuple[str, ...]], path: tuple[str, ...] = ()) -> Node:
    """Return the tree with only these nodes; what the others hold is summed into a leaf ``other`` of their parent."""
    kept = Node(node.name, node.value)
    rest = 0
    for child in node.children.values():
        if (*path, child.name) in keep and child.name != "other":
            kept.children[child.name] = cut_to(child, keep, (*path, child.name))
        else:
            rest += child.total
    if rest:
        kept.children["other"] = Node("other", rest)
    return kept


def encode(root: Node) -> bytes:
    """Return the tree in its binary form."""
    if not root.total:
        return b""
    out = bytearray()
    stack = [root]
    while stack:
        node = stack.pop()
        name = b"" if node is root else node.name.encode()
        out += uvarint(len(name)) + name + uvarint(node.value) + uvarint(len(node.children))
        stack += node.ordered(other_last=False)
    return bytes(out)


def uvarint(number: int) -> bytes:
    out = bytearray()
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def decode(graph: FlameGraph) -> dict[tuple[str, ...], int]:
    """Read the stacks back from a laid-out flame graph, asserting that children lie within their parents."""
    sums: dict[tuple[str, ...], int] = {}
    above: list[tuple[int, int, tuple[str, ...]]] = []
    for depth, level in enumerate(graph.levels):
        row = []
        position = 0
        for at in range(0, len(level), 4):
            offset, total, value, name = (int(number) for number in level[at : at + 4])
            assert offset >= 0
            assert total >= value >= 0
            start = position + offset
            position = start + total
            path: tuple[str, ...] = ()
            if depth:
                parents = [(a, b, p) for a, b, p in above if a <= start and start + total <= b]
                assert len(parents) == 1, "a node lies within exactly one node of the level above"
                path = (*parents[0][2], graph.names[name])
            else:
                assert graph.names[name] == "total"
            if value:
                assert path not in sums
                sums[path] = value
            row.append((start + value, start + total, path))
        above = row
    return sums
