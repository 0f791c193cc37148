"""What goes into a push and what comes out of it: values shared by the distributor and whoever calls it.

Outcomes are values. A caller branches on :class:`Outcome`; only a programming error raises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from ingest.profiles.pprof.language import Language
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.suspects import Suspect


@dataclass(frozen=True, slots=True)
class RawSeries:
    """One label set with any number of raw profiles, as they came."""

    labels: tuple[tuple[str, str], ...]  #: (name, value) pairs in the order received, not validated
    profiles: tuple[bytes, ...]  #: each one pprof message, gzipped or not


class Outcome(StrEnum):
    """What became of one profile of a push."""

    STORED = "stored"  #: durable on a quorum of ingesters
    EMPTY = "empty"  #: accepted, and nothing was left to store after normalisation
    REJECTED = "rejected"  #: the sender's fault; sending it again changes nothing
    FAILED = "failed"  #: not durable on a quorum; sending it again may help and never counts twice


@dataclass(frozen=True, slots=True)
class ItemResult:
    """The outcome of one raw profile."""

    series: int  #: index into the pushed series
    profile: int  #: index into the profiles of that series
    outcome: Outcome
    reason: Reason | None = None  #: set unless stored
    message: str = ""  #: one sentence for the sender, set when rejected or failed
    profile_ids: tuple[str, ...] = ()  #: UUID texts; several when sample labels split the profile
    samples: int = 0  #: samples stored, over all splits
    series_count: int = 0  #: stored series the profile was split into
    raw_bytes: int = 0  #: of the profile once decompressed; as it came when it was refused before that
    time_ns: int = 0  #: of the profile; 0 when it was refused
    language: Language = Language.UNKNOWN
    dropped: Mapping[str, int] = field(default_factory=dict)  #: how much of it was left out, by why
    suspects: tuple[Suspect, ...] = ()  #: what is odd about it although it breaks no rule


@dataclass(frozen=True, slots=True)
class PushResult:
    """The outcome of a whole push, item by item."""

    push_id: str
    items: tuple[ItemResult, ...] = ()
    request_rejection: Rejection | None = None  #: set when the request as a whole was refused; then no items
    retry_after_seconds: int | None = None  #: when trying again makes sense, if anything failed

    @property
    def ok(self) -> bool:
        """Whether nothing was refused and nothing failed."""
        good = (Outcome.STORED, Outcome.EMPTY)
        return self.request_rejection is None and all(item.outcome in good for item in self.items)

    @property
    def first_rejection(self) -> ItemResult | None:
        """The first rejected item in request order, if any."""
        return next((item for item in self.items if item.outcome is Outcome.REJECTED), None)

    @property
    def failed(self) -> bool:
        """Whether any item did not reach its quorum."""
        return any(item.outcome is Outcome.FAILED for item in self.items)


class Pusher(Protocol):
    """The one thing a caller asks of a distributor."""

    def push(self, tenant: str, series: Sequence[RawSeries], push_id: str) -> PushResult:
        """Store every profile of ``series``; returns once each has its quorum or its refusal, or at the deadline."""
        ...
