"""A Java program under the unmodified pyroscope agent, which pushes JFR to ``/ingest``: the answers say what it did."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.integration.clients.answers import CPU, Program
from tests.integration.clients.toolchains import made, require, run
from tests.integration.cluster.cluster import Cluster, wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]

#: The agent as Maven's repository has it.
AGENT = "io.pyroscope:agent:2.9.2"
AGENT_SHA256 = "ad738199a90734f7b8392bae1ab892027d411acb953ef1f00cd6e8e7c669ff8f"
SOURCE = Path(__file__).parent / "programs" / "java_app" / "JavaApp.java"

SERVICE = "java-app"
SECONDS = 12.0
#: The load of other tests on the machine takes part of the time; below this the profiler did not work.
LEAST_CPU_NS = SECONDS * 1e9 / 20
ALLOCATED = "memory:alloc_in_new_tlab_bytes:bytes:space:bytes"
MONITORS, LOCKS = "mutex:delay:nanoseconds:mutex:count", "block:delay:nanoseconds:block:count"
TYPES = {
    CPU,
    "memory:alloc_in_new_tlab_objects:count:space:bytes",
    ALLOCATED,
    "mutex:contentions:count:mutex:count",
    MONITORS,
    "block:contentions:count:block:count",
    LOCKS,
}
#: How agents are told what to do; the names start with PYROSCOPE_.
SETTINGS = {
    "APPLICATION_NAME": SERVICE,
    "FORMAT": "jfr",
    "UPLOAD_INTERVAL": "3s",
    "PROFILER_EVENT": "itimer",  # perf events are closed to containers; this timer works everywhere
    "PROFILER_ALLOC": "1m",
    "PROFILER_LOCK": "1ms",
    "LABELS": "region=eu-west,version=1.2.3",
    "LOG_LEVEL": "error",
}


def agent_jar() -> Path:
    """The agent, fetched by Maven: the very file that this test was written for."""
    maven = require("mvn")

    def fetch(folder: Path) -> None:
        run([maven, "-q", "-B", "dependency:copy", f"-Dartifact={AGENT}", f"-DoutputDirectory={folder}"], folder)

    (jar,) = made("java-agent", AGENT.encode(), fetch).glob("*.jar")
    assert hashlib.sha256(jar.read_bytes()).hexdigest() == AGENT_SHA256
    return jar


@pytest.fixture(scope="module")
def program(agents_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The program, after it ran."""
    java, javac = require("java"), require("javac")
    agent, classes = agent_jar(), tmp_path_factory.mktemp("classes")
    run([javac, "-cp", str(agent), "-d", str(classes), str(SOURCE)], classes)
    settings = {**SETTINGS, "SERVER_ADDRESS": f"http://127.0.0.1:{agents_cluster.port}"}
    start_ms = time.time_ns() // 1_000_000 - 60_000
    done = subprocess.run(
        [java, f"-javaagent:{agent}", "-cp", str(classes), "JavaApp", str(SECONDS)],
        env={**os.environ, **{f"PYROSCOPE_{name}": value for name, value in settings.items()}},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    program = Program(agents_cluster, SERVICE, start_ms, time.time_ns() // 1_000_000 + 60_000)
    wait_for(
        lambda: program.label_values("__profile_type__") >= TYPES, 60, f"every type is known: {done.stderr[-1000:]}"
    )
    return program


def test_every_event_becomes_its_profile_types(program: Program) -> None:
    assert program.label_values("__profile_type__") == TYPES


@pytest.mark.parametrize(
    ("label", "values"),
    [
        ("region", {"eu-west"}),
        ("version", {"1.2.3"}),
        ("pyroscope_spy", {"javaspy"}),
        ("jfr_event", {"itimer"}),
        ("otel.scope.name", {"com.grafana.pyroscope/java"}),
        ("route", {"/fast", "/slow"}),
    ],
)
def test_its_labels_are_label_values(program: Program, label: str, values: set[str]) -> None:
    assert program.label_values(label) == values


def test_its_methods_are_in_the_flame_graph(program: Program) -> None:
    totals = program.totals(CPU)

    assert {"JavaApp.main", "JavaApp.handleFastRoute", "JavaApp.countTo", "JavaApp.fillPages"} <= totals.keys()
    assert totals["JavaApp.main"] >= LEAST_CPU_NS


@pytest.mark.parametrize(
    ("route", "present", "absent"),
    [
        pytest.param("/fast", "JavaApp.countTo", "JavaApp.fillPages", id="the fast route counts"),
        pytest.param("/slow", "JavaApp.fillPages", "JavaApp.countTo", id="the slow route fills pages"),
    ],
)
def test_a_route_shows_only_its_own_work(program: Program, route: str, present: str, absent: str) -> None:
    totals = program.totals(CPU, route=route)

    assert totals.get(present, 0) > 0
    assert absent not in totals


def test_what_allocates_is_in_the_flame_graph_of_allocations(program: Program) -> None:
    totals = program.totals(ALLOCATED)

    assert totals["JavaApp.fillPages"] > totals["total"] / 2


def test_who_waits_is_in_the_flame_graphs_of_monitors_and_locks(program: Program) -> None:
    assert program.totals(MONITORS).get("JavaApp.holdMonitor", 0) > 0
    assert program.totals(LOCKS).get("JavaApp.holdLock", 0) > 0
