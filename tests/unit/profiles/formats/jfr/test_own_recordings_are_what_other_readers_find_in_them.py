"""Recordings of a JVM here: what is made of them is what the JDK's own reader and a naive one find in them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from ingest.profiles.formats.jfr.generated_names import without_generated_parts
from ingest.profiles.formats.jfr.labels_snapshot import read_labels
from tests.unit.profiles.formats.jfr.folding import Stack, Sums, convert, sums_of
from tests.unit.profiles.formats.jfr.naive_reader import sums_of_recording

FOLDER = Path(__file__).parent / "recordings"
#: What the JDK's reader finds in each; the README there says how it was asked.
EXPECTED: dict[str, dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text())
PERIOD = 10_000_000  #: of the 100 samples a second that the request says

#: Name and sample types of the profile whose sums each event makes alone.
PROFILES = {
    "jdk.ExecutionSample": ("process_cpu", ("cpu",)),
    "profiler.WallClockSample": ("wall", ("wall",)),
    "jdk.ObjectAllocationInNewTLAB": ("memory", ("alloc_in_new_tlab_objects", "alloc_in_new_tlab_bytes")),
    "jdk.ObjectAllocationOutsideTLAB": ("memory", ("alloc_outside_tlab_objects", "alloc_outside_tlab_bytes")),
    "jdk.ObjectAllocationSample": ("memory", ("alloc_sample_objects", "alloc_sample_bytes")),
    "jdk.JavaMonitorEnter": ("mutex", ("contentions", "delay")),
    "jdk.ThreadPark": ("block", ("contentions", "delay")),
    "profiler.LiveObject": ("memory", ("live",)),
    "profiler.Malloc": ("memory", ("malloc_objects", "malloc_bytes")),
}


def labels_beside(recording: str) -> bytes:
    path = FOLDER / recording.replace(".jfr.gz", ".labels")
    return path.read_bytes() if path.exists() else b""


def converted(recording: str) -> Sums:
    return sums_of(convert((FOLDER / recording).read_bytes(), labels_beside(recording)))


def named(stack: Stack) -> Stack:
    """Return a stack with its names as the converter writes them; that it does so has tests of its own."""
    parts = [(*name.rpartition("."), line) for name, line in stack]
    return tuple((f"{without_generated_parts(owner)}.{method}", line) for owner, _, method, line in parts)


@pytest.mark.parametrize("recording", EXPECTED)
def test_each_stack_label_and_value_is_that_of_the_naive_reader(recording: str) -> None:
    labels = read_labels(labels_beside(recording))
    contexts = {number: dict(pairs) for number, pairs in labels.contexts.items()}
    data = gzip.decompress((FOLDER / recording).read_bytes())
    wanted: Sums = {}
    for kind, values in sums_of_recording(data, contexts, labels.strings, 10**9 // PERIOD).items():
        of_kind = wanted.setdefault(kind, {})
        for (stack, pairs), value in values.items():
            of_kind[named(stack), pairs] = of_kind.get((named(stack), pairs), 0) + value

    assert converted(recording) == wanted


@pytest.mark.parametrize(
    ("recording", "event"), [(recording, event) for recording, events in EXPECTED.items() for event in events]
)
def test_events_frames_and_values_are_those_of_the_jdk(recording: str, event: str) -> None:
    sums = {(kind[0], kind[1]): values for kind, values in converted(recording).items()}
    figures = EXPECTED[recording][event]
    name, types = PROFILES[event]
    scale = PERIOD if name in ("process_cpu", "wall") else 1

    values = sums[name, types[-1]]
    assert sum(values.values()) == figures["value"] * scale
    assert len({stack for stack, _ in values}) == figures["stacks"]
    if types[-1] != "wall":  # whose events stand for several samples each
        counts = sums[name, types[0]]
        assert sum(counts.values()) == figures["events"] * scale
        assert sum(value * len(stack) for (stack, _), value in counts.items()) == figures["frames"] * scale


def test_the_routes_that_the_program_named_have_only_their_own_work() -> None:
    cpu = {kind[0]: values for kind, values in converted("agent.jfr.gz").items()}["process_cpu"]
    functions = {
        route: {name for (stack, labels), _ in cpu.items() if ("route", route) in labels for name, _ in stack}
        for route in ("/fast", "/slow")
    }

    assert "JavaApp.countTo" in functions["/fast"] - functions["/slow"]
    assert "JavaApp.fillPages" in functions["/slow"] - functions["/fast"]
