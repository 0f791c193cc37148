"""Stacks as Parquet, for DuckDB, pandas and whatever else reads it.

One row a stack:

=========  ===============  ===================================================================
column     type             meaning
=========  ===============  ===================================================================
stack      list of string   function names from the root to the leaf; empty: no function known
leaf       string           the last of them, "" without any
value      int64            self value of the stack in the unit of the sample type, never 0
=========  ===============  ===================================================================

The file's key-value metadata say what is in it: ``phlare.export`` (version of this layout, "1"),
``phlare.profile_type``, ``phlare.unit``, ``phlare.query``, ``phlare.start_ms``, ``phlare.end_ms`` (Unix milliseconds,
both inclusive).
"""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.profiles.columns import StackProfile
from ingest.profiles.exports.caption import Caption
from ingest.profiles.exports.stacks import spell
from ingest.profiles.reasons import Rejection

VERSION = "1"


def stacks_parquet(profile: StackProfile, caption: Caption) -> bytes | Rejection:
    """Return the file, compressed with zstd; ``query_limit`` when it would be too large."""
    stacks = spell(profile)
    if isinstance(stacks, Rejection):
        return stacks
    names = pa.array([*stacks.names, ""], pa.string())
    frames = pa.DictionaryArray.from_arrays(pa.array(stacks.frames.astype(np.int32)), names)
    starts, ends = stacks.offsets[:-1], stacks.offsets[1:]
    leaves = np.full(len(ends), len(stacks.names), np.int32)
    leaves[ends > starts] = stacks.frames[ends[ends > starts] - 1]
    table = pa.table(
        {
            "stack": pa.ListArray.from_arrays(pa.array(stacks.offsets.astype(np.int32)), frames),
            "leaf": pa.DictionaryArray.from_arrays(pa.array(leaves), names),
            "value": pa.array(stacks.values),
        }
    )
    described = {
        "phlare.export": VERSION,
        "phlare.profile_type": caption.profile_type.id,
        "phlare.unit": caption.profile_type.sample_unit,
        "phlare.query": caption.query,
        "phlare.start_ms": str(caption.start_ms),
        "phlare.end_ms": str(caption.end_ms),
    }
    out = io.BytesIO()
    # Without the Arrow schema every reader sees plain strings, also those that know no dictionaries.
    with pq.ParquetWriter(out, table.schema, compression="zstd", store_schema=False) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({key: value.encode("utf-8", "replace") for key, value in described.items()})
    return out.getvalue()
