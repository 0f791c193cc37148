"""``phlare tail`` against a real cluster: what is pushed while it looks is a line, and so is what was refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Run
from tests.integration.cluster.cluster import ROOT, Cluster, clean_environment, wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


def test_pushes_appear_while_it_runs_and_ctrl_c_ends_it(cluster: Cluster, phlare: Run, tmp_path: Path) -> None:
    output = tmp_path / "tail.jsonl"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "ingest.cli", "tail", "--json"],
            cwd=ROOT,
            env={
                **clean_environment(),
                "PHLARE_URL": f"http://127.0.0.1:{cluster.port}",
                "PATH": os.environ["PATH"],
                "PYTHONUNBUFFERED": "1",
            },
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:

        def is_seen() -> bool:
            stored = phlare("push", "-", "--service", "tail-good", "--type", "cpu", input_text="main;run 7\n")
            refused = phlare("push", "-", "--service", "tail-bad", "--format", "jfr", input_text="no recording")
            assert (stored.returncode, refused.returncode) == (0, 1)
            rows = [json.loads(line) for line in output.read_text().splitlines()]
            verdicts = {(row["service_name"], row["verdict"]) for row in rows}
            return ("tail-good", "accepted") in verdicts and any(verdict == "rejected" for _, verdict in verdicts)

        wait_for(is_seen, 60, "both pushes are rows")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        process.kill()
    assert "Traceback" not in output.read_text()


def test_only_trouble_is_shown_when_asked_for(phlare: Run) -> None:
    ended = phlare("tail", "--once", "--trouble", "--json")

    assert ended.returncode == 0, ended.stderr
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert "rejected" in {row["verdict"] for row in rows}
    assert all(row["verdict"] != "accepted" or row["suspects"] for row in rows)
