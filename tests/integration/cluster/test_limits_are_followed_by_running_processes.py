"""Limits are set while everything runs: every web process follows within seconds, and no other tenant notices."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest

from ingest.distributor.rates import LEASE_SECONDS
from tests.integration.cluster.cluster import Cluster, wait_for
from tests.integration.cluster.marked_profiles import PROFILE_TYPE, marked_profile

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

#: Requests in a row that agree before a change counts as followed: two processes serve them in turn.
IN_A_ROW = 16
KIB = 1 << 10


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(
        tmp_path_factory.mktemp("limits") / "data",
        arguments=("--ingesters=1", "--replication-factor=1", "--web-workers=2"),
        environment={"PHLARE_MULTITENANCY_ENABLED": "1"},
    )
    made.start()
    try:
        made.wait_until_whole(1)
        yield made
    finally:
        made.kill_everything()


@dataclass(frozen=True)
class Answer:
    """What a request met."""

    status: int
    reason: str = ""
    headers: dict[str, str] = field(default_factory=dict, compare=False)  #: names in lower case


@dataclass(frozen=True)
class Tenant:
    """One tenant of the cluster."""

    cluster: Cluster
    name: str

    def set(self, option: str, value: str) -> None:
        self.cluster.manage("tenant", "set", self.name, option, value)

    def push(self, mark: str, pod: str = "a") -> Answer:
        query = urlencode({"__name__": "process_cpu", "service_name": "limits", "pod": pod})
        return self._ask("POST", f"/api/v1/profiles?{query}", marked_profile(mark))

    def flamegraph(self, hours: int) -> Answer:
        query = urlencode({"query": f'{PROFILE_TYPE}{{service_name="limits"}}', "from": f"now-{hours}h"})
        return self._ask("GET", f"/api/v1/flamegraph?{query}")

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        status, found, headers = self.cluster.request(method, path, body, {"X-Scope-OrgID": self.name})
        lower = {name.lower(): value for name, value in headers.items()}
        return Answer(status, json.loads(found).get("reason", ""), lower)


def all_answer(ask: Callable[[], Answer], status: int, reason: str = "") -> None:
    """Wait until many requests in a row are answered so: by every process."""

    def agree() -> bool:
        try:
            return all(ask() == Answer(status, reason) for _ in range(IN_A_ROW))
        except (OSError, http.client.HTTPException):
            return False

    wait_for(agree, 90, f"all answer {status} {reason}")


def test_a_lowered_size_refuses_and_the_default_takes_again(cluster: Cluster) -> None:
    tenant, other = Tenant(cluster, "sizes"), Tenant(cluster, "other")
    all_answer(lambda: tenant.push("mark-size", "p" * 20), 200)
    tenant.set("max-label-value-length", "19")
    all_answer(lambda: tenant.push("mark-size", "p" * 20), 400, "label_value_too_long")
    all_answer(lambda: other.push("mark-size", "p" * 20), 200)
    page = cluster.request("GET", "/metrics")[1].decode()
    assert 'pyroscope_limits_overrides{limit_name="max_label_value_length",tenant="sizes"} 19.0' in page
    tenant.set("max-label-value-length", "default")
    all_answer(lambda: tenant.push("mark-size", "p" * 20), 200)


def test_at_a_lowered_number_of_series_new_ones_are_refused_and_known_ones_go_on(cluster: Cluster) -> None:
    tenant = Tenant(cluster, "series")
    assert [tenant.push(f"mark-{pod}", pod).status for pod in ("a", "b")] == [200, 200]
    tenant.set("max-global-series-per-tenant", "2")
    all_answer(lambda: tenant.push("mark-new", f"new-{time.monotonic_ns()}"), 429, "series_limit")
    assert [tenant.push(f"mark-{pod}", pod).status for pod in ("a", "b") * 4] == [200] * 8
    document = json.loads(cluster.request("GET", "/api/v1/limits", headers={"X-Scope-OrgID": "series"})[1])
    (series,) = [row for row in document["limits"] if row["name"] == "max_global_series_per_tenant"]
    assert (series["own"], series["in_force"]) == (2, 2)
    assert series["used"] >= 2


def test_a_lowered_rate_is_one_for_all_processes_and_says_when_to_come_again(cluster: Cluster) -> None:
    tenant = Tenant(cluster, "rates")
    rate, mark = 16 * KIB, "m" * 16 * KIB
    size = len(marked_profile(mark))
    tenant.set("max-profile-size-bytes", "64KiB")
    tenant.set("ingestion-burst-bytes", "256KiB")
    tenant.set("ingestion-rate-bytes-per-second", "16KiB")
    # Until the processes follow, the default counts; from then on burst and rate are all there is.
    wait_for(lambda: sum(tenant.push(mark).status == 429 for _ in range(IN_A_ROW)) > IN_A_ROW - 3, 90, "it is used up")
    refused = tenant.push(mark)
    while refused.status == 200:
        refused = tenant.push(mark)
    assert refused == Answer(429, "rate_limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 2
    started, taken = time.monotonic(), 0
    while time.monotonic() - started < 5:
        taken += tenant.push(mark).status == 200
    elapsed = time.monotonic() - started
    # Each of two processes with a rate of its own would take twice as much.
    assert taken * size <= rate * (elapsed + 2 * LEASE_SECONDS) + size
    assert taken >= 2


def test_a_lowered_range_of_queries_refuses_longer_ones(cluster: Cluster) -> None:
    tenant = Tenant(cluster, "queries")
    assert tenant.flamegraph(3).status == 200
    tenant.set("max-query-length", "2h")
    all_answer(lambda: tenant.flamegraph(3), 400, "query_limit")
    assert tenant.flamegraph(1).status == 200
