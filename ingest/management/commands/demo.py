"""``manage.py demo``: fill a running server with recorded profiles, as if a small shop had run for the last hour."""

from __future__ import annotations

import signal
import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from ingest.demo.client import PushClient, Verdict, parse_url
from ingest.demo.library import load_recordings
from ingest.demo.schedule import SECOND_NS, STREAMS, Push, schedule
from ingest.demo.sending import Tally, send_all

#: How much shorter the range is: a server refuses profiles of exactly its greatest age, and pushing takes a while.
MARGIN_SECONDS = 120
#: Exit code of a command that Ctrl-C ended.
_INTERRUPTED = 130


class Command(BaseCommand):
    """Pushes recordings over HTTP. A second run pushes the same profiles, which the database keeps once."""

    help = "Push recorded profiles of a small shop (Python, Go, Node and Java) to a running server."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--url", default="http://127.0.0.1:4040", help="address of the server")
        parser.add_argument("--tenant", default="", help="tenant to push for, sent as X-Scope-OrgID")
        parser.add_argument("--token", default="", help="API token that may push, while access control is on")
        parser.add_argument("--hours", type=float, default=1.0, help="how far back to go, less two minutes")
        parser.add_argument("--interval", type=int, default=15, help="seconds between two profiles of a service")
        parser.add_argument("--threads", type=int, default=8, help="pushes at the same time")
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--once", action="store_true", help="end when the past is filled (the default)")
        mode.add_argument("--follow", action="store_true", help="go on pushing as time passes, until Ctrl-C")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the command."""
        for name, least in (("interval", 1), ("threads", 1), ("hours", 0)):
            if options[name] < least:
                raise CommandError(f"--{name} must be at least {least}")
        stop = threading.Event()
        client = self._client(options, stop)
        tally = Tally()
        started = time.monotonic()
        with closing(client), _stopped_by_ctrl_c(stop):
            end_ns = self._fill(client, options, stop, tally)
            while options["follow"] and not stop.is_set():
                end_ns = self._follow(client, options, stop, tally, end_ns)
        self._report(tally, time.monotonic() - started, str(options["url"]), stop.is_set() and not options["follow"])

    def _client(self, options: dict[str, Any], stop: threading.Event) -> PushClient:
        """Return a client of a server that is there."""
        try:
            parse_url(options["url"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        client = PushClient(options["url"], options["tenant"], stop.wait, options["token"])
        ready, why = client.is_ready()
        if not ready:
            client.close()
            raise CommandError(f"{options['url']} does not take pushes ({why}); start it with: make up")
        return client

    def _fill(self, client: PushClient, options: dict[str, Any], stop: threading.Event, tally: Tally) -> int:
        """Push the past; return the end of what was pushed."""
        now_ns = time.time_ns()
        start_ns = now_ns - max(int(options["hours"] * 3600) - MARGIN_SECONDS, 0) * SECOND_NS
        pushes = list(schedule(load_recordings(), start_ns, now_ns, options["interval"]))
        with tqdm(total=len(pushes), unit=" profiles", file=sys.stderr, disable=None) as bar:

            def on_done(push: Push, verdict: Verdict) -> None:
                tally.add(push, verdict)
                bar.update()

            send_all(pushes, client.push, options["threads"], stop, on_done)
        return now_ns

    def _follow(
        self, client: PushClient, options: dict[str, Any], stop: threading.Event, tally: Tally, start_ns: int
    ) -> int:
        """Push what became due since ``start_ns``, after a pause; return the end of what was pushed."""
        stop.wait(max(options["interval"] / len(STREAMS), 0.5))
        now_ns = time.time_ns()
        send_all(
            schedule(load_recordings(), start_ns, now_ns, options["interval"]),
            client.push,
            options["threads"],
            stop,
            tally.add,
        )
        return now_ns

    def _report(self, tally: Tally, seconds: float, url: str, interrupted: bool) -> None:
        """Print what became of the pushes; exits with 130 when interrupted and 1 when something was not stored."""
        stored, not_stored = tally.stored.total(), tally.not_stored.total()
        failed = f", {not_stored} not stored" if not_stored else ""
        self.stdout.write(f"{stored} profiles stored{failed} in {seconds:.1f} s")
        for line in tally.lines():
            self.stdout.write(line)
        if interrupted:
            self.stdout.write("interrupted; what is counted above is stored, a second run completes it")
            sys.exit(_INTERRUPTED)
        if not_stored:
            sys.exit(1)
        self.stdout.write(f"look at it: {url}")


@contextmanager
def _stopped_by_ctrl_c(stop: threading.Event) -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM set ``stop``; the second does what it always does."""

    def on_signal(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
