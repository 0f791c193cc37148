"""Whom a read asks and when: a plan over simulated time, and the answer that comes of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from ingest.profiles.record import decode_stack_profile
from ingest.profiles.selector import matchers_to_json
from ingest.profiles.symbols import merge_profiles
from ingest.querier.asking import Asking, Group
from ingest.querier.gather import Gathered, Gatherer
from ingest.querier.ports import BUCKET, CanDoWithout, MinimizedReads, ReadSet
from ingest.querier.types import MissingSource
from ingest.storage.head.head import Head
from ingest.storage.part import Part
from ingest.storage.read import answer
from ingest.storage.read_messages import BlockRef, ReadOp, ReadReply, ReadRequest
from tests.unit.storage.pushes import CPU, push, samples
from tests.unit.storage.pushes import Group as Pushed

TENANT = "team-a"
NEVER = 1e9
HEDGE = 1.0


def groups(layout: str) -> list[Group]:
    """Return zones written ``a2 b2 c2!``: a name, how many instances, ! for one that lacks some."""
    made = []
    for word in layout.split():
        name, count = word[0], int(word[1])
        made.append(Group(name, tuple(f"{name}{number}" for number in range(count)), not word.endswith("!")))
    return made


@dataclass
class Run:
    """Drives a plan: ``delays`` by source or zone, ``failing`` sources answer with an error after theirs."""

    asking: Asking
    delays: Mapping[str, float] = field(default_factory=dict)
    failing: Collection[str] = ()
    deadline: float = 30.0
    asked_at: dict[str, float] = field(default_factory=dict)
    ended_at: float = 0.0

    def go(self) -> Run:
        now, pending = 0.0, dict[str, float]()
        step = self.asking.started(now)
        while True:
            for source in step.ask:
                assert source not in self.asked_at, "nobody is asked twice"
                self.asked_at[source] = now
                pending[source] = now + self.delays.get(source, self.delays.get(source[0], 0.01))
            if step.done:
                break
            wake = min(self.deadline, NEVER if step.wake_at_seconds is None else step.wake_at_seconds)
            source = min(pending, key=pending.__getitem__, default="")
            if source and pending[source] <= wake:
                now = pending.pop(source)
                step = self.asking.answered(source, source not in self.failing and source[0] not in self.failing, now)
            elif wake >= self.deadline:
                now = self.deadline
                break
            else:
                now = wake
                step = self.asking.waited(now)
        self.ended_at = now
        return self


@pytest.mark.parametrize(
    ("layout", "needed", "delays", "failing", "asked", "complete"),
    [
        pytest.param("a1 b1 c1", 3, {}, "", "a0@0 b0@0 c0@0", True, id="all are needed"),
        pytest.param("a1 b1 c1", 3, {}, "b", "a0@0 b0@0 c0@0", False, id="all are needed and one fails"),
        pytest.param("a1 b1 c1", 2, {}, "", "a0@0 b0@0", True, id="the third zone is never asked"),
        pytest.param("a1 b1 c1", 2, {}, "a", "a0@0 b0@0 c0@0", True, id="one fails: the third at once"),
        pytest.param("a1 b1 c1", 2, {}, "ab", "a0@0 b0@0 c0@0", False, id="two of three fail"),
        pytest.param("a2 b2 c2 d2 e2", 3, {}, "ab", "a0 a1 b0 b1 c0 c1 d0 d1 e0 e1", True, id="five zones"),
        pytest.param("a1 b1 c1 d1", 2, {}, "", "a0@0 b0@0", True, id="two of four"),
        pytest.param("a1 b1 c1 d1", 2, {}, "a", "a0@0 b0@0 c0@0", True, id="two of four, one fails"),
        pytest.param("a1 b1 c1 d1", 2, dict.fromkeys("abcd", 9), "", "a0@0 b0@0 c0@1 d0@2", True, id="all are slow"),
        pytest.param("a1 b1 c1", 2, {"a": NEVER}, "", "a0@0 b0@0 c0@1", True, id="one dead: the third after the delay"),
        pytest.param("a1 b1 c1", 2, {"a": NEVER, "b": NEVER}, "", "a0@0 b0@0 c0@1", False, id="two dead"),
        pytest.param("a2 b2 c2", 2, {"a1": NEVER}, "", "a0@0 a1@0 b0@0 b1@0 c0@1 c1@1", True, id="half a zone"),
        pytest.param("a1! b1 c1", 2, {}, "", "b0@0 c0@0", True, id="a zone that lacks one is not asked"),
        pytest.param("a1! b1 c1", 2, {}, "b", "b0@0 c0@0 a0@0", False, id="but helps an answer that is incomplete"),
        pytest.param("a1! b1! c1", 2, {}, "", "c0@0 a0@0 b0@0", False, id="too few whole zones: everybody"),
        pytest.param("a1", 1, {}, "", "a0@0", True, id="alone"),
        pytest.param("", 1, {}, "", "", False, id="nobody"),
    ],
)
def test_whom_a_read_asks_and_when(
    layout: str, needed: int, delays: dict[str, float], failing: str, asked: str, complete: bool
) -> None:
    run = Run(Asking(groups(layout), needed, HEDGE), delays, failing).go()
    expected = {word[:2]: float(word[3:] or 0) for word in asked.split()}
    assert run.asked_at == pytest.approx(expected, abs=0.02)
    assert run.asking.is_complete is complete


def test_a_complete_answer_waits_for_nobody_else() -> None:
    run = Run(Asking(groups("a1 b1 c1"), 2, HEDGE), {"a": 5.0}).go()
    assert run.ended_at == pytest.approx(1.01)


def test_an_answer_that_cannot_be_complete_ends_when_all_have_spoken() -> None:
    run = Run(Asking(groups("a1 b1 c1"), 2, HEDGE), failing="ab").go()
    assert run.ended_at < HEDGE


def test_a_negative_delay_and_an_answer_that_needs_nobody_are_refused() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        Asking(groups("a1"), 1, -0.1)
    with pytest.raises(ValueError, match="needs nobody"):
        Asking(groups("a1"), 0, 1.0)


@pytest.mark.parametrize(
    ("instances", "missing", "zones", "factor", "needed"),
    [
        pytest.param("abcde", "", "", 1, 5, id="one copy, no zones"),
        pytest.param("abcde", "", "", 3, 4, id="three copies, no zones"),
        pytest.param("abcd", "e", "", 3, 4, id="one of five is stale"),
        pytest.param("a", "", "", 3, 1, id="never nobody"),
        pytest.param("a", "", "x", 1, 1, id="one copy, one zone"),
        pytest.param("ab", "", "xy", 2, 1, id="two copies, two zones"),
        pytest.param("abc", "", "xyz", 3, 2, id="three zones"),
        pytest.param("abcd", "", "xxyy", 3, 1, id="fewer zones than copies"),
        pytest.param("ab", "", "xx", 3, 1, id="a single zone is needed"),
        pytest.param("abcde", "", "vwxyz", 5, 3, id="five zones"),
        pytest.param("abcd", "", "wxyz", 3, 3, id="more zones than copies"),
    ],
)
def test_how_many_zones_or_ingesters_an_answer_needs(
    instances: str, missing: str, zones: str, factor: int, needed: int
) -> None:
    by_zone = dict(zip(instances, zones, strict=True)) if zones else {}
    gone = tuple(MissingSource(name, "stale") for name in missing)
    assert ReadSet(tuple(instances), gone, by_zone, factor).needed == needed


def test_the_own_zone_is_asked_first_and_the_others_take_turns() -> None:
    members = ReadSet(tuple("abcd"), (), {"a": "w", "b": "x", "c": "y", "d": "z"}, 3)
    orders = [[group.name for group in members.groups((), "y", turn)] for turn in range(4)]
    assert orders == [["y", "w", "x", "z"], ["y", "x", "z", "w"], ["y", "z", "w", "x"], ["y", "z", "w", "x"]]
    assert [members.groups((), "", turn)[0].name for turn in range(4)] == ["w", "x", "y", "z"]


def test_a_zone_with_a_stale_or_lost_member_is_not_whole() -> None:
    zones = {"a": "x", "b": "x", "c": "y", "d": "z"}
    members = ReadSet(("a", "c", "d"), (MissingSource("b", "stale"),), zones, 3)
    assert members.groups(["d"], "", 0) == [Group("x", ("a",), False), Group("y", ("c",)), Group("z", (), False)]


@dataclass
class Cluster:
    """Real heads behind a plan; zone and instance have one name. Silent ones never answer."""

    parts: dict[str, list[Part]]
    blocks_in_bucket: list[BlockRef] = field(default_factory=list)
    silent: str = ""
    damaged: str = ""
    missing: tuple[MissingSource, ...] = ()
    asked: list[tuple[str, ReadOp]] = field(default_factory=list)

    def read_set(self, tenant: str) -> ReadSet:
        gone = {one.name for one in self.missing}
        return ReadSet(tuple(name for name in "abc" if name not in gone), self.missing, {n: n for n in "abc"}, 3)

    def blocks(self, tenant: str, start_ns: int, end_ns: int) -> Sequence[BlockRef]:
        return self.blocks_in_bucket

    def reply(self, source: str, request: ReadRequest) -> ReadReply:
        self.asked.append((source, request.op))
        if source in self.damaged and request.op is ReadOp.DIGESTS:
            return ReadReply(damaged=[f"head-{source} checksum differs"])
        return answer(request, self.parts.get(source, []))

    def ask(
        self, requests: Mapping[str, ReadRequest], timeout_seconds: float, can_do_without: CanDoWithout
    ) -> Mapping[str, ReadReply | str]:
        return {source: self.reply(source, request) for source, request in requests.items()}

    def ask_quorum(
        self, requests: Mapping[str, ReadRequest], timeout_seconds: float, asking: Asking
    ) -> Mapping[str, ReadReply | str]:
        run = Run(asking, dict.fromkeys(self.silent, NEVER), self.damaged).go()
        return {
            source: "no answer within 30.0 s" if source in self.silent else self.reply(source, requests[source])
            for source in run.asked_at
        }

    def read(self) -> Gathered:
        gatherer = Gatherer(self, self, self, 30.0, max_blocks=100, minimized=MinimizedReads(self, HEDGE))
        return gatherer.rows(ReadRequest(ReadOp.MERGE, TENANT, matchers_to_json(()), 0, 1000), 0)

    def digested(self) -> set[str]:
        return {source for source, op in self.asked if op is ReadOp.DIGESTS} - {BUCKET}


def head(part_id: str, owner: str, *numbers: int) -> Head:
    made = Head(part_id, TENANT, owner, 0)
    for number in numbers:
        made.append(push(Pushed(samples(main__work=(1, 1)), number=number, time_ns=number), tenant=TENANT))
    return made


def three(*numbers: int) -> dict[str, list[Part]]:
    return {owner: [head(f"head-{owner}", owner, *numbers)] for owner in "abc"}


def profiles(gathered: Gathered) -> int:
    merged = [decode_stack_profile(reply.profile) for reply in gathered.replies if reply.profile]
    return int(merge_profiles(merged).node_self.sum()) // len(CPU) if merged else 0


def test_two_zones_of_three_answer_and_the_third_is_neither_asked_nor_missing() -> None:
    cluster = Cluster(three(1, 2, 3))
    gathered = cluster.read()
    assert profiles(gathered) == 3
    assert cluster.digested() == {"a", "b"}
    assert gathered.sources.asked == ("a", "b")
    assert gathered.sources.missing == ()
    assert gathered.sources.complete


@pytest.mark.parametrize("holders", ["ab", "ac", "bc"])
def test_whatever_two_of_three_zones_acknowledged_is_in_the_answer(holders: str) -> None:
    parts = {name: [head(f"head-{name}", name, 1, *([2] if name in holders else []))] for name in "abc"}
    for silent in ("", "a", "b", "c"):
        gathered = Cluster(dict(parts), silent=silent).read()
        assert profiles(gathered) == 2
        assert gathered.sources.complete


def test_a_silent_zone_is_replaced_by_the_third_and_named() -> None:
    cluster = Cluster(three(1), silent="a")
    gathered = cluster.read()
    assert cluster.digested() == {"b", "c"}
    assert [one.name for one in gathered.sources.missing] == ["a"]
    assert gathered.sources.complete


def test_two_silent_zones_make_the_answer_incomplete() -> None:
    gathered = Cluster(three(1), silent="ab").read()
    assert profiles(gathered) == 1
    assert not gathered.sources.complete


def test_a_zone_with_damage_does_not_count_so_the_third_is_asked() -> None:
    cluster = Cluster(three(1, 2), damaged="a")
    gathered = cluster.read()
    assert cluster.digested() == {"a", "b", "c"}
    assert profiles(gathered) == 2
    assert gathered.sources.complete


def test_a_stale_zone_leaves_the_two_others_needed() -> None:
    cluster = Cluster(three(1), missing=(MissingSource("a", "no heartbeat for 61 s"),))
    assert cluster.read().sources.complete
    assert cluster.digested() == {"b", "c"}


def test_an_uploaded_block_of_a_zone_that_is_not_asked_is_read_from_the_bucket_and_counts_once() -> None:
    parts = {"a": [head("head-a", "a", 1)], "b": [head("block-b", "b", 1, 2)], "c": [head("block-c", "c", 2)]}
    cluster = Cluster(
        {**parts, BUCKET: [head("block-b", "b", 1, 2), head("block-c", "c", 2)]},
        blocks_in_bucket=[BlockRef("block-b", TENANT, TENANT, 1), BlockRef("block-c", TENANT, TENANT, 1)],
    )
    assert profiles(cluster.read()) == 2
    assert cluster.digested() == {"a", "b"}


def test_a_block_that_its_zone_let_go_of_before_it_was_asked_is_in_the_bucket() -> None:
    cluster = Cluster({"a": [], "b": [], "c": [], BUCKET: [head("block-b", "b", 1, 2), head("block-c", "c", 1, 2)]})
    cluster.blocks_in_bucket = [BlockRef(one, TENANT, TENANT, 1) for one in ("block-b", "block-c")]
    gathered = cluster.read()
    assert profiles(gathered) == 2
    assert gathered.sources.complete
