"""Reading until a quorum: how many ingesters or zones may fail, and what the answer holds then.

The series lie where the ring places them, and each is held by a bare quorum of its replicas: the others missed it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations

import pytest

from ingest.profiles.selector import matchers_to_json
from ingest.querier.gather import Gathered, Gatherer
from ingest.querier.ports import CanDoWithout, ReadSet
from ingest.storage.head.head import Head
from ingest.storage.read import answer
from ingest.storage.read_messages import BlockRef, ReadOp, ReadReply, ReadRequest
from ring.core.replication import ReplicaSet
from ring.core.states import WRITE
from ring.core.tokens import token_for
from tests.unit.ring.rings import NOW_MS, random_ring, snapshot
from tests.unit.storage.pushes import CPU, Group, push, samples

TENANT = "team-a"
SERIES = 24
EVERYTHING = SERIES * len(CPU)
REQUEST = ReadRequest(ReadOp.MERGE, TENANT, matchers_to_json(()), 0, 1000)


@dataclass
class Ingesters:
    """Heads by owner; those in ``failing`` answer nothing."""

    heads: dict[str, Head]
    members: ReadSet
    failing: Collection[str] = ()
    asked: list[tuple[str, ReadOp]] = field(default_factory=list)

    def read_set(self, tenant: str) -> ReadSet:
        return self.members

    def blocks(self, tenant: str, start_ns: int, end_ns: int) -> Sequence[BlockRef]:
        return []

    def ask(
        self, requests: Mapping[str, ReadRequest], timeout_seconds: float, can_do_without: CanDoWithout
    ) -> Mapping[str, ReadReply | str]:
        self.asked += [(source, request.op) for source, request in requests.items()]
        return {
            source: "it failed" if source in self.failing else answer(request, [self.heads[source]])
            for source, request in requests.items()
        }

    def read(self, failing: Collection[str] = ()) -> Gathered:
        self.failing = failing
        self.asked.clear()
        return Gatherer(self, self, self, 1.0, max_blocks=100).rows(REQUEST, 0)


def filled(zones: str, factor: int) -> Ingesters:
    """Return one ingester a letter of ``zones``, named ``i000`` and so on; zones count if there are several."""
    aware = len(set(zones)) > 1
    ring = snapshot(random_ring(len(zones), sorted(set(zones))), factor, aware)
    heads = {one.id: Head(f"head-{one.id}", TENANT, one.id, 0) for one in ring.instances}
    for number in range(SERIES):
        service = f"service-{number}"
        found = ring.replica_set(token_for(TENANT, service), WRITE, NOW_MS)
        assert isinstance(found, ReplicaSet)
        labels = (("__name__", "process_cpu"), ("service_name", service))
        for turn in range(found.min_success):
            holder = found.ids[(number + turn) % len(found.ids)]
            heads[holder].append(push(Group(samples(main=1), number, number, labels), tenant=TENANT))
    by_zone = {one.id: one.zone for one in ring.instances} if aware else {}
    return Ingesters(heads, ReadSet(tuple(sorted(heads)), (), by_zone, factor))


def in_zones(ingesters: Ingesters, zones: str) -> list[str]:
    return [name for name, zone in ingesters.members.zones.items() if zone in zones]


@pytest.mark.parametrize(
    ("zones", "factor", "failing", "complete"),
    [
        pytest.param("aaa", 1, "i000", False, id="one copy: nobody may fail"),
        pytest.param("aaa", 3, "i000", True, id="three copies: one may fail"),
        pytest.param("aaa", 3, "i000 i001", False, id="three copies: two may not"),
        pytest.param("abc", 3, "zone a", True, id="one zone of three may fail"),
        pytest.param("abc", 3, "zone ab", False, id="two zones of three may not"),
        pytest.param("abcdeabcde", 5, "zone ab", True, id="two zones of five may fail"),
        pytest.param("abcdeabcde", 5, "zone abc", False, id="three zones of five may not"),
        pytest.param("abcabc", 3, "i000", True, id="half a zone is a zone"),
        pytest.param("abcabc", 3, "i000 i001", False, id="halves of two zones are two zones"),
        pytest.param("abcabc", 3, "", True, id="nobody fails"),
    ],
)
def test_an_answer_is_complete_while_no_more_fail_than_every_quorum_survives(
    zones: str, factor: int, failing: str, complete: bool
) -> None:
    ingesters = filled(zones, factor)
    names = in_zones(ingesters, failing.removeprefix("zone ")) if failing.startswith("zone") else failing.split()
    gathered = ingesters.read(names)
    assert gathered.sources.complete is complete
    assert gathered.rows == EVERYTHING if complete else gathered.rows <= EVERYTHING
    assert [one.name for one in gathered.sources.missing] == sorted(names)


@pytest.mark.parametrize(("zones", "factor"), [("abcabc", 3), ("aaaaa", 3), ("aaa", 1), ("aabb", 2), ("aaaaa", 5)])
def test_whoever_fails_an_answer_that_calls_itself_complete_lacks_nothing_and_doubles_nothing(
    zones: str, factor: int
) -> None:
    ingesters = filled(zones, factor)
    names = sorted(ingesters.heads)
    calls_itself_complete = 0
    for failing in chain.from_iterable(combinations(names, size) for size in range(len(names))):
        gathered = ingesters.read(failing)
        if gathered.sources.complete:
            assert gathered.rows == EVERYTHING, failing
            calls_itself_complete += 1
        assert gathered.rows <= EVERYTHING, failing
    assert calls_itself_complete >= 1


def test_the_other_half_of_a_broken_zone_still_helps() -> None:
    ingesters = filled("abcabc", 3)
    gathered = ingesters.read(["i000"])
    assert gathered.rows == EVERYTHING
    assert {source for source, op in ingesters.asked if op is ReadOp.DIGESTS} == set(ingesters.heads)


def test_rows_are_asked_of_no_more_ingesters_than_hold_them_once() -> None:
    ingesters = filled("abc", 3)
    for head in ingesters.heads.values():  # now everybody holds everything
        for number in range(SERIES):
            labels = (("__name__", "process_cpu"), ("service_name", f"service-{number}"))
            head.append(push(Group(samples(main=1), number, number, labels), tenant=TENANT))
    assert ingesters.read().rows == EVERYTHING
    assert [op for _, op in ingesters.asked].count(ReadOp.MERGE) == 1
    gathered = ingesters.read(["i000"])
    assert gathered.rows == EVERYTHING
    assert [source for source, op in ingesters.asked if op is ReadOp.MERGE] == ["i001"]
