"""``manage.py flush``: have every ingester seal its heads and upload them now, whatever their age."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ingest import wiring
from ingest.administration.types import Actor
from ingest.administration_wiring import get_ring_actions
from ingest.management.operator_name import operator_name
from ring.errors import NotReady


class Command(BaseCommand):
    """Asks for a flush and returns once it is heard; the ring page and the metrics show how it goes."""

    help = "Have every ingester of the ring seal its heads and upload them now."

    def handle(self, *args: Any, **options: Any) -> None:
        """Tell each ingester. One that does not answer keeps nobody from telling the others."""
        ring = wiring.get_ring()
        try:
            ring.wait_until_ready(10)
        except NotReady as error:
            raise CommandError(f"No ingester could be asked: {error}") from error
        actor = Actor(operator_name(), "manage.py")
        results = [get_ring_actions().flush(actor, one.id, wait=False) for one in ring.snapshot.instances]
        for result in results:
            self.stdout.write(result.message)
        if not any(result.is_good for result in results):
            raise CommandError("No ingester could be asked.")
