"""A project that adds ``phlareweb.agent`` and sets PHLARE_AGENT_URL: its views and tasks are in the flame graphs, under
every server that forks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest

from phlareweb.data_dir import redis_socket
from tests.integration.cluster.cluster import ROOT, Cluster, clean_environment, free_port, wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

PROJECT = Path(__file__).parent / "project"
CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
#: How long a request keeps a processor busy: of it the sampler sees some, however busy the machine is.
BURN_MS = 400


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("agent") / "data", arguments=("--ingesters", "1"))
    made.start()
    try:
        yield made
    finally:
        made.kill_everything()


def environment(cluster: Cluster, service: str, **more: str) -> dict[str, str]:
    """The variables of a profiled project; only the address is needed, the others make the test quick and exact."""
    return {
        **clean_environment(),
        "PYTHONPATH": f"{PROJECT}{os.pathsep}{ROOT}",
        "DJANGO_SETTINGS_MODULE": "shop.settings",
        "PHLARE_AGENT_URL": f"http://127.0.0.1:{cluster.port}",
        "PHLARE_AGENT_APPLICATION": service,
        "PHLARE_AGENT_RELEASE": "1.2.3",
        "PHLARE_AGENT_ENVIRONMENT": "test",
        "PHLARE_AGENT_UPLOAD_SECONDS": "1",
        **more,
    }


@contextmanager
def running(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server for as long as the block lasts, and end it as a service manager does."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
        process.terminate()
        process.wait(60)
    finally:
        process.kill()
        process.wait(30)


def answer(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as response:
        return str(response.read().decode())


def is_up(url: str) -> bool:
    try:
        answer(url)
    except (urllib.error.URLError, OSError):
        return False
    return True


def totals(cluster: Cluster, selector: str, profile_type: str = CPU) -> dict[str, int]:
    """Return the totals of all functions of the flame graph of the last minutes."""
    query = urlencode({"profile_type": profile_type, "query": selector, "from": "now-30m"})
    status, body, _ = cluster.request("GET", f"/api/v1/flamegraph?{query}")
    assert status == 200, body
    graph = json.loads(body)
    found: dict[str, int] = {}
    for level in graph["levels"]:
        for total, name in zip(level[1::4], level[3::4], strict=True):
            found[graph["names"][name]] = found.get(graph["names"][name], 0) + total
    return found


def label_values(cluster: Cluster, name: str, selector: str) -> set[str]:
    status, body, _ = cluster.request("GET", f"/api/v1/labels/{name}/values?{urlencode({'query': selector})}")
    assert status == 200, body
    return set(json.loads(body)["names"])


def gunicorn(port: int, *options: str) -> list[str]:
    return [sys.executable, "-m", "gunicorn", "shop.wsgi", "-w", "2", "-b", f"127.0.0.1:{port}", *options]


def uwsgi(port: int, *options: str) -> list[str]:
    program = Path(sys.executable).parent / "uwsgi"
    return [str(program), "--http-socket", f"127.0.0.1:{port}", "--module", "shop.wsgi", "--master", "--processes", "2",
            "--die-on-term", "--enable-threads", *options]  # fmt: skip


SERVERS = {
    "gunicorn": lambda port: gunicorn(port),
    "gunicorn that loads before it forks": lambda port: gunicorn(port, "--preload"),
    "gunicorn with threads": lambda port: gunicorn(port, "--threads", "4"),
    "uwsgi that forks after loading": lambda port: uwsgi(port),
}


@pytest.mark.parametrize("server", SERVERS)
def test_requests_are_labelled_with_view_and_route(cluster: Cluster, tmp_path: Path, server: str) -> None:
    service, port = f"shop-{list(SERVERS).index(server)}", free_port()
    address = f"http://127.0.0.1:{port}"
    with running(SERVERS[server](port), environment(cluster, service), tmp_path / "server.log"):
        wait_for(lambda: is_up(f"{address}/cart/1"), 60, f"{server} answers (see {tmp_path})")
        selector = f'{{service_name="{service}", route="/cart/<int:milliseconds>", view="cart"}}'

        def is_seen() -> bool:
            answer(f"{address}/cart/{BURN_MS}")
            return totals(cluster, selector).get("burn", 0) > 0

        wait_for(is_seen, 60, "the view is in the flame graph")
    assert label_values(cluster, "release", f'{{service_name="{service}"}}') == {"1.2.3"}
    assert label_values(cluster, "environment", f'{{service_name="{service}"}}') == {"test"}
    assert "delivery" not in totals(cluster, selector)


def test_the_last_seconds_of_a_process_are_not_lost(cluster: Cluster, tmp_path: Path) -> None:
    service, port = "shop-last", free_port()
    variables = environment(cluster, service, PHLARE_AGENT_UPLOAD_SECONDS="300")
    with running(gunicorn(port), variables, tmp_path / "server.log"):
        wait_for(lambda: is_up(f"http://127.0.0.1:{port}/cart/1"), 60, "gunicorn answers")
        for _ in range(5):
            answer(f"http://127.0.0.1:{port}/cart/{BURN_MS}")
    wait_for(lambda: totals(cluster, f'{{service_name="{service}"}}').get("burn", 0) > 0, 30, "what it did is there")


def test_waiting_is_seen_by_the_clock_on_the_wall(cluster: Cluster, tmp_path: Path) -> None:
    service, port = "shop-wall", free_port()
    variables = environment(cluster, service, PHLARE_AGENT_CLOCK="wall")
    selector = f'{{service_name="{service}", __clock__="wall", route="/delivery/<int:milliseconds>"}}'
    with running(gunicorn(port), variables, tmp_path / "server.log"):
        wait_for(lambda: is_up(f"http://127.0.0.1:{port}/cart/1"), 60, "gunicorn answers")

        def is_seen() -> bool:
            answer(f"http://127.0.0.1:{port}/delivery/{BURN_MS}")
            return totals(cluster, selector).get("wait", 0) > 0

        wait_for(is_seen, 60, "waiting is in the flame graph")


def test_tasks_of_a_prefork_pool_are_labelled_with_name_and_queue(cluster: Cluster, tmp_path: Path) -> None:
    service = "shop-tasks"
    broker = f"redis+socket://{redis_socket(cluster.data_dir)}?virtual_host=9"
    variables = environment(cluster, service, SHOP_BROKER=broker)
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "shop.celery",
        "worker",
        "-P",
        "prefork",
        "-c",
        "2",
        "-Q",
        "orders",
    ]
    selector = f'{{service_name="{service}", task="shop.pay", queue="orders"}}'
    send = f"from shop.celery import pay; pay.delay({BURN_MS / 1000})"
    with running(command, variables, tmp_path / "worker.log"):

        def is_seen() -> bool:
            subprocess.run([sys.executable, "-c", send], cwd=PROJECT, env=variables, check=True, timeout=60)
            time.sleep(BURN_MS / 1000)
            return totals(cluster, selector).get("pay", 0) > 0

        wait_for(is_seen, 90, f"the task is in the flame graph (see {tmp_path})")


def test_without_the_variable_nothing_happens(tmp_path: Path, cluster: Cluster) -> None:
    variables = {**environment(cluster, "shop-off"), "PHLARE_AGENT_URL": ""}
    told = subprocess.run(
        [sys.executable, "-c", "import sys, shop.wsgi; from django.conf import settings; "
         "print(settings.MIDDLEWARE, 'pyroscope' in sys.modules)"],
        cwd=PROJECT, env=variables, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert told.stdout.strip() == "['django.middleware.common.CommonMiddleware'] False"
