"""A small program to record: two kinds of work and some memory."""

from __future__ import annotations

import sys
import threading
import time

KEPT: list[bytes] = []


def count_to(limit: int) -> int:
    total = 0
    for number in range(limit):
        total += number
    return total


def add_squares(limit: int) -> int:
    return sum(number * number for number in range(limit))


def keep(kilobytes: int) -> None:
    KEPT.append(bytes(kilobytes * 1024))
    del KEPT[:-50]


def handle(route: str) -> None:
    if route == "/fast":
        count_to(20_000)
    else:
        add_squares(30_000)
        keep(64)


def main(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for route in ("/fast", "/slow"):
            handle(route)


if __name__ == "__main__":
    seconds = float(sys.argv[1])
    if "threads" in sys.argv:
        other = threading.Thread(target=main, args=(seconds,), name="other")
        other.start()
        main(seconds)
        other.join()
    else:
        main(seconds)
