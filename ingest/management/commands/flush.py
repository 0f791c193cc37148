"""``manage.py flush``: have every ingester seal its heads and upload them now, whatever their age."""

from __future__ import annotations

from typing import Any

import redis
from django.core.management.base import BaseCommand, CommandError

from ingest import wiring
from ring.errors import NotReady


class Command(BaseCommand):
    """Asks for a flush and returns at once; the ring page and the metrics show how it goes."""

    help = "Have every ingester of the ring seal its heads and upload them now."

    def handle(self, *args: Any, **options: Any) -> None:
        """Send the request to each ingester's queue."""
        try:
            wiring.get_ring().wait_until_ready(10)
            asked = wiring.request_maintenance(flush=True)
        except (NotReady, redis.RedisError) as error:
            raise CommandError(f"No ingester could be asked: {error}") from error
        self.stdout.write(f"asked {', '.join(asked)}")
