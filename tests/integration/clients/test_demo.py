"""The demonstration against a real cluster: what it says it stored is there, and a second run adds nothing."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from ingest.demo.library import load_recordings
from tests.integration.cluster.cluster import ROOT, Cluster, wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

#: A short past and few pushes; the command is the same for an hour.
RANGE = ("--hours", "0.2", "--interval", "30")
CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("demo") / "data")
    made.start()
    try:
        yield made
    finally:
        made.kill_everything()


def demo(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "demo", "--url", url, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def url_of(cluster: Cluster) -> str:
    return f"http://127.0.0.1:{cluster.port}"


def stored_count(output: str) -> int:
    match = re.match(r"(\d+) profiles stored", output)
    assert match is not None, output
    return int(match.group(1))


def merged(cluster: Cluster, until_ms: int) -> tuple[int, int]:
    """Return the sum of all CPU profiles until a moment, and their number; asks until the answer is complete."""
    query = urlencode({"profile_type": CPU, "until": until_ms})
    answer: dict[str, object] = {}

    def is_complete() -> bool:
        status, body, _ = cluster.request("GET", f"/api/v1/flamegraph?{query}")
        answer.update(json.loads(body))
        return status == 200 and bool(json.loads(body)["sources"]["complete"])

    wait_for(is_complete, 60, "a complete answer")
    return int(str(answer["total"])), int(str(answer["profiles"]))


def test_a_second_run_adds_nothing_to_what_the_first_one_stored(cluster: Cluster) -> None:
    first = demo(url_of(cluster), *RANGE)
    until_ms = time.time_ns() // 1_000_000 - 60_000
    before = merged(cluster, until_ms)

    second = demo(url_of(cluster), *RANGE)

    assert (first.returncode, second.returncode) == (0, 0), first.stdout + first.stderr + second.stdout + second.stderr
    assert stored_count(first.stdout) > 100
    assert merged(cluster, until_ms) == before
    assert before[1] > 0


def test_every_service_is_there_with_its_labels(cluster: Cluster) -> None:
    assert demo(url_of(cluster), *RANGE).returncode == 0

    def values(name: str) -> set[str]:
        status, body, _ = cluster.request("GET", f"/api/v1/labels/{name}/values")
        assert status == 200
        return set(json.loads(body)["names"])

    assert {recording.service for recording in load_recordings()} <= values("service_name")
    assert values("region") >= {"eu-west", "us-east"}
    assert values("route") >= {"/cart", "/checkout", "/product", "/search"}


def test_what_is_too_old_is_counted_with_its_reason(cluster: Cluster) -> None:
    ended = demo(url_of(cluster), "--hours", "1.1", "--interval", "300")

    assert ended.returncode == 1
    assert "refused as not_in_ingestion_window" in ended.stdout


def test_ctrl_c_ends_it_with_a_summary(cluster: Cluster) -> None:
    def count() -> int:
        return merged(cluster, time.time_ns() // 1_000_000)[1]

    before = count()
    process = subprocess.Popen(
        [
            sys.executable,
            "manage.py",
            "demo",
            "--url",
            url_of(cluster),
            "--hours",
            "0.04",
            "--interval",
            "1",
            "--follow",
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        wait_for(lambda: count() > before, 60, "something is pushed")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()

    assert process.returncode == 0
    assert stored_count(output) > 0


def test_without_a_server_it_says_how_to_start_one() -> None:
    ended = demo("http://127.0.0.1:1")

    assert ended.returncode == 1
    assert "start it with: make up" in ended.stderr
    assert "Traceback" not in ended.stderr
