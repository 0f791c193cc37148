"""Says what the JDK's own reader finds in recordings: ``python expected.py agent.jfr.gz ... > expected.json``.

For each class of events that becomes a profile: the events that have a stack, the frames of their stacks together, the
distinct stacks by class, method and line, and the sum of the value. Needs ``jfr`` of a JDK.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

VALUES = {
    "jdk.ExecutionSample": None,
    "profiler.WallClockSample": "samples",
    "jdk.ObjectAllocationInNewTLAB": "tlabSize",
    "jdk.ObjectAllocationOutsideTLAB": "allocationSize",
    "jdk.ObjectAllocationSample": "weight",
    "jdk.JavaMonitorEnter": "duration",
    "jdk.ThreadPark": "duration",
    "profiler.LiveObject": None,
    "profiler.Malloc": "size",
}


def printed(path: Path) -> list[dict[str, Any]]:
    """Return the events of a recording as ``jfr print`` tells them."""
    with tempfile.NamedTemporaryFile(suffix=".jfr") as plain:
        plain.write(gzip.decompress(path.read_bytes()))
        plain.flush()
        command = ["jfr", "print", "--json", "--stack-depth", "4096", "--events", ",".join(VALUES), plain.name]
        answer = subprocess.run(command, check=True, capture_output=True)
    events: list[dict[str, Any]] = json.loads(answer.stdout)["recording"]["events"]
    return events


def number(value: int | str) -> int:
    """Return a value; durations are printed as PT0.004088257S and counted in ns."""
    return value if isinstance(value, int) else int(Decimal(value.removeprefix("PT").removesuffix("S")) * 10**9)


def summary(events: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Return the figures of each class of events."""
    found: dict[str, dict[str, int]] = {}
    stacks: dict[str, set[Any]] = {}
    for event in events:
        name, values = event["type"], event["values"]
        trace = values.get("stackTrace")
        if not trace:
            continue
        frames = tuple(
            (frame["method"]["type"]["name"], frame["method"]["name"], frame["lineNumber"]) for frame in trace["frames"]
        )
        figures = found.setdefault(name, {"events": 0, "frames": 0, "stacks": 0, "value": 0})
        stacks.setdefault(name, set()).add(frames)
        field = VALUES[name]
        figures["events"] += 1
        figures["frames"] += len(frames)
        figures["stacks"] = len(stacks[name])
        figures["value"] += number(values[field]) if field else 1
    return found


if __name__ == "__main__":
    json.dump({Path(path).name: summary(printed(Path(path))) for path in sys.argv[1:]}, sys.stdout, indent=2)
    print()
