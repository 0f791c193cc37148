"""A box in which a retention period is tried: what it would delete of a tenant's blocks, and when. Nothing is saved."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from ingest.adapters.retention_preview import limits_in_force, preview
from ingest.limit_fields import LimitField
from ingest.models import limit_value
from ingest.profiles.limit_rules import retention_contradiction
from ingest.profiles.limit_table import format_limit
from ingest.retention.preview import PERIOD, sentences


@dataclass(frozen=True, slots=True)
class ShownPreview:
    """What a period would do, in words."""

    period: str
    title: str
    sentences: tuple[str, ...]
    deletes_something: bool


class RetentionBox(forms.Form):
    """A period; empty is the default of all tenants."""

    def __init__(self, *args: object, tenant: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._tenant = tenant
        self.fields["period"] = LimitField(PERIOD, PERIOD.value_in(settings.LIMITS))

    def clean_period(self) -> int:
        """Return the period in nanoseconds, refused as the tenant's own page would refuse it."""
        own = limit_value(self.cleaned_data["period"])
        period_ns = int(PERIOD.value_in(settings.LIMITS) if own is None else own)
        wrong = retention_contradiction(
            replace(limits_in_force(self._tenant), compactor_blocks_retention_period_ns=period_ns),
            round(settings.INGEST.held_seconds * 1e9),
        )
        if wrong is not None:
            raise ValidationError(wrong)
        return period_ns


def tried_period(tenant: str, period_ns: int) -> ShownPreview:
    """Return what a period would do to the blocks of a tenant. Raises django.db.DatabaseError."""
    found = preview(tenant, period_ns)
    period = f"for {format_limit(PERIOD, period_ns)}" if period_ns else "for ever"
    deletes = bool(found.to_mark.blocks or found.marked.blocks)
    return ShownPreview(
        period=period,
        title="Blocks would be deleted" if deletes else "Nothing would be deleted",
        sentences=tuple(sentences(found)),
        deletes_something=deletes,
    )


def default_keeping() -> str:
    """Return what becomes of the profiles of a tenant that gets the defaults, where they are not kept for ever."""
    period_ns = int(PERIOD.value_in(settings.LIMITS))
    if not period_ns:
        return ""
    return f"Profiles are kept for {format_limit(PERIOD, period_ns)} from then on: older blocks are deleted."
