"""``phlare doctor`` against a cluster that is well, and against everything that can be wrong with it."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator

import pytest

from tests.integration.cli.conftest import Run
from tests.integration.cluster.cluster import Cluster

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


def verdicts(output: str) -> dict[str, str]:
    return {one["hop"]: one["verdict"] for one in json.loads(output)["findings"]}


def test_every_hop_of_a_cluster_that_is_well_is_ok(cluster: Cluster, phlare: Run) -> None:
    token = (cluster.data_dir / "admin_token").read_text().strip()
    ended = phlare("doctor", "--json", "--flush", PHLARE_ADMIN_TOKEN=token)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert set(verdicts(ended.stdout).values()) == {"ok"}
    assert "bucket" in verdicts(ended.stdout)


def test_it_can_be_asked_again_at_once(phlare: Run) -> None:
    for _ in range(3):
        ended = phlare("doctor")
        assert ended.returncode == 0, ended.stdout
        assert "counts once" in ended.stdout


def test_nobody_at_the_address(phlare: Run) -> None:
    ended = phlare("doctor", "--url", "http://127.0.0.1:1")

    assert ended.returncode == 1
    assert "FAILED" in ended.stdout
    assert "make up" in ended.stdout
    assert "Traceback" not in ended.stderr


@pytest.fixture
def other_server() -> Iterator[str]:
    """A web server that is something else."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_somebody_else_at_the_address(phlare: Run, other_server: str) -> None:
    ended = phlare("doctor", "--json", "--url", other_server)

    assert ended.returncode == 1
    assert verdicts(ended.stdout) == {"server": "failed"}


def test_ingesters_that_do_not_answer(cluster: Cluster, phlare: Run) -> None:
    with cluster.halted("ingester-0", "ingester-1"):
        ended = phlare("doctor", "--json")

    assert ended.returncode == 1
    last = json.loads(ended.stdout)["findings"][-1]
    assert (last["hop"], last["verdict"]) == ("push", "failed")
    assert last["message"].startswith("deadline")
    assert "/ring" in last["advice"]
