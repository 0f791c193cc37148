"""One line for each push that was not stored whole; a push that was says nothing."""

from __future__ import annotations

import structlog

from ingest.distributor.types import Outcome, PushResult
from ingest.profiles.reasons import Reason, Rejection

log = structlog.get_logger(__name__)

#: Characters of a sentence that reach the log: senders choose parts of it, label names for instance.
_MAX_MESSAGE_CHARS = 300


def log_push(tenant: str, result: PushResult) -> None:
    """Log what went wrong in a push, under the identifier that its sender was told, with the first reason."""
    if result.ok:
        return
    if result.request_rejection is not None:
        log_unread_push(tenant, result.request_rejection, result.push_id)
        return
    bad = [item for item in result.items if item.outcome in (Outcome.REJECTED, Outcome.FAILED)]
    failed = [item for item in bad if item.outcome is Outcome.FAILED]
    first = failed[0] if failed else bad[0]
    # Refusals are the sender's to mend; failures are ours, so they stand out.
    say = log.warning if failed else log.info
    say(
        "push_failed" if failed else "push_refused",
        tenant=tenant,
        push_id=result.push_id,
        reason=(first.reason or Reason.UNKNOWN).value,
        message=first.message[:_MAX_MESSAGE_CHARS],
        profiles=len(result.items),
        refused=len(bad) - len(failed),
        failed=len(failed),
    )


def log_unread_push(tenant: str, rejection: Rejection, push_id: str = "") -> None:
    """Log a push that was refused as a whole; without an identifier when it was refused before it was read."""
    log.info(
        "push_refused",
        tenant=tenant,
        push_id=push_id,
        reason=rejection.reason.value,
        message=rejection.message[:_MAX_MESSAGE_CHARS],
    )
