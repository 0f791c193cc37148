"""The bound on the blocks of one query: more are refused before any block worker is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from ingest.profiles.reasons import Reason
from ingest.profiles.selector import matchers_to_json
from ingest.querier.gather import Gathered, Gatherer
from ingest.querier.ports import BUCKET, CanDoWithout, ReadSet
from ingest.querier.types import QueryRefused
from ingest.storage.head.head import Head
from ingest.storage.part import Part
from ingest.storage.read import answer
from ingest.storage.read_messages import BlockRef, ReadOp, ReadReply, ReadRequest
from tests.unit.storage.pushes import CPU, Group, push, samples

TENANT = "team-a"


def head(number: int) -> Head:
    made = Head(f"part-{number}", TENANT, "a", 0)
    made.append(push(Group(samples(main__work=(1, 1)), number=number, time_ns=number), tenant=TENANT))
    return made


class BlocksInABucket:
    """A bucket of blocks with one profile each; the ingester still holds the first ``held`` of them."""

    def __init__(self, blocks: int, held: int = 0) -> None:
        self.everything: list[Part] = [head(number) for number in range(blocks)]
        self.held = self.everything[:held]
        self.asked: list[str] = []

    def read_set(self, tenant: str) -> ReadSet:
        return ReadSet(("a",), (), {"a": "zone-a"}, 1)

    def blocks(self, tenant: str, start_ns: int, end_ns: int) -> Sequence[BlockRef]:
        return [BlockRef(part.part_id, tenant, "team-a", 1) for part in self.everything]

    def ask(
        self, requests: Mapping[str, ReadRequest], timeout_seconds: float, can_do_without: CanDoWithout
    ) -> Mapping[str, ReadReply]:
        self.asked += requests
        return {
            source: answer(
                request,
                self.held
                if source != BUCKET
                else [part for part in self.everything if part.part_id in {ref.part_id for ref in request.blocks}],
            )
            for source, request in requests.items()
        }


def merge(gatherer: Gatherer) -> Gathered:
    return gatherer.rows(ReadRequest(ReadOp.MERGE, TENANT, matchers_to_json(()), 0, 1000), 0)


def label_names(gatherer: Gatherer) -> Gathered:
    return gatherer.metadata(ReadRequest(ReadOp.LABEL_NAMES, TENANT, matchers_to_json(()), 0, 1000))


@pytest.mark.parametrize("ask", [merge, label_names])
def test_one_block_more_than_allowed_is_refused_and_the_bucket_is_not_asked(
    ask: Callable[[Gatherer], Gathered],
) -> None:
    bucket = BlocksInABucket(4)
    with pytest.raises(QueryRefused) as caught:
        ask(Gatherer(bucket, bucket, bucket, 1.0, max_blocks=3))
    assert caught.value.rejection.reason is Reason.QUERY_LIMIT
    assert "4 blocks" in caught.value.rejection.message
    assert "query_max_blocks is 3" in caught.value.rejection.message
    assert BUCKET not in bucket.asked
    ask(Gatherer(bucket, bucket, bucket, 1.0, max_blocks=4))
    assert BUCKET in bucket.asked


def test_blocks_that_an_ingester_still_holds_do_not_count() -> None:
    bucket = BlocksInABucket(4, held=3)
    assert merge(Gatherer(bucket, bucket, bucket, 1.0, max_blocks=1)).rows == 4 * len(CPU)
