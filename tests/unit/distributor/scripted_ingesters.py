"""Ingesters that answer as a test says, behind the two ports of a distributor; everything else is the real thing."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ingest.distributor.batcher import Batcher
from ingest.distributor.ports import Batch, NoReplicaSet, ReplicaSet
from ingest.distributor.push import Distributor
from ingest.distributor.types import PushResult, RawSeries
from ingest.profiles.limits import DEFAULT_LIMITS, Limits
from ingest.storage.acks import Ack, AckCode
from tests.integration.cluster.marked_profiles import marked_profile

NOW_NS = 1_700_000_000 * 10**9
THREE = ReplicaSet(("a", "b", "c"), 1)


def always(*codes: AckCode) -> Callable[[Batch, str], AckCode | None]:
    """Ingesters a, b, c, ... that always answer with these codes."""
    return lambda batch, instance: codes["abcdefgh".index(instance)]


@dataclass
class ScriptedIngesters:
    """A ring and a wire. ``answer`` says what an ingester makes of a batch; None is silence."""

    answer: Callable[[Batch, str], AckCode | None]
    place: Callable[[str], ReplicaSet | NoReplicaSet] = lambda placement: THREE
    order: Callable[[Sequence[str]], Sequence[str]] = sorted
    batches: list[Batch] = field(default_factory=list)
    discarded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        numbers = itertools.count()
        self.published = threading.Semaphore(0)
        self.batcher = Batcher(self, lambda: f"batch{next(numbers)}", lambda: 0.0, 1 << 24, 60)

    def replica_sets(self, tenant: str, placements: Sequence[str]) -> list[ReplicaSet | NoReplicaSet]:
        return [self.place(placement) for placement in placements]

    def publish(self, batch: Batch) -> Mapping[str, AckCode]:
        self.batches.append(batch)
        for instance in self.order(list(batch.messages)):
            code = self.answer(batch, instance)
            if code is not None:
                self.say(batch, instance, code)
        self.published.release()
        return {}

    def say(self, batch: Batch, instance: str, code: AckCode) -> None:
        """Let one ingester answer."""
        self.batcher.deliver(Ack(batch.batch_id, instance, dict.fromkeys(batch.messages[instance], bytes([code]))))

    def discard(self, payload_names: Sequence[str]) -> None:
        self.discarded += payload_names

    def distributor(
        self,
        deadline_seconds: float = 5.0,
        limits_of: Callable[[str], Limits] = lambda tenant: DEFAULT_LIMITS,
        **more: Any,
    ) -> Distributor:
        """Return a distributor that knows these ingesters only."""
        return Distributor(self, self.batcher, limits_of, lambda: NOW_NS, deadline_seconds, **more)

    def push(self, *series: RawSeries, deadline_seconds: float = 5.0) -> PushResult:
        """Push as the tenant team-a."""
        return self.distributor(deadline_seconds).push("team-a", series, "push-1")


def one_series(number: int = 0, profiles: int = 1) -> RawSeries:
    """Return a series of valid profiles, all different."""
    labels = (("__name__", "cpu"), ("service_name", "web"), ("number", str(number)))
    made = [marked_profile(f"mark-{number}-{one}", NOW_NS + 1000 * number + one) for one in range(profiles)]
    return RawSeries(labels, tuple(made))
