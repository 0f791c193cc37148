"""The disk of one ingester of three is full, or takes half a second to flush: pushes are neither refused nor slower."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.chaos.harm import QUICK, lasting, suffer
from tests.integration.cluster.cluster import Cluster

pytestmark = [pytest.mark.integration, pytest.mark.timeout(3600)]

VICTIM = "ingester-0"
#: Python runs a module of this name at its start. This one makes flushes slow while a file exists.
SLOW_DISK = """
import os, time
if os.environ.get("PHLARE_INSTANCE_ID") == os.environ["SLOW_DISK_OF"]:
    def slowed(flush):
        def slow(fd):
            if os.path.exists(os.environ["SLOW_DISK_WHILE"]):
                time.sleep(0.5)
            return flush(fd)
        return slow
    os.fsync, os.fdatasync = slowed(os.fsync), slowed(os.fdatasync)
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 48 MiB where the victim keeps its log and blocks."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    folder = tmp_path / "data" / "ingesters" / VICTIM
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk(tmp_path: Path, small_disk: Path) -> None:
    ballast = small_disk / "ballast"

    def fill() -> None:
        with ballast.open("wb") as file:
            try:
                while True:
                    file.write(bytes(1 << 20))
                    file.flush()
            except OSError:
                return

    cluster = Cluster(tmp_path / "data", environment={**QUICK, "PHLARE_MIN_FREE_DISK_BYTES": "0"})
    cluster.start()
    try:
        outcome = suffer(cluster, "a disk is full", fill, ballast.unlink, lasting(8, 60), ingesters=3)
    finally:
        cluster.kill_everything()
    assert outcome.refused == 0, outcome


def test_a_slow_disk(tmp_path: Path) -> None:
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "sitecustomize.py").write_text(SLOW_DISK)
    switch = tmp_path / "slow"
    environment = {
        **QUICK,
        "PYTHONPATH": str(tmp_path / "python"),
        "SLOW_DISK_OF": VICTIM,
        "SLOW_DISK_WHILE": str(switch),
    }
    cluster = Cluster(tmp_path / "data", environment=environment)
    cluster.start()
    try:
        outcome = suffer(cluster, "a disk is slow", switch.touch, switch.unlink, lasting(8, 60), ingesters=3)
    finally:
        cluster.kill_everything()
    assert outcome.refused == 0, outcome
