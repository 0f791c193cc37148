"""A Python program profiled by the real pyroscope-io: what it did is in the answers."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cluster.cluster import Cluster, wait_for

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(600),
    pytest.mark.skipif(importlib.util.find_spec("pyroscope") is None, reason="pyroscope-io is not installed"),
]

PROGRAM = Path(__file__).parent / "programs" / "python_app.py"
SERVICE = "python-app"
PROFILE_TYPE = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
SECONDS = 9.0
#: The load of other tests on the machine takes part of the time; below this the profiler did not work.
LEAST_CPU_NS = SECONDS * 1e9 / 10


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("pyroscope-io") / "data")
    made.start()
    try:
        yield made
    finally:
        made.kill_everything()


@pytest.fixture(scope="module")
def window(cluster: Cluster) -> tuple[int, int]:
    """Run the program; return the range of time, in Unix milliseconds, in which it ran."""
    start_ms = time.time_ns() // 1_000_000 - 60_000
    subprocess.run(
        [sys.executable, str(PROGRAM), f"http://127.0.0.1:{cluster.port}", SERVICE, str(SECONDS)],
        check=True,
        timeout=120,
    )
    window = (start_ms, time.time_ns() // 1_000_000 + 60_000)
    wait_for(lambda: SERVICE in label_values(cluster, window, "service_name"), 30, "the service is known")
    return window


def ask(cluster: Cluster, method: str, question: dict[str, Any]) -> dict[str, Any]:
    """Ask by Connect with JSON."""
    status, answer, _ = cluster.request(
        "POST",
        f"/querier.v1.QuerierService/{method}",
        json.dumps(question).encode(),
        {"Content-Type": "application/json"},
    )
    assert status == 200, answer[:2000]
    document: dict[str, Any] = json.loads(answer)
    return document


def label_values(cluster: Cluster, window: tuple[int, int], name: str, selector: str = "{}") -> list[str]:
    question = {"name": name, "matchers": [selector], "start": window[0], "end": window[1]}
    values: list[str] = ask(cluster, "LabelValues", question).get("names", [])
    return values


def function_totals(cluster: Cluster, window: tuple[int, int], selector: str) -> dict[str, int]:
    """Return the sum of the values of each name in the flame graph."""
    question = {
        "profileTypeID": PROFILE_TYPE,
        "labelSelector": selector,
        "start": window[0],
        "end": window[1],
        "maxNodes": 100_000,
    }
    graph = ask(cluster, "SelectMergeStacktraces", question).get("flamegraph", {})
    names, totals = graph.get("names", []), dict[str, int]()
    for level in graph.get("levels", []):
        values = [int(value) for value in level["values"]]
        for total, name in zip(values[1::4], values[3::4], strict=True):
            totals[names[name]] = totals.get(names[name], 0) + total
    return totals


def test_its_tags_are_label_values(cluster: Cluster, window: tuple[int, int]) -> None:
    selector = f'{{service_name="{SERVICE}"}}'

    assert {"/fast", "/slow"} <= set(label_values(cluster, window, "route", selector))
    assert label_values(cluster, window, "region", selector) == ["eu-west"]
    assert label_values(cluster, window, "version", selector) == ["1.2.3"]
    assert PROFILE_TYPE in label_values(cluster, window, "__profile_type__", selector)


def test_its_functions_are_in_the_flame_graph(cluster: Cluster, window: tuple[int, int]) -> None:
    totals = function_totals(cluster, window, f'{{service_name="{SERVICE}"}}')

    assert {"work_until", "handle_fast_route", "handle_slow_route", "count_to", "add_squares"} <= totals.keys()
    assert totals["work_until"] >= LEAST_CPU_NS
    assert totals["add_squares"] > totals["count_to"] > 0


@pytest.mark.parametrize(
    ("route", "present", "absent"),
    [
        pytest.param("/fast", "count_to", "add_squares", id="the fast route counts"),
        pytest.param("/slow", "add_squares", "count_to", id="the slow route adds"),
    ],
)
def test_a_route_shows_only_its_own_work(
    cluster: Cluster, window: tuple[int, int], route: str, present: str, absent: str
) -> None:
    totals = function_totals(cluster, window, f'{{service_name="{SERVICE}", route="{route}"}}')

    # A tag takes a moment to change, in which a sample may still carry the one before.
    assert totals.get(present, 0) > 10 * totals.get(absent, 0)
    assert totals[present] > 0


def test_the_routes_add_up_to_the_whole(cluster: Cluster, window: tuple[int, int]) -> None:
    base = f'service_name="{SERVICE}"'
    parts = [function_totals(cluster, window, f"{{{base}, route{rest}}}") for rest in ('="/fast"', '="/slow"', '=""')]

    whole = function_totals(cluster, window, f"{{{base}}}")["total"]
    assert whole == sum(part.get("total", 0) for part in parts)
