"""The check, and ``up``, warn of a server that listens beyond this machine without access control."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from phlareweb.checks import open_to_others

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("bind", ["127.0.0.1", "127.8.0.1", "::1", "[::1]", "localhost"])
def test_loopback_is_for_this_machine_alone(bind: str) -> None:
    assert open_to_others(bind, access_enabled=False) is None


@pytest.mark.parametrize("bind", ["0.0.0.0", "::", "192.0.2.7", "2001:db8::1", "profiles.example", ""])
def test_everything_else_is_open_unless_access_is_controlled(bind: str) -> None:
    problem = open_to_others(bind, access_enabled=False)
    assert problem is not None
    assert "PHLARE_ACCESS_ENABLED=1" in problem.hint
    assert open_to_others(bind, access_enabled=True) is None


def test_up_says_so_before_it_starts_anything(tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PHLARE_")}
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "manage.py", "up", "--bind=0.0.0.0", f"--port={port}", "--grpc-port=0"],
            cwd=ROOT,
            env={**clean, "DJANGO_SETTINGS_MODULE": "phlareweb.settings", "PHLARE_DATA_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert ended.returncode != 0
    assert "Warning: The server listens on 0.0.0.0 and access control is off" in ended.stdout


@pytest.mark.parametrize(
    ("variables", "warned"),
    [
        pytest.param({}, False, id="the defaults"),
        pytest.param({"PHLARE_BIND": "0.0.0.0"}, True, id="bound elsewhere"),
        pytest.param({"PHLARE_GRPC_BIND": "::"}, True, id="gRPC is"),
        pytest.param({"PHLARE_GRPC_BIND": "::", "PHLARE_GRPC_PORT": "0"}, False, id="there is no gRPC"),
        pytest.param({"PHLARE_BIND": "0.0.0.0", "PHLARE_ACCESS_ENABLED": "1"}, False, id="bound elsewhere and asking"),
    ],
)
def test_the_check_says_so_and_is_no_error(tmp_path: Path, variables: dict[str, str], warned: bool) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PHLARE_")}
    environment = {
        **clean,
        "DJANGO_SETTINGS_MODULE": "phlareweb.settings",
        "PHLARE_DATA_DIR": str(tmp_path),
        **variables,
    }
    ended = subprocess.run(
        [sys.executable, "manage.py", "check", "--tag", "phlare"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    assert ("phlare.W002" in ended.stderr) is warned
