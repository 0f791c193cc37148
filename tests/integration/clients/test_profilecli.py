"""profilecli itself, unmodified, against a real server: ``make profilecli PROFILECLI=<path of the program>``.

Its modules are not all in the registries that the other clients come from, so it is built from a checkout of Pyroscope:
``go build ./cmd/profilecli`` in the folder of version 2.2.1 takes some minutes. Without the variable nothing here is
collected; ``test_the_client_library_of_profilecli_and_grafana.py`` asks the same through the same library.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.integration.cluster.cluster import Cluster, wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

RECORDINGS = Path(__file__).parents[3] / "ingest" / "demo" / "recordings"
SELECTOR = '--query={service_name="by-profilecli"}'


class Profilecli:
    """The program in a folder of its own."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{cluster.port}"
        self.folder = folder

    def __call__(self, *arguments: str) -> str:
        """Run it; returns what it printed."""
        done = subprocess.run(
            [os.environ["PHLARE_PROFILECLI"], *arguments, f"--url={self.url}"],
            cwd=self.folder, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout


@pytest.fixture(scope="module")
def profilecli(agents_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Profilecli:
    """The program, after it uploaded two profiles of two pods."""
    program = Profilecli(agents_cluster, tmp_path_factory.mktemp("profilecli"))
    for number in (1, 2):
        program(
            "upload", str(RECORDINGS / f"go_cpu_{number}.pb.gz"), "--override-timestamp",
            "--extra-labels=service_name=by-profilecli", f"--extra-labels=pod=p{number}",
        )  # fmt: skip
    wait_for(lambda: "by-profilecli" in program("query", "series", SELECTOR), 30, "what was uploaded is there")
    return program


def test_ready(profilecli: Profilecli) -> None:
    profilecli("ready")


# With --protocol=grpc it speaks HTTP/2 over TLS only, which takes a proxy in front of the port of gRPC.
@pytest.mark.parametrize("protocol", ["connect", "grpc-web"])
def test_query_series(profilecli: Profilecli, protocol: str) -> None:
    printed = profilecli("query", "series", SELECTOR, "--label-names=pod", f"--protocol={protocol}")
    assert "p1" in printed
    assert "p2" in printed


def test_query_label_values_cardinality(profilecli: Profilecli) -> None:
    lines = profilecli("query", "label-values-cardinality", SELECTOR).splitlines()
    counts = {cells[1].strip(): cells[2].strip() for line in lines if len(cells := line.split("|")) > 2}
    assert (counts["pod"], counts["service_name"]) == ("2", "1")


def test_query_top(profilecli: Profilecli) -> None:
    document = json.loads(profilecli("query", "top", SELECTOR, "--label-names=pod", "--output=json"))
    totals = {one["labels"]["pod"]: one["total"] for one in document["series"]}
    assert set(totals) == {"p1", "p2"}
    assert min(totals.values()) > 0


def test_query_profile(profilecli: Profilecli) -> None:
    assert "cpu/nanoseconds" in profilecli("query", "profile", SELECTOR)
    assert "cpu/nanoseconds" in profilecli("query", "profile", SELECTOR, "--function-names-only")
    assert "cpu/nanoseconds" in profilecli("query", "profile", SELECTOR, "--stacktrace-selector=runtime.main")
    profilecli("query", "profile", SELECTOR, "--output=pprof=./cpu.pprof")
    assert (profilecli.folder / "cpu.pprof").stat().st_size > 1000


def test_query_go_pgo(profilecli: Profilecli) -> None:
    profilecli("query", "go-pgo", SELECTOR, "--output=pprof=./default.pgo")
    assert (profilecli.folder / "default.pgo").stat().st_size > 500


def test_query_exemplars(profilecli: Profilecli) -> None:
    document = json.loads(profilecli("query", "exemplars", "profile", SELECTOR, "--output=json"))
    (exemplar, *_) = document["exemplars"]
    printed = profilecli("query", "profile", SELECTOR, f"--profile-id={exemplar['profile_id']}")
    assert "cpu/nanoseconds" in printed
