"""gRPC in the life of a web process: started with it, ended with it."""

from __future__ import annotations

import structlog
from django.conf import settings

from ingest.api.connect.services import RPCS
from ingest.api.grpc.server import start_server, stop_with_process

log = structlog.get_logger(__name__)

#: Beyond the deadline of a push, for its answer.
_GRACE_MARGIN_SECONDS = 1.0


def serve() -> None:
    """Serve gRPC on the port of the settings. When it cannot be had this process serves HTTP alone; its log says so."""
    try:
        server = start_server(
            RPCS,
            settings.GRPC_BIND,
            settings.GRPC_PORT,
            settings.WEB_THREADS,
            settings.LIMITS.ingestion_body_limit_bytes,
        )
    except OSError as error:
        log.error("grpc_not_served", error=str(error))
        return
    stop_with_process(server, settings.INGEST.push_deadline_seconds + _GRACE_MARGIN_SECONDS)
    log.info("grpc_served", bind=settings.GRPC_BIND, port=settings.GRPC_PORT)
