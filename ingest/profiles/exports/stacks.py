"""The stacks of a profile by function name, spelled out for formats that know no tree.

A tree shares what stacks have in common and these formats do not, so a profile of a few megabytes could become
gigabytes: what is spelled out is measured first and refused above a bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.profiles.columns import I64, U32, StackProfile
from ingest.profiles.exports.stack_kernels import spell_stacks, spelled_size
from ingest.profiles.projection import by_name, function_names
from ingest.profiles.reasons import Reason, Rejection

#: Most frames of an export, over all of its stacks.
MAX_FRAMES = 1 << 24
#: Most bytes of an export that spells out names.
MAX_BYTES = 1 << 28


@dataclass(frozen=True, slots=True)
class SpelledStacks:
    """N stacks with a value each; value that belongs to no function is the stack without frames."""

    names: list[str]
    offsets: I64  #: int64[N+1], where each stack begins in ``frames``
    frames: U32  #: uint32[M], index in ``names``, each stack from the root to the leaf
    values: I64  #: int64[N], not 0


def spell(profile: StackProfile) -> SpelledStacks | Rejection:
    """Return the stacks of ``profile``, or ``query_limit`` when there are more than :data:`MAX_FRAMES` frames."""
    profile = by_name(profile)
    symbols, values = profile.symbols, profile.node_self
    ones = np.ones(len(symbols.function_name), np.int64)
    frame_count = int(spelled_size(symbols.node_parent, symbols.node_location, values, ones))
    if frame_count > MAX_FRAMES:
        return too_large(f"{frame_count} frames", f"{MAX_FRAMES}")
    nodes, offsets, frames = spell_stacks(symbols.node_parent, symbols.node_location, values, frame_count)
    return SpelledStacks(function_names(symbols), offsets, frames, values[nodes])


def too_large(size: str, most: str) -> Rejection:
    """Return the refusal of an export of ``size``."""
    return Rejection(
        Reason.QUERY_LIMIT,
        f"The export would have {size}, at most {most} are made. Narrow the query, or give max_nodes.",
    )
