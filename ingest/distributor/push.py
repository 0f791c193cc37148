"""The distributor: from raw profiles to an answer that a quorum of ingesters stands behind.

For every raw profile: decode, validate, normalise, split (:func:`ingest.profiles.prepare.prepare_profile`), place each
resulting series on the ring, encode one push record a replica set, hand all records over together, wait for the quorum.
One bad profile costs the others nothing.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace

from ingest.distributor.batcher import Batcher, PushWait, Write
from ingest.distributor.ports import NoReplicaSet, Placement, ReplicaSet
from ingest.distributor.rates import RateLimiter
from ingest.distributor.series import GroupSeries, SeriesLimiter, series_of
from ingest.distributor.types import ItemResult, Outcome, PushResult, RawSeries
from ingest.profiles.columns import ProfileGroup
from ingest.profiles.labels import about_series, byte_length, placement_string, prepare_series_labels
from ingest.profiles.limits import Limits
from ingest.profiles.pprof.gunzip import claimed_bytes
from ingest.profiles.prepare import Prepared, prepare_profile
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.record import encode_record
from ingest.storage.acks import AckCode
from ring.core.quorum import Verdict

#: What a sender is told to wait before it tries again: long enough for a restarted process to have joined.
RETRY_AFTER_SECONDS = 2
#: Requests of at most so many bytes are prepared one at a time. Preparing takes the interpreter's lock and gives it
#: back a dozen times; threads that do so together pay for each exchange: without turns 64 connections cost a tenth more
#: CPU and their slowest answers took half as long again. A larger request spends its time in kernels without that lock
#: and would only make the others wait.
TAKES_TURNS_BYTES = 256 << 10

#: Why a write was refused, by the answer that a quorum of its replicas gave. Every client error has its reason.
REASON_OF_CODE = {AckCode.TOO_OLD: Reason.OUT_OF_ORDER}
#: What the sender of such a write is told.
_MESSAGE_OF_CODE = {
    AckCode.TOO_OLD: "The profile is older than the newest ones of its tenant by more than profiles may come late: "
    "send it sooner, check the clocks of all senders, or widen the out-of-order window."
}


@dataclass(slots=True)
class _Part:
    """The groups of one profile that go to one replica set."""

    write: Write
    profile_ids: tuple[str, ...]
    samples: int
    series_count: int


@dataclass(slots=True)
class _Item:
    """One raw profile under way: its outcome so far, and the parts whose writes still decide it."""

    result: ItemResult
    parts: list[_Part] = field(default_factory=list)


@dataclass(slots=True)
class _Draft:
    """One raw profile once it is read: what is to be placed of it, or why nothing is."""

    blank: ItemResult
    prepared: Prepared | Rejection
    placements: list[str] = field(default_factory=list)  #: placement string of each group
    series: list[GroupSeries] = field(default_factory=list)  #: those of each group, once they are asked about


class Distributor:
    """Stores pushes. Thread-safe; one per process."""

    def __init__(
        self,
        placement: Placement,
        batcher: Batcher,
        limits_of: Callable[[str], Limits],
        now_ns: Callable[[], int],
        deadline_seconds: float,
        admission: Callable[[], Rejection | None] = lambda: None,
        rates: RateLimiter | None = None,
        series: SeriesLimiter | None = None,
    ) -> None:
        """``admission`` says why no push at all can be taken now, or None; it is asked before any work is done.

        Without ``rates`` and ``series`` the limits that are shared with other distributors do not hold.
        """
        self._turn = threading.Lock()
        self._placement = placement
        self._batcher = batcher
        self._limits_of = limits_of
        self._now_ns = now_ns
        self._deadline_seconds = deadline_seconds
        self._admission = admission
        self._rates = rates
        self._series = series

    def push(self, tenant: str, series: Sequence[RawSeries], push_id: str) -> PushResult:
        """Store every profile of ``series``; returns once each has its quorum or its refusal, or at the deadline."""
        if not any(one.profiles for one in series):
            return PushResult(push_id, request_rejection=Rejection(Reason.NO_PROFILES, "The request holds no profile."))
        closed = self._admission()
        if closed is not None:
            return PushResult(push_id, request_rejection=closed, retry_after_seconds=RETRY_AFTER_SECONDS)
        limits = self._limits_of(tenant)
        counted_bytes = _counted_bytes(series, limits)
        over = self._rates.take(tenant, counted_bytes, limits) if self._rates is not None else None
        if over is not None:
            return PushResult(push_id, request_rejection=over.rejection, retry_after_seconds=over.retry_after_seconds)
        wait = PushWait(1)  # one extra count keeps the wait closed until all writes are known
        items = self._prepare_and_place(tenant, series, limits, wait)
        if isinstance(items, Rejection):
            return PushResult(push_id, request_rejection=items)
        if self._rates is not None:
            self._rates.charge(tenant, _found_bytes(series, items) - counted_bytes, limits)
        writes = [part.write for item in items for part in item.parts]
        if writes:
            self._send(items, writes, wait)
        results = tuple(_settle(item) for item in items)
        failed = any(result.outcome is Outcome.FAILED for result in results)
        return PushResult(push_id, results, retry_after_seconds=RETRY_AFTER_SECONDS if failed else None)

    def _prepare_and_place(
        self, tenant: str, series: Sequence[RawSeries], limits: Limits, wait: PushWait
    ) -> list[_Item] | Rejection:
        now_ns = self._now_ns()
        size_bytes = sum(len(raw) for one in series for raw in one.profiles)
        with self._turn if size_bytes <= TAKES_TURNS_BYTES else nullcontext():
            found = self._prepare_bounded(tenant, series, limits, now_ns, wait)
        if isinstance(found, Rejection):
            return found
        # Others need not wait while the registry of series is asked.
        self._admit_series(tenant, [one for one in found if isinstance(one, _Draft)], limits)
        return [self._place(tenant, one, now_ns, wait) if isinstance(one, _Draft) else one for one in found]

    def _is_unknown(self, tenant: str, draft: _Draft, limits: Limits) -> bool:
        """Whether the series of a draft have to be asked about; notes them in it."""
        if self._series is None or isinstance(draft.prepared, Rejection) or not limits.max_global_series_per_tenant:
            return False
        pairs = zip(draft.prepared.groups, draft.placements, strict=True)
        draft.series = [series_of(group, placement) for group, placement in pairs]
        return self._series.unknown(tenant, draft.series, limits)

    def _admit_series(self, tenant: str, drafts: Sequence[_Draft], limits: Limits) -> None:
        """Take the groups out of the drafts whose series are beyond the limit."""
        if self._series is None or not drafts:
            return
        refused = self._series.admit(tenant, [one for draft in drafts for one in draft.series], limits)
        first = 0
        for draft in drafts:
            count = len(draft.series)
            mine = {index: refused[first + index] for index in range(count) if first + index in refused}
            if mine:
                _leave_out(draft, mine)
            first += count

    def _send(self, items: Sequence[_Item], writes: Sequence[Write], wait: PushWait) -> None:
        if not self._batcher.submit(writes):
            message = "Too many bytes wait for ingesters to answer; nothing of this profile was sent."
            for item in items:
                if item.parts:
                    item.parts.clear()
                    item.result = _failed(item.result, Reason.INGESTER_UNAVAILABLE, message)
            return
        wait.one_resolved()
        wait.wait(self._deadline_seconds)

    def _prepare_bounded(
        self, tenant: str, series: Sequence[RawSeries], limits: Limits, now_ns: int, wait: PushWait
    ) -> list[_Item | _Draft] | Rejection:
        """Place every profile at once, but for those with series that have to be asked about."""
        found: list[_Item | _Draft] = []
        room_bytes = limits.ingestion_body_limit_bytes
        for draft in _prepare_all(tenant, series, limits, now_ns):
            room_bytes -= draft.blank.raw_bytes
            if room_bytes < 0:
                return _too_many_bytes(limits)
            found.append(draft if self._is_unknown(tenant, draft, limits) else self._place(tenant, draft, now_ns, wait))
        return found

    def _place(self, tenant: str, draft: _Draft, now_ns: int, wait: PushWait) -> _Item:
        """Encode one record for each distinct replica set of the profile's groups."""
        blank, prepared = draft.blank, draft.prepared
        if isinstance(prepared, Rejection):
            return _Item(_rejected(blank, prepared))
        if not prepared.groups:
            if prepared.rejected_groups:
                return _Item(_rejected(blank, prepared.rejected_groups[0]))
            dropped = Reason.DROPPED_BY_RELABEL_RULES
            reason = dropped if dropped.value in prepared.dropped else Reason.EMPTY_PROFILE
            return _Item(replace(blank, outcome=Outcome.EMPTY, reason=reason))
        sets = self._placement.replica_sets(tenant, draft.placements)
        by_set: dict[ReplicaSet, list[ProfileGroup]] = {}
        for group, target in zip(prepared.groups, sets, strict=True):
            if isinstance(target, NoReplicaSet):
                return _Item(_failed(blank, Reason.INGESTER_UNAVAILABLE, target.message))
            by_set.setdefault(target, []).append(group)
        result = _rejected(blank, prepared.rejected_groups[0]) if prepared.rejected_groups else blank
        parts = [
            _Part(
                Write(encode_record(tenant, now_ns, prepared.symbols, groups), target, wait),
                profile_ids=tuple([str(uuid.UUID(bytes=group.profile_id)) for group in groups]),
                samples=sum([len(group.sample_node) for group in groups]),
                series_count=sum([len(group.sample_types) for group in groups]),
            )
            for target, groups in by_set.items()
        ]
        for _ in parts:
            wait.one_more()
        return _Item(result, parts)


