"""Users in the admin: roles beside the user, nobody gives what they do not have, and the audit log tells of it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from ingest.admin_pages.people import USEFUL_PERMISSIONS
from ingest.models import AuditEntry, Membership
from tests.django.admin.conftest import Admin, staff_with

USERS = "/admin/auth/user/"


def form_of(user: User, **changed: object) -> dict[str, object]:
    """Return the form of a user as it stands, with its roles."""
    roles = list(Membership.objects.filter(user=user))
    form: dict[str, object] = {
        "username": user.username,
        "is_active": "on" if user.is_active else "",
        "memberships-TOTAL_FORMS": len(roles),
        "memberships-INITIAL_FORMS": len(roles),
        "date_joined_0": "2026-11-20",
        "date_joined_1": "10:00:00",
    }
    for number, role in enumerate(roles):
        form |= {
            f"memberships-{number}-id": role.pk,
            f"memberships-{number}-user": user.pk,
            f"memberships-{number}-tenant": role.tenant,
            f"memberships-{number}-role": role.role,
        }
    return {**form, **changed}


def change(client: Client, user: User, **changed: object) -> int:
    return client.post(f"{USERS}{user.pk}/change/", form_of(user, **changed)).status_code


def told() -> list[tuple[str, str]]:
    """Return what the audit log has of roles, users and groups, oldest first."""
    entries = AuditEntry.objects.filter(actor="root").order_by("id")
    return list(entries.values_list("action", "detail"))


@pytest.fixture
def member(site: Admin) -> User:
    return User.objects.get(username="member")


def test_roles_are_given_changed_and_taken_on_the_page_of_the_user(site: Admin, member: User) -> None:
    more = {
        "memberships-TOTAL_FORMS": 2,
        "memberships-1-tenant": "theirs",
        "memberships-1-role": "pusher",
        "memberships-1-user": member.pk,
        "memberships-0-role": "member",
    }
    assert change(site.superuser, member, **more) == 302
    roles = Membership.objects.filter(user=member).values_list("tenant", "role")
    assert set(roles) == {("ours", "member"), ("theirs", "pusher")}
    assert change(site.superuser, member, **{"memberships-1-DELETE": "on"}) == 302
    assert Membership.objects.filter(user=member).count() == 1
    actions = [action for action, _ in told() if "role" in action]
    assert sorted(actions) == ["change-role", "grant-role", "remove-role"]


def test_what_makes_a_user_more_than_others_is_in_the_audit_log(site: Admin, member: User) -> None:
    assert change(site.superuser, member, is_staff="on", is_superuser="on") == 302
    member.refresh_from_db()
    assert member.is_superuser
    assert any(
        action == "change-user" and detail.startswith("member: superuser, staff (changed:") for action, detail in told()
    )


def test_new_users_new_passwords_and_deletions_are_in_the_audit_log(site: Admin, member: User) -> None:
    password = {"password1": "lamp-oil-rope", "password2": "lamp-oil-rope", "usable_password": "true"}
    assert site.superuser.post(f"{USERS}add/", {"username": "eve", **password}).status_code == 302
    assert site.superuser.post(f"{USERS}{member.pk}/password/", password).status_code == 302
    assert site.superuser.post(f"{USERS}{member.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(username="member").exists()
    actions = [action for action, _ in told()]
    assert actions == ["create-user", "change-user", "delete-user"]


def test_staff_that_may_change_users_cannot_become_more_by_it(site: Admin, member: User) -> None:
    helper = staff_with("helper", "view_user", "change_user", "add_user", "delete_user")
    assert change(helper, member, first_name="Ada", is_staff="on", is_superuser="on") == 302
    member.refresh_from_db()
    assert (member.first_name, member.is_staff, member.is_superuser) == ("Ada", False, False)
    root = User.objects.get(username="root")
    password = {"password1": "lamp-oil-rope", "password2": "lamp-oil-rope", "usable_password": "true"}
    for other in (root, User.objects.get(username="staff"), User.objects.get(username="helper")):
        assert change(helper, other, first_name="Eve") == 403
        assert helper.post(f"{USERS}{other.pk}/password/", password).status_code == 403
        assert helper.post(f"{USERS}{other.pk}/delete/", {"post": "yes"}).status_code == 403
    helper.post(USERS, {"action": "delete_selected", "_selected_action": [root.pk, member.pk], "post": "yes"})
    assert User.objects.filter(username="root").exists()


def test_without_the_permission_for_roles_there_are_none_to_change(site: Admin, member: User) -> None:
    helper = staff_with("helper", "view_user", "change_user")
    assert "memberships-0-role" not in site.text(f"{USERS}{member.pk}/change/", helper)
    change(helper, member, **{"memberships-0-role": "pusher"})
    assert Membership.objects.get(user=member).role == "admin"


def test_groups_are_for_superusers(site: Admin) -> None:
    helper = staff_with("helper", "view_group", "add_group", "change_group", "delete_group")
    group = Group.objects.create(name="operators")
    everything = [permission.pk for permission in Permission.objects.filter(codename__in=USEFUL_PERMISSIONS)]
    path = f"/admin/auth/group/{group.pk}/change/"
    assert helper.get(path).status_code == 200
    assert helper.post(path, {"name": "operators", "permissions": everything}).status_code == 403
    assert site.superuser.post(path, {"name": "operators", "permissions": everything[:2]}).status_code == 302
    assert group.permissions.count() == 2
    assert ("change-group", "operators (changed: Permissions)") in told()


def test_permissions_that_open_nothing_are_not_offered(site: Admin) -> None:
    assert Permission.objects.filter(codename__in=USEFUL_PERMISSIONS).count() == len(USEFUL_PERMISSIONS)
    for path in (f"{USERS}{User.objects.get(username='root').pk}/change/", "/admin/auth/group/add/"):
        page = site.text(path)
        assert "Can view block" in page
        assert "Can change block" not in page
        assert "Can add session" not in page
