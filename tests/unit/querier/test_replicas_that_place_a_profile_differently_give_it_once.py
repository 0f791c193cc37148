"""Ingesters need not agree on what is late. Whatever each made of a profile, the querier reads it once.

Real stores of three ingesters answer a real querier.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from ingest.ingester.store import IngesterStore
from ingest.querier.gather import Gatherer
from ingest.querier.ports import CanDoWithout, ReadSet
from ingest.storage.acks import AckCode
from ingest.storage.read import answer
from ingest.storage.read_messages import BlockRef, ReadOp, ReadReply, ReadRequest, i64_column
from tests.unit.ingester.stores import STORED, TENANT, TOO_OLD, Ingesters, payload

MINUTE = 60 * 10**9
NOW = 10**18
OWNERS = ("a", "b", "c")


@dataclass
class StoreSources:
    """Stores as the sources of a querier; nothing is in the bucket."""

    stores: Mapping[str, IngesterStore]

    def read_set(self, tenant: str) -> ReadSet:
        return ReadSet(tuple(sorted(self.stores)), (), {}, 3)

    def blocks(self, tenant: str, start_ns: int, end_ns: int) -> Sequence[BlockRef]:
        return []

    def ask(
        self, requests: Mapping[str, ReadRequest], timeout_seconds: float, can_do_without: CanDoWithout
    ) -> Mapping[str, ReadReply | str]:
        return {name: answer(request, self.stores[name].parts(TENANT)) for name, request in requests.items()}

    def profiles_at(self, *times: int) -> list[int]:
        """Return how many profiles a query finds at each of these times."""
        gatherer = Gatherer(self, self, self, 1.0, max_blocks=100)
        counts = []
        for time_ns in times:
            request = ReadRequest(ReadOp.POINTS, TENANT, "[]", time_ns, time_ns + 1, step_ns=1, origin_ns=time_ns)
            replies = gatherer.rows(request, rotation=0).replies
            points = [points for reply in replies for points in reply.points]
            # Each profile has a row for each of its two sample types.
            counts.append(sum(int(i64_column(one.count).sum()) for one in points) // 2)
        return counts


@pytest.fixture
def ingesters(tmp_path: Path) -> dict[str, Ingesters]:
    made = {name: Ingesters(tmp_path / name, name) for name in OWNERS}
    for one in made.values():
        one.window_ns = 10 * MINUTE
        one.config = {"head_max_age_ns": MINUTE}
    return made


def test_in_order_here_late_there_and_refused_elsewhere_is_one_profile(ingesters: dict[str, Ingesters]) -> None:
    stores = {name: one.open() for name, one in ingesters.items()}
    stores["b"].commit([payload(NOW + MINUTE)])
    stores["c"].commit([payload(NOW + 60 * MINUTE)])
    assert [stores[name].commit([payload(NOW)]) for name in OWNERS] == [[STORED], [STORED], [TOO_OLD]]
    assert [stores[name].status().late_heads for name in OWNERS] == [0, 1, 0]
    sources = StoreSources(stores)
    times = (NOW, NOW + MINUTE, NOW + 60 * MINUTE)
    assert sources.profiles_at(*times) == [1, 1, 1]
    for store in stores.values():
        store.seal_all("test")
    stores["b"].write_blocks()
    assert sources.profiles_at(*times) == [1, 1, 1]
    assert StoreSources({name: one.open() for name, one in ingesters.items()}).profiles_at(*times) == [1, 1, 1]


def test_a_repeat_whose_first_copy_was_sealed_meanwhile_counts_once(ingesters: dict[str, Ingesters]) -> None:
    stores = {name: one.open() for name, one in ingesters.items()}
    for store in stores.values():
        store.commit([payload(NOW)])
    stores["a"].seal_all("test")
    stores["b"].seal_all("test")
    stores["b"].write_blocks()
    again = [store.commit([payload(NOW)]) for store in stores.values()]
    assert again == [[STORED], [STORED], [bytes([AckCode.DUPLICATE])]]
    assert [store.status().late_heads for store in stores.values()] == [1, 1, 0]
    assert StoreSources(stores).profiles_at(NOW) == [1]


@pytest.mark.parametrize("seed", range(3))
def test_the_union_of_what_any_replica_took_is_read_once(ingesters: dict[str, Ingesters], seed: int) -> None:
    rng = random.Random(seed)
    stores = {name: one.open() for name, one in ingesters.items()}
    taken: set[int] = set()
    for _ in range(60):
        time_ns = NOW + rng.randrange(20) * MINUTE // 2 + rng.randrange(3)
        for name in rng.sample(OWNERS, rng.randrange(1, 4)):
            (codes,) = stores[name].commit([payload(time_ns)])
            if codes[0] <= AckCode.DUPLICATE:
                taken.add(time_ns)
            if rng.random() < 0.1:
                stores[name].seal_all("test")
            if rng.random() < 0.1:
                stores[name].write_blocks()
    assert StoreSources(stores).profiles_at(*sorted(taken)) == [1] * len(taken)
