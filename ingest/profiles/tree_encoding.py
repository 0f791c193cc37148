"""The binary tree in which Pyroscope's programs pass stacks by function name to each other.

A tree is its nodes one after the other, each as

====================  ======================================================
bytes                 meaning
====================  ======================================================
unsigned LEB128       length of the name in bytes
that many bytes       name, UTF-8
unsigned LEB128       self value, below 2**63
unsigned LEB128       number of children
====================  ======================================================

The first node is the root, whose name is empty; a node's children follow it, each with all that is below it. Zero bytes
are the tree without values. There is no version: the layout is a fact of the field.
"""

from __future__ import annotations

import numpy as np

from ingest.profiles.columns import I64, U32, StackProfile, empty_stack_profile
from ingest.profiles.cut_tree import cut_profile
from ingest.profiles.flamegraph_kernels import children_by_rank, last_child_first
from ingest.profiles.named_tree import profile_of_names
from ingest.profiles.projection import string_contents
from ingest.profiles.projection_kernels import gather_bytes
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.tree_encoding_kernels import (
    DAMAGED,
    OK,
    SUM_TOO_LARGE,
    TOO_MANY_NODES,
    TRAILING_BYTES,
    read_tree,
    write_tree,
)


def encode_tree(profile: StackProfile, max_nodes: int) -> bytes:
    """Encode ``profile`` by function name; of a node's children the last in name order comes first.

    Cut like a flame graph, except that nodes that were called ``other`` before stay, take up what is cut off beside
    them, and have their place by name. No value at all gives no bytes.
    """
    tree = cut_profile(profile, max_nodes, keep_other=True)
    if tree.totals[0, 0] == 0:
        return b""
    child_offsets, children = children_by_rank(tree.parents, tree.ranks(other_last=False), len(tree.names) + 1)
    name_offsets = np.zeros(len(tree.names) + 1, np.int64)
    np.cumsum([len(name) for name in tree.names], out=name_offsets[1:])
    name_bytes = np.frombuffer(b"".join(tree.names), np.uint8).copy()
    order = last_child_first(child_offsets, children)
    encoded = write_tree(order, child_offsets, tree.node_names, tree.values[0], name_offsets, name_bytes)
    return encoded.tobytes()


def decode_tree(data: bytes, max_nodes: int) -> StackProfile | Rejection:
    """Return the profile by name that an encoded tree holds; children in any order, equal siblings become one.

    Returns ``malformed_profile`` for bytes that are no tree, for names that are not UTF-8 and for a sum of 2**63 or
    more, ``samples_limit`` for more than ``max_nodes`` nodes below the root.
    """
    if not data:
        return empty_stack_profile()
    status, parents, bounds, values = read_tree(np.frombuffer(data, np.uint8).copy(), max_nodes)
    if status != OK:
        return Rejection(*_REFUSALS[status])
    profile = _named(data, bounds, values, parents)
    try:
        for name in string_contents(profile.symbols, profile.symbols.function_name):
            name.decode()
    except UnicodeDecodeError:
        return Rejection(Reason.MALFORMED_PROFILE, "A name of the tree is not UTF-8.")
    return profile


_REFUSALS = {
    DAMAGED: (Reason.MALFORMED_PROFILE, "The tree ends inside of a node."),
    TRAILING_BYTES: (Reason.MALFORMED_PROFILE, "Bytes follow the last node of the tree."),
    TOO_MANY_NODES: (Reason.SAMPLES_LIMIT, "The tree has more nodes than are taken."),
    SUM_TOO_LARGE: (Reason.MALFORMED_PROFILE, "The values of the tree add up to 2**63 or more."),
}


def _named(data: bytes, bounds: I64, values: I64, parents: U32) -> StackProfile:
    """Build the profile by name of nodes whose names lie in ``data`` between ``bounds``."""
    # Every other string of these offsets is a name; what lies between two names is never asked for.
    names = np.arange(2, 2 * len(parents), 2, dtype=np.uint32)
    offsets, content = gather_bytes(bounds, np.frombuffer(data, np.uint8).copy(), names)
    node_names = np.maximum(np.arange(len(parents), dtype=np.int64) - 1, 0).astype(np.uint32)
    return profile_of_names(offsets, content, node_names, parents, values)
