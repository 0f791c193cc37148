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

from ingest import administration_wiring, wiring
from ingest.adapters.ingester_process import IngesterProcess
from ingest.adapters.keys import instance_of_queue, write_queue
from ingest.profiles.jit import warm_up_core

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
        self._process: IngesterProcess | None = None

    def start(self, parent: Any) -> None:
        """Take the data directory, compile, replay, join."""
        self._process = administration_wiring.ingester_process()
        self._process.start(prepare=warm_up_core, settle=wiring.spare_what_stays)
        log.info("ingester_serving", ingester=settings.INGEST.instance_id, zone=settings.INGEST.zone)

    def close(self, parent: Any) -> None:
        """Say that the ingester leaves; comes before any step is stopped, so before the rest of a warm shutdown."""
        if self._process is not None:
            self._process.announce_leaving()

    def stop(self, parent: Any) -> None:
        """Leave: finish the pushes taken, ship if configured, stay in the ring unless all is shipped."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def terminate(self, parent: Any) -> None:
        """A cold shutdown also closes the log; there is nothing that needs less care."""
        self.stop(parent)
