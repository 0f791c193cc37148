"""The first page of the admin: the figures it shows are those of the ring, the metrics and the database."""

from __future__ import annotations

import re

from ingest import wiring
from ingest.api.metrics import discarded_profiles, observe_discarded
from ingest.profiles.reasons import Reason
from tests.django.admin.conftest import Admin, make_block, staff_with
from tests.django.ui.test_pages import FixedRingView, ring_of


def words(page: str) -> str:
    """Return the text of a page, without its tags and with single spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition('class="admin-overview"')[2]).split())


def test_it_sums_what_the_catalogue_and_the_tokens_say(site: Admin) -> None:
    make_block("01KATEST0000000000000000BB", tenant="theirs", size_bytes=1 << 20)
    text = words(site.text("/admin/"))
    assert "Stored 1 MiB 2 blocks, 80 profiles" in text
    assert "Tenants 2 1 with settings here, 1 token that works" in text
    assert "theirs 1 MiB 1 blocks of theirs 0" in text
    assert text.index("theirs 1 MiB") < text.index("ours 2 KiB")
    assert "the defaults, set its own : theirs" in text
    assert "its own : ours" in text


def test_it_says_how_the_ring_is_and_what_is_wrong_with_it(site: Admin) -> None:
    with wiring.override(ring_view=FixedRingView(ring_of("ingester-0", "ingester-1", "ingester-2"))):
        text = words(site.text("/admin/"))
    assert "Ring 3 of 3 active" in text
    assert "ingester-1 ACTIVE zone-a" in text
    with wiring.override(ring_view=FixedRingView(ring_of())):
        page = site.text("/admin/")
    assert "No ingester has joined" in page
    assert 'role="alert"' in page


def test_it_counts_what_was_refused_by_reason_and_tenant(site: Admin) -> None:
    key = (Reason.MALFORMED_PROFILE.value, "of this test")
    before = discarded_profiles().get(key, 0)
    observe_discarded("of this test", Reason.MALFORMED_PROFILE, 100_000, 10)
    assert discarded_profiles()[key] == before + 100_000
    assert f"malformed_profile of this test {before + 100_000:.0f}" in words(site.text("/admin/"))


def test_it_tells_the_last_lines_of_the_audit_log(site: Admin) -> None:
    assert "ada denied theirs refused" in words(site.text("/admin/"))


def test_each_part_needs_the_permission_to_look_at_what_it_tells(site: Admin) -> None:
    parts = {
        "1 block, 40 profiles": "view_blockrecord",
        "Tenants by what is stored": "view_tenant",
        "Who did what": "view_auditentry",
    }
    little = words(site.text("/admin/", site.staff))
    assert "Ring 1 of 1 active" in little
    assert not any(part in little for part in parts)
    for part, permission in parts.items():
        text = words(site.text("/admin/", staff_with(permission, permission)))
        assert [other for other in parts if other in text] == [part]


def test_names_are_text(site: Admin) -> None:
    make_block("01KATEST0000000000000000BB", tenant="<b>x</b>")
    assert "<b>x</b>" not in site.text("/admin/")
