"""What pages remember for a tenant, in the relational database: bounded; an older change never undoes a newer one."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from ingest.adapters.database import database
from ingest.kept import MAX_SETTINGS, Setting, Stored
from ingest.models import PageSetting
from ingest.querier.types import Unavailable

#: How often a write is tried again that met another one of the same name.
_ATTEMPTS = 3


class OrmPageSettings:
    """Reads and writes :class:`ingest.models.PageSetting`. Every method raises Unavailable without a database."""

    def all(self, tenant: str) -> tuple[Setting, ...]:
        """Return the settings of a tenant, sorted by name."""
        with database(Unavailable):
            rows = PageSetting.objects.filter(tenant=tenant).order_by("name")
            return tuple(Setting(row.name, row.value, row.modified_at_ms) for row in rows)

    def put(self, tenant: str, setting: Setting) -> Stored:
        """Store a setting unless the stored one was changed later; equal times replace."""
        with database(Unavailable):
            for _ in range(_ATTEMPTS - 1):
                try:
                    return self._put(tenant, setting)
                except IntegrityError:
                    continue  # another process stored the same name in between
            return self._put(tenant, setting)

    def remove(self, tenant: str, name: str) -> None:
        """Forget a setting; one that is not there is no error."""
        with database(Unavailable):
            PageSetting.objects.filter(tenant=tenant, name=name).delete()

    def _put(self, tenant: str, setting: Setting) -> Stored:
        with transaction.atomic():
            same = PageSetting.objects.filter(tenant=tenant, name=setting.name)
            if same.filter(modified_at_ms__lte=setting.modified_at_ms).update(
                value=setting.value, modified_at_ms=setting.modified_at_ms
            ):
                return Stored.DONE
            if same.exists():
                return Stored.OLDER
            if PageSetting.objects.filter(tenant=tenant).count() >= MAX_SETTINGS:
                return Stored.FULL
            PageSetting.objects.create(
                tenant=tenant, name=setting.name, value=setting.value, modified_at_ms=setting.modified_at_ms
            )
            return Stored.DONE
