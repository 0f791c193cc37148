"""The box of a tenant in which relabelling rules are tried: step by step, and nothing of it is saved."""

from __future__ import annotations

from html import unescape

import pytest

from ingest.models import AuditEntry, Tenant, TenantChange
from tests.django.admin.conftest import Admin, staff_with

OWN = "- {action: labeldrop, regex: pod}"
FORM = {
    "labels": "__name__=process_cpu\nservice_name=checkout\npod=a-1",
    "rules": OWN,
    "position": "first",
    "sample_type": "cpu/nanoseconds",
    "sample_type_rules": "",
}


def try_rules(site: Admin, **changed: str) -> str:
    response = site.superuser.post(f"/admin/ingest/tenant/{site.tenant.pk}/try-rules/", {**FORM, **changed})
    return unescape(response.content.decode())


def result(page: str) -> str:
    return page.partition('<pre id="result">')[2].partition("</pre>")[0].strip()


def test_the_box_begins_with_the_rules_the_tenant_has(site: Admin) -> None:
    Tenant.objects.filter(pk=site.tenant.pk).update(ingestion_relabeling_rules=OWN)
    page = unescape(site.text(f"/admin/ingest/tenant/{site.tenant.pk}/try-rules/"))
    assert OWN in page
    assert "The series is stored" not in page


def test_each_rule_says_what_it_did(site: Admin) -> None:
    page = try_rules(site)
    assert "The series is stored" in page
    assert result(page) == "__name__=process_cpu\nservice_name=checkout"
    assert "removed pod=a-1" in page
    assert page.count(", the server's</th>") == 4  # which change nothing here


def test_the_servers_own_rules_stand_where_they_were_put(site: Admin) -> None:
    renames = "- {source_labels: [__name__], regex: memory, target_label: __name__, replacement: heap}"
    labels = "__name__=godeltaprof_memory\nservice_name=a"
    assert "__name__=heap" in result(try_rules(site, labels=labels, rules=renames))
    assert "__name__=memory" in result(try_rules(site, labels=labels, rules=renames, position="last"))
    assert "__name__=godeltaprof_memory" in result(try_rules(site, labels=labels, rules=renames, position="disabled"))


def test_a_series_that_is_dropped_is_said_to_be(site: Admin) -> None:
    page = try_rules(site, rules="- {action: drop, source_labels: [service_name], regex: checkout}")
    assert "The series is dropped" in page
    assert result(page) == ""


def test_a_sample_type_that_is_dropped_is_named(site: Admin) -> None:
    rules = "- {action: drop, source_labels: [__type__], regex: samples}"
    assert "stored without samples/count" in try_rules(site, sample_type="samples/count", sample_type_rules=rules)
    assert "The series is stored" in try_rules(site, sample_type_rules=rules)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"rules": "- {action: nonsense}"}, "Rule 1: 'nonsense' is no action"),
        ({"rules": "{"}, "neither YAML nor JSON"),
        ({"labels": "service_name"}, "Line 1 is not of the form name=value"),
        ({"labels": "\n".join(f"l{number}=x" for number in range(101))}, "at most 100 are allowed"),
        ({"sample_type_rules": "- {action: labeldrop, regex: a}"}, "can keep or drop"),
        ({"position": "middle"}, "not one of the available choices"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(site: Admin, changed: dict[str, str], words: str) -> None:
    page = try_rules(site, **changed)
    assert words in page
    assert "The series is" not in page


def test_names_of_labels_are_text(site: Admin) -> None:
    response = site.superuser.post(
        f"/admin/ingest/tenant/{site.tenant.pk}/try-rules/", {**FORM, "labels": "a=<script>alert(1)</script>"}
    )
    assert "<script>alert(1)" not in response.content.decode()


def test_nothing_is_saved(site: Admin) -> None:
    before = (TenantChange.objects.count(), AuditEntry.objects.count())
    try_rules(site)
    assert Tenant.objects.get(pk=site.tenant.pk).ingestion_relabeling_rules is None
    assert (TenantChange.objects.count(), AuditEntry.objects.count()) == before


def test_who_may_look_at_tenants_may_try(site: Admin) -> None:
    viewer = staff_with("viewer", "view_tenant")
    assert viewer.post(f"/admin/ingest/tenant/{site.tenant.pk}/try-rules/", FORM).status_code == 200
    assert site.superuser.get("/admin/ingest/tenant/9999/try-rules/").status_code == 302
