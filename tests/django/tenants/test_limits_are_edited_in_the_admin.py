"""The admin's form of a tenant: values as people write them, the defaults beside them, and what is in force."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from ingest import wiring
from ingest.models import Tenant, TenantChange
from ingest.profiles.limit_table import LIMIT_TABLE
from tests.django.api.fakes import default_settings

pytestmark = pytest.mark.django_db

ADD = "/admin/ingest/tenant/add/"


@pytest.fixture
def page(admin_client: Client) -> Iterator[Client]:
    with wiring.override(tenant_settings=default_settings()):
        yield admin_client


def row_of(text: str, limit: str) -> list[str]:
    """Return the cells of a limit in the table of what is in force."""
    [row] = re.findall(rf'data-limit="{limit}">(.*?)</tr>', text, re.DOTALL)
    return [re.sub("<[^>]+>", " ", cell).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]


def change(tenant: Tenant) -> str:
    return f"/admin/ingest/tenant/{tenant.pk}/change/"


def test_the_form_has_every_limit_with_its_meaning_and_default(page: Client) -> None:
    text = unescape(page.get(ADD).content.decode())
    for info in LIMIT_TABLE:
        assert f'name="{info.column}"' in text
        assert info.meaning in text
    assert "Default: 4MiB." in text
    assert "Default: 1h." in text


def test_values_are_written_as_people_write_them_and_shown_again_so(page: Client) -> None:
    values = {"name": "team-a", "max_profile_size_bytes": "8MiB", "reject_older_than": "1d"}
    assert page.post(ADD, values).status_code == 302
    tenant = Tenant.objects.get(name="team-a")
    assert (tenant.max_profile_size_bytes, tenant.reject_older_than) == (8 << 20, timedelta(days=1))
    assert tenant.max_label_name_length is None
    text = page.get(change(tenant)).content.decode()
    assert 'value="8MiB"' in text
    assert 'value="1d"' in text
    # What is in force is what this process goes by, which has not followed yet.
    assert row_of(text, "max_profile_size_bytes")[:4] == ["Max profile size", "4MiB", "8MiB", "4MiB"]
    assert row_of(text, "max_profile_size_bytes")[5] == "within seconds, set by admin"
    assert "max_profile_size_bytes=8MiB, reject_older_than=1d" in page.get("/admin/ingest/tenant/").content.decode()


def test_only_what_was_changed_is_in_the_history(page: Client) -> None:
    page.post(ADD, {"name": "team-a", "max_profile_size_bytes": "8MiB", "reject_older_than": "1d"})
    tenant = Tenant.objects.get(name="team-a")
    page.post(change(tenant), {"name": "team-a", "max_profile_size_bytes": "8192KiB", "reject_older_than": ""})
    assert list(TenantChange.objects.order_by("id").values_list("setting", "value")) == [
        ("max_profile_size_bytes", 8 << 20),
        ("reject_older_than", 86_400 * 10**9),
        ("reject_older_than", None),
    ]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"max_profile_size_bytes": "big"}, "is not a size"),
        ({"max_label_names_per_series": "1"}, "Must be from 2 to"),
        ({"reject_older_than": "9999d"}, "Must be from 0s to 366d"),
        ({"ingestion_tenant_shard_size": "2"}, "A shard of 2 cannot hold 3 copies"),
        ({"max_profile_size_bytes": "1GiB"}, "No request could hold the largest profile"),
    ],
)
def test_what_cannot_be_a_limit_is_refused_with_a_sentence(page: Client, values: dict[str, str], words: str) -> None:
    response = page.post(ADD, {"name": "team-a", **values})
    assert response.status_code == 200
    assert words in response.content.decode()
    assert not Tenant.objects.exists()


def test_what_has_few_values_is_chosen(page: Client) -> None:
    form = {"name": "team-a", "ingestion_relabeling_default_rules_position": "last"}
    assert '<option value="disabled">' in page.get(ADD).content.decode()
    assert page.post(ADD, form).status_code == 302
    assert Tenant.objects.get(name="team-a").ingestion_relabeling_default_rules_position == "last"


def test_where_a_default_comes_from_and_when_a_change_is_in_effect(page: Client, settings) -> None:  # type: ignore[no-untyped-def]
    settings.LIMITS = replace(settings.LIMITS, max_label_name_length=77)
    page.post(ADD, {"name": "team-a", "ingestion_tenant_shard_size": "6"})
    text = page.get(change(Tenant.objects.get(name="team-a"))).content.decode()
    assert row_of(text, "max_label_name_length")[1].split() == ["77", "PHLARE_LIMIT_MAX_LABEL_NAME_LENGTH"]
    assert "PHLARE" not in row_of(text, "max_label_value_length")[1]
    effective = TenantChange.objects.get(setting="ingestion_tenant_shard_size").effective_at
    assert row_of(text, "ingestion_tenant_shard_size")[5] == f"from {effective:%Y-%m-%d %H:%M:%S} on, set by admin"
