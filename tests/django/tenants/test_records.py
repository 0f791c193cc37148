"""What is kept of tenants: rows, and the history of every change that processes follow."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import pytest
from django.contrib.admin.sites import site
from django.test import RequestFactory

from ingest.adapters.tenant_records import (
    PROPAGATION,
    SHARD_SIZE,
    delete_tenant,
    load,
    record_default_size,
    revision,
    save_tenant,
)
from ingest.models import Tenant, TenantChange
from ingest.profiles.limits import Limits

pytestmark = pytest.mark.django_db


def history() -> list[tuple[str, str, int | None, str]]:
    """Return (tenant, setting, value, who) of every change in order."""
    return list(TenantChange.objects.order_by("id").values_list("tenant", "setting", "value", "changed_by"))


def test_every_limit_is_a_column_and_every_column_a_limit() -> None:
    columns = {column.name for column in Tenant._meta.get_fields()} - {"id", "name"}
    assert columns == {field.name.removesuffix("_ns") for field in fields(Limits)}


def test_a_change_leaves_a_row_for_each_setting_that_it_changes() -> None:
    tenant = Tenant(name="team-a", ingestion_tenant_shard_size=6)
    save_tenant(tenant, "ann")
    save_tenant(tenant, "ann")
    tenant.out_of_order_window = timedelta(minutes=10)
    save_tenant(tenant, "bob")
    delete_tenant(tenant, "cyd")
    assert history() == [
        ("team-a", SHARD_SIZE, 6, "ann"),
        ("team-a", "out_of_order_window", 600_000_000_000, "bob"),
        ("team-a", "out_of_order_window", None, "cyd"),
        ("team-a", SHARD_SIZE, None, "cyd"),
    ]


def test_a_tenant_that_is_renamed_leaves_its_settings_behind() -> None:
    tenant = Tenant(name="team-a", ingestion_tenant_shard_size=6)
    save_tenant(tenant, "ann")
    tenant.name = "team-b"
    save_tenant(tenant, "ann")
    assert history()[1:] == [("team-a", SHARD_SIZE, None, "ann"), ("team-b", SHARD_SIZE, 6, "ann")]


def test_writers_follow_a_size_later_than_readers_and_other_settings_at_once() -> None:
    save_tenant(Tenant(name="a", ingestion_tenant_shard_size=6, out_of_order_window=timedelta(0)), "ann")
    waits = {change.setting: change.effective_at - change.changed_at for change in TenantChange.objects.all()}
    assert waits == {SHARD_SIZE: PROPAGATION, "out_of_order_window": timedelta(0)}


def test_what_is_loaded_is_what_was_saved() -> None:
    save_tenant(Tenant(name="a", ingestion_tenant_shard_size=6, out_of_order_window=timedelta(minutes=1)), "ann")
    save_tenant(Tenant(name="b", ingestion_tenant_shard_size=0), "ann")
    records = load()
    assert records.limits == {"a": {"out_of_order_window_ns": 60_000_000_000}, "b": {}}
    assert {name: [change.size for change in sizes] for name, sizes in records.sizes.items()} == {"a": [6], "b": [0]}
    assert 0 <= records.sizes["a"][0].effective_ms - revision().now_ms <= PROPAGATION.total_seconds() * 1000


def test_any_change_is_another_revision_and_time_alone_is_not() -> None:
    empty = revision()
    assert revision() == empty
    save_tenant(Tenant(name="a", ingestion_tenant_shard_size=6), "ann")
    one = revision()
    assert one != empty
    # The transaction of an older number may be seen after a newer one.
    TenantChange.objects.create(
        id=-1, tenant="b", setting=SHARD_SIZE, changed_at="2020-01-01T00:00Z", effective_at="2020-01-01T00:00Z"
    )
    assert revision() != one


def test_the_default_size_is_noted_when_it_is_another_one() -> None:
    for size in (0, 0, 6, 6, 0):
        record_default_size(size, "web")
    assert history() == [("", SHARD_SIZE, 6, "web"), ("", SHARD_SIZE, 0, "web")]


def test_the_admin_writes_the_history_too(admin_user: object) -> None:
    request = RequestFactory().post("/")
    request.user = admin_user  # type: ignore[assignment]
    admin = site._registry[Tenant]
    tenant = Tenant(name="team-a", ingestion_tenant_shard_size=6)
    admin.save_model(request, tenant, None, False)
    admin.delete_queryset(request, Tenant.objects.all())
    assert history() == [
        ("team-a", SHARD_SIZE, 6, "admin"),
        ("team-a", SHARD_SIZE, None, "admin"),
    ]
    assert not site._registry[TenantChange].has_delete_permission(request)
