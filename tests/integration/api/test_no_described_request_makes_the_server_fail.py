"""What the description of the API allows, and what it does not, is asked of a real cluster: no answer is a failure.

Schemathesis reads ``/api/v1/openapi.json`` and makes requests of it, within a bounded time. Most are wrong on purpose.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.django.api.pprof import pprof
from tests.integration.cluster.cluster import Cluster

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(300)]
SECONDS = 45
#: An administrator's requests are fewer, because each has its password checked.
ADMINISTRATION_SECONDS = 20
ADMINISTRATION = r"^/api/v1/(ring|audit|tokens|whoami|status)"
PASSWORD = "for tests"


def ask_everything(cluster: Cluster, folder: Path, seconds: int, *more: str) -> None:
    """Run Schemathesis for ``seconds``; fails when an answer is a failure, or the cluster is not ready after it."""
    ended = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"http://127.0.0.1:{cluster.port}/api/v1/openapi.json",
            "--checks=not_a_server_error",
            "--phases=examples,coverage,fuzzing",
            f"--max-time={seconds}",
            "--seed=1",
            "--no-shrink",
            "--continue-on-failure",
            "--workers=1",  # threads that parse code at the same time make CPython 3.11 fail now and then
            "--request-timeout=60",
            "--suppress-health-check=all",
            "--warnings=off",
            "--no-color",
            *more,
        ],
        cwd=folder,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=4 * seconds + 60,
        check=False,
    )
    print(ended.stdout)
    assert ended.returncode == 0, ended.stdout[-8000:] + ended.stderr[-2000:]
    assert cluster.request("GET", "/ready")[0] == 200


def test_no_described_request_makes_the_server_fail(cluster: Cluster, tmp_path: Path) -> None:
    body = pprof({("main", "a"): 3, ("main", "b"): 4}, time_ns=time.time_ns())
    status, answer, _ = cluster.request("POST", "/api/v1/profiles?service_name=described", body)
    assert status == 200, answer
    ask_everything(cluster, tmp_path, SECONDS)


def test_no_request_of_an_administrator_does(cluster: Cluster, tmp_path: Path) -> None:
    make = f"from django.contrib.auth.models import User; User.objects.create_superuser('root', '', {PASSWORD!r})"
    cluster.manage("shell", "--no-imports", "-c", make)
    ask_everything(
        cluster, tmp_path, ADMINISTRATION_SECONDS, f"--auth=root:{PASSWORD}", f"--include-path-regex={ADMINISTRATION}"
    )
