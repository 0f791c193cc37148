"""What people want to know of a ring: every instance, its share, and what is wrong in whole sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ring.core.desc import Instance
from ring.core.findings import Finding, Weight, placement_findings
from ring.core.hashring import Snapshot
from ring.core.read_sets import read_set
from ring.core.replication import Refusal
from ring.core.states import READ, REPORTING, WRITE, InstanceState
from ring.core.tenant_shards import write_shard
from ring.core.tokens import RING_SIZE

#: Shown instead of the stored state when the heartbeat is old. Never stored.
UNHEALTHY = "UNHEALTHY"


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """One row of the ring page."""

    id: str
    addr: str
    zone: str
    state: str  #: as stored
    healthy: bool  #: its heartbeat is fresh
    shown_state: str  #: ``UNHEALTHY`` instead of the stored state when the heartbeat is old
    writable: bool  #: takes writes now
    readable: bool  #: answers reads now
    heartbeat_age_seconds: float  #: 0 for one stamped after the moment of the view
    registered_at: float | None  #: seconds since the epoch; None = unknown
    tokens: int
    ownership: float  #: 0..1, its part of the ring of its zone
    read_only: bool
    read_only_updated_at: float | None  #: seconds since the epoch; None = never
    versions: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class RingStatus:
    """The ring at one moment."""

    name: str
    replication_factor: int
    zone_awareness_enabled: bool
    heartbeat_timeout_seconds: float
    now: float  #: seconds since the epoch, by the clock of the store
    instances: tuple[InstanceStatus, ...]  #: in the order of their ids
    zones: tuple[str, ...]
    tokens: int
    by_state: dict[str, int]  #: every shown state, also those of no instance
    writable_share: float  #: 0..1, the part of the keys that can be written now
    readable: bool  #: whether a read finds everything that was acknowledged
    problems: tuple[str, ...]
    notices: tuple[str, ...]  #: true and harmless, or on its way to be
    revision: int = -1
    stale_seconds: float = 0.0  #: how long the store could not be read

    @property
    def healthy_count(self) -> int:
        """Instances with a fresh heartbeat, in whatever state."""
        return sum(instance.healthy for instance in self.instances)

    @property
    def ownership_spread(self) -> float:
        """Largest difference of an instance's share from the mean of its zone, as a part of that mean."""
        worst = 0.0
        for zone in self.zones:
            shares = [instance.ownership for instance in self.instances if instance.zone == zone and instance.tokens]
            if shares:
                mean = sum(shares) / len(shares)
                worst = max(worst, *(abs(share - mean) / mean for share in shares))
        return worst

    def as_json(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return {
            **asdict(self),
            "healthy_count": self.healthy_count,
            "ownership_spread": self.ownership_spread,
        }


def ring_status(
    snapshot: Snapshot, now_ms: int, name: str = "", revision: int = -1, stale_seconds: float = 0.0
) -> RingStatus:
    """Return the status of ``snapshot`` at ``now_ms``."""
    owned = snapshot.topology.owned.tolist()
    rows = tuple(
        _row(instance, share, now_ms, snapshot.rules.heartbeat_timeout_ms)
        for instance, share in zip(snapshot.instances, owned, strict=True)
    )
    by_state = dict.fromkeys([*(state.value for state in InstanceState), UNHEALTHY], 0)
    for row in rows:
        by_state[row.shown_state] += 1
    writable = _writable_share(write_shard(snapshot, "", 0), now_ms)
    readable = read_set(snapshot, READ, now_ms)
    findings = placement_findings(snapshot.rules, [row.zone for row in rows]) if rows else []
    problems = [*_store_problems(stale_seconds), *_size_problems(snapshot, rows, findings)]
    problems += _health_problems(rows, writable, readable, snapshot)
    return RingStatus(
        name=name,
        replication_factor=snapshot.rules.replication_factor,
        zone_awareness_enabled=snapshot.rules.zone_awareness_enabled,
        heartbeat_timeout_seconds=snapshot.rules.heartbeat_timeout_ms / 1000,
        now=now_ms / 1000,
        instances=rows,
        zones=snapshot.topology.zones,
        tokens=len(snapshot.topology.tokens),
        by_state=by_state,
        writable_share=writable,
        readable=not isinstance(readable, Refusal),
        problems=tuple(problems),
        notices=(*_notices(rows), *(one.sentence for one in findings if one.weight is Weight.NOTICE)),
        revision=revision,
        stale_seconds=stale_seconds,
    )


def _row(instance: Instance, owned: int, now_ms: int, timeout_ms: int) -> InstanceStatus:
    healthy = instance.is_healthy(REPORTING, now_ms, timeout_ms)
    return InstanceStatus(
        id=instance.id,
        addr=instance.addr,
        zone=instance.zone,
        state=instance.state.value,
        healthy=healthy,
        shown_state=instance.state.value if healthy else UNHEALTHY,
        writable=instance.is_healthy(WRITE, now_ms, timeout_ms),
        readable=instance.is_healthy(READ, now_ms, timeout_ms),
        heartbeat_age_seconds=max(0, now_ms - instance.heartbeat_ms) / 1000,
        registered_at=instance.registered_ms / 1000 if instance.registered_ms else None,
        tokens=len(instance.tokens),
        ownership=owned / RING_SIZE,
        read_only=instance.read_only,
        read_only_updated_at=instance.read_only_updated_ms / 1000 if instance.read_only_updated_ms else None,
        versions=instance.versions,
    )


def _writable_share(snapshot: Snapshot, now_ms: int) -> float:
    """Return which part of the circle has a write quorum, exactly: one look at each token's range.

    ``snapshot`` is without those that are read-only: they are no copies of anything that comes.
    """
    tokens = snapshot.topology.tokens
    if not len(tokens):
        return 0.0
    widths = np.diff(tokens.astype(np.int64), prepend=int(tokens[-1]) - RING_SIZE)
    starts = np.concatenate((tokens[-1:], tokens[:-1]))  # the key equal to a token belongs to the next one
    sets = snapshot.replica_sets(starts, WRITE, now_ms)
    well = np.array([not isinstance(found, Refusal) for found in sets])
    return int(widths[well].sum()) / RING_SIZE


def _store_problems(stale_seconds: float) -> list[str]:
    if stale_seconds <= 0:
        return []
    return [
        f"Redis has not answered for {stale_seconds:.0f} s. This is the ring as it was; heartbeats are not judged "
        "meanwhile, and pushes cannot be handed over until it is back."
    ]


def _size_problems(snapshot: Snapshot, rows: tuple[InstanceStatus, ...], findings: Sequence[Finding]) -> list[str]:
    if not rows:
        return ["The ring is empty: no instance has registered, so every push is refused and reads find nothing new."]
    if snapshot.is_empty:
        return ["No instance owns tokens yet, so every push is refused."]
    return [finding.sentence for finding in findings if finding.weight is not Weight.NOTICE]


def _health_problems(
    rows: tuple[InstanceStatus, ...], writable: float, readable: object, snapshot: Snapshot
) -> list[str]:
    silent = [row for row in rows if not row.healthy]
    problems = []
    if silent:
        names = ", ".join(row.id for row in silent)
        verb = "has" if len(silent) == 1 else "have"
        if writable == 1.0:
            outcome = "Every series still reaches a quorum, with fewer copies than configured."
        else:
            outcome = f"Pushes of {_percent(1 - writable)} of the series are refused."
        problems.append(f"{names} {verb} sent no heartbeat for longer than the timeout. {outcome}")
    elif writable < 1.0 and not snapshot.is_empty and len(rows) >= snapshot.rules.replication_factor:
        problems.append(f"Pushes of {_percent(1 - writable)} of the series are refused: too few instances take writes.")
    if isinstance(readable, Refusal) and rows:
        problems.append(
            f"Reads cannot be sure to find everything that was acknowledged and not uploaded yet. {readable.message}"
        )
    return problems


def _notices(rows: tuple[InstanceStatus, ...]) -> list[str]:
    texts = {
        InstanceState.PENDING: "waits to join",
        InstanceState.JOINING: "is joining",
        InstanceState.LEAVING: "is leaving: it takes no new writes and uploads what it holds",
    }
    notices = [f"{row.id} {texts[InstanceState(row.state)]}." for row in rows if row.healthy and row.state != "ACTIVE"]
    if len(rows) == 1 and rows[0].healthy:
        notices.append(
            f"{rows[0].id} is the only instance: while it is away no push is stored, and nothing is found that it has "
            "not uploaded."
        )
    notices += [
        f"{row.id} is read-only: it takes no pushes and still answers queries." for row in rows if row.read_only
    ]
    return notices


def _percent(part: float) -> str:
    return f"{part * 100:.3g} %" if part >= 0.001 else "under 0.1 %"
