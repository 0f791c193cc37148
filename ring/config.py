"""The settings of a ring, as one value."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ring.core.replication import RingRules

#: Token counts from which on snapshots become slow without a gain in balance.
MAX_TOKENS_PER_INSTANCE = 4096

#: Fields that say how long something waits; 0 is no wait.
_WAITS = (
    "observe_period_seconds",
    "join_after_seconds",
    "can_join_timeout_seconds",
    "final_sleep_seconds",
    "min_ready_seconds",
    "auto_forget_seconds",
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class RingConfig:
    """Every process of one cluster has to agree on name, replication, zones and heartbeat timeout."""

    name: str = "ingesters"
    replication_factor: int = 3
    zone_awareness_enabled: bool = False
    heartbeat_period_seconds: float = 5.0
    heartbeat_timeout_seconds: float = 60.0
    tokens_per_instance: int = 128
    token_strategy: str = "random"  #: or ``spread-minimizing``
    spread_zones: tuple[str, ...] = ()  #: all zones of the cluster in order; for ``spread-minimizing``
    observe_period_seconds: float = 0.0  #: the store is consistent, so conflicts cannot arise and 0 is right
    join_after_seconds: float = 0.0
    can_join_timeout_seconds: float = 300.0  #: for ``spread-minimizing``: wait for the number before; 0 = do not
    final_sleep_seconds: float = 0.0  #: between the end of all work and leaving; heartbeats go on
    unregister_on_shutdown: bool = True
    clear_tokens_on_shutdown: bool = False  #: an instance that unregistered comes back with other tokens
    tokens_file_dir: str = ""  #: empty = tokens are kept in the ring only
    min_ready_seconds: float = 0.0
    readiness_checks_ring: bool = False  #: ready only while every instance of the ring is active and fresh
    auto_forget_seconds: float = 0.0  #: 0 = never: forgetting one that holds data makes reads incomplete

    @property
    def rules(self) -> RingRules:
        """What placement and health depend on."""
        return RingRules(
            self.replication_factor, self.zone_awareness_enabled, round(self.heartbeat_timeout_seconds * 1000)
        )

    def validate(self) -> list[str]:
        """Return what cannot work, one sentence each; empty when all is well."""
        problems = []
        if not _NAME.fullmatch(self.name):
            problems.append(f"The ring name {self.name!r} must be 1 to 64 letters, digits, '_', '.' or '-'.")
        if self.replication_factor < 1:
            problems.append(f"The replication factor {self.replication_factor} must be at least 1.")
        if not 1 <= self.tokens_per_instance <= MAX_TOKENS_PER_INSTANCE:
            problems.append(
                f"{self.tokens_per_instance} tokens an instance are not between 1 and {MAX_TOKENS_PER_INSTANCE}."
            )
        return problems + self._timing_problems() + self._strategy_problems()

    def _timing_problems(self) -> list[str]:
        problems = []
        if self.heartbeat_period_seconds <= 0:
            problems.append("The heartbeat period must be above 0 seconds.")
        if self.heartbeat_timeout_seconds <= 0:
            problems.append("The heartbeat timeout must be above 0 seconds.")
        elif self.heartbeat_timeout_seconds <= self.heartbeat_period_seconds:
            problems.append(
                f"The heartbeat timeout ({self.heartbeat_timeout_seconds:g} s) must be longer than its period "
                f"({self.heartbeat_period_seconds:g} s), or live instances count as dead between two heartbeats."
            )
        problems += [f"{name} must not be negative." for name in _WAITS if getattr(self, name) < 0]
        if 0 < self.auto_forget_seconds <= self.heartbeat_timeout_seconds:
            problems.append("auto_forget_seconds must be longer than the heartbeat timeout.")
        return problems

    def _strategy_problems(self) -> list[str]:
        if self.token_strategy == "random":
            return []
        if self.token_strategy != "spread-minimizing":
            return [f"The token strategy {self.token_strategy!r} is neither 'random' nor 'spread-minimizing'."]
        problems = []
        if not 1 <= len(self.spread_zones) <= 8 or len(set(self.spread_zones)) != len(self.spread_zones):
            problems.append("The spread-minimizing strategy needs 1 to 8 different zones in spread_zones.")
        if self.tokens_per_instance > 512:
            problems.append("The spread-minimizing strategy gives at most 512 tokens to an instance.")
        if self.tokens_file_dir:
            problems.append("The spread-minimizing strategy computes its tokens: leave tokens_file_dir empty.")
        return problems
