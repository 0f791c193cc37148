"""The ring page of a staff user in Chromium: an action asks first, is carried out, and is seen in the history."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PICTURES
from tests.integration.cluster.cluster import Cluster

CREATE_USER = (
    "from django.contrib.auth.models import User; User.objects.create_user('ada', password='right', is_staff=True)"
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("browser") / "data")
    made.start()
    made.wait_until_whole(3)
    made.manage("shell", "-c", CREATE_USER)
    yield made
    made.kill_everything()


@pytest.fixture(params=["dark", "light"])
def page(browser: Browser, cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The ring page after signing in, in both colour schemes."""
    opened = browser.new_page(viewport={"width": 1400, "height": 1000}, color_scheme=request.param)
    opened.goto(f"http://127.0.0.1:{cluster.port}/ring")
    opened.get_by_role("link", name="sign in to act").click()
    opened.get_by_label("Username").fill("ada")
    opened.get_by_label("Password").fill("right")
    opened.get_by_role("button", name="Log in").click()
    expect(opened).to_have_url(re.compile("/ring$"))
    yield opened
    PICTURES.mkdir(parents=True, exist_ok=True)
    opened.screenshot(path=PICTURES / f"ring-staff-{request.param}.png", full_page=True)
    opened.close()


def group(page: Page, instance: str):  # type: ignore[no-untyped-def]
    return page.get_by_role("group", name=f"Actions on {instance}")


def test_an_action_asks_first_and_shows_what_came_of_it(page: Page) -> None:
    group(page, "ingester-1").get_by_role("button", name="Read-only").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("gets no new series of sharded tenants")
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / "ring-confirm.png")
    dialog.get_by_role("button", name="Do nothing").click()
    expect(page.locator("#outcome")).to_be_empty()
    group(page, "ingester-1").get_by_role("button", name="Read-only").click()
    dialog.get_by_role("button", name="Read-only").click()
    expect(page.locator("#outcome")).to_have_text("ingester-1 is read-only.")
    expect(page.get_by_role("heading", name="ingester-1 ACTIVE · READ-ONLY")).to_be_visible(timeout=20_000)
    expect(page.locator("#history tbody tr").first).to_contain_text("read-only, by ada", timeout=20_000)
    group(page, "ingester-1").get_by_role("button", name="Read-write").click()
    dialog.get_by_role("button", name="Read-write").click()
    expect(page.locator("#outcome")).to_have_text("ingester-1 is read-write.")
    group(page, "ingester-0").get_by_role("button", name="Prepare shutdown").click()
    dialog.get_by_role("button", name="Prepare shutdown").click()
    expect(page.locator("#outcome")).to_contain_text("The next stop of ingester-0 uploads everything")
    group(page, "ingester-0").get_by_role("button", name="Cancel prepared").click(timeout=20_000)
    dialog.get_by_role("button", name="Cancel prepared").click()
    expect(page.locator("#outcome")).to_have_text("The next stop of ingester-0 goes by its settings.")
    group(page, "ingester-2").get_by_role("button", name="Flush").click()
    dialog.get_by_role("button", name="Flush").click()
    expect(page.locator("#outcome")).to_have_text("ingester-2 has uploaded what it held.", timeout=30_000)


def test_tokens_are_shown_when_asked_for(page: Page) -> None:
    page.get_by_role("link", name="Show tokens").click()
    expect(page.get_by_text("ingester-0: 128 tokens")).to_be_visible()
    expect(page.locator(".token-list").first).to_have_text(re.compile(r"^\d+( \d+){127}$"))
