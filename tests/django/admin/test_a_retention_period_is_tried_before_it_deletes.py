"""The retention period in the admin: previewed without being saved, refused when too short, told of when saved."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import override_settings

from ingest.models import AuditEntry, BlockRecord, Tenant, TenantChange
from tests.django.admin.conftest import Admin, make_block, staff_with

DAY_MS = 86_400_000


@pytest.fixture
def site_with_blocks(site: Admin) -> Admin:
    """Beside the block of 2023: one of an hour ago, and one of another tenant."""
    now_ms = time.time_ns() // 10**6
    young = make_block("01KATEST0000000000000000BB", size_bytes=1024)
    BlockRecord.objects.filter(pk=young.pk).update(
        min_time_ns=(now_ms - DAY_MS) * 10**6, max_time_ns=(now_ms - DAY_MS // 24) * 10**6
    )
    make_block("01KATEST0000000000000000CC", tenant="theirs", size_bytes=1 << 30)
    return site


def preview(site: Admin, period: str) -> str:
    response = site.superuser.post(f"/admin/ingest/tenant/{site.tenant.pk}/preview-retention/", {"period": period})
    assert response.status_code == 200
    return unescape(response.content.decode())


def result(page: str) -> list[str]:
    """Return the sentences of a preview."""
    return re.findall(r"<li>(.*?)</li>", page.partition('<ul id="result">')[2].partition("</ul>")[0])


def test_what_would_go_is_counted_and_what_stays_too(site_with_blocks: Admin) -> None:
    page = preview(site_with_blocks, "30d")
    assert "Blocks would be deleted" in page
    goes, stays = result(page)
    assert "1 block of 2 KiB, with profiles from 2023-11-14 22:13:20 to 2023-11-14 23:13:20 UTC." in goes
    assert stays.startswith("Kept: 1 block of 1 KiB, with profiles from ")
    moment = re.search(r"The files go at (\S+ \S+) UTC at the earliest", goes)
    assert moment is not None
    waits = time.mktime(time.strptime(moment[1], "%Y-%m-%d %H:%M:%S")) - time.mktime(time.gmtime())
    assert 43_200 - 300 < waits <= 43_200


@pytest.mark.parametrize("period", ["0", "", "3000d"])
def test_when_nothing_would_go_it_says_so(site_with_blocks: Admin, period: str) -> None:
    page = preview(site_with_blocks, period)
    assert "Nothing would be deleted" in page
    (kept,) = result(page)
    assert kept.startswith("Kept: 2 blocks of 3 KiB together")


def test_blocks_that_are_hidden_already_are_told_of_with_their_time(site_with_blocks: Admin) -> None:
    since_ms = time.time_ns() // 10**6 - 60_000
    BlockRecord.objects.filter(pk=site_with_blocks.block.pk).update(state="marked", state_since_ms=since_ms)
    goes = result(preview(site_with_blocks, "30d"))[0]
    assert goes.startswith("Hidden already, and to be deleted from ")
    back = result(preview(site_with_blocks, "0"))[0]
    assert back.startswith("The next round brings back what is hidden now: 1 block of 2 KiB")


@pytest.mark.parametrize(
    ("period", "words"),
    [
        ("1h", "Profiles would be deleted that are still on their way to the bucket"),
        ("soon", "is not a duration"),
        ("4000d", "Must be from 0s to 3660d"),
    ],
)
def test_a_period_that_could_not_be_saved_is_not_tried(site_with_blocks: Admin, period: str, words: str) -> None:
    page = preview(site_with_blocks, period)
    assert words in page
    assert 'id="result"' not in page
    saved = site_with_blocks.superuser.post(
        f"/admin/ingest/tenant/{site_with_blocks.tenant.pk}/change/",
        {"name": "ours", "compactor_blocks_retention_period": period},
    )
    assert words in unescape(saved.content.decode())
    assert Tenant.objects.get(name="ours").compactor_blocks_retention_period is None


def test_a_preview_saves_and_hides_nothing(site_with_blocks: Admin) -> None:
    before = (TenantChange.objects.count(), AuditEntry.objects.count())
    preview(site_with_blocks, "30d")
    assert Tenant.objects.get(name="ours").compactor_blocks_retention_period is None
    assert (TenantChange.objects.count(), AuditEntry.objects.count()) == before
    assert set(BlockRecord.objects.values_list("state", flat=True)) == {"kept"}


def test_saving_a_period_says_what_goes_and_is_in_history_and_audit_log(site_with_blocks: Admin) -> None:
    address = f"/admin/ingest/tenant/{site_with_blocks.tenant.pk}/change/"
    form = {"name": "ours", "max_profile_size_bytes": "8MiB", "compactor_blocks_retention_period": "30d"}
    page = unescape(site_with_blocks.superuser.post(address, form, follow=True).content.decode())
    assert "Blocks would be deleted. The next round hides from queries 1 block of 2 KiB" in page
    assert Tenant.objects.get(name="ours").compactor_blocks_retention_period == timedelta(days=30)
    assert TenantChange.objects.latest("id").setting == "compactor_blocks_retention_period"
    assert AuditEntry.objects.latest("id").action == "change-setting"
    again = unescape(site_with_blocks.superuser.post(address, form, follow=True).content.decode())
    assert "hides from queries" not in again


def test_who_may_look_at_tenants_may_preview_and_nobody_else(site_with_blocks: Admin) -> None:
    address = f"/admin/ingest/tenant/{site_with_blocks.tenant.pk}/preview-retention/"
    answers = {
        "viewer": staff_with("viewer", "view_tenant").post(address, {"period": "30d"}).status_code,
        "staff": site_with_blocks.staff.post(address, {"period": "30d"}).status_code,
        "member": site_with_blocks.member.post(address, {"period": "30d"}).status_code,
        "stranger": site_with_blocks.stranger.post(address, {"period": "30d"}).status_code,
    }
    assert answers == {"viewer": 200, "staff": 403, "member": 302, "stranger": 302}
    assert site_with_blocks.superuser.get("/admin/ingest/tenant/9999/preview-retention/").status_code == 302


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("kept", "kept"),
        ("marked", "hidden, goes 2026-11-20 12:00:00"),
        ("deleting", "being deleted"),
        ("gone", "deleted 2026-11-20 00:00:00"),
    ],
)
def test_the_list_of_blocks_says_which_are_on_their_way_out(site: Admin, state: str, words: str) -> None:
    BlockRecord.objects.update(state=state, state_since_ms=1_795_132_800_000)
    assert words in site.text(f"/admin/ingest/blockrecord/?state={state}")
    assert words in site.text(f"/admin/ingest/blockrecord/{site.block.pk}/change/")
    other = "kept" if state == "gone" else "gone"
    assert site.block.ulid not in site.text(f"/admin/ingest/blockrecord/?state={other}")


def test_what_is_gone_is_not_counted_as_stored(site: Admin) -> None:
    assert ">2 KiB</a>" in site.text("/admin/ingest/tenant/")
    BlockRecord.objects.update(state="gone")
    assert ">0 B</a>" in site.text("/admin/ingest/tenant/")


def test_the_command_previews_one_tenant_or_all(site_with_blocks: Admin, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("retention", "preview")
    told = capsys.readouterr().out
    assert "ours: kept for ever\n  Kept: 2 blocks of 3 KiB together" in told
    assert "theirs: kept for ever\n  Kept: 1 block of 1 GiB, " in told
    call_command("retention", "preview", "--tenant", "ours", "--period", "30d")
    told = capsys.readouterr().out
    assert "ours: kept for 30d\n  The next round hides from queries 1 block of 2 KiB" in told
    assert "theirs" not in told
    with pytest.raises(CommandError, match="still on their way to the bucket"):
        call_command("retention", "preview", "--period", "1h")
    with pytest.raises(CommandError, match="is not a duration"):
        call_command("retention", "preview", "--period", "soon")
    Tenant.objects.filter(name="ours").update(compactor_blocks_retention_period=timedelta(hours=1))
    call_command("retention", "preview")
    assert "ours: nothing is deleted. Profiles would be deleted that are still" in capsys.readouterr().out
    assert set(BlockRecord.objects.values_list("state", flat=True)) == {"kept"}


def test_whoever_gets_the_defaults_is_told_when_they_delete_something(site: Admin) -> None:
    deleting = f"/admin/ingest/tenant/{site.tenant.pk}/delete/"
    asking = {"action": "reset_to_defaults", "_selected_action": [site.tenant.pk]}
    told = "Profiles are kept for 30d from then on: older blocks are deleted."
    assert "Its profiles, tokens and roles stay." in site.text(deleting)
    with override_settings(LIMITS=replace(settings.LIMITS, compactor_blocks_retention_period_ns=30 * DAY_MS * 10**6)):
        assert told in site.text(deleting)
        asked = site.superuser.post("/admin/ingest/tenant/", asking).content.decode()
        assert told in asked
        assert "Their profiles stay" not in asked
