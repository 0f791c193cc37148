"""A program profiled by pyroscope-io: two routes, with a function of its own each.

``python_app.py <server> <service> <seconds>``
"""

from __future__ import annotations

import sys
import threading
import time

import pyroscope


def work_until(deadline: float) -> None:
    while time.monotonic() < deadline:
        handle_fast_route()
        handle_slow_route()


def handle_fast_route() -> None:
    with pyroscope.tag_wrapper({"route": "/fast"}):
        count_to(200_000)


def handle_slow_route() -> None:
    with pyroscope.tag_wrapper({"route": "/slow"}):
        add_squares(600_000)


def count_to(limit: int) -> int:
    number = 0
    while number < limit:
        number += 1
    return number


def add_squares(limit: int) -> int:
    total = 0
    for number in range(limit):
        total += number * number
    return total


def main() -> None:
    server, service, seconds = sys.argv[1:]
    pyroscope.configure(
        application_name=service,
        server_address=server,
        sample_rate=100,
        tags={"region": "eu-west", "version": "1.2.3"},
        upload_interval=2,
    )
    worker = threading.Thread(target=work_until, args=(time.monotonic() + float(seconds),))
    worker.start()
    worker.join()
    pyroscope.shutdown()


if __name__ == "__main__":
    main()
