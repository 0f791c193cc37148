"""What the demonstration pushes when: a small shop with four services in two regions, busy and quiet in turns.

Everything follows from the time alone, so that a second run within the hour pushes the very same profiles, which the
database recognises, and so that following on continues the curves.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import xxhash

from ingest.demo.library import Recording

SECOND_NS = 1_000_000_000
#: One "day" of the shop.
DAY_SECONDS = 40 * 60
#: Version 1.5.0 of the checkout runs in one region in every second stretch of this length.
ROLLOUT_SECONDS = 30 * 60
#: Random part of the load, both ways.
JITTER = 0.15


@dataclass(frozen=True, slots=True)
class Stream:
    """Profiles of one kind from one place."""

    kinds: tuple[str, ...]  #: kinds of recordings; with two, the second is a release that is rolled out and back
    labels: tuple[tuple[str, str], ...]
    day_shift: float = 0.0  #: how much later the day begins here, in days


EU = (("region", "eu-west"), ("namespace", "shop"))
US = (("region", "us-east"), ("namespace", "shop"))

STREAMS = (
    Stream(("python_cpu_1.4.0", "python_cpu_1.5.0"), EU),
    Stream(("python_cpu_1.4.0",), US, 0.3),
    Stream(("go_cpu",), EU),
    Stream(("go_cpu",), US, 0.3),
    Stream(("go_heap",), EU),
    Stream(("go_heap",), US, 0.3),
    Stream(("node_wall",), EU),
    Stream(("node_wall",), US, 0.3),
    Stream(("node_heap",), EU),
    Stream(("java_cpu",), EU, 0.5),
)


@dataclass(frozen=True, slots=True)
class Push:
    """One profile to push."""

    recording: Recording
    labels: tuple[tuple[str, str], ...]  #: sorted, with ``__name__`` and ``service_name``
    time_ns: int


def schedule(
    recordings: Iterable[Recording],
    start_ns: int,
    end_ns: int,
    interval_seconds: int,
    streams: Sequence[Stream] = STREAMS,
) -> Iterator[Push]:
    """Yield the pushes with ``start_ns <= time < end_ns``, oldest first, one per stream and interval.

    Times are multiples of the interval, shifted a little from stream to stream as agents are.
    """
    by_load = _by_load(recordings)
    step_ns = interval_seconds * SECOND_NS
    for tick_ns in range(start_ns // step_ns * step_ns, end_ns, step_ns):
        for number, stream in enumerate(streams):
            time_ns = tick_ns + step_ns * number // len(streams)
            if start_ns <= time_ns < end_ns:
                yield _push(by_load, stream, number, time_ns)


def load_at(stream: Stream, number: int, time_ns: int) -> float:
    """Return the load, 0 to 1, of a stream at a time."""
    turn = 2 * math.pi * (time_ns / SECOND_NS / DAY_SECONDS - stream.day_shift)
    draw = xxhash.xxh64_intdigest(f"{number} {time_ns}".encode()) / 2**64
    return min(max(0.5 - 0.5 * math.cos(turn) + JITTER * (2 * draw - 1), 0.0), 1.0)


def _push(by_load: Mapping[str, Sequence[Recording]], stream: Stream, number: int, time_ns: int) -> Push:
    kind = stream.kinds[time_ns // SECOND_NS // ROLLOUT_SECONDS % len(stream.kinds)]
    choice = by_load[kind]
    recording = choice[round(load_at(stream, number, time_ns) * (len(choice) - 1))]
    labels = {**recording.labels, "service_name": recording.service, **dict(stream.labels)}
    return Push(recording, tuple(sorted(labels.items())), time_ns)


def _by_load(recordings: Iterable[Recording]) -> dict[str, list[Recording]]:
    """Return the recordings of each kind, the quietest first."""
    by_kind: dict[str, list[Recording]] = defaultdict(list)
    for recording in recordings:
        by_kind[recording.kind].append(recording)
    return {kind: sorted(found, key=lambda one: one.load) for kind, found in by_kind.items()}
