"""What sources hold, without reading it: the extent of a tenant's data, and what a query would cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple

from ingest.querier.gather import Gathered
from ingest.querier.ports import BlockTotals
from ingest.querier.types import Extent, Holding

_NS_PER_MS = 1_000_000


def extent_of(found: Gathered, stored: BlockTotals) -> Extent | None:
    """Return when the data of ingesters and bucket begin and end, None without any."""
    held = [part for reply in found.replies for part in reply.held if part.max_time_ns >= part.min_time_ns]
    ranges = [(part.min_time_ns, part.max_time_ns) for part in held]
    if stored.blocks:
        ranges.append((stored.min_time_ns, stored.max_time_ns))
    if not ranges:
        return None
    return Extent(min(first for first, _ in ranges) // _NS_PER_MS, max(last for _, last in ranges) // _NS_PER_MS)


def held_by_ingesters(found: Gathered) -> Holding:
    """Return what the ingesters hold for a query; parts without a matching row are not counted."""
    replies = [[part for part in reply.held if part.rows] for reply in found.replies]
    held = [part for parts in replies for part in parts]
    return Holding(
        sources=sum(1 for parts in replies if parts),
        parts=len(held),
        series=sum(part.series for part in held),
        profiles=sum(part.rows for part in held),
        samples=sum(part.samples for part in held),
        size_bytes=sum(part.size_bytes for part in held),
    )


def held_by_bucket(stored: BlockTotals) -> Holding:
    """Return what the blocks of the bucket hold, whole blocks as the catalogue knows no more."""
    return Holding(
        sources=1 if stored.blocks else 0,
        parts=stored.blocks,
        series=stored.series,
        profiles=stored.profiles,
        samples=stored.samples,
        size_bytes=stored.size_bytes,
    )


def owners_of(found: Gathered) -> set[str]:
    """Return who wrote what the ingesters hold."""
    return {part.owner for reply in found.replies for part in reply.held if part.rows}


def added(holdings: Sequence[Holding]) -> Holding:
    """Return the sum of holdings."""
    return Holding(*(sum(column) for column in zip(*(astuple(one) for one in holdings), strict=True)))
