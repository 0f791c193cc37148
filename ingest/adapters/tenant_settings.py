"""Tenants' settings as every process has them: in memory, followed in the database by a thread.

Nothing on the way of a push asks the database: :meth:`TenantSettings.limits` is one look into a dictionary. While the
database is away the last known settings stay.

What keeps a reader from lagging behind a writer: a changed shard size is visible for :data:`PROPAGATION` before writers
use it, by the clock of the database, and a reader whose settings are older than :data:`TRUSTED_SECONDS` asks the whole
ring. The difference is what a commit and a read of the settings may take.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import structlog
from django.db import DatabaseError, connection
from prometheus_client import Counter

from ingest.adapters.tenant_records import PROPAGATION, SHARD_SIZE, Revision, TenantRecords
from ingest.profiles.limits import Limits
from ring.core.shard_sizes import SizeChange, covering_size, size_at

log = structlog.get_logger(__name__)

PERIOD_SECONDS = 5.0
#: By how much a writer may be late with a size that is in force: it looks every few seconds.
_WRITER_LAG_MS = 30_000
#: Age of the settings up to which a reader takes them for complete.
TRUSTED_SECONDS = PROPAGATION.total_seconds() - 10

_FAILURES = Counter("phlare_tenant_settings_failures", "Attempts to read tenants' settings that failed.")


class Records(Protocol):
    """Where settings are kept; :mod:`ingest.adapters.tenant_records`. Everything raises DatabaseError."""

    def revision(self) -> Revision:
        """Return what there is to load, in one cheap query."""
        ...

    def load(self) -> TenantRecords:
        """Return all settings."""
        ...

    def record_default_size(self, size: int, changed_by: str) -> None:
        """Note the shard size of tenants that have none of their own."""
        ...


@dataclass(frozen=True, slots=True)
class _Known:
    """What one look at the database established; replaced whole, so that readers need no lock."""

    revision: Revision
    records: TenantRecords
    at_seconds: float  #: own clock before the look
    default: Limits
    limits: Mapping[str, Limits]  #: of the tenants that have settings of their own
    until_ms: int | None  #: clock of the database when the next size comes into force

    def now_ms(self, now_seconds: float) -> int:
        """Return the time of the database's clock."""
        return self.revision.now_ms + round((now_seconds - self.at_seconds) * 1000)


class TenantSettings:
    """Keeps the settings current. ``start`` it once; every other method is safe from any thread."""

    def __init__(
        self,
        defaults: Limits,
        records: Records,
        notes_default: bool,
        clock_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """``notes_default``: whether this process places writes, so that its default size has to be known to all."""
        self._defaults = defaults
        self._records = records
        self._notes_default = notes_default
        self._clock_seconds = clock_seconds
        self._known: _Known | None = None
        self._is_away = False
        self._thread = threading.Thread(target=self._run, name="tenant-settings", daemon=True)

    def start(self) -> None:
        """Look once, so that nobody has to wait, and go on in a thread."""
        self.refresh()
        self._thread.start()

    def limits(self, tenant: str) -> Limits:
        """Return the limits of a tenant; the defaults until the database was read once."""
        known = self._known
        if known is None:
            return self._defaults
        return known.limits.get(tenant, known.default)

    def overrides(self) -> Mapping[str, Mapping[str, int | str]]:
        """Return what was set for single tenants, by the field of Limits; nothing until the database was read once."""
        known = self._known
        if known is None:
            return {}
        found: dict[str, dict[str, int | str]] = {}
        for tenant, own in known.records.limits.items():
            found[tenant] = dict(own)
        for tenant, sizes in known.records.sizes.items():
            if tenant and sizes and sizes[-1].size is not None:
                found.setdefault(tenant, {})[SHARD_SIZE] = sizes[-1].size
        return {tenant: own for tenant, own in found.items() if own}

    def write_size(self, tenant: str) -> int | None:
        """Return the shard size for writes; None until the database was read once, for readers may know another."""
        return None if self._known is None else self.limits(tenant).ingestion_tenant_shard_size

    def read_size(self, tenant: str, lookback_ms: int) -> int:
        """Return the largest shard size for writes within the look-back; 0, the whole ring, if that is not sure."""
        known, now_seconds = self._known, self._clock_seconds()
        if known is None or now_seconds - known.at_seconds > TRUSTED_SECONDS:
            return 0
        own, defaults = _sizes(known.records, tenant)
        return covering_size(own, defaults, known.now_ms(now_seconds) - lookback_ms - _WRITER_LAG_MS)

    def refresh(self) -> bool:
        """Look at the database now, in the calling thread; returns whether that was possible."""
        try:
            self._look()
        except DatabaseError as error:
            _FAILURES.inc()
            if not self._is_away:
                self._is_away = True
                log.warning("tenant_settings_kept", error=str(error), known=self._known is not None)
            connection.close()  # the next attempt gets a new one
            return False
        if self._is_away:
            self._is_away = False
            log.info("tenant_settings_read_again")
        return True

    def _look(self) -> None:
        if self._notes_default:
            self._records.record_default_size(self._defaults.ingestion_tenant_shard_size, "PHLARE_LIMIT_*")
            self._notes_default = False
        known, asked_seconds = self._known, self._clock_seconds()
        revision = self._records.revision()
        if known is not None and known.revision == revision:
            is_due = known.until_ms is not None and revision.now_ms >= known.until_ms
            records = known.records
            if not is_due:
                self._known = replace(known, revision=revision, at_seconds=asked_seconds)
                return
        else:
            records = self._records.load()
        self._known = _in_force(self._defaults, revision, records, asked_seconds)

    def _run(self) -> None:
        while True:
            time.sleep(PERIOD_SECONDS)
            try:
                self.refresh()
            except Exception:  # a defect must not end the thread: settings would never change again
                log.exception("tenant_settings_failed")


def _in_force(defaults: Limits, revision: Revision, records: TenantRecords, asked_seconds: float) -> _Known:
    """Return the settings that are in force at the time of ``revision``."""
    now_ms = revision.now_ms
    limits: dict[str, Limits] = {}
    for tenant in {*records.limits, *records.sizes}:
        size = size_at(*_sizes(records, tenant), now_ms)
        own: dict[str, Any] = {**records.limits.get(tenant, {}), SHARD_SIZE: size}
        limits[tenant] = replace(defaults, **own)
    default = replace(defaults, ingestion_tenant_shard_size=size_at((), records.sizes.get("", ()), now_ms))
    later = [one.effective_ms for changes in records.sizes.values() for one in changes if one.effective_ms > now_ms]
    return _Known(revision, records, asked_seconds, default, limits, min(later, default=None))


def _sizes(records: TenantRecords, tenant: str) -> tuple[tuple[SizeChange, ...], tuple[SizeChange, ...]]:
    return records.sizes.get(tenant, ()), records.sizes.get("", ())
