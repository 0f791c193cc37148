"""The order in which instances with computed tokens join: number n after number n - 1.

Tokens computed for number n cut the ranges of all numbers before it, so shares are even only when those are there. An
instance therefore waits for its predecessor, but not for ever: one that never comes must not keep the others out
(dskit ``ring/spread_minimizing_token_generator.go``, CanJoin).
"""

from __future__ import annotations

from ring.core.desc import RingDesc
from ring.core.spread_tokens import instance_number


def predecessor(instance_id: str) -> str:
    """Return the id with the number before; empty for number 0. Raises ValueError for an id without a number."""
    number = instance_number(instance_id)
    return f"{instance_id.rpartition('-')[0]}-{number - 1}" if number else ""


def has_joined(ring: RingDesc, instance_id: str) -> bool:
    """Return whether an instance is in the ring with tokens, in whatever state: its place is taken."""
    found = ring.get(instance_id)
    return found is not None and bool(found.tokens)
