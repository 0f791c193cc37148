"""One way from every door to the distributor: what is counted and told of a push does not depend on how it came."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ingest import wiring
from ingest.api.metrics import observe_discarded, observe_push
from ingest.api.push_log import log_push, log_unread_push
from ingest.distributor.types import PushResult, RawSeries
from ingest.inbox_wiring import get_inbox_buffer
from ingest.profiles.reasons import Rejection


class Door(StrEnum):
    """Where pushes come in."""

    PUSH = "push"  #: push.v1.PusherService
    REST = "rest"  #: /api/v1/profiles
    INGEST = "ingest"  #: /ingest
    OTLP = "otlp"  #: OpenTelemetry profiles


@dataclass(frozen=True, slots=True)
class PushOrigin:
    """Whose push it is and how it came."""

    tenant: str
    door: Door
    user_agent: str = ""  #: as sent, unchecked
    body_bytes: int = 0  #: of the request as it came; 0 when it is not known


def store(origin: PushOrigin, series: Sequence[RawSeries]) -> PushResult:
    """Store a push; returns once every profile has its quorum or its refusal, or at the deadline."""
    result = wiring.get_distributor().push(origin.tenant, series, uuid.uuid4().hex)
    observe_push(origin.tenant, result)
    if result.request_rejection is not None:
        raw = [len(profile) for one in series for profile in one.profiles]
        observe_discarded(origin.tenant, result.request_rejection.reason, max(1, len(raw)), sum(raw))
    log_push(origin.tenant, result)
    get_inbox_buffer().note(origin.tenant, origin.door, origin.user_agent, origin.body_bytes, series, result)
    return result


def refuse_unread(origin: PushOrigin, rejection: Rejection) -> None:
    """Tell of a push that was refused before its profiles were read."""
    observe_discarded(origin.tenant, rejection.reason, 1, origin.body_bytes)
    log_unread_push(origin.tenant, rejection)
    get_inbox_buffer().note_unread(origin.tenant, origin.door, origin.user_agent, origin.body_bytes, rejection)
