"""Six ingesters in three zones with three copies, of which one after the other dies: which pushes are stored, and
whether a query can be sure to find everything.

Ring, distributor, heads and querier are the real ones; only the ways between them are short.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import pytest

from ingest.distributor.ports import Batch, NoReplicaSet, ReplicaSet
from ingest.distributor.types import Outcome
from ingest.profiles.record import decode_record, iter_records
from ingest.profiles.selector import matchers_to_json
from ingest.querier.gather import Gathered, Gatherer
from ingest.querier.ports import CanDoWithout, ReadSet
from ingest.querier.types import MissingSource
from ingest.storage.acks import AckCode
from ingest.storage.head.head import Head
from ingest.storage.read import answer
from ingest.storage.read_messages import BlockRef, ReadOp, ReadReply, ReadRequest
from ring.core.replication import Refusal
from ring.core.states import WRITE
from ring.core.tokens import token_for
from tests.unit.distributor.scripted_ingesters import ScriptedIngesters, one_series
from tests.unit.ring.rings import NOW_MS, instance, random_ring, snapshot

TENANT = "team-a"
SERIES = 40
MEMBERS = random_ring(6, "abc", tokens=64)
ZONES = {one.id: one.zone for one in MEMBERS}
A1, B1, C1, A2, B2, C2 = (one.id for one in MEMBERS)


class Cluster:
    """Six ingesters that keep what they are sent; the dead answer nothing and have no fresh heartbeat."""

    def __init__(self) -> None:
        self.heads = {name: Head(f"head-{name}", TENANT, name, 0) for name in ZONES}
        self.dead: Collection[str] = ()
        self._ingesters = ScriptedIngesters(self._store, self._place)

    def push(self, first: int) -> Counter[Outcome]:
        """Push so many series with numbers from ``first`` on; returns how many had which outcome."""
        result = self._ingesters.push(*(one_series(number) for number in range(first, first + SERIES)))
        return Counter(item.outcome for item in result.items)

    def query(self) -> Gathered:
        """Read everything."""
        request = ReadRequest(ReadOp.MERGE, TENANT, matchers_to_json(()), 0, 2**62)
        return Gatherer(self, self, self, 1.0, max_blocks=10).rows(request, 0)

    def close(self) -> None:
        self._ingesters.batcher.close()

    def read_set(self, tenant: str) -> ReadSet:
        missing = tuple(MissingSource(name, "no heartbeat") for name in self.dead)
        return ReadSet(tuple(name for name in ZONES if name not in self.dead), missing, ZONES, 3)

    def blocks(self, tenant: str, start_ns: int, end_ns: int) -> Sequence[BlockRef]:
        return []

    def ask(
        self, requests: Mapping[str, ReadRequest], timeout_seconds: float, can_do_without: CanDoWithout
    ) -> Mapping[str, ReadReply | str]:
        return {source: answer(request, [self.heads[source]]) for source, request in requests.items()}

    def _place(self, placement: str) -> ReplicaSet | NoReplicaSet:
        members = [instance(one.id, one.tokens, "S" if one.id in self.dead else "A", ZONES[one.id]) for one in MEMBERS]
        found = snapshot(members, 3, zones=True).replica_set(token_for(TENANT, placement), WRITE, NOW_MS)
        return NoReplicaSet(found.message) if isinstance(found, Refusal) else ReplicaSet(found.ids, found.max_errors)

    def _store(self, batch: Batch, name: str) -> AckCode | None:
        if name in self.dead:
            return None
        for payload in batch.messages[name]:
            for view in iter_records(batch.payloads[payload]):
                self.heads[name].append(decode_record(view))
        return AckCode.STORED


@pytest.mark.parametrize(
    ("dead", "stored", "complete"),
    [
        pytest.param((), "all", True, id="nobody is dead"),
        pytest.param((A1,), "all", True, id="one of a zone"),
        pytest.param((A1, A2), "all", True, id="a whole zone"),
        pytest.param((A1, A2, B1), "some", False, id="and one of another"),
        pytest.param((A1, A2, B1, B2), "none", False, id="two whole zones"),
    ],
)
def test_what_is_stored_and_what_a_query_knows(dead: tuple[str, ...], stored: str, complete: bool) -> None:
    cluster = Cluster()
    assert cluster.push(0) == Counter({Outcome.STORED: SERIES})
    cluster.dead = dead
    outcomes = cluster.push(SERIES)
    found = cluster.query()
    cluster.close()
    expected = {"all": outcomes[Outcome.STORED] == SERIES, "none": outcomes[Outcome.STORED] == 0}
    assert expected.get(stored, 0 < outcomes[Outcome.STORED] < SERIES), outcomes
    assert outcomes[Outcome.STORED] + outcomes[Outcome.FAILED] == SERIES
    assert found.sources.complete is complete
    acknowledged = SERIES + outcomes[Outcome.STORED]
    assert found.rows == acknowledged if complete else found.rows <= acknowledged + outcomes[Outcome.FAILED]


@pytest.mark.parametrize(("dead", "zones"), [((), "abc"), ((A1, A2), "bc")], ids=["nobody is dead", "a zone is dead"])
def test_each_zone_that_is_there_holds_one_copy_of_everything(dead: tuple[str, ...], zones: str) -> None:
    cluster = Cluster()
    cluster.dead = dead
    cluster.push(0)
    cluster.close()
    held: Counter[str] = Counter()
    for name, head in cluster.heads.items():
        held[ZONES[name]] += head.profile_count
    assert held == Counter(dict.fromkeys(zones, SERIES))
