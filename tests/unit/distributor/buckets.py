"""A token bucket and a registry of series in memory: what Redis keeps, written down as plainly as can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.distributor.rates import Lease
from ingest.distributor.series import WINDOW_SECONDS, GroupSeries, Registered


@dataclass
class Clock:
    """Time that passes when it is told to."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class MemoryLender:
    """The buckets of all tenants."""

    clock: Clock
    away: bool = False
    asked: int = 0
    levels: dict[str, tuple[float, float]] = field(default_factory=dict)  #: level, and when it was right

    def lend(
        self, tenant: str, need_bytes: int, want_bytes: int, rate_bytes_per_second: int, burst_bytes: int
    ) -> Lease | None:
        self.asked += 1
        if self.away:
            return None
        level, at_seconds = self.levels.get(tenant, (burst_bytes, self.clock.seconds))
        level = min(burst_bytes, level + (self.clock.seconds - at_seconds) * rate_bytes_per_second)
        granted = int(min(level, want_bytes)) if level >= need_bytes else 0
        self.levels[tenant] = level - granted, self.clock.seconds
        return Lease(granted, int(level - granted))


@dataclass
class MemoryRegistry:
    """The series of all tenants, each with the last window it was registered in."""

    clock: Clock
    away: bool = False
    asked: list[int] = field(default_factory=list)  #: groups asked about, one entry a question
    last_window: dict[tuple[str, int], int] = field(default_factory=dict)

    def active(self, tenant: str) -> int:
        window = int(self.clock.seconds // WINDOW_SECONDS)
        return sum(one == tenant and last >= window - 1 for (one, _), last in self.last_window.items())

    def register(self, tenant: str, groups: Sequence[GroupSeries], limit: int) -> Registered | None:
        if self.away:
            return None
        self.asked.append(len(groups))
        window = int(self.clock.seconds // WINDOW_SECONDS)
        refused = []
        for index, group in enumerate(groups):
            new = [one for one in group.members if self.last_window.get((tenant, one), -9) < window - 1]
            if new and self.active(tenant) + len(new) > limit:
                refused.append(index)
            else:
                self.last_window.update({(tenant, one): window for one in group.members})
        left_seconds = (window + 1) * WINDOW_SECONDS - self.clock.seconds
        return Registered(tuple(refused), self.active(tenant), window, left_seconds)
