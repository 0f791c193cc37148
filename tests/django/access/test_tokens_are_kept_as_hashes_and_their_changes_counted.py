"""The table of tokens: what is in it, how processes see that it changed, and what the audit log says."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db.models.functions import Now

from ingest import models
from ingest.access.types import Scope
from ingest.access_wiring import create_token, revoke_token, token_document, unsaved_token
from ingest.adapters import token_records
from ingest.adapters.token_records import (
    load_tokens,
    note_use,
    save_changed_token,
    set_scopes,
    token_revision,
)
from ingest.administration.types import Actor
from ingest.models import ApiToken, AuditEntry

pytestmark = pytest.mark.django_db

ADA = Actor("ada", "192.0.2.7")
TOMORROW = datetime.now(UTC) + timedelta(days=1)


def made(tenant: str = "ours", *scopes: Scope, expires_at: datetime | None = None) -> tuple[ApiToken, str]:
    token = unsaved_token(tenant, "alloy", scopes or (Scope.PUSH,), expires_at)
    text = create_token(token, ADA)
    return token, text


def test_the_text_is_nowhere_in_the_database() -> None:
    token, text = made()
    secret = text.removeprefix(token.prefix + "_")
    for row in (*ApiToken.objects.values(), *AuditEntry.objects.values()):
        assert secret not in repr(row)
    assert ApiToken.objects.get().digest == hashlib.sha256(text.encode()).hexdigest()
    assert text not in repr(token_document(token))


def test_what_is_loaded_is_what_was_made() -> None:
    token, text = made("ours", Scope.PUSH, Scope.ADMIN, expires_at=TOMORROW)
    [(digest, known)] = load_tokens().items()
    assert digest == hashlib.sha256(text.encode()).hexdigest()
    assert (known.prefix, known.tenant) == (token.prefix, "ours")
    assert known.scopes == {Scope.PUSH, Scope.ADMIN}
    assert known.expires_at_ms == int(TOMORROW.timestamp() * 1000)


def test_every_change_is_another_revision() -> None:
    seen = [token_revision()]
    first, _ = made()
    seen.append(token_revision())
    second, _ = made()
    seen.append(token_revision())
    set_scopes(first, [Scope.QUERY])
    save_changed_token(first, ADA)
    seen.append(token_revision())
    revoke_token(second, ADA)
    seen.append(token_revision())
    ApiToken.objects.filter(id=second.id).delete()
    seen.append(token_revision())
    assert len(set(seen)) == len(seen)


def test_using_a_token_is_no_change() -> None:
    token, _ = made()
    before = token_revision()
    note_use([token.id])
    assert token_revision() == before


def test_the_last_use_is_written_to_the_hour() -> None:
    token, _ = made()
    note_use([token.id])
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    note_use([token.id])
    token.refresh_from_db()
    assert token.last_used_at == first
    ApiToken.objects.update(last_used_at=Now() - timedelta(hours=2))
    note_use([token.id])
    token.refresh_from_db()
    assert token.last_used_at >= first


def test_a_revoked_token_is_not_loaded_and_stays_in_the_list() -> None:
    token, _ = made()
    assert revoke_token(token, ADA)
    assert load_tokens() == {}
    assert token_document(token)["revoked_at"] is not None
    assert not revoke_token(token, ADA)


def test_the_audit_log_says_who_did_what() -> None:
    token, _ = made("ours", Scope.QUERY)
    set_scopes(token, [Scope.PUSH])
    save_changed_token(token, ADA)
    revoke_token(token, ADA)
    revoke_token(token, ADA)
    lines = [(line.action, line.actor, line.tenant, line.source) for line in AuditEntry.objects.order_by("id")]
    assert lines == [
        (action, "ada", "ours", "192.0.2.7") for action in ("create-token", "change-token", "revoke-token")
    ]
    assert AuditEntry.objects.order_by("id")[1].detail == f"{token.prefix} 'alloy': push"


def test_the_number_of_tokens_of_a_tenant_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "MAX_TOKENS", 3)
    monkeypatch.setattr(token_records, "MAX_TOKENS", 3)
    tokens = [made()[0] for _ in range(3)]
    with pytest.raises(ValidationError, match="revoke some"):
        made()
    made("theirs")
    for token in tokens:
        revoke_token(token, ADA)
    for _ in range(4):
        token, _ = made()
        revoke_token(token, ADA)
    made()
    kept = ApiToken.objects.filter(tenant="ours")
    assert (kept.filter(revoked_at=None).count(), kept.exclude(revoked_at=None).count()) == (1, 3)
    assert not kept.filter(id__in=[token.id for token in tokens]).exists()


@pytest.mark.parametrize(
    ("tenant", "scopes"),
    [
        pytest.param("ours", (), id="no scope"),
        pytest.param("a/b", (Scope.PUSH,), id="no tenant"),
        pytest.param("", (Scope.PUSH,), id="an empty tenant"),
        pytest.param("a|b", (Scope.PUSH,), id="two tenants"),
    ],
)
def test_a_token_that_could_do_nothing_is_refused(tenant: str, scopes: tuple[Scope, ...]) -> None:
    with pytest.raises(ValidationError):
        create_token(unsaved_token(tenant, "alloy", scopes, None), ADA)
    assert ApiToken.objects.count() == 0
    assert AuditEntry.objects.count() == 0
