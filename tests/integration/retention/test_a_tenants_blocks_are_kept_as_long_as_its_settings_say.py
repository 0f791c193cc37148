"""A real cluster with a local bucket: old profiles go from queries, then from the bucket; others stay as they are."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.cluster.cluster import OF_ANY_TIME, Cluster, wait_for
from tests.integration.cluster.marked_profiles import counted_marks, marked_profile, push

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

DAY_MS = 86_400_000
ENVIRONMENT = {
    **OF_ANY_TIME,
    "PHLARE_MULTITENANCY_ENABLED": "1",
    "PHLARE_UPLOAD_INTERVAL_SECONDS": "0.5",
    "PHLARE_LOCAL_RETENTION_SECONDS": "0",
    "PHLARE_QUERY_DEADLINE_SECONDS": "4",
    "PHLARE_RETENTION_INTERVAL_SECONDS": "1",
    "PHLARE_RETENTION_DELAY_SECONDS": "25",  # a mark is taken back by a command, whose start takes seconds
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(
        tmp_path_factory.mktemp("retention") / "data",
        arguments=("--ingesters=1", "--replication-factor=1"),
        environment=ENVIRONMENT,
    )
    made.start()
    try:
        made.wait_until_whole(1)
        yield made
    finally:
        made.kill_everything()


@dataclass(frozen=True)
class Tenant:
    """One tenant of the cluster, through the same door as everybody."""

    cluster: Cluster
    name: str

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 40.0,
    ) -> tuple[int, bytes, dict[str, str]]:
        named = {**(headers or {}), "X-Scope-OrgID": self.name}
        return self.cluster.request(method, path, body, named, timeout_seconds)

    @property
    def folder(self) -> Path:
        return self.cluster.data_dir / "bucket" / self.name

    def push_block(self, mark: str, age_days: int, profiles: int) -> str:
        """Push profiles of this age and have them uploaded; returns the ULID of their block."""
        before = self.blocks()
        for number in range(profiles):
            time_ns = time.time_ns() - age_days * DAY_MS * 1_000_000 + number * 1_000_000
            assert push(self, marked_profile(mark, time_ns), {"service_name": "kept", "number": str(number)}) == 200
        self.cluster.manage("flush")
        wait_for(lambda: len(self.blocks()) > len(before), 60, "the block is in the catalogue")
        (made,) = self.blocks().keys() - before.keys()
        return made

    def blocks(self) -> dict[str, str]:
        """Return the state of each block in the catalogue."""
        connection = sqlite3.connect(
            f"file:{self.cluster.data_dir / 'phlareweb.sqlite3'}?mode=ro", uri=True, timeout=30
        )
        try:
            found = connection.execute("SELECT ulid, state FROM ingest_blockrecord WHERE tenant = ?", [self.name])
            return dict(found.fetchall())
        finally:
            connection.close()

    def marks(self) -> dict[str, int]:
        """Return what queries of all times count; nothing while there is no complete answer, as without a worker."""
        now_ms = time.time_ns() // 1_000_000
        try:
            found, complete = counted_marks(self, "kept", now_ms - 300 * DAY_MS, now_ms + DAY_MS)
        except AssertionError:
            return {}
        return found if complete else {}

    def keep(self, period: str) -> None:
        self.cluster.manage("tenant", "set", self.name, "retention-period", period)


def deleted_blocks(cluster: Cluster) -> float:
    found = re.search(r'^phlare_retention_blocks_total\{outcome="deleted"\} (\S+)', metrics(cluster), re.MULTILINE)
    return float(found[1]) if found else 0.0


def metrics(cluster: Cluster) -> str:
    return cluster.request("GET", "/metrics")[1].decode()


def test_old_blocks_are_hidden_come_back_and_go_and_nothing_else_changes(cluster: Cluster) -> None:
    ours, theirs = Tenant(cluster, "ours"), Tenant(cluster, "theirs")
    old = ours.push_block("mark-old", 40, 3)
    young = ours.push_block("mark-young", 1, 4)
    others = theirs.push_block("mark-old", 40, 2)
    everything = {"mark-old": 3, "mark-young": 4}
    wait_for(lambda: ours.marks() == everything, 60, "all of it is in queries")

    told = cluster.manage("retention", "preview", "--tenant", "ours", "--period", "30d")
    assert "The next round hides from queries 1 block of" in told
    wait_for(lambda: ours.marks() == everything, 60, "a preview changes nothing")

    ours.keep("30d")
    wait_for(lambda: ours.marks() == {"mark-young": 4}, 60, "the old ones are hidden")
    ours.keep("default")
    wait_for(lambda: ours.marks() == everything, 60, "a longer period brings them back")

    ours.keep("30d")
    wait_for(lambda: ours.blocks()[old] == "marked", 60, "the block is marked")
    cluster.kill("worker")
    wait_for(lambda: not (ours.folder / old).exists(), 120, "the objects are deleted by the next worker")
    wait_for(lambda: ours.marks() == {"mark-young": 4}, 60, "what is kept is unchanged")
    wait_for(lambda: theirs.marks() == {"mark-old": 2}, 60, "nothing of another tenant went")
    assert len(list((ours.folder / young).iterdir())) == len(list((theirs.folder / others).iterdir())) == 7
    wait_for(lambda: deleted_blocks(cluster) == 1, 60, "it is counted")
    assert "phlare_retention_last_success_timestamp_seconds" in metrics(cluster)

    assert cluster.manage("catalogue", "rebuild").strip().endswith("0 left out, 0 removed")
    assert ours.blocks() == {young: "kept", old: "gone"}
    wait_for(lambda: ours.marks() == {"mark-young": 4}, 60, "a rebuild brings nothing back")
    lines = [json.loads(line[line.index("{") :]) for line in cluster.log().splitlines() if '"retention_round"' in line]
    assert sum(line["deleted"] for line in lines) == 1
