"""The gatherer over real heads: who is asked, what is read when a source fails midway, and what the answer says of
it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from ingest.profiles.record import decode_stack_profile
from ingest.profiles.selector import matchers_to_json
from ingest.profiles.symbols import merge_profiles
from ingest.querier.gather import Gathered, Gatherer
from ingest.querier.ports import BUCKET, CanDoWithout, ReadSet
from ingest.querier.types import MissingSource, Unavailable
from ingest.storage.head.head import Head
from ingest.storage.part import Part
from ingest.storage.read import answer
from ingest.storage.read_messages import BlockRef, ReadOp, ReadReply, ReadRequest
from tests.unit.storage.pushes import CPU, Group, push, samples

TENANT = "team-a"
ZONES = {"a": "zone-a", "b": "zone-b", "c": "zone-c"}


def head(part_id: str, owner: str, *numbers: int) -> Head:
    made = Head(part_id, TENANT, owner, 0)
    for number in numbers:
        made.append(push(Group(samples(main__work=(1, 1)), number=number, time_ns=number), tenant=TENANT))
    return made


Fault = Callable[[str, ReadRequest], ReadReply | str | None]


@dataclass
class Cluster:
    """Sources in memory. ``fault`` may answer in a source's place; ``after`` runs after each round of questions."""

    parts: dict[str, list[Part]]
    blocks: list[BlockRef] = field(default_factory=list)
    missing: tuple[MissingSource, ...] = ()
    fault: Fault = lambda source, request: None
    after: Callable[[], None] = lambda: None
    dispensable: list[list[str]] = field(default_factory=list)
    asked: list[tuple[str, ReadOp]] = field(default_factory=list)

    def read_set(self, tenant: str) -> ReadSet:
        names = tuple(sorted({*self.parts} - {BUCKET}))
        return ReadSet(names, self.missing, ZONES, 3)

    def catalogue(self, tenant: str, start_ns: int, end_ns: int) -> Sequence[BlockRef]:
        return list(self.blocks)

    def ask(
        self, requests: Mapping[str, ReadRequest], timeout_seconds: float, can_do_without: CanDoWithout
    ) -> Mapping[str, ReadReply | str]:
        self.dispensable.append(sorted(source for source in requests if can_do_without([source])))
        replies: dict[str, ReadReply | str] = {}
        for source, request in requests.items():
            self.asked.append((source, request.op))
            failed = self.fault(source, request)
            replies[source] = failed if failed is not None else answer(request, self.parts.get(source, []))
        self.after()
        return replies

    def read(self) -> Gathered:
        class Blocks:
            blocks = staticmethod(self.catalogue)

        gatherer = Gatherer(self, self, Blocks(), 1.0, max_blocks=100)
        return gatherer.rows(ReadRequest(ReadOp.MERGE, TENANT, matchers_to_json(()), 0, 1000), 0)


def total(gathered: Gathered) -> int:
    profiles = [decode_stack_profile(reply.profile) for reply in gathered.replies if reply.profile]
    return int(merge_profiles(profiles).node_self.sum()) if profiles else 0


def rows(profiles: int) -> int:
    return profiles * len(CPU)


def three(*numbers: int) -> dict[str, list[Part]]:
    return {owner: [head(f"head-{owner}", owner, *numbers)] for owner in "abc"}


def test_three_equal_replicas_are_read_once_from_a_single_one() -> None:
    cluster = Cluster(three(1, 2, 3))
    gathered = cluster.read()
    assert gathered.rows == total(gathered) == rows(3)
    assert [op for _, op in cluster.asked].count(ReadOp.MERGE) == 1
    assert ReadOp.IDENTITIES not in {op for _, op in cluster.asked}
    assert gathered.sources.complete


def test_replicas_with_different_holes_give_their_union() -> None:
    cluster = Cluster({"a": [head("a", "a", 1, 2)], "b": [head("b", "b", 2, 3)], "c": [head("c", "c", 1, 3)]})
    gathered = cluster.read()
    assert gathered.rows == total(gathered) == rows(3)


def test_one_ingester_of_three_zones_that_does_not_answer_is_named_and_nothing_can_be_lost() -> None:
    cluster = Cluster(three(1), fault=lambda source, request: "no answer" if source == "b" else None)
    gathered = cluster.read()
    assert total(gathered) == rows(1)
    assert gathered.sources.missing == (MissingSource("b", "no answer"),)
    assert gathered.sources.complete


def test_two_ingesters_of_three_that_do_not_answer_make_the_answer_incomplete() -> None:
    cluster = Cluster(three(1), fault=lambda source, request: "no answer" if source != "a" else None)
    gathered = cluster.read()
    assert total(gathered) == rows(1)
    assert [one.name for one in gathered.sources.missing] == ["b", "c"]
    assert not gathered.sources.complete


