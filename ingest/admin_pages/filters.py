"""Filters of the admin's lists. Names are typed, not chosen: there may be thousands of tenants."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter, TextFilter

from ingest.access.types import AccessAction
from ingest.adapters.orm_audit import BEGUN, REFUSED
from ingest.administration.types import Action, Outcome
from ingest.profiles.limit_table import LIMIT_TABLE
from ingest.retention.plan import BlockState

Choices = Sequence[tuple[str, str]]


class _Typed(TextFilter):
    """Rows whose field of the same name is exactly what was typed."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Return the rows."""
        value = self.value()
        return queryset.filter(**{self.parameter_name: value.strip()}) if value and value.strip() else queryset


class TenantNameFilter(_Typed):
    """Rows of one tenant."""

    title, parameter_name = "tenant", "tenant"


class OwnerFilter(_Typed):
    """Blocks that one ingester wrote."""

    title, parameter_name = "ingester", "owner"


class ActorFilter(_Typed):
    """What one person or kind of credentials did."""

    title, parameter_name = "actor", "actor"


class _Chosen(DropdownFilter):
    """Rows whose field of the same name is the chosen value, of which there are few."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Return the rows."""
        return queryset.filter(**{self.parameter_name: self.value()}) if self.value() else queryset


class AuditActionFilter(_Chosen):
    """Lines of the audit log of one action."""

    title, parameter_name = "action", "action"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return every action that is ever written."""
        return _values([*Action, *AccessAction])


class AuditOutcomeFilter(_Chosen):
    """Lines of the audit log of one outcome."""

    title, parameter_name = "outcome", "outcome"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return every outcome that is ever written."""
        return [(BEGUN, BEGUN), *_values(list(Outcome)), (REFUSED, REFUSED)]


class BlockStateFilter(_Chosen):
    """Blocks by how far they are on their way out of the bucket."""

    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return the states."""
        return _values(list(BlockState))


class SettingFilter(_Chosen):
    """Changes of one setting."""

    title, parameter_name = "setting", "setting"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return every setting."""
        return _SETTINGS


class OwnSettingFilter(DropdownFilter):
    """Tenants that have a value of their own for a limit."""

    title, parameter_name = "limit of its own", "own"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return every limit, and what means any of them."""
        return [("any", "any limit"), ("none", "no limit at all"), *_SETTINGS]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Return the rows."""
        chosen = self.value()
        columns = [name for name, _ in _SETTINGS]
        if chosen in ("any", "none"):
            nothing = Q(**{f"{column}__isnull": True for column in columns})
            return queryset.filter(nothing) if chosen == "none" else queryset.exclude(nothing)
        return queryset.filter(**{f"{chosen}__isnull": False}) if chosen in columns else queryset


class TokenStateFilter(DropdownFilter):
    """Tokens by whether they work."""

    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return the states, and one for tidying up."""
        return [("works", "works"), ("expired", "expired"), ("revoked", "revoked"), ("unused", "works, never used")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Return the rows."""
        works = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=Now()))
        match self.value():
            case "works":
                return queryset.filter(works)
            case "unused":
                return queryset.filter(works, last_used_at=None)
            case "expired":
                return queryset.filter(revoked_at=None, expires_at__lte=Now())
            case "revoked":
                return queryset.exclude(revoked_at=None)
        return queryset


class TokenScopeFilter(DropdownFilter):
    """Tokens by what they may do."""

    title, parameter_name = "scope", "scope"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        """Return the scopes."""
        return [("can_push", "push"), ("can_query", "query"), ("can_admin", "admin")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Return the rows."""
        chosen = self.value()
        is_known = chosen in ("can_push", "can_query", "can_admin")
        return queryset.filter(**{chosen: True}) if is_known else queryset


_SETTINGS: Choices = tuple((info.column, info.title) for info in LIMIT_TABLE)


def _values(members: Sequence[Enum]) -> list[tuple[str, str]]:
    found: list[Any] = [member.value for member in members]
    return [(value, value) for value in dict.fromkeys(found)]
