"""Programs under the agents that send to ``/ingest``, unmodified: only the address is ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.clients.answers import CPU, Program, run_program
from tests.integration.clients.toolchains import go_program, node_project, python_with, require
from tests.integration.cluster.cluster import Cluster

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]

HERE = Path(__file__).parent
WALL = "wall:wall:nanoseconds:wall:nanoseconds"


def old_python() -> list[str]:
    interpreter = python_with("pyroscope-io==0.8.16", "cffi==2.1.1", "pycparser==3.12")
    return [str(interpreter), str(HERE / "programs" / "old_python_app.py")]


def go() -> list[str]:
    return [str(go_program(HERE / "go"))]


def node() -> list[str]:
    return [require("node"), str(node_project(HERE / "node") / "app.js")]


#: How each agent's program is started, and how long it has to run until it has sent something.
AGENTS: dict[str, tuple[Callable[[], list[str]], float]] = {
    "pyroscope-io 0.8": (old_python, 12.0),
    "pyroscope-go": (go, 8.0),
    "@pyroscope/nodejs": (node, 8.0),
}
SERVICES = {"pyroscope-io 0.8": "old-python-app", "pyroscope-go": "go-app", "@pyroscope/nodejs": "node-app"}
PROFILE_TYPE = {"pyroscope-io 0.8": CPU, "pyroscope-go": CPU, "@pyroscope/nodejs": WALL}
SPIES = {"pyroscope-io 0.8": "pyspy", "pyroscope-go": "gospy", "@pyroscope/nodejs": "nodespy"}
#: The function of the fast route and that of the slow one, as a part of their names.
FUNCTIONS = {
    "pyroscope-io 0.8": ("count_to", "add_squares"),
    "pyroscope-go": ("main.countTo", "main.addSquares"),
    "@pyroscope/nodejs": ("countTo", "addSquares"),
}


@pytest.fixture(scope="module", params=list(AGENTS))
def agent(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def program(agents_cluster: Cluster, agent: str) -> Program:
    """The agent's program, after it ran."""
    command, seconds = AGENTS[agent]
    return run_program(agents_cluster, SERVICES[agent], command(), seconds)


def value_of(totals: dict[str, int], function: str) -> int:
    return sum(value for name, value in totals.items() if function in name)


def test_its_labels_are_those_of_its_configuration(program: Program, agent: str) -> None:
    assert program.label_values("region") == {"eu-west"}
    assert program.label_values("version") == {"1.2.3"}
    assert program.label_values("pyroscope_spy") == {SPIES[agent]}
    assert PROFILE_TYPE[agent] in program.label_values("__profile_type__")
    assert program.label_values("__session_id__") == set()


def test_its_routes_are_label_values(program: Program) -> None:
    assert {"/fast", "/slow"} <= program.label_values("route")


def test_its_functions_are_in_the_flame_graph(program: Program, agent: str) -> None:
    fast, slow = FUNCTIONS[agent]
    totals = program.totals(PROFILE_TYPE[agent])
    assert value_of(totals, fast) > 0
    assert value_of(totals, slow) > 0
    # The load of other tests takes part of the time; below a tenth the profiler did not work.
    assert totals["total"] >= AGENTS[agent][1] * 1e9 / 10


def test_a_route_shows_only_its_own_work(program: Program, agent: str) -> None:
    fast, slow = FUNCTIONS[agent]
    for route, present, absent in (("/fast", fast, slow), ("/slow", slow, fast)):
        totals = program.totals(PROFILE_TYPE[agent], route=route)
        # A tag takes a moment to change, in which a sample may still carry the one before.
        assert value_of(totals, present) > 10 * value_of(totals, absent)


def test_memory_is_stored_as_types_of_its_own(program: Program, agent: str) -> None:
    expected = {
        "pyroscope-io 0.8": set(),
        "pyroscope-go": {"alloc_objects:count", "alloc_space:bytes", "inuse_objects:count", "inuse_space:bytes"},
        "@pyroscope/nodejs": {"inuse_objects:count", "inuse_space:bytes"},
    }
    stored = program.label_values("__profile_type__")
    found = {":".join(one.split(":")[1:3]) for one in stored if one.startswith("memory:")}
    assert found == expected[agent]
