"""The push inbox: what became of the pushes of a tenant, row by row, for those who ask why there is no data.

Pushes of one source that fared alike are one row with a count, so that a row lasts as long as its cause and a busy
sender cannot push out the others. Rows of trouble and rows of pushes that went well are bounded apart: a fleet that
does well must not hide the one that does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from ingest.distributor.types import ItemResult
from ingest.profiles.reasons import Reason
from ingest.profiles.suspects import Suspect


class Verdict(StrEnum):
    """How a profile fared."""

    ACCEPTED = "accepted"  #: stored as it came
    CLIPPED = "clipped"  #: stored without a part of it
    EMPTY = "empty"  #: taken, and nothing of it was left to store
    REJECTED = "rejected"  #: refused; a part may be stored
    FAILED = "failed"  #: not stored through no fault of the sender


class Cause(NamedTuple):
    """What pushes have in common that are one row. A tuple, for one is made of each push."""

    tenant: str
    door: str
    user_agent: str
    labels: tuple[tuple[str, str], ...]  #: of the series as sent, clipped
    verdict: Verdict
    reason: Reason | None
    suspects: tuple[Suspect, ...]
    dropped: tuple[str, ...]  #: names of what was left out

    @property
    def is_trouble(self) -> bool:
        """Whether anybody should look at it."""
        return self.verdict is not Verdict.ACCEPTED or bool(self.suspects)


class Latest(NamedTuple):
    """The last push of a row."""

    at_ms: int
    body_bytes: int  #: of the request as it came, with whatever else was in it; 0 when it is not known
    item: ItemResult


@dataclass(slots=True)
class Tally:
    """Pushes of one cause since they were last written down."""

    first_ms: int
    count: int
    raw_bytes: int  #: of all of them, once decompressed
    latest: Latest


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the inbox as it is kept."""

    sequence: int  #: grows with every change of any row of the tenant
    count: int
    first_ms: int
    document: dict[str, Any]  #: see :mod:`ingest.inbox.documents`


@dataclass(frozen=True, slots=True, order=True)
class HourCount:
    """How many profiles of one hour fared alike."""

    hour_ms: int  #: when the hour began
    verdict: Verdict
    reason: str  #: empty for those that went well
    count: int
    raw_bytes: int  #: of all of them, once decompressed
