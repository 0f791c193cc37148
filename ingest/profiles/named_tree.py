"""Profiles by name from a tree whose nodes have names and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ingest.profiles.columns import I64, U8, U32, StackProfile, empty_symbols
from ingest.profiles.projection import project_by_name


def profile_of_names(name_offsets: I64, name_bytes: U8, node_names: U32, parents: U32, values: I64) -> StackProfile:
    """Return the profile by name of a tree: names may be there twice, and siblings of one name become one.

    ``name_offsets`` is int64[F+1] into ``name_bytes``, valid UTF-8; the others have a row for each node, the root first
    and each parent before its children. The name of the root means nothing.
    """
    count = len(name_offsets) - 1
    numbers = np.arange(count, dtype=np.uint32)
    zeros = np.zeros(count, np.uint32)
    node_location = node_names.astype(np.uint32)
    node_location[0] = 0
    symbols = replace(
        empty_symbols(),
        string_offsets=np.concatenate((np.zeros(1, np.int64), name_offsets)),
        string_bytes=name_bytes,
        function_name=numbers + np.uint32(1),
        function_system_name=zeros,
        function_filename=zeros.copy(),
        function_start_line=np.zeros(count, np.int64),
        location_mapping=zeros.copy(),
        location_address=np.zeros(count, np.uint64),
        location_folded=np.zeros(count, np.uint8),
        location_line_offsets=np.arange(count + 1, dtype=np.int64),
        line_function=numbers,
        line_number=np.zeros(count, np.int64),
        node_parent=parents,
        node_location=node_location,
    )
    return project_by_name(symbols, values)
