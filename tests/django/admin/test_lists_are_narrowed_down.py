"""Filters and searches of the admin's lists, each by what it leaves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ingest.access.types import AccessAction, Scope
from ingest.adapters.orm_audit import record_access
from ingest.adapters.tenant_records import save_tenant
from ingest.adapters.token_records import revoke_token
from ingest.administration.types import Actor
from ingest.models import ApiToken, Tenant
from tests.django.admin.conftest import BY, Admin, make_block, make_token


def shown(site: Admin, path: str, words: list[str]) -> set[str]:
    """Return which of the words the rows of a list have."""
    body = site.text(path).partition('id="result_list"')[2].partition("</table>")[0]
    return {word for word in words if word in body}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"agents", "spent", "gone", "reader", "elsewhere"}),
        ("state=works", {"agents", "reader", "elsewhere"}),
        ("state=expired", {"spent"}),
        ("state=revoked", {"gone"}),
        ("state=unused", {"reader", "elsewhere"}),
        ("scope=can_query", {"reader"}),
        ("tenant=theirs", {"elsewhere"}),
        ("state=works&tenant=ours&scope=can_push", {"agents"}),
        ("state=nonsense&scope=digest", {"agents", "spent", "gone", "reader", "elsewhere"}),
        ("q=rea", {"reader"}),
    ],
)
def test_tokens(site: Admin, query: str, expected: set[str]) -> None:
    make_token("spent", "ours", ends_in=timedelta(seconds=-1))
    revoke_token(make_token("gone"), BY)
    make_token("reader", "ours", Scope.QUERY)
    make_token("elsewhere", "theirs")
    ApiToken.objects.filter(name="agents").update(last_used_at="2026-11-20T10:00:00Z")
    names = ["agents", "spent", "gone", "reader", "elsewhere"]
    assert shown(site, f"/admin/ingest/apitoken/?{query}", names) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"ours", "plain"}),
        ("own=any", {"ours"}),
        ("own=none", {"plain"}),
        ("own=max_profile_size_bytes", {"ours"}),
        ("own=reject_older_than", set()),
        ("own=name", {"ours", "plain"}),
        ("q=pla", {"plain"}),
    ],
)
def test_tenants(site: Admin, query: str, expected: set[str]) -> None:
    save_tenant(Tenant(name="plain"), "ada")
    assert shown(site, f"/admin/ingest/tenant/?{query}", ["ours", "plain"]) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"AA", "BB", "CC"}),
        ("tenant=ours", {"AA", "BB"}),
        ("tenant=our", set()),
        ("owner=ingester-1", {"BB"}),
        ("q=01KATEST0000000000000000CC", {"CC"}),
        ("created_at__year=2026&created_at__month=10", set()),
    ],
)
def test_blocks(site: Admin, query: str, expected: set[str]) -> None:
    make_block("01KATEST0000000000000000BB", owner="ingester-1")
    make_block("01KATEST0000000000000000CC", tenant="theirs")
    ulids = [f"01KATEST0000000000000000{end}" for end in ("AA", "BB", "CC")]
    found = shown(site, f"/admin/ingest/blockrecord/?{query}", ulids)
    assert {ulid[-2:] for ulid in found} == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("action=denied", {"no role in theirs"}),
        ("action=change-user", {"somebody"}),
        ("outcome=refused", {"no role in theirs"}),
        ("outcome=done&actor=eve", {"somebody"}),
        ("actor=ada&tenant=theirs", {"no role in theirs"}),
        ("q=somebody", {"somebody"}),
        ("at__year=1999", set()),
    ],
)
def test_the_audit_log(site: Admin, query: str, expected: set[str]) -> None:
    record_access(Actor("eve", "192.0.2.2"), AccessAction.CHANGE_USER, "", "somebody")
    assert shown(site, f"/admin/ingest/auditentry/?{query}", ["no role in theirs", "somebody"]) == expected


def test_changes_of_settings_are_told_as_people_write_them(site: Admin) -> None:
    text = site.text("/admin/ingest/tenantchange/?setting=max_profile_size_bytes&tenant=ours")
    assert "Max profile size" in text
    assert "8MiB" in text
    assert "8388608" not in text
    assert shown(site, "/admin/ingest/tenantchange/?setting=reject_older_than", ["8MiB"]) == set()


def test_times_are_written_so_that_they_sort_by_eye(site: Admin) -> None:
    ApiToken.objects.filter(name="agents").update(last_used_at="2026-11-20T10:00:00Z")
    assert "2026-11-20 10:00:00" in site.text("/admin/ingest/apitoken/")


def test_a_block_tells_sizes_and_times_and_leads_to_its_tenant(site: Admin) -> None:
    body = site.text("/admin/ingest/blockrecord/").partition('id="result_list"')[2]
    assert "2 KiB" in body
    assert "2023-11-14 22:13:20" in body
    assert f'href="/admin/ingest/tenant/{site.tenant.pk}/change/"' in body