def _counted_bytes(series: Sequence[RawSeries], limits: Limits) -> int:
    """Return what a push counts against the rate, before it is read: its labels, and its profiles by what their gzip
    trailers say. A profile counts as the largest allowed one at most, since more than that is not read.
    """
    total = 0
    for one in series:
        total += _label_bytes(one)
        total += sum([min(claimed_bytes(raw), limits.max_profile_size_bytes) for raw in one.profiles])
    return total


def _found_bytes(series: Sequence[RawSeries], items: Sequence[_Item]) -> int:
    """Return what the push should have counted."""
    return sum([_label_bytes(one) for one in series]) + sum([item.result.raw_bytes for item in items])


def _label_bytes(series: RawSeries) -> int:
    return sum([byte_length(name) + byte_length(value) for name, value in series.labels])


def _prepare_all(tenant: str, series: Sequence[RawSeries], limits: Limits, now_ns: int) -> Iterator[_Draft]:
    for index, one in enumerate(series):
        labels = prepare_series_labels(one.labels, limits)
        for number, raw in enumerate(one.profiles):
            blank = ItemResult(index, number, Outcome.STORED, raw_bytes=len(raw))
            if isinstance(labels, Rejection):
                yield _Draft(blank, labels)
                continue
            prepared = prepare_profile(raw, tenant, labels, limits, now_ns)
            if isinstance(prepared, Rejection):
                yield _Draft(blank, about_series(prepared, labels))
            else:
                placements = [placement_string(group.labels) for group in prepared.groups]
                yield _Draft(_described(blank, prepared), prepared, placements)


