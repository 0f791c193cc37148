"""What pages remember is each tenant's own, bounded, and an older change never undoes a newer one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.http import HttpResponse
from django.test import Client

from ingest import kept
from ingest.adapters import orm_page_settings
from ingest.adapters.orm_page_settings import OrmPageSettings
from ingest.kept import Setting, Stored
from ingest.models import PageSetting
from ingest.parts import override
from tests.django.api.fakes import default_settings

pytestmark = pytest.mark.django_db


@pytest.fixture
def settings_of_pages(settings) -> Iterator[OrmPageSettings]:
    settings.INGEST = type(settings.INGEST)(**{**vars_of(settings.INGEST), "multitenancy_enabled": True})
    with override(tenant_settings=default_settings()):
        yield OrmPageSettings()


def vars_of(config: object) -> dict[str, object]:
    return {name: getattr(config, name) for name in config.__dataclass_fields__}


def call(method: str, body: dict, tenant: str = "team-a") -> HttpResponse:
    return Client().post(
        f"/settings.v1.SettingsService/{method}", json.dumps(body), content_type="application/json",
        headers={"X-Scope-OrgID": tenant},
    )  # fmt: skip


def test_a_setting_is_remembered_and_forgotten(settings_of_pages: OrmPageSettings) -> None:
    assert call("Get", {}).json() == {}
    stored = call("Set", {"setting": {"name": "theme", "value": "dark", "modifiedAt": "5"}})
    assert stored.json() == {"setting": {"name": "theme", "value": "dark", "modifiedAt": "5"}}
    call("Set", {"setting": {"name": "a", "value": "", "modifiedAt": "6"}})
    assert call("Get", {}).json()["settings"] == [
        {"name": "a", "modifiedAt": "6"}, {"name": "theme", "value": "dark", "modifiedAt": "5"}
    ]  # fmt: skip
    assert call("Delete", {"name": "theme"}).json() == {}
    assert call("Delete", {"name": "theme"}).status_code == 200
    assert [one["name"] for one in call("Get", {}).json()["settings"]] == ["a"]


def test_a_change_without_a_time_is_of_now(settings_of_pages: OrmPageSettings) -> None:
    stored = call("Set", {"setting": {"name": "theme", "value": "dark"}}).json()
    assert int(stored["setting"]["modifiedAt"]) > 1_700_000_000_000


def test_an_older_change_is_refused_and_an_equal_one_replaces(settings_of_pages: OrmPageSettings) -> None:
    assert settings_of_pages.put("t", Setting("a", "new", 10)) is Stored.DONE
    assert settings_of_pages.put("t", Setting("a", "old", 9)) is Stored.OLDER
    assert settings_of_pages.put("t", Setting("a", "same time", 10)) is Stored.DONE
    assert settings_of_pages.all("t") == (Setting("a", "same time", 10),)
    call("Set", {"setting": {"name": "a", "value": "new", "modifiedAt": 10}})
    older = call("Set", {"setting": {"name": "a", "value": "old", "modifiedAt": 9}})
    assert (older.status_code, older.json()["code"]) == (409, "already_exists")


def test_tenants_see_their_own(settings_of_pages: OrmPageSettings) -> None:
    call("Set", {"setting": {"name": "secret", "value": "of a"}}, "team-a")
    assert call("Get", {}, "team-b").json() == {}
    call("Delete", {"name": "secret"}, "team-b")
    assert len(call("Get", {}, "team-a").json()["settings"]) == 1
    assert call("Get", {}, "team-a|team-b").status_code == 400


def test_there_are_only_so_many(settings_of_pages: OrmPageSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orm_page_settings, "MAX_SETTINGS", 2)
    assert [settings_of_pages.put("t", Setting(name, "", 1)) for name in "abc"] == [
        Stored.DONE, Stored.DONE, Stored.FULL
    ]  # fmt: skip
    assert settings_of_pages.put("t", Setting("a", "changed", 2)) is Stored.DONE
    assert settings_of_pages.put("other", Setting("c", "", 1)) is Stored.DONE


@pytest.mark.parametrize(
    "setting",
    [
        {}, {"value": "x"}, {"name": "n" * (kept.MAX_SETTING_NAME_CHARS + 1)},
        {"name": "n", "value": "v" * (kept.MAX_SETTING_VALUE_CHARS + 1)}, {"name": "n\0"}, {"name": "n", "value": "\0"},
    ],
)  # fmt: skip
def test_what_is_no_setting_is_refused(settings_of_pages: OrmPageSettings, setting: dict) -> None:
    response = call("Set", {"setting": setting})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_argument")
    assert not PageSetting.objects.exists()


@pytest.mark.parametrize(("method", "body"), [("Set", {}), ("Delete", {}), ("Delete", {"name": "\0"})])
def test_nothing_named_is_refused(settings_of_pages: OrmPageSettings, method: str, body: dict) -> None:
    assert call(method, body).status_code == 400


def test_the_longest_name_and_value_are_kept(settings_of_pages: OrmPageSettings) -> None:
    longest = Setting("ñ" * kept.MAX_SETTING_NAME_CHARS, "v" * kept.MAX_SETTING_VALUE_CHARS, 1)
    assert settings_of_pages.put("t", longest) is Stored.DONE
    assert settings_of_pages.all("t") == (longest,)
