"""What replicas, retries and blocks hold of one profile counts once, and nothing else is taken for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ingest.profiles.profile_type import ProfileType
from ingest.querier.ports import BUCKET, CanDoWithout
from ingest.querier.types import Selection
from ingest.storage.block.reader import Block
from ingest.storage.block.writer import BlockIdentity, write_block
from ingest.storage.head.head import Head
from ingest.storage.read import answer
from ingest.storage.read_messages import BlockRef, ReadReply, ReadRequest
from tests.unit.querier.memory_sources import HOUR_MS, NOW_MS, TENANT, MemorySources
from tests.unit.storage.pushes import CPU, CPU_PERIOD, Group, push, samples

START_MS = NOW_MS - HOUR_MS
EVERYTHING = Selection(
    (TENANT,),
    (),
    ProfileType("process_cpu", CPU[0].name, CPU[0].unit, CPU_PERIOD.name, CPU_PERIOD.unit),
    START_MS,
    NOW_MS,
)


def profile(content: int, second: int, value: int, service: str = "checkout") -> Group:
    """Return a profile; ``content`` stands for its samples in its identity."""
    labels = (("__name__", "process_cpu"), ("service_name", service))
    return Group(samples(main=(value, 1)), content, (START_MS + second * 1000) * 1_000_000, labels)


def counted(sources: MemorySources) -> tuple[int, int]:
    """Return how many profiles are counted and what they add up to."""
    graph = sources.querier().merge_stacktraces(EVERYTHING, 0)
    return graph.profiles, graph.value.total


THREE = (profile(1, 1, 10), profile(2, 2, 20), profile(3, 3, 40))


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        pytest.param({"a": THREE, "b": THREE, "c": THREE, "d": THREE}, (3, 70), id="the same three in four sources"),
        pytest.param({"a": THREE[:2], "b": THREE[1:], "c": THREE[:1], "d": ()}, (3, 70), id="each source lacks some"),
        pytest.param(
            {"a": (profile(1, 1, 10),), "b": (profile(1, 1, 10),)}, (1, 10), id="a retry that reached another source"
        ),
        pytest.param(
            {"a": (profile(1, 1, 10),), "b": (profile(2, 1, 20),)}, (2, 30), id="one series, one time, other content"
        ),
        pytest.param(
            {"a": (profile(1, 1, 10), profile(2, 1, 20, "cart")), "b": (profile(2, 1, 20, "cart"),)},
            (2, 30),
            id="one time, two series",
        ),
    ],
)
def test_each_profile_counts_once(held: Mapping[str, Sequence[Group]], expected: tuple[int, int]) -> None:
    sources = MemorySources()
    for owner, groups in held.items():
        sources.add(owner, *groups)
    assert counted(sources) == expected


class InTheBucket(MemorySources):
    """Sources whose data is in blocks of the bucket."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        super().__init__({"a": Head("head-a", TENANT, "a", 0)})
        self._blocks = blocks

    def blocks(self, tenant: str, start_ns: int, end_ns: int) -> Sequence[BlockRef]:
        return [BlockRef(block.part_id, TENANT, TENANT, 1) for block in self._blocks]

    def ask(
        self, requests: Mapping[str, ReadRequest], timeout_seconds: float, can_do_without: CanDoWithout
    ) -> Mapping[str, ReadReply | str]:
        rest = {source: request for source, request in requests.items() if source != BUCKET}
        replies = dict(super().ask(rest, timeout_seconds, can_do_without))
        if BUCKET in requests:
            replies[BUCKET] = answer(requests[BUCKET], self._blocks)
        return replies


def test_four_blocks_of_the_same_content_multiply_nothing(tmp_path: Path) -> None:
    """Three series with one profile each, at 1, 2 and 3 seconds, as four owners uploaded them."""
    groups = [profile(second, second, 5 * second, f"service-{second}") for second in (1, 2, 3)]
    blocks = []
    for number in range(4):
        ulid = f"01J000000000000000000000B{number}"
        head = Head(ulid, TENANT, f"ingester-{number}", 0)
        head.append(push(*groups, tenant=TENANT))
        write_block(head.snapshot().content(), BlockIdentity(ulid, TENANT, f"ingester-{number}", 0), tmp_path)
        blocks.append(Block.open(tmp_path / ulid))
    sources = InTheBucket(blocks)
    assert counted(sources) == (3, 30)
    lines = sources.querier().select_series(EVERYTHING, 1000, ("service_name",), None, False).value
    assert {line.labels[0][1]: (line.timestamps_ms, line.values) for line in lines} == {
        f"service-{second}": ([START_MS + second * 1000], [5.0 * second]) for second in (1, 2, 3)
    }
    labels = sources.querier().label_values(EVERYTHING, "service_name")
    assert labels.value == ("service-1", "service-2", "service-3")
