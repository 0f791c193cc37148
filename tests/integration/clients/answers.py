"""Asks a cluster what a client's program did, by Connect with JSON as Grafana's pages do."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.integration.cluster.cluster import Cluster, wait_for

CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"


@dataclass(frozen=True)
class Program:
    """A program that ran under a profiler and sent what it did."""

    cluster: Cluster
    service: str
    start_ms: int
    end_ms: int

    def selector(self, **labels: str) -> str:
        """Return the selector of the program's series with these labels."""
        pairs = {"service_name": self.service, **labels}
        return "{" + ", ".join(f"{name}={json.dumps(value)}" for name, value in pairs.items()) + "}"

    def ask(self, method: str, question: dict[str, Any]) -> dict[str, Any]:
        """Ask about the time in which the program ran."""
        status, answer, _ = self.cluster.request(
            "POST",
            f"/querier.v1.QuerierService/{method}",
            json.dumps({"start": self.start_ms, "end": self.end_ms, **question}).encode(),
            {"Content-Type": "application/json"},
        )
        assert status == 200, answer[:2000]
        document: dict[str, Any] = json.loads(answer)
        return document

    def label_values(self, name: str) -> set[str]:
        """Return the values a label of the program's series has."""
        return set(self.ask("LabelValues", {"name": name, "matchers": [self.selector()]}).get("names", []))

    def totals(self, profile_type: str, **labels: str) -> dict[str, int]:
        """Return the sum of the values of each name in the flame graph."""
        question = {"profileTypeID": profile_type, "labelSelector": self.selector(**labels), "maxNodes": 100_000}
        graph = self.ask("SelectMergeStacktraces", question).get("flamegraph", {})
        names, totals = graph.get("names", []), dict[str, int]()
        for level in graph.get("levels", []):
            values = [int(value) for value in level["values"]]
            for total, name in zip(values[1::4], values[3::4], strict=True):
                totals[names[name]] = totals.get(names[name], 0) + total
        return totals


def run_program(cluster: Cluster, service: str, command: Sequence[str], seconds: float) -> Program:
    """Run ``command <server> <service> <seconds>`` and wait until its service is known."""
    start_ms = time.time_ns() // 1_000_000 - 60_000
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{cluster.port}", service, str(seconds)],
        capture_output=True,
        text=True,
        timeout=120 + seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    program = Program(cluster, service, start_ms, time.time_ns() // 1_000_000 + 60_000)
    wait_for(lambda: service in program.label_values("service_name"), 30, f"{service} is known: {done.stderr[-1000:]}")
    return program
