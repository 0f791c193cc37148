"""Collapsed stacks, the text that ``flamegraph.pl`` and its kin read: ``root;...;leaf value``, a line a stack.

The format has no escape, so a few names change: ``;`` becomes ``:``, a control character (a line end among them)
becomes a space, space at the ends of a name goes, and a name without anything left is ``[unknown]``, as is the stack of
value that belongs to no function. Stacks that are equal then are one. Every other name is carried as it is.
"""

from __future__ import annotations

import unicodedata

import numpy as np

from ingest.profiles.columns import StackProfile
from ingest.profiles.exports.stack_kernels import spelled_size
from ingest.profiles.exports.stacks import MAX_BYTES, too_large
from ingest.profiles.flamegraph_kernels import folded_lines
from ingest.profiles.projection import by_name, function_names
from ingest.profiles.reasons import Rejection

#: Stands for a function without a name.
UNKNOWN = "[unknown]"


def collapsed_text(profile: StackProfile) -> bytes | Rejection:
    """Return the stacks as UTF-8, sorted by the bytes of the stack; b"" for a profile without values.

    ``query_limit`` when the text would have more than :data:`MAX_BYTES`.
    """
    profile = by_name(profile)
    symbols, values = profile.symbols, profile.node_self
    names = [frame_name(name).encode() for name in function_names(symbols)]
    sizes = np.array([len(name) + 1 for name in names], np.int64)
    size = int(spelled_size(symbols.node_parent, symbols.node_location, values, sizes))
    if size > MAX_BYTES:
        return too_large(f"{size} bytes", f"{MAX_BYTES}")
    offsets = np.zeros(len(names) + 1, np.int64)
    np.cumsum([len(name) for name in names], out=offsets[1:])
    content = np.frombuffer(b"".join(names), np.uint8).copy()
    nodes, line_offsets, text = folded_lines(symbols.node_parent, symbols.node_location, values, offsets, content)
    whole = text.tobytes()
    bounds = line_offsets.tolist()
    sums: dict[bytes, int] = {}
    for start, end, value in zip(bounds, bounds[1:], values[nodes].tolist(), strict=False):
        stack = whole[start:end] or UNKNOWN.encode()
        sums[stack] = sums.get(stack, 0) + value
    return b"".join(b"%s %d\n" % line for line in sorted(sums.items()))


def frame_name(name: str) -> str:
    """Return a function name as a frame of a collapsed stack."""
    clean = "".join(" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in name)
    return clean.replace(";", ":").strip() or UNKNOWN
