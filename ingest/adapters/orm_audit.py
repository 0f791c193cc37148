"""The audit log in the relational database, bounded by a number of lines."""

from __future__ import annotations

import structlog
from django.db import DatabaseError, close_old_connections

from ingest.access.types import BY_ITSELF, BY_STRANGERS, AccessAction
from ingest.administration.types import Action, Actor, Outcome, Unreachable
from ingest.models import AuditEntry

log = structlog.get_logger(__name__)

#: Lines kept; the oldest are deleted beyond it. Enough for years of a busy cluster, a few megabytes.
MAX_ENTRIES = 10_000
#: Lines kept of what strangers make happen. Counted apart: no flood of them displaces what operators did.
MAX_ENTRIES_BY_STRANGERS = 1_000
#: Lines kept of what the system does by itself.
MAX_ENTRIES_BY_ITSELF = 2_000
#: The kind of what operators do: everything else.
_NO_KIND: frozenset[AccessAction] = frozenset()
#: Longest detail that is kept, in characters.
MAX_DETAIL = 1000
#: What a line says of an action that has not ended, or whose process died before it did.
BEGUN = "begun"
#: What a line says of something that is done by the time it is written.
DONE = "done"
REFUSED = "refused"


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
            _delete_beyond(self._max_entries, _NO_KIND)
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


def record_access(actor: Actor, action: AccessAction, tenant: str, detail: str) -> None:
    """Write that something was done, or refused, in the transaction of the caller. Raises django.db.DatabaseError."""
    most, kind = _bound_of(action)
    AuditEntry.objects.create(
        actor=actor.name[:150],
        source=actor.source[:64],
        action=action.value,
        tenant=tenant[:150],
        outcome=REFUSED if action in BY_STRANGERS else DONE,
        detail=detail[:MAX_DETAIL],
    )
    _delete_beyond(most, kind)
    log.info(
        "access", actor=actor.name, source=actor.source, action=action.value, tenant=tenant, detail=detail[:MAX_DETAIL]
    )


def _bound_of(action: AccessAction) -> tuple[int, frozenset[AccessAction]]:
    """Return how many lines are kept of the kind that an action is of, and the kind."""
    if action in BY_STRANGERS:
        return MAX_ENTRIES_BY_STRANGERS, BY_STRANGERS
    if action in BY_ITSELF:
        return MAX_ENTRIES_BY_ITSELF, BY_ITSELF
    return MAX_ENTRIES, _NO_KIND


def _delete_beyond(most: int, kind: frozenset[AccessAction]) -> None:
    """Delete the oldest lines of one kind."""
    lines = AuditEntry.objects.filter(action__in=[action.value for action in kind])
    if not kind:
        lines = AuditEntry.objects.exclude(action__in=[action.value for action in BY_STRANGERS | BY_ITSELF])
    oldest = lines.order_by("-id").values_list("id", flat=True)[most : most + 1].first()
    if oldest is not None:
        lines.filter(id__lte=oldest).delete()
