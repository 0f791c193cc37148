"""Sources in memory for tests of the querier: real heads answer real requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ingest.profiles.limits import Limits
from ingest.querier.gather import Gatherer
from ingest.querier.ports import BlockTotals, CanDoWithout, ReadSet
from ingest.querier.service import Querier
from ingest.storage.head.head import Head
from ingest.storage.read import answer
from ingest.storage.read_messages import (
    BlockRef,
    ReadReply,
    ReadRequest,
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
)
from tests.unit.storage.pushes import Group, push

TENANT = "team-a"
HOUR_MS = 3_600_000
NOW_MS = 1_800_000_000_000


@dataclass
class MemorySources:
    """One head for each owner; membership, sources and catalogue in one."""

    heads: dict[str, Head] = field(default_factory=dict)
    asked: int = 0
    stored: BlockTotals = field(
        default_factory=BlockTotals
    )  #: what the bucket holds, for questions that do not read it

    def add(self, owner: str, *groups: Group) -> None:
        head = self.heads.setdefault(owner, Head(f"head-{owner}", TENANT, owner, 0))
        for group in groups:
            head.append(push(group, tenant=TENANT))

    def read_set(self, tenant: str) -> ReadSet:
        return ReadSet(tuple(sorted(self.heads)), (), {}, 3)

    def blocks(self, tenant: str, start_ns: int, end_ns: int) -> Sequence[BlockRef]:
        return []

    def totals(self, tenant: str, start_ns: int, end_ns: int) -> BlockTotals:
        return self.stored

    def ask(
        self, requests: Mapping[str, ReadRequest], timeout_seconds: float, can_do_without: CanDoWithout
    ) -> Mapping[str, ReadReply | str]:
        self.asked += 1
        return {source: self._travelled(request, self.heads[source]) for source, request in requests.items()}

    def _travelled(self, request: ReadRequest, head: Head) -> ReadReply:
        """Ask and answer in the bytes that would travel."""
        return decode_reply(encode_reply(answer(decode_request(encode_request(request)), [head])))

    def querier(self, limits: Limits | None = None) -> Querier:
        chosen = limits if limits is not None else Limits()
        return Querier(Gatherer(self, self, self, 1.0, max_blocks=100), lambda tenant: chosen, lambda: NOW_MS)
