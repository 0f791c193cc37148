"""Every page of the admin as a superuser, as staff without a permission, as a member of a tenant, and as nobody."""

from __future__ import annotations

import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from ingest.models import AuditEntry, Membership, TenantChange
from tests.django.admin.conftest import Admin

LISTS = ("tenant", "apitoken", "membership", "blockrecord", "auditentry", "tenantchange")
ADDED_BY_PEOPLE = ("tenant", "apitoken", "membership")


def pages(site: Admin) -> list[str]:
    """Return the address of every kind of page."""
    rows = {
        "tenant": site.tenant.pk,
        "apitoken": site.token.pk,
        "membership": Membership.objects.get().pk,
        "blockrecord": site.block.pk,
        "auditentry": AuditEntry.objects.latest("id").pk,
        "tenantchange": TenantChange.objects.latest("id").pk,
    }
    found = [f"/admin/ingest/{name}/" for name in LISTS]
    found += [f"/admin/ingest/{name}/{rows[name]}/{what}/" for name in LISTS for what in ("change", "history")]
    found += [f"/admin/ingest/{name}/add/" for name in ADDED_BY_PEOPLE]
    found += [f"/admin/ingest/tenant/{site.tenant.pk}/{what}/" for what in ("try-rules", "preview-retention", "delete")]
    found += ["/admin/auth/user/", "/admin/auth/user/add/", "/admin/auth/group/", "/admin/auth/group/add/"]
    return found


def test_a_superuser_sees_all_of_them(site: Admin) -> None:
    for path in ["/admin/", *pages(site)]:
        response = site.superuser.get(path)
        assert response.status_code == 200, path
        assert "phlareweb" in response.content.decode(), path


def test_staff_without_a_permission_sees_the_overview_alone(site: Admin) -> None:
    assert site.staff.get("/admin/").status_code == 200
    assert {path: site.staff.get(path).status_code for path in pages(site)} == dict.fromkeys(pages(site), 403)


@pytest.mark.parametrize("who", ["member", "stranger"])
def test_everybody_else_is_led_to_a_sign_in(site: Admin, who: str) -> None:
    client: Client = getattr(site, who)
    for path in ["/admin/", *pages(site)]:
        response = client.get(path)
        assert (response.status_code, "/login/?next=" in response["Location"]) == (302, True), path


@pytest.mark.parametrize("name", sorted(set(LISTS) - set(ADDED_BY_PEOPLE)))
def test_nobody_adds_changes_or_deletes_what_happened(site: Admin, name: str) -> None:
    row = {"blockrecord": site.block, "auditentry": AuditEntry.objects.latest("id")}.get(name)
    row = row or TenantChange.objects.latest("id")
    assert site.superuser.get(f"/admin/ingest/{name}/add/").status_code == 403
    assert site.superuser.post(f"/admin/ingest/{name}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert 'name="_save"' not in site.text(f"/admin/ingest/{name}/{row.pk}/change/")
    assert type(row).objects.filter(pk=row.pk).exists()


def test_every_file_a_page_names_is_here(site: Admin) -> None:
    for path in ("/admin/", "/admin/ingest/auditentry/", f"/admin/ingest/tenant/{site.tenant.pk}/change/"):
        loaded = re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="([^"]+)"', site.text(path))
        assert "/static/phlare/admin.css" in loaded
        for address in loaded:
            if address != "/admin/jsi18n/":
                assert address.startswith("/static/"), address
                assert finders.find(address.removeprefix("/static/")), address


def test_the_sidebar_has_what_may_be_seen_and_leads_back_to_the_pages(site: Admin) -> None:
    everything, little = site.text("/admin/"), site.text("/admin/", site.staff)
    assert 'href="/admin/ingest/tenant/"' in everything
    assert 'href="/admin/ingest/tenant/"' not in little
    for text in (everything, little):
        assert 'href="/explore"' in text
        assert 'href="/ring"' in text
