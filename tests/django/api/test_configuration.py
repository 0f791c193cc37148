"""The configuration is shown as YAML, to administrators, and never a secret of it."""

from __future__ import annotations

import pytest
import yaml

from ingest.api.access_middleware import Audience, audience_of
from ingest.api.rest.configuration import ConfigurationDefaultView, ConfigurationDiffView, ConfigurationView
from phlareweb.env import Environment
from tests.django.api.conftest import Doors

SECRET = "correct-horse"
VARIABLES = {
    "PHLARE_QUEUE": "7",
    "PHLARE_KEY": SECRET,
    "PHLARE_REDIS_URL": f"rediss://user:{SECRET}@redis.example:6379/0?password={SECRET}&db=1",
    "PHLARE_DATABASE_URL": f"postgres://{SECRET}@db/x",
    "PHLARE_NAME": 'a "name": with\nlines',
}


def environment(variables: dict[str, str]) -> Environment:
    read = Environment(variables)
    read.env_int("PHLARE_QUEUE", 5, unit="messages")
    read.env_secret("PHLARE_KEY")
    read.env_text("PHLARE_REDIS_URL", unit="URL")
    read.env_text("PHLARE_DATABASE_URL", unit="URL")
    read.env_text("PHLARE_NAME")
    return read


@pytest.fixture
def shown(doors: Doors, settings) -> Doors:
    settings.PHLARE_ENVIRONMENT = environment(VARIABLES)
    return doors


def read(doors: Doors, path: str) -> dict[str, str]:
    response = doors.get(path)
    assert (response.status_code, response["Content-Type"]) == (200, "application/yaml")
    assert SECRET not in response.content.decode()
    document: dict[str, str] = yaml.safe_load(response.content)
    return document


def test_what_is_in_force_is_shown_without_secrets(shown: Doors) -> None:
    assert read(shown, "status/config") == {
        "PHLARE_QUEUE": "7",
        "PHLARE_KEY": "(set)",
        "PHLARE_KEY_FILE": "",
        "PHLARE_REDIS_URL": "rediss://(hidden)@redis.example:6379/0?password=(hidden)&db=1",
        "PHLARE_DATABASE_URL": "postgres://(hidden)@db/x",
        "PHLARE_NAME": 'a "name": with\nlines',
    }


def test_what_was_set_is_told_apart_from_defaults(shown: Doors, settings) -> None:
    assert set(read(shown, "status/config/diff")) == set(VARIABLES)
    assert read(shown, "status/config/default")["PHLARE_QUEUE"] == "5"
    settings.PHLARE_ENVIRONMENT = environment({})
    assert read(shown, "status/config/diff") == {}


def test_the_real_configuration_is_shown(doors: Doors) -> None:
    assert {"PHLARE_DATA_DIR", "PHLARE_REDIS_URL"} <= set(read(doors, "status/config"))


@pytest.mark.parametrize("view", [ConfigurationView, ConfigurationDiffView, ConfigurationDefaultView])
def test_it_is_for_whoever_looks_after_the_machines(view: type) -> None:
    assert audience_of(view) is Audience.STAFF
