"""Single profiles that somebody uploaded to look at, in the relational database: bounded in size, number and age.

They are in the database and not in the bucket, because every web process has a database and not every one may write to
the bucket. The oldest of a tenant make room for new ones.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
from django.db import transaction
from django.db.models import QuerySet

from ingest.adapters.database import database
from ingest.kept import KEEP_UPLOADS_MS, MAX_UPLOADS, MAX_UPLOADS_BYTES, Upload
from ingest.models import AdHocProfile
from ingest.querier.types import Unavailable

_ZSTD = pa.Codec("zstd", compression_level=3)


class OrmAdHocProfiles:
    """Reads and writes :class:`ingest.models.AdHocProfile`. Every method raises Unavailable without a database."""

    def __init__(self, now_ms: Callable[[], int], new_ulid: Callable[[], str]) -> None:
        self._now_ms = now_ms
        self._new_ulid = new_ulid

    def add(self, tenant: str, name: str, content: bytes) -> Upload | None:
        """Store a file and remove what has no room beside it; None when the file alone is too large."""
        packed = _ZSTD.compress(content, asbytes=True)
        if len(packed) > MAX_UPLOADS_BYTES:
            return None
        entry = Upload(f"{self._new_ulid()}-{name}", name, self._now_ms())
        with database(Unavailable), transaction.atomic():
            AdHocProfile.objects.create(
                tenant=tenant,
                key=entry.key,
                name=name,
                uploaded_at_ms=entry.uploaded_at_ms,
                plain_bytes=len(content),
                stored_bytes=len(packed),
                content=packed,
            )
            self._make_room(tenant)
        return entry

    def all(self, tenant: str) -> tuple[Upload, ...]:
        """Return the uploads of a tenant, the newest first."""
        with database(Unavailable):
            rows = self._kept(tenant).defer("content")
            return tuple(Upload(row.key, row.name, row.uploaded_at_ms) for row in rows)

    def get(self, tenant: str, key: str) -> tuple[Upload, bytes] | None:
        """Return an upload with its content, or None when there is none of that id."""
        with database(Unavailable):
            row = self._kept(tenant).filter(key=key).first()
        if row is None:
            return None
        content: bytes = _ZSTD.decompress(bytes(row.content), row.plain_bytes, asbytes=True)
        return Upload(row.key, row.name, row.uploaded_at_ms), content

    def _kept(self, tenant: str) -> QuerySet:
        rows = AdHocProfile.objects.filter(tenant=tenant, uploaded_at_ms__gt=self._now_ms() - KEEP_UPLOADS_MS)
        return rows.order_by("-uploaded_at_ms", "-key")

    def _make_room(self, tenant: str) -> None:
        AdHocProfile.objects.filter(uploaded_at_ms__lte=self._now_ms() - KEEP_UPLOADS_MS).delete()
        stored_bytes = 0
        doomed = []
        rows = self._kept(tenant).values_list("id", "stored_bytes")
        for place, (number, size) in enumerate(rows):
            stored_bytes += size
            if place >= MAX_UPLOADS or stored_bytes > MAX_UPLOADS_BYTES:
                doomed.append(number)
        AdHocProfile.objects.filter(id__in=doomed).delete()
