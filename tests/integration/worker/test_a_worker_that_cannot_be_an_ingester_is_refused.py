"""Real Celery workers that must not become ingesters: each says why in one sentence and ends with an error."""

from __future__ import annotations

import os
import signal

import pytest

from tests.integration.cluster.cluster import wait_for
from tests.integration.worker.conftest import Machine

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


def test_a_pool_of_processes_is_refused_because_each_would_hold_a_part_of_the_heads(machine: Machine) -> None:
    worker = machine.start("-P", "prefork", "-c", "2")
    assert worker.end() != 0
    said = worker.path.read_text()
    assert "An ingester cannot run in the prefork pool" in said
    assert "-P solo" in said
    assert not (machine.folder / "data" / "ingesters").exists(), "nothing was opened"


def test_an_ingester_without_a_name_is_refused(machine: Machine) -> None:
    worker = machine.start("-P", "solo", instance="")
    assert worker.end() != 0
    assert "set PHLARE_INSTANCE_ID" in worker.path.read_text()
    assert not (machine.folder / "data" / "ingesters").exists(), "nothing was opened"


def test_a_second_ingester_on_the_same_data_is_refused_until_the_first_is_killed(machine: Machine) -> None:
    first = machine.start("-P", "solo")
    wait_for(first.serves, 120, "the first ingester serves")
    second = machine.start("-P", "solo")
    assert second.end() != 0
    said = second.path.read_text()
    assert f"{machine.folder / 'data' / 'ingesters' / 'ingester-0'} is in use by process {first.process.pid}" in said
    assert not second.serves()
    assert first.process.poll() is None, "the first goes on"
    os.killpg(first.process.pid, signal.SIGKILL)
    first.process.wait()
    third = machine.start("-P", "solo")
    wait_for(third.serves, 120, "an ingester serves after the kill")
