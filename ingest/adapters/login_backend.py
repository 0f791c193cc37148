"""Signing in with a password, bounded: whoever guesses is told to wait, before a slow hash is spent on them."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, close_old_connections
from django.http import HttpRequest
from prometheus_client import Counter

from ingest.access.attempts import Attempts, Sparing, source_of
from ingest.access.types import AccessAction
from ingest.adapters.orm_audit import record_access
from ingest.administration.types import Actor

log = structlog.get_logger(__name__)

#: Wrong passwords one source may send in a period, in each web process.
ALLOWED_FAILURES = 10
FAILURE_PERIOD_SECONDS = 300.0
#: At most one line of the audit log for a source in this time, and as many over all.
AUDIT_PERIOD_SECONDS = 60.0
AUDIT_LINES = 30
#: Longest password that is hashed, in characters.
MAX_PASSWORD_CHARS = 1024

_DENIED = Counter("phlare_denied_requests", "Requests refused for want of permission.", ["reason"])


class Doorkeeper:
    """What this process remembers of those it refused. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._attempts = Attempts(ALLOWED_FAILURES, FAILURE_PERIOD_SECONDS)
        self._sparing = Sparing(AUDIT_PERIOD_SECONDS, AUDIT_LINES)

    def begin(self, address: str) -> float:
        """Note that a password is about to be checked; returns 0, or for how many seconds none will be."""
        with self._lock:
            return self._attempts.begin(source_of(address), time.monotonic())

    def succeeded(self, address: str) -> None:
        """Note that it was right."""
        with self._lock:
            self._attempts.succeeded(source_of(address))

    def refused(self, actor: Actor, action: AccessAction, tenant: str, detail: str) -> None:
        """Write a line of the audit log, unless this source, or all together, had theirs. Never raises."""
        with self._lock:
            left_out = self._sparing.admit(f"{action.value} {source_of(actor.source)}", time.monotonic())
        if left_out is None:
            return
        more = f" ({left_out} more since the last line)" if left_out else ""
        try:
            close_old_connections()  # a push comes past what looks after connections
            record_access(actor, action, tenant, detail + more)
        except DatabaseError as error:
            log.warning("refusal_not_written", actor=actor.name, source=actor.source, error=str(error))


#: Of this process, whoever asks: forms of the admin, the login page and Basic credentials share it.
doorkeeper = Doorkeeper()


def count_denied(reason: str) -> None:
    """Count a request that was refused for want of permission."""
    _DENIED.labels(reason).inc()


def source_address(meta: Mapping[str, Any]) -> str:
    """Return where a request comes from: the last address a trusted proxy added, else that of the connection."""
    if settings.BEHIND_TLS_PROXY:
        forwarded = str(meta.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip()
        if forwarded:
            return forwarded[:64]
    return str(meta.get("REMOTE_ADDR", ""))


class BoundedModelBackend(ModelBackend):
    """Users of the database. A source that was wrong too often is refused without a look at its password."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Any:
        """Return the user; raises PermissionDenied, which ends the search in other backends, when there is to wait."""
        if request is None:
            return super().authenticate(request, username, password, **kwargs)
        actor = Actor(username or "", source_address(request.META))
        if len(password or "") > MAX_PASSWORD_CHARS or doorkeeper.begin(actor.source) > 0:
            doorkeeper.refused(actor, AccessAction.LOGIN_FAILED, "", "Too many wrong passwords, or too long a one.")
            raise PermissionDenied
        user = super().authenticate(request, username, password, **kwargs)
        if user is not None:
            doorkeeper.succeeded(actor.source)
        else:
            doorkeeper.refused(actor, AccessAction.LOGIN_FAILED, "", "Name and password do not belong to a user.")
        return user
