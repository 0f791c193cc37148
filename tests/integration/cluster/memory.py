"""What the processes of a cluster occupy, as the kernel counts it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.integration.cluster.cluster import Cluster

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of one process in bytes."""

    pss: int  #: resident pages, each divided by the number of processes that share it: adds up over processes
    rss: int  #: resident pages
    peak_rss: int  #: the most ``rss`` ever was


def memory_of(pid: int) -> Memory:
    """Return the memory of a process; raises OSError when it has ended."""
    folder = Path("/proc", str(pid))
    rollup = _kilobytes(folder / "smaps_rollup")
    return Memory(rollup["Pss"] * 1024, rollup["Rss"] * 1024, _kilobytes(folder / "status")["VmHWM"] * 1024)


def cluster_memory(cluster: Cluster) -> dict[str, Memory]:
    """Return the memory of each process by its role; a second process of a role is called ``web.2`` and so on."""
    found: dict[str, Memory] = {}
    for role, pids in cluster.processes().items():
        for number, pid in enumerate(sorted(pids), 1):
            try:
                found[role if number == 1 else f"{role}.{number}"] = memory_of(pid)
            except OSError:
                continue  # it has just ended
    found["up"] = memory_of(cluster.supervisor_pid)
    return found


def _kilobytes(path: Path) -> dict[str, int]:
    """Return the fields of a file with lines like ``Pss:   123 kB``."""
    found: dict[str, int] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, _, rest = line.partition(":")
        if rest.endswith(" kB"):
            found[name] = int(rest.split()[0])
    return found
