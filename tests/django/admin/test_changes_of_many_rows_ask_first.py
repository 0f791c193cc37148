"""What changes many rows at once says what follows, does nothing until it is confirmed, and leaves a line for each."""

from __future__ import annotations

from html import unescape

from ingest.models import ApiToken, AuditEntry, Tenant, TenantChange
from tests.django.admin.conftest import Admin, make_token, staff_with

TOKENS, TENANTS = "/admin/ingest/apitoken/", "/admin/ingest/tenant/"


def actions_since(last: int) -> list[tuple[str, str, str]]:
    entries = AuditEntry.objects.filter(id__gt=last).order_by("id")
    return list(entries.values_list("actor", "action", "tenant"))


def last_entry() -> int:
    return AuditEntry.objects.latest("id").id


def test_tokens_are_revoked_once_that_is_confirmed(site: Admin) -> None:
    tokens = [site.token, make_token("two", "theirs")]
    form = {"action": "revoke", "_selected_action": [token.pk for token in tokens]}
    before = last_entry()
    asked = unescape(site.superuser.post(TOKENS, form).content.decode())
    assert "Revoke 2 tokens?" in asked
    assert all(str(token) in asked for token in tokens)
    assert ApiToken.objects.filter(revoked_at=None).count() == 2
    done = site.superuser.post(TOKENS, {**form, "confirmed": "yes"}, follow=True)
    assert "2 tokens were revoked" in done.content.decode()
    assert not ApiToken.objects.filter(revoked_at=None).exists()
    assert sorted(actions_since(before)) == [("root", "revoke-token", "ours"), ("root", "revoke-token", "theirs")]
    assert "revoked before" in site.superuser.post(TOKENS, form, follow=True).content.decode()


def test_limits_go_back_to_the_defaults_once_that_is_confirmed(site: Admin) -> None:
    form = {"action": "reset_to_defaults", "_selected_action": [site.tenant.pk]}
    before = last_entry()
    asked = unescape(site.superuser.post(TENANTS, form).content.decode())
    assert "Give 1 tenant the default limits?" in asked
    assert "Their profiles stay" in asked
    assert Tenant.objects.get(name="ours").own_limits() == {"max_profile_size_bytes": 8 << 20}
    site.superuser.post(TENANTS, {**form, "confirmed": "yes"})
    assert Tenant.objects.get(name="ours").own_limits() == {}
    newest = TenantChange.objects.latest("id")
    assert (newest.setting, newest.value, newest.changed_by) == ("max_profile_size_bytes", None, "root")
    assert actions_since(before) == [("root", "change-setting", "ours")]
    assert "have the defaults already" in site.superuser.post(TENANTS, form, follow=True).content.decode()


def test_who_may_only_look_is_offered_no_such_action(site: Admin) -> None:
    viewer = staff_with("viewer", "view_apitoken", "view_tenant")
    form = {"action": "revoke", "_selected_action": [site.token.pk], "confirmed": "yes"}
    viewer.post(TOKENS, form)
    viewer.post(TENANTS, {**form, "action": "reset_to_defaults", "_selected_action": [site.tenant.pk]})
    assert ApiToken.objects.get(pk=site.token.pk).revoked_at is None
    assert Tenant.objects.get(name="ours").own_limits() != {}


def test_a_revoked_token_is_not_changed_any_more(site: Admin) -> None:
    site.superuser.post(TOKENS, {"action": "revoke", "_selected_action": [site.token.pk], "confirmed": "yes"})
    path = f"{TOKENS}{site.token.pk}/change/"
    assert 'name="_save"' not in site.text(path)
    assert site.superuser.post(path, {"name": "again", "can_push": "on"}).status_code == 403
    assert ApiToken.objects.get(pk=site.token.pk).name == "agents"
