"""``manage.py queues``: what waits for each ingester, and what to do with the queue of one that is gone."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

import redis
from django.core.management.base import BaseCommand, CommandError

from ingest import wiring
from ingest.adapters.redis_queues import QueueInfo
from ingest.distributor.reroute import QueueOutcome, QueuesUnreachable
from ring.errors import RingError

_HELP = """\
list      every queue with what waits in it: pushes, reads, and how long the oldest push has waited.
          A queue whose ingester is not in the ring is marked "gone".
reroute   store what waits for an ingester that will not come back on the ingesters that own its series now.
          Workers do so by themselves once it has been out of the ring for longer than a heartbeat timeout.
purge     drop what waits for it. Nothing acknowledged is lost: other ingesters have stored a majority of the copies.

reroute and purge refuse an ingester that is in the ring; "manage.py ring forget" takes it out.
"""


class Command(BaseCommand):
    """Lists, reroutes and purges the queues of ingesters."""

    help = "List what waits for ingesters, or see to the queue of one that is gone."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Return the parser, with the text above at the end of its help."""
        return super().create_parser(
            prog_name, subcommand, epilog=_HELP, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the actions."""
        actions = parser.add_subparsers(dest="action")
        actions.add_parser("list", help="show every queue (the default)")
        for name, what in (("reroute", "store its pushes elsewhere"), ("purge", "drop what it holds")):
            action = actions.add_parser(name, help=f"of an ingester that is gone: {what}")
            action.add_argument("instance", help="id of the ingester")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the action."""
        match options["action"]:
            case "reroute":
                self._tell(wiring.reroute_queue(options["instance"]))
            case "purge":
                self._tell(wiring.purge_queue(options["instance"]))
            case _:
                self._list()

    def _list(self) -> None:
        queues, ring = wiring.get_queues(), wiring.get_ring()
        try:
            ring.refresh()
            present = set(ring.snapshot.topology.ids)
            infos = queues.infos(present | queues.instances())
        except (redis.RedisError, RingError, QueuesUnreachable) as error:
            raise CommandError(f"Redis cannot be asked: {error}") from error
        header = ("INGESTER", "PUSHES", "READS", "OLDEST PUSH", "IN THE RING")
        rows = [header, *(_cells(info, info.instance in present) for info in infos)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            self.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())

    def _tell(self, done: QueueOutcome) -> None:
        self.stdout.write(
            f"{done.instance}: {done.messages} messages taken out, {done.records} records stored elsewhere, "
            f"{done.refused} refused, {done.gone} payloads had expired, {done.damaged} damaged, "
            f"{done.reads} reads dropped"
        )
        if done.why_left:
            raise CommandError(f"{done.left} messages are left: {done.why_left}")


def _cells(info: QueueInfo, is_present: bool) -> tuple[str, ...]:
    if not info.messages:
        age = "-"
    else:
        age = "expired" if info.oldest_seconds is None else f"{info.oldest_seconds:.0f} s"
    return info.instance, str(info.messages), str(info.reads), age, "yes" if is_present else "gone"
