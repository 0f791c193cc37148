"""Which local blocks an ingester lets go of before their time. Pure: it asks and deletes through callables.

A block that is not uploaded and in the catalogue is never let go of, however full the disk is: it may be the only copy.
The ingester turns read-only instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

#: Uploaded blocks go before their time when less than this many times the space to keep free is left.
ROOM_FACTOR = 2


def make_room(
    uploaded: Sequence[str], free_bytes: Callable[[], int], wanted_bytes: int, evict: Callable[[str], None]
) -> int:
    """Evict uploaded blocks, given oldest first, one at a time until ``wanted_bytes`` are free; return how many.

    Stops as well when a deletion did not make more room: the space is then held by something else, a snapshot or a
    query that still reads the block, and further deletions would not help either.
    """
    evicted = 0
    free = free_bytes()
    for ulid in uploaded:
        if free >= wanted_bytes:
            break
        evict(ulid)
        evicted += 1
        before, free = free, free_bytes()
        if free <= before:
            break
    return evicted
