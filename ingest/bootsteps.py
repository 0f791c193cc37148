"""The worker step that makes a Celery worker an ingester: replay and join before the first message, leave at the end.

A *worker* step, because a consumer step starts anew whenever the broker connection drops. It needs the pool, so that it
starts before the consumer takes its first message and stops after the consumer took its last.
"""

from __future__ import annotations

from typing import Any

import structlog
from celery import bootsteps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from ingest import wiring
from ingest.adapters.keys import instance_of_queue, write_queue
from ingest.adapters.status_publisher import StatusPublisher
from ingest.profiles.jit import warm_up_all
from ring.lifecycler import Lifecycler

log = structlog.get_logger(__name__)

#: Modules of the pools that run tasks in the worker's own process: an ingester's heads are memory of one process.
POOL_MODULES = ("solo", "thread")


class IngesterStep(bootsteps.StartStopStep):
    """Owns the ingester and its membership for the life of the worker."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        """Refuse a pool whose children would each hold a part of the heads."""
        super().__init__(parent, **kwargs)
        pool = parent.pool_cls.__module__.rpartition(".")[2]
        if pool not in POOL_MODULES:
            raise ImproperlyConfigured(
                f"An ingester cannot run in the {pool} pool: each child process would hold a part of the heads. "
                f"Start the worker with -P solo (or -P threads)."
            )
        if not settings.INGEST.instance_id:
            raise ImproperlyConfigured("An ingester needs a name: set PHLARE_INSTANCE_ID.")
        if instance_of_queue(write_queue(settings.INGEST.instance_id)) != settings.INGEST.instance_id:
            raise ImproperlyConfigured(
                "PHLARE_INSTANCE_ID names a queue: at most 200 letters, digits or ._- that neither begin with a dot "
                "nor end with .read."
            )
        self._lifecycler: Lifecycler | None = None
        self._status: StatusPublisher | None = None

    def start(self, parent: Any) -> None:
        """Take the data directory, compile, replay, join."""
        config = settings.INGEST
        ingester = wiring.get_ingester()
        ingester.lock()
        warm_up_all()
        self._status = StatusPublisher(ingester, wiring.get_redis())
        self._status.start()
        ingester.open()
        wiring.spare_what_stays()
        self._lifecycler = Lifecycler(
            wiring.get_redis(), settings.RING, config.instance_id, write_queue(config.instance_id), config.zone
        )
        self._lifecycler.start()
        ingester.serve()
        log.info("ingester_serving", ingester=config.instance_id, zone=config.zone)

    def stop(self, parent: Any) -> None:
        """Leave: no new pushes, finish those taken, ship if configured, stay in the ring unless all is shipped."""
        if self._lifecycler is None:
            return
        ingester = wiring.get_ingester()
        timeout_seconds = settings.INGEST.leave_timeout_seconds
        self._lifecycler.leave(timeout_seconds)
        flush = settings.RING.unregister_on_shutdown
        shipped = ingester.leave(flush=flush)
        ingester.close()
        # An entry that stays tells readers that somebody with data is away. Only who shipped everything may vanish.
        self._lifecycler.finish(timeout_seconds, unregister=flush and shipped)
        self._lifecycler = None
        if self._status is not None:
            self._status.close()
        log.info("ingester_stopped", ingester=settings.INGEST.instance_id, shipped=shipped)

    def terminate(self, parent: Any) -> None:
        """A cold shutdown also closes the log; there is nothing that needs less care."""
        self.stop(parent)
