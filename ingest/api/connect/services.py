"""Every method that is served, by Connect, gRPC-Web and gRPC alike."""

from __future__ import annotations

from typing import Any

from ingest.api.connect import adhoc, page_services, pusher, querier
from ingest.api.connect.rpc import Rpc
from ingest.api.otlp import service as profiles_service

RPCS: tuple[Rpc[Any], ...] = (
    pusher.RPC,
    profiles_service.RPC,
    *querier.RPCS,
    *page_services.RPCS,
    *adhoc.RPCS,
)
