"""``phlare push`` and ``phlare limits`` against a real cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.demo.library import load_recordings
from tests.integration.cli.conftest import Run
from tests.integration.cluster.cluster import Cluster, wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    path = tmp_path / "stacks.txt"
    path.write_text("main;work;deep 10\nmain;idle 5\n", encoding="utf-8")
    return path


def total(phlare: Run, service: str) -> int:
    ended = phlare("top", f'{{service_name="{service}"}}', "--json")
    return int(json.loads(ended.stdout)["total"]) if ended.returncode == 0 else 0


def test_a_file_of_stacks_is_stored_once_however_often_it_is_pushed(phlare: Run, stacks: Path) -> None:
    pushes = [
        phlare("push", str(stacks), "--service", "cli-stacks", "--type", "cpu", "--sample-rate", "100",
               "-l", "region=eu", "--time", "now-5m", "--json")
    ]  # fmt: skip

    assert pushes[0].returncode == 0, pushes[0].stdout + pushes[0].stderr
    [told] = json.loads(pushes[0].stdout)["files"]
    assert (told["stored"], told["format"], told["reason"]) == (1, "collapsed", "")
    wait_for(lambda: total(phlare, "cli-stacks") == 15 * 10_000_000, 30, "its samples are there")


def test_standard_input_is_a_file_too(phlare: Run) -> None:
    ended = phlare("push", "-", "--service", "cli-pipe", "--type", "cpu", input_text="main;run 7\n")

    assert ended.returncode == 0, ended.stderr
    assert "1 profile in " in ended.stdout


def test_one_bad_file_costs_the_others_nothing(phlare: Run, stacks: Path, tmp_path: Path) -> None:
    bad, missing = tmp_path / "bad.pb.gz", tmp_path / "missing.pb"
    bad.write_bytes(b"\x1f\x8b not gzip")
    recording = tmp_path / "good.pb"
    recording.write_bytes(load_recordings()[0].restamped(0))
    ended = phlare("push", str(bad), str(missing), str(recording), str(stacks), "--service", "cli-many")

    assert ended.returncode == 1
    assert "bad_gzip" in ended.stderr
    assert "unreadable" in ended.stderr
    assert ended.stdout.count(", as ") == 2


def test_a_label_without_a_value_is_wrong_use(phlare: Run, stacks: Path) -> None:
    ended = phlare("push", str(stacks), "-l", "region")

    assert ended.returncode == 2
    assert "name=value" in ended.stderr


def test_limits_are_listed_with_what_is_used(cluster: Cluster, phlare: Run) -> None:
    cluster.manage("tenant", "set", "anonymous", "max-query-length", "12h")

    def is_in_force() -> bool:
        [row] = [
            one for one in json.loads(phlare("limits", "--json").stdout)["limits"] if one["name"] == "max_query_length"
        ]
        return row["own"] is not None and row["shown"] == "12h"

    wait_for(is_in_force, 30, "the limit is in force")
    assert "tenant" in phlare("limits").stdout
