"""Tells pages and metrics how an ingester fares, every two seconds."""

from __future__ import annotations

import threading

import redis
import structlog

from ingest.adapters.metrics import show_status
from ingest.adapters.ring_view import publish_status
from ingest.adapters.unuploaded import publish_oldest
from ingest.ingester.service import Ingester

log = structlog.get_logger(__name__)

PERIOD_SECONDS = 2.0


class StatusPublisher:
    """A thread that stores an ingester's word about itself in Redis until it is closed."""

    def __init__(self, ingester: Ingester, client: redis.Redis) -> None:
        self._ingester = ingester
        self._client = client
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="status", daemon=True)

    def start(self) -> None:
        """Start telling."""
        self._thread.start()

    def close(self) -> None:
        """Tell once more and stop."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            closing = self._closing.is_set()
            status = self._ingester.status()
            show_status(status)
            try:
                publish_status(self._client, self._ingester.instance, status.as_dict())
                if status.phase != "starting":  # until the log is replayed nobody knows what it holds
                    publish_oldest(self._client, self._ingester.instance, status.oldest_unuploaded_ms)
            except redis.RedisError as error:
                log.debug("status_not_published", error=str(error))
            if closing:
                return
            self._closing.wait(PERIOD_SECONDS)
