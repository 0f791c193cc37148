"""With access control on, the bar has no page that would refuse whoever looks, and the admin says why it asks again."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

STAFF_PAGES = {"/ring", "/status", "/admin/"}


def client_of(**user: object) -> Client:
    client = Client()
    client.force_login(User.objects.create_user("somebody", password="right", **user))
    return client


def in_the_bar(client: Client) -> set[str]:
    """Return where the links of the bar lead to."""
    bar = client.get("/start").content.decode().split("<nav", 1)[1].split("</nav>", 1)[0]
    return set(re.findall(r'href="([^"]+)"', bar))


@pytest.mark.usefixtures("site")
def test_a_member_has_no_link_to_a_page_of_staff_and_those_refuse() -> None:
    client = client_of()
    assert in_the_bar(client) >= {"/explore", "/diff", "/limits"}
    assert not in_the_bar(client) & STAFF_PAGES
    assert {path: client.get(path).status_code for path in ("/ring", "/status")} == {"/ring": 403, "/status": 403}


@pytest.mark.usefixtures("site")
def test_staff_has_all_of_them() -> None:
    assert in_the_bar(client_of(is_staff=True)) >= STAFF_PAGES


@pytest.mark.usefixtures("site")
def test_the_admin_tells_a_member_why_it_asks_again_and_a_stranger_nothing() -> None:
    told = client_of().get("/admin/", follow=True)
    assert "somebody is not a staff user of this site. Sign in as one who is." in told.content.decode()
    assert "not a staff user" not in Client().get("/admin/login/", follow=True).content.decode()


def test_without_access_control_the_bar_is_whole_for_everybody(db: None) -> None:
    assert in_the_bar(Client()) >= STAFF_PAGES
    assert in_the_bar(client_of()) >= STAFF_PAGES
