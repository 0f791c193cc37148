"""Models of the ring's algorithms as one would write them down without any index, every rule on its own line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from ring.core.desc import Instance
from ring.core.shuffle import draws, shard_seed
from ring.core.states import Operation


def clockwise(instances: Iterable[Instance], key: int) -> list[Instance]:
    """Return the owner of each token, in the order in which they are met from ``key`` on."""
    circle = sorted(((token, one) for one in instances for token in one.tokens), key=lambda pair: pair[0])
    return [one for token, one in circle if token > key] + [one for token, one in circle if token <= key]


def naive_walk(
    instances: Sequence[Instance], key: int, operation: Operation, wanted: int, aware: bool, per_zone: int = 1
) -> list[str]:
    """Return the ids of the instances whom a walk from ``key`` on meets."""
    found: list[str] = []
    supplied: Counter[str] = Counter()
    for one in clockwise(instances, key):
        if len(found) >= wanted:
            break
        if one.id in found or (aware and one.zone and supplied[one.zone] >= per_zone):
            continue
        found.append(one.id)
        if one.state in operation.extending:
            wanted += 1
        else:
            supplied[one.zone] += 1
    return found


def naive_shard(
    instances: Sequence[Instance], tenant: str, size: int, aware: bool, lookback_from_ms: int | None = None
) -> set[str]:
    """Return the ids of a tenant's shard."""

    def is_usable(one: Instance) -> bool:
        changed_ms = one.read_only_updated_ms
        lately = lookback_from_ms is not None and (changed_ms == 0 or changed_ms >= lookback_from_ms)
        return not one.read_only or lately

    def needs_another(one: Instance) -> bool:
        if lookback_from_ms is None:
            return False
        return one.read_only or max(one.registered_ms, one.read_only_updated_ms) >= lookback_from_ms

    zones = sorted({one.zone for one in instances}) if aware and size > 0 else [""]
    each = -(-size // len(zones)) if zones else 0
    shard: set[str] = set()
    for zone in zones:
        members = [one for one in instances if not aware or size <= 0 or one.zone == zone]
        if size <= 0 or each >= len(members):
            shard |= {one.id for one in members if is_usable(one)}
            continue
        numbers = draws(shard_seed(tenant, zone))
        for _ in range(each):
            for one in clockwise(members, next(numbers)):
                if one.id not in shard and is_usable(one):
                    shard.add(one.id)
                    if not needs_another(one):
                        break
            else:
                break
    return shard
