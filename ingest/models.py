"""What the database keeps in the relational database: the catalogue of blocks in the bucket, and tenants' settings.

The catalogue is an index, not a source of truth: ``manage.py catalogue rebuild`` makes it again from the bucket.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from ingest.access.types import Role
from ingest.profiles.limit_rules import contradictions, retention_contradiction
from ingest.profiles.limit_table import LIMIT_TABLE, LimitInfo, LimitKind, what_is_wrong
from ingest.profiles.reasons import Rejection
from ingest.profiles.tenant import MAX_TENANT_BYTES, validate_tenant
from ingest.retention.plan import BlockState


class BlockRecord(models.Model):
    """One block that is complete in the bucket, or on its way out of it: see :mod:`ingest.retention.plan`."""

    ulid = models.CharField(max_length=26, unique=True, help_text="Identifier of the block, and of the head it was.")
    tenant = models.CharField(max_length=150, help_text="Whose profiles are in it.")
    owner = models.CharField("ingester", max_length=255, help_text="Ingester that wrote it.")
    prefix = models.CharField("folder", max_length=1024, help_text="Folder of its tenant in the bucket.")
    min_time_ns = models.BigIntegerField(help_text="Time of its first profile, in Unix nanoseconds.")
    max_time_ns = models.BigIntegerField(help_text="Time of its last profile, inclusive, in Unix nanoseconds.")
    series = models.BigIntegerField(help_text="Different sets of labels in it, times their sample types.")
    profiles = models.BigIntegerField(help_text="Profiles in it; one profile of several sample types counts once.")
    rows = models.BigIntegerField(help_text="Rows: profiles times sample types.")
    samples = models.BigIntegerField(help_text="Stacks with a value, over all rows.")
    size_bytes = models.BigIntegerField("bytes", help_text="Bytes in the bucket.")
    objects_count = models.IntegerField("objects", help_text="Objects of it in the bucket, its meta.json included.")
    created_at = models.DateTimeField(help_text="When the block was written.")
    registered_at = models.DateTimeField(auto_now_add=True, help_text="When queries began to see it.")
    state = models.CharField(
        max_length=16,
        choices=[(state.value, state.value) for state in BlockState],
        default=BlockState.KEPT.value,
        help_text="Queries see blocks that are kept, and no others.",
    )
    state_since_ms = models.BigIntegerField(
        default=0, help_text="When the state became so, in Unix milliseconds of the database's clock; 0 = always."
    )

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "max_time_ns", "min_time_ns"], name="block_by_tenant_and_time"),
            models.Index(
                fields=["tenant"], condition=~models.Q(state=BlockState.KEPT.value), name="block_on_its_way_out"
            ),
        ]
        ordering = ["-ulid"]
        verbose_name = "block"

    def __str__(self) -> str:
        return f"{self.ulid} of {self.tenant}"


def is_tenant_id(text: str) -> None:
    """Raise ValidationError unless ``text`` is the id of a tenant as requests give it."""
    found = validate_tenant(text)
    if isinstance(found, Rejection):
        raise ValidationError(found.message)
    if found != text:
        raise ValidationError("A tenant id has no colon.")


def is_shard_size(size: int) -> None:
    """Raise ValidationError for a shard that could not hold every copy."""
    factor = settings.RING.replication_factor
    if 0 < size < factor:
        raise ValidationError(
            f"A shard of {size} cannot hold {factor} copies of a profile: take at least {factor}, or 0 for all "
            "ingesters."
        )


class Tenant(models.Model):
    """Settings of one tenant that differ from the defaults.

    Beside the name there is a column for each row of :data:`ingest.profiles.limit_table.LIMIT_TABLE`, added below; null
    means the default. Change rows through :mod:`ingest.adapters.tenant_records`, which writes the history that every
    process follows.
    """

    name = models.CharField(
        "tenant",
        max_length=MAX_TENANT_BYTES,
        unique=True,
        validators=[is_tenant_id],
        help_text="Id as requests give it in X-Scope-OrgID; anonymous while multi-tenancy is off.",
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def own_limits(self) -> dict[str, int | str]:
        """Return what differs from the defaults, by the field of Limits and in its unit."""
        values = {info.name: limit_value(getattr(self, info.column)) for info in LIMIT_TABLE}
        return {name: value for name, value in values.items() if value is not None}

    def clean(self) -> None:
        """Refuse values out of their bounds, and those that cannot be in force together with the others."""
        own = self.own_limits()
        wrong = {
            info.column: sentence
            for info in LIMIT_TABLE
            if info.name in own and (sentence := what_is_wrong(info, own[info.name])) is not None
        }
        if wrong:
            raise ValidationError(wrong)
        is_shard_size(int(own.get("ingestion_tenant_shard_size", 0)))
        in_force = replace(settings.LIMITS, **own)
        too_short = retention_contradiction(in_force, round(settings.INGEST.held_seconds * 1e9))
        together = [*contradictions(in_force), *([too_short] if too_short is not None else [])]
        if together:
            raise ValidationError(together)


def limit_value(column_value: Any) -> int | str | None:
    """Return a value of a column in the unit of the field of Limits."""
    if isinstance(column_value, timedelta):
        return column_value // timedelta(microseconds=1) * 1000
    return None if column_value is None else cast(int | str, column_value)


def column_value(info: LimitInfo, value: int | str | None) -> Any:
    """Return a value of a field of Limits as its column keeps it."""
    if info.kind is LimitKind.DURATION and value is not None:
        return timedelta(microseconds=int(value) // 1000)
    return value


# Bounds and texts for people are not part of the columns: they change without a migration.
_COLUMN_KINDS: dict[LimitKind, type[models.Field]] = {
    LimitKind.COUNT: models.PositiveIntegerField,
    LimitKind.BYTES: models.PositiveBigIntegerField,
    LimitKind.DURATION: models.DurationField,
    LimitKind.TEXT: models.TextField,
}
for _info in LIMIT_TABLE:
    Tenant.add_to_class(_info.column, _COLUMN_KINDS[_info.kind](null=True, blank=True))


class TenantChange(models.Model):
    """One change of one setting. Rows are only added: the newest of a tenant and setting is what it is now.

    Times are those of the database's clock, so that no process's own clock matters.
    """

    tenant = models.CharField(
        max_length=MAX_TENANT_BYTES, blank=True, help_text="Empty is the default of tenants without a value."
    )
    setting = models.CharField(max_length=64, help_text="Name of the column of Tenant.")
    value = models.BigIntegerField(null=True, help_text="Durations in nanoseconds; nothing is the default.")
    text = models.TextField(null=True, help_text="The same for settings that are texts.")
    changed_at = models.DateTimeField("when")
    effective_at = models.DateTimeField(
        "in effect from", help_text="From when on writes follow; everything else does at once."
    )
    changed_by = models.CharField("by", max_length=255)

    class Meta:
        indexes = [models.Index(fields=["tenant", "setting", "id"], name="change_by_tenant")]
        ordering = ["-id"]
        verbose_name = "change of a setting"
        verbose_name_plural = "changes of settings"

    def __str__(self) -> str:
        return f"{self.setting} of {self.tenant or 'everybody'}"


#: Tokens of one tenant that are not revoked, and rows of revoked ones that are kept beside them.
MAX_TOKENS = 1000


class ApiToken(models.Model):
    """A key of a program to the data of one tenant. Rows stay when a token is revoked, so that its name is known.

    Change rows through :mod:`ingest.adapters.token_records`, which counts what changed: every process follows that.
    """

    name = models.CharField(max_length=150, help_text="What it is for, such as the agent or the person that has it.")
    tenant = models.CharField(
        max_length=MAX_TENANT_BYTES,
        validators=[is_tenant_id],
        help_text="Whose data it opens, for good; anonymous while multi-tenancy is off.",
    )
    can_push = models.BooleanField("push", default=False, help_text="May store profiles.")
    can_query = models.BooleanField("query", default=False, help_text="May read profiles.")
    can_admin = models.BooleanField("admin", default=False, help_text="May change settings and tokens of the tenant.")
    expires_at = models.DateTimeField(
        "works until", null=True, blank=True, help_text="In UTC; empty is for as long as nobody revokes it."
    )
    prefix = models.CharField(
        "begins with", max_length=16, unique=True, editable=False, help_text="Its beginning, which is no secret."
    )
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of it.")
    created_at = models.DateTimeField("made at", auto_now_add=True)
    created_by = models.CharField("made by", max_length=150, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField("last used", null=True, editable=False, help_text="To the hour.")
    changes = models.PositiveIntegerField(default=0, editable=False, help_text="How often the row was changed.")

    class Meta:
        ordering = ["tenant", "name", "id"]
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.prefix} of {self.tenant}"

    def clean(self) -> None:
        """Refuse a token that could do nothing, and one more than every process would keep in memory."""
        if not (self.can_push or self.can_query or self.can_admin):
            raise ValidationError("A token needs at least one of push, query and admin.")
        if self._state.adding and ApiToken.objects.filter(tenant=self.tenant, revoked_at=None).count() >= MAX_TOKENS:
            raise ValidationError(f"The tenant has {MAX_TOKENS} tokens, which is the most it may have: revoke some.")


class Membership(models.Model):
    """What a user of this site is to a tenant. Change rows through :mod:`ingest.adapters.membership_records`."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    tenant = models.CharField(
        max_length=MAX_TENANT_BYTES,
        validators=[is_tenant_id],
        help_text="Whose data the role is for; anonymous while multi-tenancy is off.",
    )
    role = models.CharField(
        max_length=16,
        choices=[(role.value, role.value) for role in Role],
        default=Role.MEMBER.value,
        help_text="A member reads, a pusher reads and stores, an admin does everything with the tenant.",
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "tenant"], name="one_role_a_tenant")]
        ordering = ["tenant", "user__username"]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.tenant}"