def _described(blank: ItemResult, prepared: Prepared) -> ItemResult:
    """Return the result with what is known of the profile, whatever becomes of it."""
    return replace(
        blank,
        raw_bytes=prepared.raw_bytes,
        time_ns=prepared.time_ns,
        language=prepared.language,
        dropped=prepared.dropped,
        suspects=prepared.suspects,
    )


def _leave_out(draft: _Draft, refused: Mapping[int, Rejection]) -> None:
    """Take the refused groups out of a draft; the others are stored."""
    prepared = draft.prepared
    if isinstance(prepared, Rejection):
        return
    kept = [index for index in range(len(prepared.groups)) if index not in refused]
    rejected = tuple([about_series(why, prepared.groups[index].labels) for index, why in refused.items()])
    draft.placements = [draft.placements[index] for index in kept]
    draft.prepared = replace(
        prepared,
        groups=tuple([prepared.groups[index] for index in kept]),
        rejected_groups=(*prepared.rejected_groups, *rejected),
    )


def _too_many_bytes(limits: Limits) -> Rejection:
    message = (
        f"The profiles of the request have more than {limits.ingestion_body_limit_bytes} bytes together once "
        "decompressed (ingestion_body_limit_bytes); nothing was stored."
    )
    return Rejection(Reason.BODY_SIZE_LIMIT_EXCEEDED, message)


def _settle(item: _Item) -> ItemResult:
    """The final result of an item: the worst of what its writes came to. A refusal is never turned into a success.

    A failure comes before a refusal: trying again stores what failed, and what is refused is refused again.
    """
    if not item.parts:
        return item.result
    refused: AckCode | None = None
    stored: list[_Part] = []
    for part in item.parts:
        match part.write.verdict:
            case Verdict.OK:
                stored.append(part)
            case Verdict.FAILED_CLIENT:
                refused = refused or part.write.client_code
            case Verdict.FAILED_SERVER:
                return _failed(item.result, Reason.INGESTER_UNAVAILABLE, _what_failed(part.write.server_code))
            case Verdict.PENDING:
                message = "A quorum of ingesters did not confirm the profile in time."
                return _failed(item.result, Reason.DEADLINE, message)
    result = item.result
    if refused is not None and result.outcome is Outcome.STORED:
        result = _rejected(result, Rejection(REASON_OF_CODE[refused], _MESSAGE_OF_CODE[refused]))
    return replace(
        result,
        profile_ids=tuple([one for part in stored for one in part.profile_ids]),
        samples=sum([part.samples for part in stored]),
        series_count=sum([part.series_count for part in stored]),
    )


def _what_failed(code: AckCode | None) -> str:
    said = code.name.lower().replace("_", " ") if code is not None else "unknown"
    return f"A quorum of ingesters could not store it: {said}."


def _rejected(result: ItemResult, rejection: Rejection) -> ItemResult:
    return replace(result, outcome=Outcome.REJECTED, reason=rejection.reason, message=rejection.message)


def _failed(result: ItemResult, reason: Reason, message: str) -> ItemResult:
    return replace(result, outcome=Outcome.FAILED, reason=reason, message=message)
