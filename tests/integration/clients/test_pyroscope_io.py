"""A Python program profiled by the real pyroscope-io: what it did is in the answers."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from tests.integration.clients.answers import CPU, Program, run_program
from tests.integration.cluster.cluster import Cluster

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(600),
    pytest.mark.skipif(importlib.util.find_spec("pyroscope") is None, reason="pyroscope-io is not installed"),
]

PROGRAM = Path(__file__).parent / "programs" / "python_app.py"
SECONDS = 9.0
#: The load of other tests on the machine takes part of the time; below this the profiler did not work.
LEAST_CPU_NS = SECONDS * 1e9 / 10


@pytest.fixture(scope="module")
def program(agents_cluster: Cluster) -> Program:
    """The program, after it ran."""
    return run_program(agents_cluster, "python-app", [sys.executable, str(PROGRAM)], SECONDS)


def test_its_tags_are_label_values(program: Program) -> None:
    assert {"/fast", "/slow"} <= program.label_values("route")
    assert program.label_values("region") == {"eu-west"}
    assert program.label_values("version") == {"1.2.3"}
    assert CPU in program.label_values("__profile_type__")


def test_its_functions_are_in_the_flame_graph(program: Program) -> None:
    totals = program.totals(CPU)

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
def test_a_route_shows_only_its_own_work(program: Program, route: str, present: str, absent: str) -> None:
    totals = program.totals(CPU, route=route)

    # A tag takes a moment to change, in which a sample may still carry the one before.
    assert totals.get(present, 0) > 10 * totals.get(absent, 0)
    assert totals[present] > 0


def test_the_routes_add_up_to_the_whole(program: Program) -> None:
    parts = [program.totals(CPU, route=route) for route in ("/fast", "/slow", "")]

    assert program.totals(CPU)["total"] == sum(part.get("total", 0) for part in parts)
