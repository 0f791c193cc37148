"""The composition root of access: who is who, for the doors, the pages, the admin and the commands."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from ingest.access.tokens import RANDOM_BYTES, is_prefix, new_token
from ingest.access.types import AccessAction, Principal, Scope
from ingest.adapters import login_backend, token_records
from ingest.adapters.membership_records import principal_of_user
from ingest.adapters.token_table import TokenTable
from ingest.administration.types import Actor
from ingest.models import ApiToken
from ingest.parts import once


def get_token_table() -> TokenTable:
    """Return the API tokens, kept current by a thread of their own."""

    def build() -> TokenTable:
        made = TokenTable(token_records, lambda: time.time_ns() // 1_000_000)
        made.start()
        return made

    return once("token_table", build)


def access_problems() -> list[str]:
    """Return why this process cannot tell who asks yet, in sentences; empty when it can, or does not have to."""
    if not settings.ACCESS_ENABLED or get_token_table().is_known:
        return []
    return ["API tokens were not read yet: the database is away."]


def create_token(token: ApiToken, actor: Actor) -> str:
    """Make a token with the tenant, name, scopes and end of ``token``; returns its text, which is kept nowhere.

    Raises ValidationError and django.db.DatabaseError.
    """
    new = new_token(secrets.token_bytes(RANDOM_BYTES))
    token.full_clean(exclude=["prefix", "digest"])
    token_records.save_new_token(token, new, actor)
    return new.text


def unsaved_token(tenant: str, name: str, scopes: Collection[Scope], expires_at: datetime | None) -> ApiToken:
    """Return a token that :func:`create_token` can make."""
    token = ApiToken(tenant=tenant, name=name, expires_at=expires_at)
    token_records.set_scopes(token, scopes)
    return token


def list_tokens(tenant: str | None = None) -> list[ApiToken]:
    """Return the tokens of a tenant, or all, those that work no more too. Raises django.db.DatabaseError."""
    return list(ApiToken.objects.all() if tenant is None else ApiToken.objects.filter(tenant=tenant))


def revoke_token(token: ApiToken, actor: Actor) -> bool:
    """Make a token useless for good; False if it was so already. Raises django.db.DatabaseError."""
    return token_records.revoke_token(token, actor)


def find_token_by_prefix(prefix: str) -> ApiToken | None:
    """Return the token with this prefix, revoked or not. Raises django.db.DatabaseError."""
    if not is_prefix(prefix):
        return None  # PostgreSQL would not take every text
    found: ApiToken | None = ApiToken.objects.filter(prefix=prefix).first()
    return found


def token_document(token: ApiToken) -> dict[str, Any]:
    """Return what may be shown of a token."""
    return {
        "prefix": token.prefix,
        "name": token.name,
        "tenant": token.tenant,
        "scopes": sorted(token_records.scopes_of(token)),
        "created_at": _shown(token.created_at),
        "created_by": token.created_by,
        "expires_at": _shown(token.expires_at),
        "revoked_at": _shown(token.revoked_at),
        "last_used_at": _shown(token.last_used_at),
    }


def user_principal(user: Any, chosen_tenant: str) -> Principal:
    """Return what a user of this site may do. Raises django.db.DatabaseError."""
    return principal_of_user(user, chosen_tenant)


def request_source(meta: Mapping[str, Any]) -> str:
    """Return the address a request comes from."""
    return login_backend.source_address(meta)


def count_denied(reason: str) -> None:
    """Count a request that was refused for want of permission."""
    login_backend.count_denied(reason)


def note_denial(actor: Actor, tenant: str, reason: str, message: str) -> None:
    """Count such a request, and tell the audit log of it, sparingly."""
    login_backend.count_denied(reason)
    login_backend.doorkeeper.refused(actor, AccessAction.DENIED, tenant, message)


def _shown(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
