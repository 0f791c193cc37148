"""One cluster for the clients of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.cluster.cluster import Cluster


@pytest.fixture(scope="package")
def agents_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster that any number of agents push to, each as a service of its own."""
    made = Cluster(tmp_path_factory.mktemp("agents") / "data")
    made.start()
    try:
        yield made
    finally:
        made.kill_everything()
