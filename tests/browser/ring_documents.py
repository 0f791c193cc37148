"""Documents of the ring as the server would make them, for rings too large, too small or too broken to start."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from playwright.sync_api import Page, Route

from ring.core.desc import Instance
from ring.core.hashring import Snapshot
from ring.status import ring_status
from tests.unit.ring.rings import NOW_MS

SERVING = {
    "phase": "serving",
    "head_bytes": 30 << 20,
    "head_series": 812,
    "wal_bytes": 4 << 20,
    "wal_segments": 3,
    "local_blocks": 2,
    "last_upload_seconds": NOW_MS / 1000 - 120,
    "is_upload_failing": False,
    "stored_profiles": 50_000,
    "stored_profiles_per_second": 160.5,
}


def ring_document(
    snapshot: Snapshot, stale_seconds: float = 0.0, said: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """Return the document with tokens; ``said`` is what single ingesters say of themselves."""
    document = ring_status(snapshot, NOW_MS, "ingesters", 7, stale_seconds).as_json()
    tokens = {one.id: list(one.tokens) for one in snapshot.instances}
    for number, row in enumerate(document["instances"]):
        status = {**SERVING, **(said or {}).get(row["id"], {})} if row["healthy"] else {}
        away = stale_seconds > 0
        row["queue_depth"] = None if away else number % 5
        row["read_queue_depth"] = None if away else 0
        row["oldest_message_seconds"] = None if away or number % 5 == 0 else 1.5
        row["status"] = {} if away else status
        row["token_list"] = tokens[row["id"]]
    return document


def show_ring(page: Page, document: Mapping[str, Any], changes: Sequence[Mapping[str, Any]] = ()) -> None:
    """Answer the page's requests for the ring and its history with these."""

    def answer(route: Route) -> None:
        if "/history" in route.request.url:
            route.fulfill(json={"changes": list(changes)})
        else:
            route.fulfill(body=json.dumps(document), content_type="application/json")

    page.route("**/api/v1/ring", answer)
    page.route("**/api/v1/ring?*", answer)
    page.route("**/api/v1/ring/history?*", answer)


def named(instances: Sequence[Instance], names: Sequence[str]) -> list[Instance]:
    """Return the instances under other names."""
    return [
        Instance(name, name, one.zone, one.state, one.tokens, one.heartbeat_ms, one.registered_ms)
        for one, name in zip(instances, names, strict=True)
    ]
