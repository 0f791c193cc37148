"""What ``make up`` costs on a machine where nothing happens: three ingesters, web, worker, scheduler and Redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cluster.cluster import Cluster, free_port
from tests.integration.cluster.memory import MIB, cluster_memory

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="only Linux tells shared pages apart"),
]

MOST_BYTES = 10**9
#: Libraries that no process needs that only starts others or sends them their cue.
HEAVY = ("/numba/", "/llvmlite/", "/numpy/", "/pyarrow/")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    # Tools of the tests bring a library that structlog loads where it finds it; nobody has it who runs `make up`.
    hidden = tmp_path_factory.mktemp("hidden")
    (hidden / "rich.py").write_text("raise ImportError('not among requirements.txt')\n")
    environment = {"PYTHONPATH": str(hidden)}
    made = Cluster(tmp_path_factory.mktemp("idle") / "data", grpc_port=free_port(), environment=environment)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def test_everything_together_takes_less_than_a_gigabyte(cluster: Cluster) -> None:
    memory = cluster_memory(cluster)
    total = sum(one.pss for one in memory.values())
    told = ", ".join(f"{name} {one.pss / MIB:.0f}" for name, one in sorted(memory.items()))
    print(f"idle: {total / MIB:.0f} MiB proportional set size ({told})")
    assert {"up", "redis", "web", "worker", "beat", "ingester-0", "ingester-1", "ingester-2"} <= memory.keys()
    assert total <= MOST_BYTES, told


def test_supervisor_and_scheduler_load_no_numerics(cluster: Cluster) -> None:
    for name, pid in (("up", cluster.supervisor_pid), *(("beat", pid) for pid in cluster.processes()["beat"])):
        mapped = Path("/proc", str(pid), "maps").read_text(encoding="utf-8")
        assert "/libpython" in mapped or "/python" in mapped, "the list of mapped files can be read"
        assert not [word for word in HEAVY if word in mapped], name
    for pid in cluster.processes()["ingester-0"]:
        mapped = Path("/proc", str(pid), "maps").read_text(encoding="utf-8")
        assert all(word in mapped for word in HEAVY), "what is looked for is where it should be"
