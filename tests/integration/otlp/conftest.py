"""One cluster with gRPC for the senders of this folder, each a tenant of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.integration.cluster.cluster import Cluster, free_port

#: Recordings are older than what the defaults let in.
LIMITS = {
    "PHLARE_MULTITENANCY_ENABLED": "1",
    "PHLARE_LIMIT_REJECT_OLDER_THAN": "0",
    "PHLARE_LIMIT_REJECT_NEWER_THAN": "0",
    "PHLARE_LIMIT_OUT_OF_ORDER_WINDOW": "365d",
    "PHLARE_LIMIT_MAX_QUERY_LOOKBACK": "0",
    "PHLARE_LIMIT_MAX_QUERY_LENGTH": "0",
}
_ALL_TIME_MS = {"start": 1, "end": 4_102_444_800_000}


@dataclass(frozen=True)
class Asked:
    """The cluster as one tenant sees it."""

    cluster: Cluster
    tenant: str

    def ask(self, method: str, question: dict[str, Any]) -> dict[str, Any]:
        """Ask about all time by Connect with JSON."""
        status, body, _ = self.cluster.request(
            "POST",
            f"/querier.v1.QuerierService/{method}",
            json.dumps({**_ALL_TIME_MS, **question}).encode(),
            {"Content-Type": "application/json", "X-Scope-OrgID": self.tenant},
        )
        assert status == 200, body[:2000]
        document: dict[str, Any] = json.loads(body)
        return document

    def values(self, label: str) -> set[str]:
        """Return the values of a label."""
        return set(self.ask("LabelValues", {"name": label}).get("names", []))

    def totals(self, profile_type: str, selector: str = "{}") -> dict[str, int]:
        """Return the total of each name of the flame graph; of all of it under ``total``."""
        question = {"profileTypeID": profile_type, "labelSelector": selector, "maxNodes": 100_000}
        graph = self.ask("SelectMergeStacktraces", question).get("flamegraph", {})
        names, totals = graph.get("names", []), dict[str, int]()
        for level in graph.get("levels", []):
            values = [int(value) for value in level["values"]]
            for total, name in zip(values[1::4], values[3::4], strict=True):
                totals[names[name]] = totals.get(names[name], 0) + total
        return totals


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("otlp") / "data", grpc_port=free_port(), environment=LIMITS)
    made.start()
    try:
        yield made
    finally:
        made.kill_everything()
