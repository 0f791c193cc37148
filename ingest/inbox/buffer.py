"""Where pushes are noted on their way: bounded, in memory, at the price of a look into a dictionary."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from ingest.distributor.types import ItemResult, Outcome, PushResult, RawSeries
from ingest.inbox.types import Cause, Latest, Tally, Verdict
from ingest.profiles.reasons import CONNECT_CODE, ConnectCode, Reason, Rejection

#: Rows that wait to be written at most; what comes beyond is counted and forgotten.
MAX_WAITING = 2000

#: How much of what senders choose is kept: labels of a series, and characters of each text.
MAX_LABELS = 16
MAX_NAME_CHARS, MAX_VALUE_CHARS, MAX_AGENT_CHARS = 64, 96, 120

#: What is left out of a profile by its own fault or by a limit. Zeros and what rules drop is meant to go.
CLIPPING = frozenset({"truncated_stacks", "truncated_strings", "negative_samples", "samples_with_unknown_location"})
#: Codes of refusals that are no fault of the sender.
_OUR_FAULTS = frozenset(
    {ConnectCode.UNAVAILABLE, ConnectCode.INTERNAL, ConnectCode.UNKNOWN, ConnectCode.DEADLINE_EXCEEDED}
)
_MEANT = Reason.DROPPED_BY_RELABEL_RULES

Labels = tuple[tuple[str, str], ...]
#: Labels that say whose pushes they are; of a series with too many labels they are kept.
_NAMING = frozenset({"__name__", "service_name", "otel.scope.name", "otel.scope.version", "pyroscope_spy"})
#: Characters of a few labels up to which nothing is clipped.
_MAX_WHOLE_CHARS = 1024
#: Labels of a series that are looked at.
_MAX_LOOKED_AT = 256


class InboxBuffer:
    """Collects what became of pushes until somebody takes it away. Thread-safe."""

    def __init__(self, clock_ms: Callable[[], int], max_waiting: int = MAX_WAITING) -> None:
        """With ``max_waiting`` 0 nothing is noted."""
        self._clock_ms = clock_ms
        self._max_waiting = max_waiting
        self._lock = threading.Lock()
        self._waiting: dict[Cause, Tally] = {}
        self._lost = 0

    def note(
        self, tenant: str, door: str, user_agent: str, body_bytes: int, series: Sequence[RawSeries], result: PushResult
    ) -> None:
        """Note what became of each profile of a push."""
        if not self._max_waiting:
            return
        labels = [_clipped(one.labels) for one in series]
        if result.request_rejection is not None:
            self._refused(tenant, door, user_agent, body_bytes, labels[0] if labels else (), result.request_rejection)
        for item in result.items:
            of_series = labels[item.series] if item.series < len(labels) else ()
            self._add(tenant, door, user_agent, body_bytes, of_series, item)

    def note_unread(self, tenant: str, door: str, user_agent: str, body_bytes: int, rejection: Rejection) -> None:
        """Note a push that was refused before its profiles were read."""
        if self._max_waiting:
            self._refused(tenant, door, user_agent, body_bytes, (), rejection)

    def take(self) -> tuple[dict[Cause, Tally], int]:
        """Return what has come since the last time, and how many pushes were not noted for want of room."""
        with self._lock:
            taken, lost = self._waiting, self._lost
            self._waiting, self._lost = {}, 0
        return taken, lost

    def _refused(
        self, tenant: str, door: str, user_agent: str, body_bytes: int, labels: Labels, rejection: Rejection
    ) -> None:
        item = ItemResult(0, 0, Outcome.REJECTED, rejection.reason, rejection.message)
        self._add(tenant, door, user_agent, body_bytes, labels, item)

    def _add(self, tenant: str, door: str, user_agent: str, body_bytes: int, labels: Labels, item: ItemResult) -> None:
        dropped = tuple(item.dropped)
        verdict = _verdict(item, dropped)
        reason = item.reason
        if verdict is Verdict.EMPTY:
            reason = _MEANT if _MEANT.value in dropped else Reason.EMPTY_PROFILE
        elif reason is None and item.outcome is not Outcome.STORED:
            reason = Reason.UNKNOWN
        if len(user_agent) > MAX_AGENT_CHARS:
            user_agent = user_agent[:MAX_AGENT_CHARS]
        cause = Cause(tenant, door, user_agent, labels, verdict, reason, item.suspects, dropped)
        if len(item.profile_ids) > 1:
            item = replace(item, profile_ids=())  # a profile of many series has as many
        now_ms = self._clock_ms()
        latest = Latest(now_ms, body_bytes, item)
        with self._lock:
            tally = self._waiting.get(cause)
            if tally is not None:
                tally.count += 1
                tally.raw_bytes += item.raw_bytes
                tally.latest = latest
            elif len(self._waiting) < self._max_waiting:
                self._waiting[cause] = Tally(now_ms, 1, item.raw_bytes, latest)
            else:
                self._lost += 1


def _verdict(item: ItemResult, dropped: Sequence[str]) -> Verdict:
    match item.outcome:
        case Outcome.STORED:
            return Verdict.ACCEPTED if CLIPPING.isdisjoint(dropped) else Verdict.CLIPPED
        case Outcome.EMPTY:
            return Verdict.EMPTY
        case Outcome.REJECTED if CONNECT_CODE[item.reason or Reason.UNKNOWN] not in _OUR_FAULTS:
            return Verdict.REJECTED
        case _:
            return Verdict.FAILED


def _clipped(labels: Labels) -> Labels:
    """Return the labels that are kept: those that name the source are among them."""
    if len(labels) <= MAX_LABELS and sum([len(name) + len(value) for name, value in labels]) <= _MAX_WHOLE_CHARS:
        return labels
    looked_at = sorted(labels[:_MAX_LOOKED_AT], key=lambda pair: pair[0] not in _NAMING)
    return tuple([(name[:MAX_NAME_CHARS], value[:MAX_VALUE_CHARS]) for name, value in looked_at[:MAX_LABELS]])
