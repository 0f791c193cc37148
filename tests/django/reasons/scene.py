"""The doors with everything real behind them but the ingesters and the store: what is refused is refused by the code
that refuses it in a running server.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.test import Client
from prometheus_client import REGISTRY

from ingest.api.grpc.framing import frame
from ingest.api.proto import push_pb2
from ingest.distributor.push import Distributor
from ingest.distributor.rates import RateLimiter
from ingest.distributor.series import SeriesLimiter
from ingest.inbox.buffer import InboxBuffer
from ingest.profiles.limits import DEFAULT_LIMITS, Limits
from ingest.profiles.reasons import Rejection
from ingest.storage.acks import AckCode
from tests.unit.administration.fakes import ALIVE, SILENT, Office, office
from tests.unit.distributor.buckets import Clock, MemoryLender, MemoryRegistry
from tests.unit.distributor.scripted_ingesters import ScriptedIngesters, always

TENANT = "anonymous"
PUSH = "/push.v1.PusherService/Push"
Labels = Sequence[tuple[str, str]]
Answers = dict[str, HttpResponse]  #: by door


@dataclass
class Scene:
    """A site whose limits, ingesters and credentials a row sets as it needs them."""

    settings: Any  #: pytest-django's
    limits: Limits = DEFAULT_LIMITS
    closed: Rejection | None = None
    clock: Clock = field(default_factory=Clock)
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))
    inbox: InboxBuffer = field(default_factory=lambda: InboxBuffer(lambda: 0))

    def __post_init__(self) -> None:
        self.lender, self.registry = MemoryLender(self.clock), MemoryRegistry(self.clock)
        self.ingesters = ScriptedIngesters(always(*[AckCode.STORED] * 3))
        self.office: Office = office(silent=SILENT, alive=ALIVE)
        self.distributor: Any = self.made_distributor(5.0)

    def made_distributor(self, deadline_seconds: float) -> Distributor:
        return self.ingesters.distributor(
            deadline_seconds,
            lambda tenant: self.limits,
            admission=lambda: self.closed,
            rates=RateLimiter(self.lender, self.clock),
            series=SeriesLimiter(self.registry, self.clock),
        )

    def set_limits(self, **changes: Any) -> None:
        self.limits = replace(self.limits, **changes)

    # What tenants' settings are asked for.

    def limits_of(self, tenant: str) -> Limits:
        return self.limits

    # Doors.

    def post(self, path: str, body: bytes, content_type: str, **headers: str) -> HttpResponse:
        return self.client.generic(
            "POST", path, body, content_type=content_type, headers=headers, CONTENT_TYPE=content_type
        )

    def push(self, labels: Labels, *profiles: bytes) -> Answers:
        """Push through every door of pushes; each takes the same labels and profiles, REST only the first profile."""
        request = push_pb2.PushRequest()
        series = request.series.add()
        for name, value in labels:
            series.labels.add(name=name, value=value)
        for raw in profiles:
            series.samples.add(raw_profile=raw)
        encoded = request.SerializeToString()
        rest = f"/api/v1/profiles?{urlencode(labels)}"
        return {
            "connect": self.post(PUSH, encoded, "application/proto"),
            "grpc": self.post(PUSH, frame(encoded), "application/grpc-web+proto"),
            "rest": self.post(rest, profiles[0] if profiles else b"", "application/octet-stream"),
        }

    def query(self, method: str, json_body: bytes, rest_path: str = "") -> Answers:
        """Ask through Connect and gRPC-Web, and by REST where it can ask the same."""
        path = f"/querier.v1.QuerierService/{method}"
        answers = {
            "connect": self.post(path, json_body, "application/json"),
            "grpc": self.post(path, frame(json_body), "application/grpc-web+json"),
        }
        return answers | ({"rest": self.client.get(rest_path)} if rest_path else {})


def trailers(response: HttpResponse) -> Mapping[str, str]:
    """Return the trailers of an answer of gRPC-Web."""
    body, found = response.content, {}
    while body:
        flags, length = struct.unpack_from(">BI", body)
        if flags & 0x80:
            found = dict(line.split(": ", 1) for line in body[5 : 5 + length].decode("ascii").splitlines())
        body = body[5 + length :]
    return found


def discarded(reason: str, what: str) -> float:
    """Return the metric of what was not stored: ``samples`` or ``bytes``."""
    labels = {"reason": reason, "tenant": TENANT}
    return REGISTRY.get_sample_value(f"pyroscope_discarded_{what}_total", labels) or 0.0
