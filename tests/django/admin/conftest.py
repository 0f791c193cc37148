"""The admin with something in each of its lists, and one client for each kind of caller."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from ingest import wiring
from ingest.access.types import AccessAction, Scope
from ingest.access_wiring import create_token, unsaved_token
from ingest.adapters.orm_audit import record_access
from ingest.adapters.tenant_records import save_tenant
from ingest.administration.types import Actor
from ingest.models import ApiToken, BlockRecord, Membership, Tenant
from tests.django.api.fakes import default_settings
from tests.django.ui.test_pages import FixedRingView, ring_of

BY = Actor("ada", "192.0.2.1")
SECOND_NS = 1_000_000_000


@dataclass
class Admin:
    """Clients by who they are, and the rows that the pages are about."""

    superuser: Client
    staff: Client  #: without any permission
    member: Client
    stranger: Client
    tenant: Tenant
    token: ApiToken
    block: BlockRecord

    def text(self, path: str, client: Client | None = None) -> str:
        """Return a page as the superuser, or somebody else, gets it."""
        response = (client or self.superuser).get(path)
        assert response.status_code == 200, response.status_code
        return str(response.content.decode())


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def staff_with(name: str, *permissions: str) -> Client:
    """Return a client of a new staff user with these permissions."""
    user = User.objects.create_user(name, password="right", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return client_of(user)


def make_token(name: str, tenant: str = "ours", *scopes: Scope, ends_in: timedelta | None = None) -> ApiToken:
    expires_at = None if ends_in is None else datetime.now(UTC) + ends_in
    create_token(unsaved_token(tenant, name, scopes or (Scope.PUSH,), expires_at), BY)
    return ApiToken.objects.get(name=name)


def make_block(ulid: str, tenant: str = "ours", owner: str = "ingester-0", size_bytes: int = 2048) -> BlockRecord:
    made: BlockRecord = BlockRecord.objects.create(
        ulid=ulid,
        tenant=tenant,
        owner=owner,
        prefix=f"blocks/{tenant}",
        min_time_ns=1_700_000_000 * SECOND_NS,
        max_time_ns=1_700_003_600 * SECOND_NS,
        series=3,
        profiles=40,
        rows=80,
        samples=4000,
        size_bytes=size_bytes,
        objects_count=5,
        created_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
    )
    return made


@pytest.fixture
def site(db: None) -> Iterator[Admin]:
    tenant = Tenant(name="ours", max_profile_size_bytes=8 << 20)
    save_tenant(tenant, "ada")
    token = make_token("agents")
    record_access(BY, AccessAction.DENIED, "theirs", "no role in theirs")
    member = User.objects.create_user("member", password="right")
    Membership.objects.create(user=member, tenant="ours", role="admin")
    with wiring.override(tenant_settings=default_settings(), ring_view=FixedRingView(ring_of("ingester-0"))):
        yield Admin(
            superuser=client_of(User.objects.create_superuser("root", password="right")),
            staff=staff_with("staff"),
            member=client_of(member),
            stranger=Client(),
            tenant=tenant,
            token=token,
            block=make_block("01KATEST0000000000000000AA"),
        )
