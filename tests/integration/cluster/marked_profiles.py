"""Profiles that can be counted: each has one function of its own whose value is 1, so a flame graph counts pushes."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlencode

from ingest.api.proto import profile_pb2

PROFILE_TYPE = "process_cpu:samples:count:cpu:nanoseconds"


class Door(Protocol):
    """What can be asked over HTTP: a cluster on this machine, or one on hosts of its own."""

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 40.0,
    ) -> tuple[int, bytes, dict[str, str]]:
        """Return status, body and headers; raises OSError or http.client.HTTPException without an answer."""
        ...


def marked_profile(mark: str, time_ns: int | None = None, value: int = 1) -> bytes:
    """Return a pprof with the stack ``main;<mark>`` and this value."""
    profile = profile_pb2.Profile()
    strings = ["", "samples", "count", "cpu", "nanoseconds", "main", mark]
    profile.string_table.extend(strings)
    profile.sample_type.add(type=1, unit=2)
    profile.period_type.type, profile.period_type.unit = 3, 4
    profile.period = 10_000_000
    profile.time_nanos = time.time_ns() if time_ns is None else time_ns
    profile.duration_nanos = 1_000_000_000
    for number, name in ((1, 5), (2, 6)):
        profile.function.add(id=number, name=name)
        profile.location.add(id=number).line.add(function_id=number, line=number)
    profile.sample.add(location_id=[2, 1], value=[value])
    return profile.SerializeToString()


def push(cluster: Door, raw: bytes, labels: Mapping[str, str], timeout_seconds: float = 30.0) -> int:
    """Push through the plain door; returns the HTTP status."""
    query = urlencode({"__name__": "process_cpu", **labels})
    return cluster.request("POST", f"/api/v1/profiles?{query}", raw, timeout_seconds=timeout_seconds)[0]


def counted_marks(cluster: Door, service: str, start_ms: int, end_ms: int) -> tuple[dict[str, int], bool]:
    """Return how often each mark is in the flame graph of a service, and whether the answer was complete."""
    body = json.dumps(
        {
            "profileTypeID": PROFILE_TYPE,
            "labelSelector": f'{{service_name="{service}"}}',
            "start": start_ms,
            "end": end_ms,
            "maxNodes": 1_000_000,
        }
    ).encode()
    status, answer, headers = cluster.request(
        "POST",
        "/querier.v1.QuerierService/SelectMergeStacktraces",
        body,
        {"Content-Type": "application/json"},
    )
    assert status == 200, answer[:2000]
    graph = json.loads(answer).get("flamegraph", {})
    names = graph.get("names", [])
    counts: dict[str, int] = {}
    for level in graph.get("levels", []):
        values = [int(value) for value in level["values"]]
        for total, name in zip(values[1::4], values[3::4], strict=True):
            counts[names[name]] = counts.get(names[name], 0) + total
    marks = {name: count for name, count in counts.items() if name.startswith("mark-")}
    lowered = {name.lower(): value for name, value in headers.items()}
    return marks, lowered.get("phlare-complete", "true") == "true"