def test_an_ingester_without_heartbeat_is_not_asked_and_is_named() -> None:
    parts = three(1)
    del parts["c"]
    cluster = Cluster(parts, missing=(MissingSource("c", "no heartbeat for 61 s"),))
    gathered = cluster.read()
    assert {source for source, _ in cluster.asked} == {"a", "b"}
    assert gathered.sources.missing == (MissingSource("c", "no heartbeat for 61 s"),)
    assert gathered.sources.complete


def test_a_source_that_fails_after_its_digest_is_replaced_by_another_replica() -> None:
    failed: list[str] = []

    def fault(source: str, request: ReadRequest) -> str | None:
        if request.op is ReadOp.MERGE and not failed:
            failed.append(source)
            return "connection lost"
        return None

    gathered = Cluster(three(1, 2), fault=fault).read()
    assert total(gathered) == rows(2)
    assert [one.name for one in gathered.sources.missing] == failed
    assert gathered.sources.complete


def test_a_head_that_became_a_block_of_the_bucket_between_two_questions_is_found_there() -> None:
    cluster = Cluster({"a": [head("block-1", "a", 1, 2)], BUCKET: [head("block-1", "a", 1, 2)]})

    def upload_and_evict() -> None:
        cluster.parts["a"] = []
        cluster.blocks = [BlockRef("block-1", TENANT, "team-a", 1)]

    cluster.after = upload_and_evict
    gathered = cluster.read()
    assert total(gathered) == rows(2)
    assert gathered.sources.missing == ()


def test_a_block_that_is_uploaded_and_still_local_counts_once() -> None:
    cluster = Cluster(
        {"a": [head("block-1", "a", 1, 2)], BUCKET: [head("block-1", "a", 1, 2)]},
        blocks=[BlockRef("block-1", TENANT, "team-a", 1)],
    )
    assert total(cluster.read()) == rows(2)


def test_blocks_of_three_replicas_in_the_bucket_count_once() -> None:
    blocks = [head(f"block-{owner}", owner, 1, 2) for owner in "abc"]
    cluster = Cluster(
        {"a": [], "b": [], "c": [], BUCKET: list(blocks)},
        blocks=[BlockRef(one.part_id, TENANT, "team-a", 1) for one in blocks],
    )
    assert total(cluster.read()) == rows(2)


def test_a_bucket_that_cannot_be_read_makes_the_answer_incomplete() -> None:
    cluster = Cluster(
        three(1),
        blocks=[BlockRef("block-x", TENANT, "team-a", 1)],
        fault=lambda source, request: "no worker" if source == BUCKET else None,
    )
    gathered = cluster.read()
    assert total(gathered) == rows(1)
    assert not gathered.sources.complete
    assert MissingSource(BUCKET, "no worker") in gathered.sources.missing


def test_a_damaged_part_is_named_and_its_rows_come_from_the_other_replicas() -> None:
    def fault(source: str, request: ReadRequest) -> ReadReply | None:
        if source == "a" and request.op is ReadOp.DIGESTS:
            return ReadReply(damaged=["head-a checksum differs"])
        return None

    gathered = Cluster(three(1, 2), fault=fault).read()
    assert total(gathered) == rows(2)
    assert gathered.sources.missing == (MissingSource("a/head-a", "checksum differs"),)
    assert gathered.sources.complete


def test_any_one_of_three_zones_can_be_done_without_for_digests_and_nobody_once_the_plan_is_made() -> None:
    cluster = Cluster(three(1))
    cluster.read()
    assert cluster.dispensable == [["a", "b", "c"], []]


def test_with_one_zone_missing_already_no_other_can_be_done_without() -> None:
    parts = three(1)
    del parts["c"]
    cluster = Cluster(parts, missing=(MissingSource("c", "no heartbeat for 61 s"),))
    cluster.read()
    assert cluster.dispensable == [[], []]


def test_sources_that_never_stand_still_end_in_an_error_that_says_so() -> None:
    def fault(source: str, request: ReadRequest) -> ReadReply | None:
        return ReadReply(gone=["head-a"]) if request.op is ReadOp.MERGE else None

    with pytest.raises(Unavailable, match="changed faster"):
        Cluster(three(1), fault=fault).read()


def test_a_row_that_arrives_between_plan_and_read_is_never_counted_twice() -> None:
    a, b = head("a", "a", 1, 2), head("b", "b", 2, 3)
    cluster = Cluster({"a": [a], "b": [b]})

    def late() -> None:
        for one in (a, b):
            one.append(push(Group(samples(main__work=(1, 1)), number=9, time_ns=9), tenant=TENANT))

    cluster.after = late
    assert total(cluster.read()) in (rows(3), rows(4))
