"""What a retention period would do to the blocks of a tenant, in numbers and in words."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.profiles.limit_table import BY_COLUMN
from ingest.profiles.readable import counted, shown_bytes, shown_ns

#: The limit that says how long the profiles of a tenant are kept.
PERIOD = BY_COLUMN["compactor_blocks_retention_period"]


@dataclass(frozen=True, slots=True)
class Total:
    """Some blocks together. Times are Unix nanoseconds, 0 without blocks."""

    blocks: int
    size_bytes: int
    min_time_ns: int
    max_time_ns: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What the next rounds would do to the blocks of one tenant if a period were in force."""

    now_ns: int
    to_mark: Total  #: hidden by the next round
    files_go_ns: int  #: when their objects are deleted, at the earliest
    marked: Total  #: hidden already, and would go
    marked_go_ns: int  #: when the objects of the first of them are deleted, at the earliest
    to_unmark: Total  #: hidden already, and would come back
    kept: Total  #: all that would stay


def sentences(found: Preview) -> list[str]:
    """Return a preview in words, one sentence for each group of blocks that there is."""
    told = []
    if found.to_mark.blocks:
        told.append(
            f"The next round hides from queries {_shown(found.to_mark)}. The files go at {shown_ns(found.files_go_ns)} "
            "UTC at the earliest, and until then a longer period brings all back."
        )
    if found.marked.blocks:
        told.append(
            f"Hidden already, and to be deleted from {shown_ns(found.marked_go_ns)} UTC on: {_shown(found.marked)}."
        )
    if found.to_unmark.blocks:
        told.append(f"The next round brings back what is hidden now: {_shown(found.to_unmark)}.")
    if found.kept.blocks:
        told.append(f"Kept: {_shown(found.kept)}.")
    return told or ["The tenant has no block in the bucket."]


def _shown(total: Total) -> str:
    together = "" if total.blocks == 1 else " together"
    return (
        f"{counted(total.blocks, 'block')} of {shown_bytes(total.size_bytes)}{together}, with profiles from "
        f"{shown_ns(total.min_time_ns)} to {shown_ns(total.max_time_ns)} UTC"
    )
