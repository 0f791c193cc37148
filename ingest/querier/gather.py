"""Reads one selection from all sources so that each profile counts once.

The order of the questions carries the guarantee that nothing is missed while blocks move from ingesters to the bucket:
ingesters are asked first and the catalogue after them, and an ingester only lets go of a block once the catalogue has
it. What is let go between two questions comes back as *gone*, and the reading starts again.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from ingest.profiles.reasons import Reason, Rejection
from ingest.querier.asking import Asking
from ingest.querier.plan import PartDigest, PartIdentities, PartRead, Plan, make_plan, settle
from ingest.querier.ports import (
    BUCKET,
    BlockTotals,
    CanDoWithout,
    Catalogue,
    Membership,
    MinimizedReads,
    ReadSet,
    Sources,
)
from ingest.querier.types import MissingSource, QueryRefused, SourceReport, Unavailable
from ingest.storage.read_messages import (
    BlockRef,
    PartSelection,
    ReadOp,
    ReadReply,
    ReadRequest,
    i64_column,
    u64_bytes,
    u64_column,
)

#: How often a reading starts again because a source failed or a part went away between two questions.
MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Gathered:
    """The replies that together hold every row of the selection once, and who is missing from them."""

    replies: tuple[ReadReply, ...]
    sources: SourceReport
    rows: int


class _Interrupted(Exception):
    """A source failed or a part went away after the plan was made: the plan has to be made again."""


class Gatherer:
    """Asks sources. Thread-safe: each reading keeps its own state."""

    def __init__(
        self,
        membership: Membership,
        sources: Sources,
        catalogue: Catalogue,
        timeout_seconds: float,
        max_blocks: int,
        minimized: MinimizedReads | None = None,
    ) -> None:
        """``max_blocks`` of the bucket are read for one query at most; one that needs more is refused.

        Without ``minimized`` every ingester is asked at once.
        """
        self._membership = membership
        self._sources = sources
        self._catalogue = catalogue
        self._timeout_seconds = timeout_seconds
        self._max_blocks = max_blocks
        self._minimized = minimized
        self._rotation = itertools.count()

    def rows(self, request: ReadRequest, rotation: int) -> Gathered:
        """Answer ``request`` (one that counts rows, without parts) over de-duplicated rows."""
        reading = _Reading(self._membership.read_set(request.tenant))
        for attempt in range(MAX_ATTEMPTS):
            try:
                return self._attempt(reading, request, rotation + attempt)
            except _Interrupted:
                continue
        raise Unavailable("The sources changed faster than they could be read. Ask again.")

    def metadata(self, request: ReadRequest) -> Gathered:
        """Answer ``request`` (PROJECT, LABEL_NAMES or LABEL_VALUES) from every source; nothing has to be counted."""
        reading = _Reading(self._membership.read_set(request.tenant))
        replies = self._ask_ingesters(reading, request)
        blocks = self._catalogue.blocks(request.tenant, request.start_ns, request.end_ns)
        if blocks:
            self._check_blocks(len(blocks))
            replies |= self._ask(reading, {BUCKET: _for_parts(request, blocks)})
        return Gathered(tuple(replies.values()), reading.report(), 0)

    def held(self, request: ReadRequest) -> tuple[Gathered, BlockTotals]:
        """Answer ``request`` (HELD) from the ingesters, and say what the catalogue knows of the bucket."""
        reading = _Reading(self._membership.read_set(request.tenant))
        replies = self._ask_ingesters(reading, request)
        totals = self._catalogue.totals(request.tenant, request.start_ns, request.end_ns)
        return Gathered(tuple(replies.values()), reading.report(), 0), totals

    def _attempt(self, reading: _Reading, request: ReadRequest, rotation: int) -> Gathered:
        reading.forget_damage()
        digests, blocks = self._digests(reading, request)
        plan = make_plan(digests, rotation)
        identities = self._identities(reading, request, plan, blocks) if plan.disputed else []
        reads = settle(plan, identities)
        by_source: dict[str, list[PartSelection]] = {}
        for read in reads:
            by_source.setdefault(read.source, []).append(_selection(read))
        requests = {
            source: self._with_parts(request, source, selections, blocks) for source, selections in by_source.items()
        }
        replies = self._ask_planned(reading, requests)
        return Gathered(tuple(replies.values()), reading.report(), sum(reply.rows for reply in replies.values()))

    def _digests(self, reading: _Reading, request: ReadRequest) -> tuple[list[PartDigest], dict[str, BlockRef]]:
        ask = msgspec.structs.replace(request, op=ReadOp.DIGESTS)
        replies = self._ask_ingesters(reading, ask)
        blocks = {
            block.part_id: block for block in self._catalogue.blocks(request.tenant, request.start_ns, request.end_ns)
        }
        known = {digest.part_id for reply in replies.values() for digest in reply.digests}
        unknown = [block for part_id, block in blocks.items() if part_id not in known]
        self._check_blocks(len(unknown))
        if unknown and not reading.has_lost(BUCKET):
            replies |= self._ask(reading, {BUCKET: _for_parts(ask, unknown)})
        return [digest for source, reply in replies.items() for digest in _digests_of(source, reply)], blocks

    def _check_blocks(self, blocks: int) -> None:
        if blocks > self._max_blocks:
            message = (
                f"The query would read {blocks} blocks; the limit query_max_blocks is {self._max_blocks}. "
                "Ask for a shorter range."
            )
            raise QueryRefused(Rejection(Reason.QUERY_LIMIT, message))

    def _identities(
        self, reading: _Reading, request: ReadRequest, plan: Plan, blocks: Mapping[str, BlockRef]
    ) -> list[PartIdentities]:
        by_source: dict[str, list[PartSelection]] = {}
        for (source, part_id), fingerprint in plan.disputed.items():
            by_source.setdefault(source, []).append(PartSelection(part_id, whole=u64_bytes(fingerprint)))
        ask = msgspec.structs.replace(request, op=ReadOp.IDENTITIES)
        requests = {source: self._with_parts(ask, source, parts, blocks) for source, parts in by_source.items()}
        replies = self._ask_planned(reading, requests)
        return [found for source, reply in replies.items() for found in _identities_of(source, reply)]

    def _with_parts(
        self,
        request: ReadRequest,
        source: str,
        selections: Sequence[PartSelection],
        blocks: Mapping[str, BlockRef],
    ) -> ReadRequest:
        wanted = [blocks[one.part_id] for one in selections] if source == BUCKET else []
        return _for_parts(request, wanted, selections)

    def _ask_planned(self, reading: _Reading, requests: Mapping[str, ReadRequest]) -> dict[str, ReadReply]:
        """Ask what a plan relies on: any failure means that the plan no longer holds."""
        damage_before = reading.damage
        replies = self._ask(reading, requests, can_do_without=_nobody)
        gone = any(reply.gone for reply in replies.values())
        if len(replies) < len(requests) or gone:
            raise _Interrupted
        if reading.damage != damage_before:
            reading.give_up_damaged_sources()
            raise _Interrupted
        return replies

    def _ask(
        self, reading: _Reading, requests: Mapping[str, ReadRequest], can_do_without: CanDoWithout | None = None
    ) -> dict[str, ReadReply]:
        """Ask; sources that do not answer are noted in the reading and left out."""
        if not requests:
            return {}
        asked = self._sources.ask(requests, self._timeout_seconds, can_do_without or reading.can_do_without)
        return self._noted(reading, asked)

    def _ask_ingesters(self, reading: _Reading, request: ReadRequest) -> dict[str, ReadReply]:
        """Ask all ingesters, or as few as hold every acknowledged write."""
        requests = dict.fromkeys(reading.ingesters, request)
        if self._minimized is None:
            reading.expect(requests)
            return self._ask(reading, requests)
        if not requests:
            return {}
        asking = reading.asking(self._minimized, next(self._rotation))
        asked = self._minimized.sources.ask_quorum(requests, self._timeout_seconds, asking)
        reading.expect(asked)
        return self._noted(reading, asked)

    def _noted(self, reading: _Reading, asked: Mapping[str, ReadReply | str]) -> dict[str, ReadReply]:
        replies: dict[str, ReadReply] = {}
        for source, reply in asked.items():
            if isinstance(reply, str):
                reading.lose(source, reply)
            else:
                replies[source] = reply
                reading.note_damage(source, reply.damaged)
        return replies


class _Reading:
    """Who takes part in one reading: shrinks as sources fail, over all its attempts."""

    def __init__(self, read_set: ReadSet) -> None:
        self._read_set = read_set
        self._lost: dict[str, str] = {one.name: one.reason for one in read_set.missing}
        self._asked: set[str] = set()
        self._expected: set[str] = set()
        self._damaged: dict[tuple[str, str], str] = {}

    @property
    def ingesters(self) -> list[str]:
        """Ingesters that can still be asked."""
        return [instance for instance in self._read_set.instances if instance not in self._lost]

    def asking(self, how: MinimizedReads, rotation: int) -> Asking:
        """Return a round of questions to as few of them as the answer needs."""
        groups = self._read_set.groups(self._lost.keys(), how.own_zone, rotation)
        return Asking(groups, self._read_set.needed, how.hedge_seconds)

    def expect(self, asked: Collection[str]) -> None:
        """Note which ingesters this attempt asked: the answer holds nothing of the others."""
        self._asked.update(asked)
        self._expected = set(asked)

    @property
    def damage(self) -> int:
        """Number of damaged parts noted in this attempt."""
        return len(self._damaged)

    def can_do_without(self, silent: Collection[str]) -> bool:
        """Whether nothing acknowledged is missing without these, and without those lost already."""
        return BUCKET not in silent and self._read_set.nothing_is_lost({*self._lost, *silent})

    def has_lost(self, source: str) -> bool:
        """Whether the source failed in this reading."""
        return source in self._lost

    def lose(self, source: str, reason: str) -> None:
        """Note that a source does not answer."""
        self._asked.add(source)
        self._lost[source] = reason

    def note_damage(self, source: str, damaged: Sequence[str]) -> None:
        """Note parts that a source could not read, as ``part reason``."""
        self._asked.add(source)
        for note in damaged:
            part_id, _, reason = note.partition(" ")
            self._damaged[(source, part_id)] = reason

    def forget_damage(self) -> None:
        """Start a new attempt: damage is noted again if it is still there."""
        self._damaged.clear()

    def give_up_damaged_sources(self) -> None:
        """A part that answered for its digests and then could not be read makes its source unusable for this
        reading.
        """
        for (source, part_id), reason in self._damaged.items():
            self.lose(source, f"block {part_id}: {reason}")

    def report(self) -> SourceReport:
        """Say who was asked, who is missing, and whether anything acknowledged can be."""
        missing = [MissingSource(name, reason) for name, reason in sorted(self._lost.items())]
        missing += [
            MissingSource(f"{source}/{part_id}", reason) for (source, part_id), reason in sorted(self._damaged.items())
        ]
        not_asked = set(self._read_set.instances) - self._expected
        away = {*self._lost, *not_asked, *(source for source, _ in self._damaged)}
        complete = BUCKET not in away and self._read_set.nothing_is_lost(sorted(away))
        return SourceReport(tuple(sorted(self._asked | set(self._lost))), tuple(missing), complete)


def _for_parts(request: ReadRequest, blocks: Sequence[BlockRef], parts: Sequence[PartSelection] = ()) -> ReadRequest:
    """Return the request for these blocks and parts."""
    return msgspec.structs.replace(request, parts=list(parts), blocks=list(blocks))


def _nobody(silent: Collection[str]) -> bool:
    """What a plan relies on cannot be done without."""
    return not silent


def _digests_of(source: str, reply: ReadReply) -> list[PartDigest]:
    return [
        PartDigest(
            source,
            one.part_id,
            one.owner,
            u64_column(one.fingerprint),
            i64_column(one.count),
            u64_column(one.digest_hi),
            u64_column(one.digest_lo),
            i64_column(one.min_time_ns),
            i64_column(one.max_time_ns),
        )
        for one in reply.digests
    ]


def _identities_of(source: str, reply: ReadReply) -> list[PartIdentities]:
    return [
        PartIdentities(
            source, one.part_id, one.owner, u64_column(one.fingerprint), u64_column(one.id_hi), u64_column(one.id_lo)
        )
        for one in reply.identities
    ]


def _selection(read: PartRead) -> PartSelection:
    return PartSelection(
        read.part_id,
        u64_bytes(read.whole),
        u64_bytes(read.row_fingerprint),
        u64_bytes(read.row_hi),
        u64_bytes(read.row_lo),
    )
