"""The limits of the tenant that asks: over REST, in the shape of the field, and on the metrics page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields

import pytest
from django.test import Client

from ingest import wiring
from ingest.adapters.tenant_records import Revision, TenantRecords
from ingest.adapters.tenant_settings import TenantSettings
from ingest.profiles.limits import DEFAULT_LIMITS, MIB, Limits
from ring.core.shard_sizes import SizeChange
from tests.django.api.fakes import NoTenants


@dataclass
class SomeTenants(NoTenants):
    """A database in which two tenants have settings of their own."""

    limits: Mapping[str, Mapping[str, int | str]] = field(
        default_factory=lambda: {
            "anonymous": {"max_profile_size_bytes": 8 * MIB, "reject_older_than_ns": 90 * 10**9},
            "team-b": {"max_query_length_ns": 3600 * 10**9},
        }
    )

    def revision(self) -> Revision:
        return Revision(3, 3, 10_000)

    def load(self) -> TenantRecords:
        return TenantRecords(self.limits, {"anonymous": (SizeChange(0, 6),), "": (SizeChange(0, 9),)})


@dataclass
class SharedLimits:
    """What distributors have taken together; None: nobody can say."""

    level: int | None = 200 * MIB
    active: int | None = 1234

    def level_bytes(self, tenant: str, rate: int, burst: int) -> int | None:
        assert tenant == "anonymous"
        return self.level

    def active_series(self, tenant: str, limit: int) -> int | None:
        return self.active


@pytest.fixture
def shared() -> SharedLimits:
    return SharedLimits()


@pytest.fixture
def site(shared: SharedLimits) -> Iterator[Client]:
    settings = TenantSettings(DEFAULT_LIMITS, SomeTenants(), notes_default=False)
    settings.refresh()
    with wiring.override(tenant_settings=settings, shared_limits=shared):
        yield Client()


def rows(site: Client) -> dict[str, dict[str, object]]:
    document = site.get("/api/v1/limits").json()
    assert document["tenant"] == "anonymous"
    return {row["name"]: row for row in document["limits"]}


def test_every_limit_is_told_with_default_own_value_and_what_is_in_force(site: Client) -> None:
    found = rows(site)
    assert sorted(found) == sorted(field.name.removesuffix("_ns") for field in fields(Limits))
    size = found["max_profile_size_bytes"]
    assert [size[part] for part in ("default", "own", "in_force", "shown", "unit")] == [
        4 * MIB, 8 * MIB, 8 * MIB, "8MiB", "bytes",
    ]  # fmt: skip
    age = found["reject_older_than"]
    assert [age[part] for part in ("default", "own", "in_force", "shown", "unit")] == [3600, 90, 90, "90s", "seconds"]
    shard = found["ingestion_tenant_shard_size"]
    assert (shard["own"], shard["in_force"]) == (6, 6)
    other = found["max_query_length"]
    assert (other["own"], other["in_force"]) == (None, 86_400)
    assert all(str(row["meaning"]).endswith(".") for row in found.values())


def test_what_is_counted_over_time_is_told_with_what_is_taken_of_it(site: Client) -> None:
    found = rows(site)
    assert {name: row["used"] for name, row in found.items() if row["used"] is not None} == {
        "ingestion_burst_bytes": 56 * MIB,
        "max_global_series_per_tenant": 1234,
    }


def test_while_redis_is_away_the_limits_are_told_without_what_is_taken(site: Client, shared: SharedLimits) -> None:
    shared.level = shared.active = None
    assert all(row["used"] is None for row in rows(site).values())


def test_tools_of_the_field_find_their_three_limits(site: Client) -> None:
    assert site.get("/api/v1/tenant_limits").json() == {
        "ingestion_rate": 32 * MIB,
        "ingestion_burst_size": 256 * MIB,
        "max_global_series_per_user": 100_000,
    }


def test_the_metrics_page_has_the_defaults_and_what_was_set_for_tenants(site: Client) -> None:
    page = site.get("/metrics").content.decode()
    for line in (
        'pyroscope_limits_defaults{limit_name="max_profile_size_bytes"} 4.194304e+06',
        'pyroscope_limits_overrides{limit_name="max_profile_size_bytes",tenant="anonymous"} 8.388608e+06',
        'pyroscope_limits_overrides{limit_name="reject_older_than",tenant="anonymous"} 90.0',
        'pyroscope_limits_overrides{limit_name="ingestion_tenant_shard_size",tenant="anonymous"} 6.0',
        'pyroscope_limits_overrides{limit_name="max_query_length",tenant="team-b"} 3600.0',
    ):
        assert line in page
    assert page.count("pyroscope_limits_overrides{") == 4
