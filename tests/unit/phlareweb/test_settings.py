"""The settings as whole processes see them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def run(tmp_path):
    """Return a function that runs Python in the project with the given variables and a data directory of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PHLARE_")}

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **clean,
            "DJANGO_SETTINGS_MODULE": "phlareweb.settings",
            "PHLARE_DATA_DIR": str(tmp_path / "data"),
            **variables,
        }
        return subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
        )

    return run


def shown(run, expression: str, **variables: str) -> str:
    code = f"from django.conf import settings; print({expression})"
    ended = run("-c", code, **variables)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def test_all_mistakes_are_shown_at_once_without_a_traceback(run):
    ended = run(
        "manage.py",
        "check",
        "--tag",
        "phlare",
        PHLARE_WEB_THREADS="many",
        PHLARE_DATABASE_URL="x",
        PHLARE_PUSH_DEADLIN="1",
    )
    assert ended.returncode == 1
    for expected in ("phlare.E002", "phlare.E008", "phlare.W001", "Did you mean PHLARE_PUSH_DEADLINE_SECONDS"):
        assert expected in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("module", ["phlareweb.wsgi", "phlareweb.celery"])
def test_a_server_with_a_mistake_in_its_settings_ends_with_one_line(run, module):
    ended = run("-c", f"import {module}", PHLARE_ROLE="beat", PHLARE_WEB_THREADS="0")
    assert ended.returncode == 1
    assert ended.stderr.strip() == (
        "(phlare.E006) PHLARE_WEB_THREADS: 0 is out of range. Must be from 1 to 512 threads."
    )


def test_an_unusable_data_directory_is_a_check(run, tmp_path):
    (tmp_path / "file").write_text("")
    ended = run("manage.py", "check", "--tag", "phlare", PHLARE_DATA_DIR=str(tmp_path / "file"))
    assert "phlare.E010" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_blocks_lie_in_the_data_directory_unless_a_bucket_is_named(run, tmp_path):
    assert shown(run, "settings.STORAGES['blocks']['OPTIONS']['location']") == str(tmp_path / "data" / "bucket")
    backend = shown(run, "settings.STORAGES['blocks']['BACKEND']", PHLARE_S3_BUCKET="profiles")
    assert backend == "ingest.adapters.s3_blocks.S3Blocks"


def test_a_limit_of_every_tenant_is_changed_by_its_variable(run):
    expression = "settings.LIMITS.reject_older_than_ns, settings.LIMITS.max_profile_size_bytes"
    variables = {"PHLARE_LIMIT_REJECT_OLDER_THAN": "2h", "PHLARE_LIMIT_MAX_PROFILE_SIZE_BYTES": "8MiB"}
    assert shown(run, expression, **variables) == f"{2 * 3600 * 10**9} {8 << 20}"


def test_without_a_redis_url_every_process_of_a_data_directory_finds_the_embedded_one(run, tmp_path):
    assert (
        shown(run, "settings.REDIS_IS_EMBEDDED, settings.REDIS_URL") == f"True unix://{tmp_path}/data/redis/redis.sock"
    )
    assert shown(run, "settings.REDIS_IS_EMBEDDED", PHLARE_REDIS_URL="redis://h:1/0") == "False"


def test_messages_are_never_pickled(run):
    assert shown(run, "settings.CELERY_ACCEPT_CONTENT") == "['json']"


def test_the_version_is_the_newest_of_the_changelog(run):
    assert f"## {shown(run, 'settings.VERSION')}\n" in (ROOT / "CHANGELOG.md").read_text()


def test_a_default_that_deletes_profiles_on_their_way_to_the_bucket_is_a_mistake(run):
    ended = run("manage.py", "check", "--tag", "phlare", PHLARE_LIMIT_COMPACTOR_BLOCKS_RETENTION_PERIOD="2h")
    assert ended.returncode == 1
    assert "phlare.E009" in ended.stderr
    assert "(2h) is below 141m" in ended.stderr
    ended = run("manage.py", "check", "--tag", "phlare", PHLARE_LIMIT_COMPACTOR_BLOCKS_RETENTION_PERIOD="3h")
    assert ended.returncode == 0, ended.stderr
