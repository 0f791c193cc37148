"""The audit log in the relational database, bounded by a number of lines."""

from __future__ import annotations

import structlog
from django.db import DatabaseError, close_old_connections

from ingest.administration.types import Action, Actor, Outcome, Unreachable
from ingest.models import AuditEntry

log = structlog.get_logger(__name__)

#: Lines kept; the oldest are deleted beyond it. Enough for years of a busy cluster, a few megabytes.
MAX_ENTRIES = 10_000
#: Longest detail that is kept, in characters.
MAX_DETAIL = 1000
#: What a line says of an action that has not ended, or whose process died before it did.
BEGUN = "begun"


class OrmAuditLog:
    """Writes :class:`ingest.models.AuditEntry`. Every line goes to the log of the process as well."""

    def __init__(self, max_entries: int = MAX_ENTRIES) -> None:
        self._max_entries = max_entries

    def begin(self, actor: Actor, action: Action, instance: str) -> int:
        """Write that an action begins; returns its number. Raises Unreachable: then nothing may be done."""
        try:
            close_old_connections()
            entry = AuditEntry.objects.create(
                actor=actor.name[:150],
                source=actor.source[:64],
                action=action.value,
                instance=instance[:255],
                outcome=BEGUN,
            )
            AuditEntry.objects.filter(id__lte=entry.id - self._max_entries).delete()
        except DatabaseError as error:
            raise Unreachable(f"the audit log cannot be written: {error}") from error
        log.info("admin_action", actor=actor.name, source=actor.source, action=action.value, instance=instance)
        number: int = entry.id
        return number

    def end(self, number: int, outcome: Outcome, detail: str) -> None:
        """Write what came of it; a failure is logged, for the action is done by then."""
        log.info("admin_action_ended", audit=number, outcome=outcome.value, detail=detail)
        try:
            close_old_connections()  # an upload may have taken a minute
            AuditEntry.objects.filter(id=number).update(outcome=outcome.value, detail=detail[:MAX_DETAIL])
        except DatabaseError as error:
            log.error("audit_not_written", audit=number, outcome=outcome.value, detail=detail, error=str(error))
