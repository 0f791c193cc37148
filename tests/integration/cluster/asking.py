"""What one ingester of a cluster holds by itself, whatever the others say: asked through its own read queue."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from urllib.parse import urlencode
from uuid import UUID

import redis

from ingest.adapters.keys import write_queue
from ingest.adapters.redis_sources import RedisSources
from ingest.profiles.selector import make_matcher, matchers_to_json
from ingest.storage.read_messages import PartSelection, ReadOp, ReadReply, ReadRequest, u64_column
from phlareweb.data_dir import redis_socket
from tests.integration.cluster.cluster import Cluster, wait_for
from tests.integration.cluster.marked_profiles import marked_profile

ALWAYS_NS = (0, 2**62)


def client_of(cluster: Cluster) -> redis.Redis:
    """Return a new client of the cluster's Redis."""
    return redis.Redis(unix_socket_path=str(redis_socket(cluster.data_dir)), socket_timeout=60)


def push_numbered(cluster: Cluster, service: str, numbers: Iterable[int], series: int = 17) -> set[UUID]:
    """Push a profile for each number, over this many series; returns their identities. Each push must succeed."""
    identities: set[UUID] = set()
    for number in numbers:
        query = urlencode({"__name__": "process_cpu", "service_name": service, "number": str(number % series)})
        status, body, _ = cluster.request("POST", f"/api/v1/profiles?{query}", marked_profile(f"mark-{number}"))
        assert status == 200, body
        identities |= {UUID(one) for stored in json.loads(body)["stored"] for one in stored["profile_ids"]}
    return identities


def held_by(client: redis.Redis, ingester: str, service: str) -> Counter[UUID]:
    """Return the identity of every row of a service in the heads and local blocks of one ingester."""
    matcher = make_matcher("service_name", "=", service)
    matchers = matchers_to_json([matcher])  # type: ignore[list-item]
    digests = _asked(client, ingester, ReadRequest(ReadOp.DIGESTS, "anonymous", matchers, *ALWAYS_NS)).digests
    if not digests:
        return Counter()
    parts = [PartSelection(one.part_id, one.fingerprint) for one in digests]
    reply = _asked(client, ingester, ReadRequest(ReadOp.IDENTITIES, "anonymous", matchers, *ALWAYS_NS, parts))
    assert not reply.gone, "a part moved between the two questions"
    found: Counter[UUID] = Counter()
    for part in reply.identities:
        pairs = zip(u64_column(part.id_hi).tolist(), u64_column(part.id_lo).tolist(), strict=True)
        found.update(UUID(int=(high << 64) | low) for high, low in pairs)
    return found


def wait_until_drained(client: redis.Redis, *ingesters: str, timeout_seconds: float = 60.0) -> None:
    """Wait until nothing waits in the queues of these ingesters."""
    wait_for(lambda: not any(client.llen(write_queue(one)) for one in ingesters), timeout_seconds, "queues are empty")


def shown_states(cluster: Cluster) -> dict[str, str]:
    """Return the state of every instance as the ring page has it, UNHEALTHY included."""
    status, body, _ = cluster.request("GET", "/ring", headers={"Accept": "application/json"})
    assert status == 200, body
    return {one["id"]: one["shown_state"] for one in json.loads(body)["instances"]}


def _asked(client: redis.Redis, ingester: str, request: ReadRequest) -> ReadReply:
    reply = RedisSources(client).ask({ingester: request}, 30.0, lambda missing: False)[ingester]
    assert isinstance(reply, ReadReply), reply
    assert not reply.damaged
    return reply
