"""One cluster for all commands."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.integration.cluster.cluster import ROOT, Cluster, clean_environment

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cli") / "data")
    made.start()
    try:
        yield made
    finally:
        made.kill_everything()


@pytest.fixture
def phlare(cluster: Cluster) -> Run:
    """Run the command against the cluster, or against the server that ``PHLARE_URL`` in ``environment`` names."""

    def run(*arguments: str, input_text: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ingest.cli", *arguments],
            cwd=ROOT,
            env={
                **clean_environment(),
                "PHLARE_URL": f"http://127.0.0.1:{cluster.port}",
                "NO_COLOR": "1",
                "PATH": os.environ["PATH"],
                **environment,
            },
            input=input_text,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run
