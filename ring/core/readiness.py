"""Whether an instance may call itself ready, and what keeps it from that."""

from __future__ import annotations

from ring.core.desc import RingDesc
from ring.core.states import InstanceState


def why_not_ready(
    ring: RingDesc, instance_id: str, now_ms: int, heartbeat_timeout_ms: int, check_ring: bool
) -> str | None:
    """Return what keeps the instance from being ready, in a sentence; None if nothing does.

    ``check_ring`` asks for every other instance to be active and fresh too, so that a rolling restart stops at the
    first instance that does not come back.
    """
    own = ring.get(instance_id)
    if own is None:
        return f"The instance {instance_id} is not in the ring."
    if not own.tokens:
        return f"The instance {instance_id} has no tokens."
    judged = list(ring) if check_ring else [own]
    for instance in sorted(judged, key=lambda instance: instance.id):
        if instance.state is not InstanceState.ACTIVE:
            return f"The instance {instance.id} is in state {instance.state}."
        if not instance.is_fresh(now_ms, heartbeat_timeout_ms):
            return f"The instance {instance.id} is past its heartbeat timeout."
    return None
