"""What idle processes must not load: each of these packages costs every process tens of megabytes."""

import os
import subprocess
import sys

import pytest

HEAVY = ("numpy", "numba", "llvmlite", "pyarrow", "boto3", "prompt_toolkit", "ingest.tasks")

SETUP = "import django; django.setup()"


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import phlareweb.settings", id="settings"),
        pytest.param(SETUP, id="Django with all applications"),
        pytest.param(
            SETUP + "; import phlareweb.celery_main, celery.apps.beat, celery.apps.worker;"
            "phlareweb.celery_main.app.loader.init_worker()",
            id="beat",
        ),
        pytest.param(SETUP + "; import phlareweb.management.commands.up", id="the supervisor"),
    ],
)
def test_light_processes_stay_light(code, tmp_path):
    report = f"; import sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "phlareweb.settings",
        "PHLARE_DATA_DIR": str(tmp_path),
        "PHLARE_ROLE": "beat",
    }
    ended = subprocess.run([sys.executable, "-c", code + report], env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == "[]"
