"""API tokens as every process that serves has them: in memory, followed in the database by a thread.

A push never asks the database: :meth:`TokenTable.find` is a hash and one look into a dictionary. A token that was made
or revoked counts within seconds; while the database is away the last known ones stay.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog
from django.db import DatabaseError, connection
from prometheus_client import Counter

from ingest.access.tokens import KnownToken, find_token
from ingest.adapters.token_records import TokenRevision

log = structlog.get_logger(__name__)

PERIOD_SECONDS = 3.0
#: Looks between two notes of which tokens were used.
_LOOKS_A_NOTE = 20

_FAILURES = Counter("phlare_token_failures", "Attempts to read the API tokens that failed.")


class Records(Protocol):
    """Where tokens are kept; :mod:`ingest.adapters.token_records`. Everything raises DatabaseError."""

    def token_revision(self) -> TokenRevision:
        """Return what there is to load, in one cheap query."""
        ...

    def load_tokens(self) -> Mapping[str, KnownToken]:
        """Return the tokens that work, by digest."""
        ...

    def note_use(self, ids: Collection[int]) -> None:
        """Write that tokens were used."""
        ...


@dataclass(frozen=True, slots=True)
class _Known:
    """What one look established; replaced whole, so that readers need no lock."""

    revision: TokenRevision
    tokens: Mapping[str, KnownToken]


class TokenTable:
    """Keeps the tokens current. ``start`` it once; every other method is safe from any thread."""

    def __init__(self, records: Records, clock_ms: Callable[[], int]) -> None:
        """``clock_ms`` is Unix time, for tokens that expire."""
        self._records = records
        self._clock_ms = clock_ms
        self._known: _Known | None = None
        self._used: set[int] = set()
        self._looks = 0
        self._is_away = False
        self._thread = threading.Thread(target=self._run, name="api-tokens", daemon=True)

    def start(self) -> None:
        """Look once, so that nobody has to wait, and go on in a thread."""
        self.refresh()
        self._thread.start()

    @property
    def is_known(self) -> bool:
        """Whether the tokens were read at least once: before that no token can be told from a wrong one."""
        return self._known is not None

    def find(self, text: str) -> KnownToken | None:
        """Return the token with this text, if it works now."""
        known = self._known
        found = None if known is None else find_token(known.tokens, text, self._clock_ms())
        if found is not None:
            self._used.add(found.id)
        return found

    def refresh(self) -> bool:
        """Look at the database now, in the calling thread; returns whether that was possible."""
        try:
            self._look()
        except DatabaseError as error:
            _FAILURES.inc()
            if not self._is_away:
                self._is_away = True
                log.warning("tokens_kept", error=str(error), known=self.is_known)
            connection.close()  # the next attempt gets a new one
            return False
        if self._is_away:
            self._is_away = False
            log.info("tokens_read_again")
        return True

    def note_use(self) -> None:
        """Write which tokens were used since the last call. Raises django.db.DatabaseError: then they are kept."""
        used, self._used = self._used, set()
        if not used:
            return
        try:
            self._records.note_use(used)
        except DatabaseError:
            self._used |= used
            raise

    def _look(self) -> None:
        revision = self._records.token_revision()
        if self._known is None or self._known.revision != revision:
            self._known = _Known(revision, self._records.load_tokens())
        self._looks += 1
        if self._looks % _LOOKS_A_NOTE == 0:
            self.note_use()

    def _run(self) -> None:
        while True:
            time.sleep(PERIOD_SECONDS)
            try:
                self.refresh()
            except Exception:  # a defect must not end the thread: a revoked token would work for ever
                log.exception("tokens_failed")
