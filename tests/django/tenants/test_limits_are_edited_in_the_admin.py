"""The admin's form of a tenant: values as people write them, the defaults beside them, and what is in force."""

from __future__ import annotations

from collections.abc import Iterator
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
    assert "<td>max_profile_size_bytes</td><td>4MiB</td><td>8MiB</td><td>4MiB</td>" in text  # not followed yet
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
