"""What the routes of access take and give."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ingest.access.types import Scope
from ingest.api.rest.serializers import comma_separated
from ingest.api.rest.time_range import parse_duration_ms
from ingest.profiles.reasons import Rejection
from ingest.profiles.tenant import validate_tenant


class TenantField(serializers.CharField):
    """The id of one tenant."""

    def to_internal_value(self, data: Any) -> str:
        """Return the id; refuses what is none."""
        found = validate_tenant(super().to_internal_value(data))
        if isinstance(found, Rejection):
            raise serializers.ValidationError(found.message)
        return found


class ScopesField(serializers.CharField):
    """Scopes in one parameter, separated by commas."""

    def to_internal_value(self, data: Any) -> frozenset[Scope]:
        """Return the scopes; refuses words that are none."""
        names = comma_separated(super().to_internal_value(data))
        unknown = sorted(set(names) - set(Scope))
        if unknown or not names:
            raise serializers.ValidationError(f"Name at least one of {', '.join(Scope)}.")
        return frozenset(Scope(name) for name in names)


class LifetimeField(serializers.CharField):
    """A duration in milliseconds."""

    def to_internal_value(self, data: Any) -> int:
        """Return milliseconds; refuses what is no duration, and more than a thousand years."""
        try:
            lifetime_ms = parse_duration_ms(super().to_internal_value(data))
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None
        if not 0 < lifetime_ms < 1000 * 366 * 86_400_000:
            raise serializers.ValidationError("Take more than nothing and less than a thousand years.")
        return lifetime_ms


class ChooseTenantQuery(serializers.Serializer):
    """Which tenant a session works with."""

    tenant = TenantField(help_text="Id of the tenant.")


class CreateTokenQuery(serializers.Serializer):
    """What a token is for."""

    name = serializers.CharField(max_length=150, help_text="What it is for, such as the agent that has it.")
    scopes = ScopesField(help_text="Any of push, query and admin, separated by commas.")
    expires_in = LifetimeField(
        default=None, allow_null=True, help_text="How long it works, such as 90d; else for ever."
    )


class GrantAnswer(serializers.Serializer):
    """What may be done with one tenant."""

    tenant = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField(), help_text="Of push, query and admin.")


class WhoAnswer(serializers.Serializer):
    """Who sends the request, and what that may do."""

    access_enabled = serializers.BooleanField(help_text="Off: everybody may do everything.")
    multitenancy_enabled = serializers.BooleanField(help_text="Off: there is one tenant, `anonymous`.")
    name = serializers.CharField(allow_blank=True)
    is_operator = serializers.BooleanField(help_text="May do everything with every tenant.")
    is_staff = serializers.BooleanField(help_text="May look at the installation and act on the ring.")
    tenant = serializers.CharField(allow_blank=True, help_text="The one the session works with.")
    grants = GrantAnswer(many=True)


class TokenAnswer(serializers.Serializer):
    """A token, without its secret."""

    prefix = serializers.CharField(help_text="Its beginning, which is no secret.")
    name = serializers.CharField()
    tenant = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField()
    expires_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the hour.")


class NewTokenAnswer(TokenAnswer):
    """A token that was just made."""

    token = serializers.CharField(help_text="The token itself. It is shown here and never again.")


class TokensAnswer(serializers.Serializer):
    """The tokens of a tenant."""

    tokens = TokenAnswer(many=True)


class AccessLineAnswer(serializers.Serializer):
    """One line of the audit log."""

    at = serializers.DateTimeField()
    actor = serializers.CharField()
    action = serializers.CharField()
    instance = serializers.CharField(allow_blank=True)
    tenant = serializers.CharField(allow_blank=True)
    outcome = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)
    source = serializers.CharField(allow_blank=True)


class AccessLogAnswer(serializers.Serializer):
    """The latest lines of the audit log, newest first."""

    entries = AccessLineAnswer(many=True)
