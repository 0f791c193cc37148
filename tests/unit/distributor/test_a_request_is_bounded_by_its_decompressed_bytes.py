"""The bound on a request's profiles together, once decompressed: one byte more and nothing of the request is stored."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest

from ingest.distributor.batcher import Batcher
from ingest.distributor.ports import Batch, ReplicaSet
from ingest.distributor.push import Distributor
from ingest.distributor.types import Outcome, PushResult, RawSeries
from ingest.profiles.limits import DEFAULT_LIMITS
from ingest.profiles.reasons import Reason
from ingest.storage.acks import Ack, AckCode
from tests.integration.cluster.marked_profiles import marked_profile

NOW_NS = 1_700_000_000 * 10**9
ALONE = ReplicaSet(("a",), 0)


class OneIngester:
    """The ring and the wire to an ingester that stores everything at once."""

    def __init__(self) -> None:
        numbers = itertools.count()
        self.batches: list[Batch] = []
        self.batcher = Batcher(self, lambda: f"batch{next(numbers)}", lambda: 0.0, 1 << 20, 60)

    def replica_sets(self, tenant: str, placements: Sequence[str]) -> list[ReplicaSet]:
        return [ALONE] * len(placements)

    def publish(self, batch: Batch) -> Mapping[str, AckCode]:
        self.batches.append(batch)
        stored = dict.fromkeys(batch.messages["a"], bytes([AckCode.STORED]))
        self.batcher.deliver(Ack(batch.batch_id, "a", stored))
        return {}

    def discard(self, payload_names: Sequence[str]) -> None:
        pass


@pytest.fixture
def ingester() -> Iterator[OneIngester]:
    made = OneIngester()
    yield made
    made.batcher.close()


def profile(number: int) -> bytes:
    return marked_profile(f"mark-{number}", NOW_NS + number)


def push(ingester: OneIngester, profiles: tuple[bytes, ...], limit_bytes: int) -> PushResult:
    limits = replace(DEFAULT_LIMITS, ingestion_body_limit_bytes=limit_bytes)
    distributor = Distributor(ingester, ingester.batcher, lambda tenant: limits, lambda: NOW_NS, 5)
    halves = (profiles[:1], profiles[1:])
    series = [RawSeries((("__name__", "cpu"), ("half", str(number))), half) for number, half in enumerate(halves)]
    return distributor.push("team-a", series, "push-1")


def test_profiles_that_fill_the_bound_exactly_are_stored_and_one_byte_more_is_refused_whole(
    ingester: OneIngester,
) -> None:
    profiles = (profile(1), profile(2), profile(3))
    total_bytes = sum(map(len, profiles))
    refused = push(ingester, profiles, total_bytes - 1)
    assert refused.request_rejection is not None
    assert refused.request_rejection.reason is Reason.BODY_SIZE_LIMIT_EXCEEDED
    assert str(total_bytes - 1) in refused.request_rejection.message
    assert refused.items == ()
    assert ingester.batches == [], "nothing of a refused request is sent"
    stored = push(ingester, profiles, total_bytes)
    assert [item.outcome for item in stored.items] == [Outcome.STORED] * 3


@pytest.mark.parametrize("junk", [pytest.param(b"", id="all well"), pytest.param(b"\xff" * 200, id="one undecodable")])
def test_what_counts_is_the_size_once_decompressed(ingester: OneIngester, junk: bytes) -> None:
    profiles = (profile(1), profile(2), *([junk] if junk else []))
    total_bytes = sum(map(len, profiles))
    zipped = tuple(gzip.compress(raw) if raw is not junk else raw for raw in profiles)
    refused = push(ingester, zipped, total_bytes - 1)
    assert refused.request_rejection is not None
    assert push(ingester, zipped, total_bytes).request_rejection is None
