"""Sizes in the admin are rounded for people, ids stay as they are, and each form says from when on it holds."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.utils.html import strip_tags

from ingest.adapters.tenant_records import save_tenant
from ingest.models import Tenant
from ingest.profiles.readable import shown_bytes
from tests.django.admin.conftest import Admin


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (217_236, "212 KiB"),
        (1023 << 10, "1023 KiB"),
        (25 << 20, "25 MiB"),
        (1_350_000_000, "1.26 GiB"),
        (3 << 50, "3072 TiB"),
    ],
)
def test_sizes_have_three_digits_and_their_unit(size: int, shown: str) -> None:
    assert shown_bytes(size) == shown


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/admin/ingest/tenant/", "in force within seconds in every process"),
        ("/admin/ingest/tenant/add/", "in force within seconds in every process"),
        ("/admin/ingest/apitoken/", "a revoked one is refused within seconds"),
        ("/admin/ingest/apitoken/add/", "a revoked one is refused within seconds"),
        ("/admin/ingest/membership/", "in force at the user's next request"),
        ("/admin/auth/user/", "in force at the user's next request"),
        ("/admin/auth/group/", "at the next request of each user of the group"),
    ],
)
def test_whatever_edits_says_from_when_on_it_holds(site: Admin, path: str, sentence: str) -> None:
    assert sentence in site.text(path).replace("&#x27;", "'")


@pytest.mark.parametrize("path", ["/admin/ingest/auditentry/", "/admin/ingest/blockrecord/"])
def test_what_is_only_looked_at_says_nothing_of_it(site: Admin, path: str) -> None:
    assert "admin-effect" not in site.text(path)


def test_an_id_in_the_path_of_a_page_keeps_its_letters(site: Admin) -> None:
    tenant = Tenant(name="lower-CASE")
    save_tenant(tenant, "ada")
    head = site.text(f"/admin/ingest/tenant/{tenant.pk}/change/").split("<h1", 1)[1].split("</h1>", 1)[0]
    words = re.sub(r"<span class=\"material.*?</span>", " ", head).split(">", 1)[1]
    assert strip_tags(words).split() == ["Database", "Tenants", "lower-CASE"]


def test_deleting_a_tenant_says_what_stays(site: Admin) -> None:
    text = site.text(f"/admin/ingest/tenant/{site.tenant.pk}/delete/")
    assert "Only its settings here are deleted" in text
    assert "Its profiles, tokens and roles stay." in text


def test_no_page_leads_to_a_history_that_misses_what_commands_did(site: Admin) -> None:
    paths = [f"/admin/ingest/tenant/{site.tenant.pk}/change/", f"/admin/ingest/blockrecord/{site.block.pk}/change/"]
    assert [path for path in paths if "/history/" in site.text(path)] == []
    assert f"tenantchange/?tenant={site.tenant.name}" in site.text(paths[0])


def test_the_form_of_a_user_has_what_something_goes_by(site: Admin) -> None:
    text = site.text(f"/admin/auth/user/{User.objects.get(username='member').pk}/change/")
    assert 'name="email"' not in text
    assert 'name="first_name"' in text
    assert "Can view block" in text
    assert "| Can view block" not in strip_tags(text)
