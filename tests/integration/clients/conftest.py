"""One cluster for the clients of this folder."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.integration.cluster.cluster import Cluster, free_port

#: profilecli is built from a checkout of Pyroscope and not from a registry: ``make profilecli`` says where it is.
collect_ignore = [] if os.environ.get("PHLARE_PROFILECLI") else ["test_profilecli.py"]


@pytest.fixture(scope="package")
def agents_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster that any number of agents push to, each as a service of its own."""
    made = Cluster(tmp_path_factory.mktemp("agents") / "data", grpc_port=free_port())
    made.start()
    try:
        yield made
    finally:
        made.kill_everything()
