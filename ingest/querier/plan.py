"""Which source reads what, so that every profile counts once and a read costs one replica's work.

Replicas hold the same series and one ingester's data lies in several *parts* (its head, its local blocks, its blocks in
the bucket). Every part has answered, per series, with a digest of the row identities it holds in the range. From these
the plan decides, series by series:

* one part id seen from two places (an ingester that still keeps a block it has uploaded) is one part;
* the parts of one owner are taken as disjoint when their times do not overlap, because the time is part of an identity;
* owners whose digests agree hold the same rows: one of them is read;
* everything else is *disputed*: its identities have to be fetched, and each identity is given to exactly one part.

Nothing here talks to anyone: digests in, assignments out. Shapes: all arrays of one digest have one entry a series.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ingest.profiles.columns import I64, U64


@dataclass(frozen=True, slots=True)
class PartDigest:
    """What one part holds of the selection: per series the number of rows and an order-free digest of their
    identities.
    """

    source: str  #: who answers for it: an ingester's id, or ``bucket``
    part_id: str  #: ULID of the head or block
    owner: str  #: the ingester that wrote it
    fingerprint: U64  #: uint64[n], ascending and unique
    count: I64
    digest_hi: U64
    digest_lo: U64
    min_time_ns: I64
    max_time_ns: I64


@dataclass(frozen=True, slots=True)
class PartIdentities:
    """The identities one part holds of the disputed series."""

    source: str
    part_id: str
    owner: str
    fingerprint: U64  #: uint64[n]
    id_hi: U64
    id_lo: U64


@dataclass(frozen=True, slots=True)
class PartRead:
    """What to read from one part: whole series by fingerprint, and single rows by (fingerprint, identity)."""

    source: str
    part_id: str
    whole: U64  #: uint64[n] fingerprints
    row_fingerprint: U64  #: uint64[m]
    row_hi: U64
    row_lo: U64


@dataclass(frozen=True, slots=True)
class Plan:
    """The decision after the digests: whole series to read, and what needs identities first."""

    whole: Mapping[tuple[str, str], U64]  #: (source, part id) -> fingerprints
    disputed: Mapping[tuple[str, str], U64] = field(default_factory=dict)

    @property
    def rows_are_settled(self) -> bool:
        """True when no identity has to be fetched."""
        return not self.disputed


def collapse_parts(digests: Sequence[PartDigest]) -> list[PartDigest]:
    """Keep one source per part id: an ingester's own copy before the bucket's, which is the same block."""
    best: dict[str, PartDigest] = {}
    for digest in digests:
        seen = best.get(digest.part_id)
        if seen is None or (seen.source != seen.owner and digest.source == digest.owner):
            best[digest.part_id] = digest
    return [best[part_id] for part_id in sorted(best)]


def make_plan(digests: Sequence[PartDigest], rotation: int = 0) -> Plan:
    """Decide which series are read whole from where, and which are disputed.

    ``rotation`` picks among owners that agree, so that repeated queries spread over replicas.
    """
    parts = [part for part in collapse_parts(digests) if len(part.fingerprint)]
    if not parts:
        return Plan({})
    owners = sorted({part.owner for part in parts})
    owner_of_part = np.array([owners.index(part.owner) for part in parts], np.int64)
    fingerprint = np.concatenate([part.fingerprint for part in parts])
    part_index = np.repeat(np.arange(len(parts)), [len(part.fingerprint) for part in parts])
    series, series_index = np.unique(fingerprint, return_inverse=True)
    cell = series_index * len(owners) + owner_of_part[part_index]
    cells = len(series) * len(owners)
    count, high, low = (np.zeros(cells, np.uint64) for _ in range(3))
    np.add.at(count, cell, np.concatenate([part.count for part in parts]).astype(np.uint64))
    np.add.at(high, cell, np.concatenate([part.digest_hi for part in parts]))
    np.add.at(low, cell, np.concatenate([part.digest_lo for part in parts]))
    overlapping = _cells_with_overlap(parts, cell, cells)
    held = (count > 0).reshape(len(series), len(owners))
    table = np.stack([count, high, low], axis=1).reshape(len(series), len(owners), 3)
    chosen = _first_holder(held, rotation)
    reference = table[np.arange(len(series)), chosen][:, None, :]
    agree = ((table == reference).all(axis=2) | ~held).all(axis=1)
    agree &= ~overlapping.reshape(len(series), len(owners)).any(axis=1)
    return _assemble(parts, fingerprint, part_index, series_index, owner_of_part, chosen, agree)


def _first_holder(held: NDArray[np.bool_], rotation: int) -> I64:
    """For each series, the first owner from ``rotation`` on that holds it."""
    owners = held.shape[1]
    order = (np.arange(owners) + rotation) % owners
    first: I64 = order[np.argmax(held[:, order], axis=1)].astype(np.int64)
    return first


def _cells_with_overlap(parts: Sequence[PartDigest], cell: I64, cells: int) -> NDArray[np.bool_]:
    """Mark (series, owner) cells in which two parts of the owner overlap in time: they may share rows."""
    low = np.concatenate([part.min_time_ns for part in parts])
    high = np.concatenate([part.max_time_ns for part in parts])
    order = np.lexsort((low, cell))
    cell, low, high = cell[order], low[order], high[order]
    marked = np.zeros(cells, np.bool_)
    if len(cell) < 2:
        return marked
    # Within a cell the parts are sorted by their first time, so two overlap exactly when some part starts no later
    # than the latest end before it. Comparing neighbours finds the first such pair of every cell that has one.
    clash = (cell[1:] == cell[:-1]) & (low[1:] <= high[:-1])
    marked[cell[1:][clash]] = True
    return marked


def _assemble(
    parts: Sequence[PartDigest],
    fingerprint: U64,
    part_index: NDArray[np.int64],
    series_index: NDArray[np.int64],
    owner_of_part: I64,
    chosen: I64,
    agree: NDArray[np.bool_],
) -> Plan:
    settled = agree[series_index]
    read = settled & (owner_of_part[part_index] == chosen[series_index])
    whole: dict[tuple[str, str], U64] = {}
    disputed: dict[tuple[str, str], U64] = {}
    for index, part in enumerate(parts):
        mine = part_index == index
        for keep, target in ((read, whole), (~settled, disputed)):
            selected = fingerprint[mine & keep]
            if len(selected):
                target[(part.source, part.part_id)] = selected
    return Plan(whole, disputed)


def settle(plan: Plan, identities: Sequence[PartIdentities]) -> list[PartRead]:
    """Give every disputed identity to exactly one part and merge that with the whole series of the plan.

    Parts that hold most rows come first, so that few sources have to pick out single rows. A part that did not answer
    contributes nothing here; the caller reports it as missing.
    """
    ordered = sorted(identities, key=lambda part: (-len(part.fingerprint), part.source, part.part_id))
    claims = _first_claims(ordered)
    reads: list[PartRead] = []
    claimed: dict[tuple[str, str], NDArray[np.bool_]] = {
        (part.source, part.part_id): claim for part, claim in zip(ordered, claims, strict=True)
    }
    by_key = {(part.source, part.part_id): part for part in ordered}
    shared = _series_of_several_owners(ordered, claims)
    empty = np.zeros(0, np.uint64)
    for key in sorted({*plan.whole, *by_key}):
        whole = plan.whole.get(key, empty)
        part = by_key.get(key)
        if part is None:
            reads.append(PartRead(*key, whole, empty, empty, empty))
            continue
        mine = claimed[key]
        more, single = _whole_or_single(part, mine, shared)
        read = PartRead(
            *key,
            np.concatenate([whole, more]),
            part.fingerprint[single],
            part.id_hi[single],
            part.id_lo[single],
        )
        if len(read.whole) or len(read.row_fingerprint):
            reads.append(read)
    return reads


def _first_claims(ordered: Sequence[PartIdentities]) -> list[NDArray[np.bool_]]:
    """For each part, which of its identities no part before it holds (and which is its own first copy)."""
    if not ordered:
        return []
    rows = np.zeros(
        sum(len(part.fingerprint) for part in ordered), dtype=[("f", np.uint64), ("h", np.uint64), ("l", np.uint64)]
    )
    rows["f"] = np.concatenate([part.fingerprint for part in ordered])
    rows["h"] = np.concatenate([part.id_hi for part in ordered])
    rows["l"] = np.concatenate([part.id_lo for part in ordered])
    order = np.lexsort((np.arange(len(rows)), rows["l"], rows["h"], rows["f"]))
    ranked = rows[order]
    first = np.ones(len(rows), np.bool_)
    first[1:] = ranked[1:] != ranked[:-1]
    claimed = np.zeros(len(rows), np.bool_)
    claimed[order] = first
    bounds = np.cumsum([len(part.fingerprint) for part in ordered])[:-1]
    return list(np.split(claimed, bounds))


def _series_of_several_owners(ordered: Sequence[PartIdentities], claims: Sequence[NDArray[np.bool_]]) -> U64:
    """Series to whose answer more than one owner contributes.

    A row that arrives between this plan and the read reaches all replicas. Reading such a series whole from two owners
    would count that row twice, so it is read by identity alone.
    """
    owners = sorted({part.owner for part in ordered})
    seen: list[U64] = []
    for owner in owners:
        mine = [part.fingerprint[claim] for part, claim in zip(ordered, claims, strict=True) if part.owner == owner]
        seen.append(np.unique(np.concatenate(mine)))
    if not seen:
        return np.zeros(0, np.uint64)
    series, owners_of_series = np.unique(np.concatenate(seen), return_counts=True)
    return series[owners_of_series > 1]


def _whole_or_single(part: PartIdentities, mine: NDArray[np.bool_], shared: U64) -> tuple[U64, NDArray[np.bool_]]:
    """Series all of whose rows fell to this part are read whole; of the others only the claimed rows."""
    series, index = np.unique(part.fingerprint, return_inverse=True)
    complete = ~np.isin(series, shared)
    np.logical_and.at(complete, index, mine)
    return series[complete], mine & ~complete[index]
