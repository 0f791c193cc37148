"""The site with access control on: two tenants, tokens and users, and a database of profiles in memory behind it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as current
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from ingest import wiring
from ingest.access.types import Role, Scope
from ingest.access_wiring import create_token, unsaved_token
from ingest.adapters import login_backend, token_records
from ingest.adapters.login_backend import Doorkeeper
from ingest.adapters.token_table import TokenTable
from ingest.administration.types import Actor
from ingest.inbox.buffer import InboxBuffer
from ingest.models import ApiToken, Membership
from tests.django.access.routes import Persona
from tests.django.api.fakes import FixedInbox, MemoryDistributor, MemoryQuerier, default_settings
from tests.unit.administration.fakes import SILENT, Office, office

ADMIN_TOKEN = "the token of the administration, for tests"
METRICS_TOKEN = "the token for metrics, for tests"
BY = Actor("a test", "127.0.0.1")


def make_token(tenant: str, *scopes: Scope, expires_at: datetime | None = None) -> str:
    """Make a token and return its text."""
    return create_token(unsaved_token(tenant, "for tests", scopes, expires_at), BY)


@dataclass
class Site:
    """Who can call, and what is behind the doors."""

    tokens: dict[Persona, str]
    table: TokenTable
    distributor: MemoryDistributor
    querier: MemoryQuerier
    office: Office

    def as_(self, persona: Persona) -> tuple[Client, dict[str, str]]:
        """Return a client and the headers that make it the persona, without any tenant."""
        client = Client()
        if persona in (Persona.MEMBER, Persona.ADMIN):
            client.force_login(User.objects.get(username=persona.value))
        if persona in self.tokens:
            return client, {"Authorization": f"Bearer {self.tokens[persona]}"}
        return client, {}

    def call(
        self,
        persona: Persona,
        method: str,
        path: str,
        body: str | bytes = "",
        content_type: str = "application/json",
        tenant: str = "ours",
    ) -> HttpResponse:
        """Send a request as the persona, in the name of a tenant."""
        client, headers = self.as_(persona)
        named = {"X-Scope-OrgID": tenant} if tenant else {}
        return client.generic(
            method, path, body, content_type=content_type, headers={**headers, **named}, CONTENT_TYPE=content_type
        )


@pytest.fixture
def site(db: None, settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:  # type: ignore[no-untyped-def]
    settings.ACCESS_ENABLED = True
    settings.ADMIN_TOKEN = ADMIN_TOKEN
    settings.METRICS_TOKEN = METRICS_TOKEN
    settings.INGEST = dataclasses.replace(current.INGEST, multitenancy_enabled=True)
    monkeypatch.setattr(login_backend, "doorkeeper", Doorkeeper())
    monkeypatch.setattr(wiring, "readiness", list)
    for role in (Role.MEMBER, Role.ADMIN):
        user = User.objects.create_user(role.value, password="right")
        Membership.objects.create(user=user, tenant="ours", role=role.value)
    tokens = {
        Persona.STRANGER: make_token("theirs", *Scope),
        Persona.PUSH_TOKEN: make_token("ours", Scope.PUSH),
        Persona.QUERY_TOKEN: make_token("ours", Scope.QUERY),
        Persona.EXPIRED_TOKEN: make_token("ours", *Scope),
    }
    ApiToken.objects.filter(prefix=tokens[Persona.EXPIRED_TOKEN][:12]).update(
        expires_at=datetime.now(UTC) - timedelta(seconds=1)
    )
    table = TokenTable(token_records, lambda: time.time_ns() // 1_000_000)
    assert table.refresh()
    now_ms = time.time_ns() // 1_000_000
    distributor = MemoryDistributor(now_ms)
    querier = MemoryQuerier(distributor.rows, now_ms)
    made = office(silent=SILENT)
    with wiring.override(
        distributor=distributor,
        querier=querier,
        tenant_settings=default_settings(),
        token_table=table,
        ring_actions=made.actions,
        inbox=FixedInbox(),
        inbox_buffer=InboxBuffer(lambda: now_ms),
    ):
        yield Site(tokens, table, distributor, querier, made)
