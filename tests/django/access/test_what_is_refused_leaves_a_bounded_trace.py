"""Refused requests are counted one by one, and told of sparingly: nobody can flood the audit log or empty it."""

from __future__ import annotations

import pytest
from django.db import DatabaseError
from django.test import Client
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from ingest.access.types import AccessAction
from ingest.adapters import login_backend, orm_audit
from ingest.adapters.login_backend import AUDIT_LINES, Doorkeeper
from ingest.adapters.orm_audit import MAX_ENTRIES_BY_STRANGERS, OrmAuditLog, record_access
from ingest.adapters.tenant_records import delete_tenant, save_tenant
from ingest.administration.types import Action, Actor
from ingest.models import AuditEntry, Tenant
from tests.django.access.conftest import ADMIN_TOKEN, BY, Site
from tests.django.access.routes import Persona

LABELS = "/api/v1/labels"
STRANGER = Actor("stranger", "192.0.2.7")


def denied(reason: str) -> float:
    return REGISTRY.get_sample_value("phlare_denied_requests_total", {"reason": reason}) or 0.0


def lines() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action="denied").order_by("id"))


def test_a_refusal_is_counted_each_time_and_told_of_once(site: Site) -> None:
    before = denied("forbidden")
    for _ in range(5):
        assert site.call(Persona.STRANGER, "GET", LABELS).status_code == 403
    assert denied("forbidden") == before + 5
    [line] = lines()
    assert (line.tenant, line.source, line.outcome) == ("ours", "127.0.0.1", "refused")
    assert line.actor == f"token {site.tokens[Persona.STRANGER][:12]}"
    assert line.detail.endswith("may not query tenant ours.")


def test_wrong_credentials_are_told_of_without_what_was_sent(site: Site) -> None:
    Client().get(LABELS, headers={"Authorization": "Bearer phl_a-secret-of-somebody"})
    [line] = lines()
    assert (line.actor, line.detail) == ("unknown", "The API token is unknown, expired or revoked.")


def test_no_credentials_are_counted_and_not_told_of(site: Site) -> None:
    before = denied("unauthenticated")
    Client().get("/")
    Client().get(LABELS)
    assert denied("unauthenticated") == before + 2
    assert lines() == []


def test_a_flood_from_many_addresses_makes_few_lines(site: Site) -> None:
    for number in range(100):
        Client(REMOTE_ADDR=f"192.0.2.{number}").get(LABELS, headers={"Authorization": "Bearer wrong"})
    assert len(lines()) == AUDIT_LINES


def test_lines_of_strangers_displace_only_one_another(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orm_audit, "MAX_ENTRIES_BY_STRANGERS", 5)
    number = OrmAuditLog().begin(BY, Action.FLUSH, "ingester-0")
    record_access(BY, AccessAction.CREATE_TOKEN, "ours", "x")
    for count in range(20):
        record_access(STRANGER, AccessAction.DENIED if count % 2 else AccessAction.LOGIN_FAILED, "", str(count))
    kept = AuditEntry.objects.order_by("id").values_list("action", "detail")
    assert list(kept[:2]) == [("flush", ""), ("create-token", "x")]
    assert [detail for _, detail in kept[2:]] == ["15", "16", "17", "18", "19"]
    assert AuditEntry.objects.get(id=number).instance == "ingester-0"
    assert MAX_ENTRIES_BY_STRANGERS == 1000


def test_lines_of_what_the_system_does_by_itself_displace_only_one_another(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orm_audit, "MAX_ENTRIES_BY_ITSELF", 3)
    record_access(BY, AccessAction.CREATE_TOKEN, "ours", "by hand")
    record_access(STRANGER, AccessAction.DENIED, "ours", "no role")
    for number in range(10):
        record_access(Actor("retention", "worker"), AccessAction.DELETE_BLOCKS, "ours", f"round {number}")
    kept = list(AuditEntry.objects.order_by("id").values_list("detail", flat=True))
    assert kept == ["by hand", "no role", "round 7", "round 8", "round 9"]


def test_lines_of_operators_are_bounded_as_well(db: None) -> None:
    record_access(STRANGER, AccessAction.DENIED, "", "first")
    log = OrmAuditLog(max_entries=3)
    for number in range(6):
        log.begin(BY, Action.FLUSH, f"ingester-{number}")
    kept = AuditEntry.objects.order_by("id").values_list("action", "instance")
    assert list(kept) == [("denied", ""), *(("flush", f"ingester-{number}") for number in (3, 4, 5))]


def test_a_database_that_is_away_changes_no_answer(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr(login_backend, "record_access", fail)
    monkeypatch.setattr(login_backend, "doorkeeper", Doorkeeper())
    with capture_logs() as said:
        assert site.call(Persona.STRANGER, "GET", LABELS).status_code == 403
    assert "refusal_not_written" in [line["event"] for line in said]


def test_changed_settings_of_a_tenant_are_told_of(db: None) -> None:
    tenant = Tenant(name="ours", ingestion_tenant_shard_size=6)
    save_tenant(tenant, "ada in the admin")
    tenant.ingestion_tenant_shard_size = 3
    save_tenant(tenant, "ada in the admin")
    delete_tenant(tenant, "joe in the admin")
    found = AuditEntry.objects.order_by("id").values_list("actor", "action", "tenant", "detail")
    assert list(found) == [
        ("ada in the admin", "change-setting", "ours", "ingestion_tenant_shard_size: default -> 6"),
        ("ada in the admin", "change-setting", "ours", "ingestion_tenant_shard_size: 6 -> 3"),
        ("joe in the admin", "change-setting", "ours", "ingestion_tenant_shard_size: 3 -> default"),
    ]


def test_the_log_is_read_over_rest_and_that_of_the_ring_is_a_part_of_it(site: Site) -> None:
    OrmAuditLog().begin(BY, Action.FLUSH, "ingester-0")
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    whole = Client().get("/api/v1/audit", headers=headers).json()["entries"]
    assert {"create-token", "flush"} == {line["action"] for line in whole}
    assert {line["tenant"] for line in whole} == {"ours", "theirs", ""}
    ring = Client().get("/api/v1/ring/audit", headers=headers).json()["entries"]
    assert [line["action"] for line in ring] == ["flush"]
    assert len(Client().get("/api/v1/audit?limit=1", headers=headers).json()["entries"]) == 1