class AuditEntry(models.Model):
    """Who did what, or tried to, and what came of it: actions on ingesters, tokens, roles, settings, refused access."""

    at = models.DateTimeField("when", auto_now_add=True)
    actor = models.CharField(
        "who", max_length=150, help_text="User name, or the kind of credentials when they name nobody."
    )
    action = models.CharField("what", max_length=64)
    instance = models.CharField("ingester", max_length=255, blank=True, help_text="The ingester it was done to.")
    tenant = models.CharField(max_length=MAX_TENANT_BYTES, blank=True, help_text="The tenant it was about.")
    outcome = models.CharField(max_length=32, help_text="begun: it has not ended, or its process died before it did.")
    detail = models.TextField("in words", blank=True)
    source = models.CharField("source address", max_length=64)

    class Meta:
        ordering = ["-id"]
        verbose_name = "line of the audit log"
        verbose_name_plural = "lines of the audit log"

    def __str__(self) -> str:
        return f"{self.action} {self.instance or self.tenant} by {self.actor}: {self.outcome}"


class PageSetting(models.Model):
    """Something that pages remember for a tenant, such as which plugin settings it chose."""

    tenant = models.CharField(max_length=MAX_TENANT_BYTES)
    name = models.CharField(max_length=255)
    value = models.TextField()
    modified_at_ms = models.BigIntegerField(help_text="Unix milliseconds, as the page said.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="page_setting_by_name")]
        ordering = ["tenant", "name"]

    def __str__(self) -> str:
        return f"{self.name} of {self.tenant}"


class AdHocProfile(models.Model):
    """One profile that somebody uploaded to look at. It is part of no query."""

    tenant = models.CharField(max_length=MAX_TENANT_BYTES)
    key = models.CharField(max_length=300, unique=True, help_text="ULID and name, joined by a dash.")
    name = models.CharField(max_length=255)
    uploaded_at_ms = models.BigIntegerField(help_text="Unix milliseconds.")
    plain_bytes = models.BigIntegerField()
    stored_bytes = models.BigIntegerField(help_text="Of the content as it is here, compressed with zstd.")
    content = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "uploaded_at_ms"], name="adhoc_by_tenant_and_time")]
        ordering = ["-uploaded_at_ms"]

    def __str__(self) -> str:
        return f"{self.key} of {self.tenant}"
