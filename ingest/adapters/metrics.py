"""Metrics of ingesters: what they hold, what they took, what they put into the bucket.

Counters of all processes are added up by the exposition; gauges carry the ingester's name and keep the latest value.
"""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import Counter, Gauge

from ingest.distributor.reroute import QueueOutcome
from ingest.ingester.service import IngesterStatus
from ingest.retention.service import Round
from ingest.storage.acks import AckCode
from ingest.storage.shipper import Shipped

_RECORDS = Counter("phlare_ingester_records", "Push records answered, by the answer.", ["ingester", "answer"])
_COMMITS = Counter("phlare_ingester_commits", "Flushes of the write-ahead log.", ["ingester"])
_OBJECTS = Counter("phlare_uploaded_objects", "Objects put into the bucket.")
_BYTES = Counter("phlare_uploaded_bytes", "Bytes put into the bucket.")
_BLOCKS = Counter("phlare_uploaded_blocks", "Blocks completed in the bucket.")
_REROUTED = Counter(
    "phlare_rerouted", "What was in the queues of ingesters that left the ring, by what became of it.", ["outcome"]
)
_HINTS_SENT = Counter(
    "phlare_hints_sent", "Messages left in the queue of an ingester that is away or behind.", ["ingester"]
)
_HINTS_SKIPPED = Counter("phlare_hints_skipped", "Messages an ingester missed, by cause.", ["ingester", "cause"])
_RETENTION = Counter(
    "phlare_retention_blocks",
    "Blocks that were older than their tenant keeps them, by what became of them.",
    ["outcome"],
)
_RETENTION_BYTES = Counter("phlare_retention_deleted_bytes", "Bytes of blocks that retention deleted from the bucket.")
_RETENTION_SUCCESS = Gauge(
    "phlare_retention_last_success_timestamp_seconds",
    "When a round of retention last ended without a failure.",
    multiprocess_mode="mostrecent",
)
_REDIS_SHARE = Gauge(
    "phlare_redis_memory_share", "Memory of Redis in use, of its bound.", multiprocess_mode="mostrecent"
)
_QUEUED = Gauge(
    "phlare_ingester_queue_messages", "Messages of pushes that wait.", ["ingester"], multiprocess_mode="mostrecent"
)
_GAUGES = {
    field: Gauge(f"phlare_ingester_{field}", text, ["ingester"], multiprocess_mode="mostrecent")
    for field, text in {
        "heads": "Open heads.",
        "sealed_heads": "Heads that wait for their block to be written.",
        "late_heads": "Heads of late profiles, open and sealed.",
        "head_bytes": "Memory of all heads.",
        "head_profiles": "Profiles in all heads.",
        "head_series": "Series in all heads.",
        "wal_bytes": "Bytes of the write-ahead log on disk.",
        "wal_segments": "Segments of the write-ahead log.",
        "wbl_bytes": "Bytes of the write-behind log of late profiles on disk.",
        "wbl_segments": "Segments of the write-behind log.",
        "replayed_bytes": "Bytes of the logs that were replayed at the last start, so far.",
        "replay_total_bytes": "Bytes of the logs to replay at the last start.",
        "local_blocks": "Blocks on the ingester's disk.",
        "damaged_blocks": "Blocks on the ingester's disk that cannot be read and were set aside.",
        "quarantine_bytes": "Bytes of damaged blocks and of damaged places of the logs that were set aside.",
        "read_only": "1 while the ingester refuses writes for want of disk.",
    }.items()
}
_READY = Gauge("phlare_ingester_ready", "1 while the ingester is ready.", ["ingester"], multiprocess_mode="mostrecent")


def count_commit(ingester: str, codes: list[bytes]) -> None:
    """Count one flush and what became of each record in it."""
    _COMMITS.labels(ingester).inc()
    answers: dict[int, int] = {}
    for code in b"".join(codes):
        answers[code] = answers.get(code, 0) + 1
    for code, count in answers.items():
        _RECORDS.labels(ingester, AckCode.from_wire(code).name.lower()).inc(count)


def count_shipped(shipped: Shipped) -> None:
    """Count what an upload put into the bucket."""
    _OBJECTS.inc(shipped.objects_put)
    _BYTES.inc(shipped.bytes_put)
    _BLOCKS.inc()


def count_rerouted(done: QueueOutcome) -> None:
    """Count what a round of rerouting did."""
    for outcome in ("messages", "records", "refused", "gone", "damaged"):
        _REROUTED.labels(outcome).inc(getattr(done, outcome))


def count_retention(done: Round, now_seconds: float) -> None:
    """Count what a round of retention did."""
    for outcome in ("marked", "unmarked", "deleted", "failed"):
        _RETENTION.labels(outcome).inc(getattr(done, outcome))
    _RETENTION_BYTES.inc(done.deleted_bytes)
    if not done.failed:
        _RETENTION_SUCCESS.set(now_seconds)


def count_hint(ingester: str, skipped: str = "") -> None:
    """Count a hint that was left, or with a cause one that was not."""
    if skipped:
        _HINTS_SKIPPED.labels(ingester, skipped).inc()
    else:
        _HINTS_SENT.labels(ingester).inc()


def show_redis(share: float, depths: Mapping[str, int]) -> None:
    """Set the gauges of what waits in Redis; ``depths`` holds the messages of pushes by ingester."""
    _REDIS_SHARE.set(share)
    for ingester, depth in depths.items():
        _QUEUED.labels(ingester).set(depth)


def show_status(status: IngesterStatus) -> None:
    """Set the gauges of one ingester."""
    _READY.labels(status.instance).set(not status.why_not_ready)
    for field, gauge in _GAUGES.items():
        gauge.labels(status.instance).set(float(getattr(status, field)))
