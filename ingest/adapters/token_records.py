"""API tokens in the relational database.

Whoever makes, changes or revokes a token calls a function here: each writes a line of the audit log in the same
transaction, and counts the change, which is what the processes follow (:mod:`ingest.adapters.token_table`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import close_old_connections, transaction
from django.db.models import Count, F, Max, Q, Sum
from django.db.models.functions import Coalesce, Now

from ingest.access.tokens import KnownToken, NewToken
from ingest.access.types import AccessAction, Scope
from ingest.adapters.orm_audit import record_access
from ingest.administration.types import Actor
from ingest.models import MAX_TOKENS, ApiToken

#: How exact the time of the last use is.
USE_PRECISION = timedelta(hours=1)

_COLUMN_OF: Mapping[Scope, str] = {Scope.PUSH: "can_push", Scope.QUERY: "can_query", Scope.ADMIN: "can_admin"}


@dataclass(frozen=True, slots=True)
class TokenRevision:
    """Which tokens there are: every change of the table changes one of the numbers."""

    tokens: int
    last: int  #: largest id
    changes: int


def token_revision() -> TokenRevision:
    """Return what there is to load, in one query. Raises django.db.DatabaseError."""
    close_old_connections()
    found = ApiToken.objects.aggregate(
        tokens=Count("id"), last=Coalesce(Max("id"), 0), changes=Coalesce(Sum("changes"), 0)
    )
    return TokenRevision(found["tokens"], found["last"], found["changes"])


def load_tokens() -> dict[str, KnownToken]:
    """Return the tokens that are not revoked, by digest. Raises django.db.DatabaseError."""
    return {
        token.digest: KnownToken(token.id, token.prefix, token.tenant, scopes_of(token), _ms(token.expires_at))
        for token in ApiToken.objects.filter(revoked_at=None)
    }


def note_use(ids: Collection[int]) -> None:
    """Write that these tokens were used just now, where an hour has passed since. Raises django.db.DatabaseError."""
    long_ago = Q(last_used_at=None) | Q(last_used_at__lt=Now() - USE_PRECISION)
    ApiToken.objects.filter(long_ago, id__in=list(ids)).update(last_used_at=Now())


def scopes_of(token: ApiToken) -> frozenset[Scope]:
    """Return what a token may do."""
    return frozenset(scope for scope, column in _COLUMN_OF.items() if getattr(token, column))


def set_scopes(token: ApiToken, scopes: Collection[Scope]) -> None:
    """Set what a token may do, in memory."""
    for scope, column in _COLUMN_OF.items():
        setattr(token, column, scope in scopes)


def save_new_token(token: ApiToken, new: NewToken, actor: Actor) -> None:
    """Write a token that was just made. Raises django.db.DatabaseError."""
    token.prefix, token.digest, token.created_by = new.prefix, new.digest, actor.name[:150]
    with transaction.atomic():
        token.save(force_insert=True)
        record_access(actor, AccessAction.CREATE_TOKEN, token.tenant, _description(token))
        _forget_revoked(token.tenant)


def save_changed_token(token: ApiToken, actor: Actor) -> None:
    """Write another name, other scopes or another end of a token. Raises django.db.DatabaseError."""
    with transaction.atomic():
        token.changes = F("changes") + 1
        token.save(update_fields=["name", *_COLUMN_OF.values(), "expires_at", "changes"])
        token.refresh_from_db()
        record_access(actor, AccessAction.CHANGE_TOKEN, token.tenant, _description(token))


def revoke_token(token: ApiToken, actor: Actor) -> bool:
    """Make a token useless for good; False if it was so already. Raises django.db.DatabaseError."""
    with transaction.atomic():
        live = ApiToken.objects.filter(id=token.id, revoked_at=None)
        if not live.update(revoked_at=Now(), changes=F("changes") + 1):
            return False
        record_access(actor, AccessAction.REVOKE_TOKEN, token.tenant, _description(token))
    token.refresh_from_db()
    return True


def _forget_revoked(tenant: str) -> None:
    """Delete the rows of tokens that were revoked longest ago, beyond a number."""
    revoked = ApiToken.objects.filter(tenant=tenant).exclude(revoked_at=None)
    oldest = revoked.order_by("-revoked_at", "-id").values_list("id", flat=True)[MAX_TOKENS:]
    ApiToken.objects.filter(id__in=list(oldest)).delete()


def _description(token: ApiToken) -> str:
    until = "" if token.expires_at is None else f" until {token.expires_at:%Y-%m-%dT%H:%M:%SZ}"
    return f"{token.prefix} {token.name!r}: {', '.join(sorted(scopes_of(token)))}{until}"


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)
