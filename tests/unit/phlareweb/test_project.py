"""The project as Django sees it."""

import tomllib

from django.conf import settings
from django.core.management import call_command


def test_the_system_checks_pass():
    call_command("check")


def test_the_version_that_is_installed_is_the_one_that_is_reported():
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["version"] == settings.VERSION
