"""A reader of recordings as one would write it first: every value an object, no layouts, no columns.

It reads what is whole and raises whatever it raises on what is not.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

from tests.unit.profiles.formats.jfr.folding import Labels, Stack, Sums

_TIME = "nanoseconds"
#: Event, field of the value, and the profiles it counts in: name, prefix or type, period type.
_SIZES = {
    "jdk.ObjectAllocationInNewTLAB": ("tlabSize", "memory", ("alloc_in_new_tlab_objects", "alloc_in_new_tlab_bytes")),
    "jdk.ObjectAllocationOutsideTLAB": (
        "allocationSize",
        "memory",
        ("alloc_outside_tlab_objects", "alloc_outside_tlab_bytes"),
    ),
    "jdk.ObjectAllocationSample": ("weight", "memory", ("alloc_sample_objects", "alloc_sample_bytes")),
    "profiler.Malloc": ("size", "memory", ("malloc_objects", "malloc_bytes")),
    "jdk.JavaMonitorEnter": ("duration", "mutex", ("contentions", "delay")),
    "jdk.ThreadPark": ("duration", "block", ("contentions", "delay")),
}
_WITH_LABELS = {
    "jdk.ExecutionSample",
    "profiler.WallClockSample",
    "jdk.ObjectAllocationInNewTLAB",
    "jdk.ObjectAllocationOutsideTLAB",
    "jdk.JavaMonitorEnter",
}


@dataclass(frozen=True)
class Ref:
    """A value that is in a pool."""

    type_id: int
    key: int


@dataclass
class Bytes:
    """A place in the bytes of a chunk."""

    data: bytes
    plain: bool
    at: int = 0

    def take(self, size: int) -> bytes:
        self.at += size
        assert self.at <= len(self.data)
        return self.data[self.at - size : self.at]

    def number(self, size: int) -> int:
        if self.plain:
            return int.from_bytes(self.take(size), "big", signed=True)
        value = 0
        for index in range(9):
            byte = self.take(1)[0]
            value |= (byte if index == 8 else byte & 127) << 7 * index
            if byte < 128:
                break
        bits = 32 if size == 4 else 64
        value &= (1 << bits) - 1
        return value - (1 << bits) if value >> (bits - 1) else value

    def text(self, string_id: int) -> Any:
        encoding = self.take(1)[0]
        if encoding == 2:
            return Ref(string_id, self.number(8))
        if encoding == 3:
            return self.take(self.number(4)).decode("utf-8", "replace")
        if encoding == 4:
            units = [self.number(2) & 0xFFFF for _ in range(self.number(4))]
            return struct.pack(f"<{len(units)}H", *units).decode("utf-16-le", "replace")
        if encoding == 5:
            return self.take(self.number(4)).decode("latin-1")
        assert encoding in (0, 1)
        return ""


@dataclass
class Class:
    name: str
    fields: list[dict[str, str]] = field(default_factory=list)


@dataclass
class ChunkReader:
    source: Bytes
    classes: dict[int, Class]
    pools: dict[int, dict[int, Any]]

    def value(self, type_id: int) -> Any:
        name = self.classes[type_id].name
        if name in ("boolean", "byte"):
            return self.source.take(1)[0]
        if name in ("float", "double"):
            return self.source.take(4 if name == "float" else 8)
        if name in ("short", "char", "int", "long"):
            return self.source.number({"int": 4, "long": 8}.get(name, 2))
        if name == "java.lang.String":
            return self.source.text(type_id)
        return {one["name"]: self.field(one) for one in self.classes[type_id].fields}

    def field(self, attributes: dict[str, str]) -> Any:
        type_id = int(attributes["class"])
        one = (lambda: Ref(type_id, self.source.number(8))) if attributes.get("constantPool") == "true" else None
        read = one or (lambda: self.value(type_id))
        if attributes.get("dimension", "0") != "0":
            return [read() for _ in range(self.source.number(4))]
        return read()

    def resolved(self, value: Any) -> Any:
        return self.pools.get(value.type_id, {}).get(value.key) if isinstance(value, Ref) else value


def events_of(recording: bytes) -> list[tuple[str, dict[str, Any], ChunkReader]]:
    """Return name and fields of every event of every chunk."""
    events = []
    start = 0
    while start < len(recording):
        size, _, metadata = struct.unpack_from(">QQQ", recording, start + 8)
        (features,) = struct.unpack_from(">I", recording, start + 64)
        source = Bytes(recording[start : start + size], not features & 1)
        events += _events_of_chunk(source, metadata)
        start += size
    return events


def _events_of_chunk(source: Bytes, metadata: int) -> list[tuple[str, dict[str, Any], ChunkReader]]:
    reader = ChunkReader(source, _classes(source, metadata), {})
    places = []
    at = 68
    while at < len(source.data):
        source.at = at
        size, type_id = source.number(4), source.number(8)
        places.append((type_id, source.at))
        at += size
    for type_id, place in places:
        if type_id == 1:
            source.at = place
            _read_checkpoint(reader)
    events = []
    for type_id, place in places:
        if type_id in reader.classes:
            source.at = place
            events.append((reader.classes[type_id].name, reader.value(type_id), reader))
    return events


def _read_checkpoint(reader: ChunkReader) -> None:
    source = reader.source
    for _ in range(3):
        source.number(8)
    source.take(1)
    for _ in range(source.number(4)):
        type_id = source.number(8)
        pool = reader.pools.setdefault(type_id, {})
        for _ in range(source.number(4)):
            key = source.number(8)
            pool[key] = reader.value(type_id)


def _classes(source: Bytes, at: int) -> dict[int, Class]:
    source.at = at
    source.number(4)
    for _ in range(4):
        source.number(8)
    texts = [source.text(0) for _ in range(source.number(4))]
    classes: dict[int, Class] = {}

    def element(parents: tuple[str, ...], inside: Class | None) -> None:
        name = texts[source.number(4)]
        attributes = {texts[source.number(4)]: texts[source.number(4)] for _ in range(source.number(4))}
        if name == "class" and parents == ("root", "metadata"):
            inside = classes[int(attributes["id"])] = Class(attributes["name"])
        elif name == "field" and inside is not None and len(parents) == 3:
            inside.fields.append(attributes)
        for _ in range(source.number(4)):
            element((*parents, name), inside)

    element((), None)
    return classes


def sums_of_recording(
    recording: bytes, contexts: dict[int, dict[str, str]], names: dict[int, str], sample_rate: int
) -> Sums:
    """Return what the events of a recording add up to; ``names`` are those of spans."""
    sums: Sums = {}
    period = 10**9 // sample_rate if sample_rate else 0
    mode = ""
    for name, event, reader in events_of(recording):
        if name == "jdk.ActiveSetting":
            if reader.resolved(event["name"]) == "event":
                mode = reader.resolved(event["value"]) or ""
            continue
        stack = _stack(reader, event.get("stackTrace"))
        if stack is None:
            continue
        labels = _labels(event, contexts, names) if name in _WITH_LABELS else ()
        state = reader.resolved(event.get("state"))
        state_name = None if state is None else reader.resolved(state["name"])
        for kind, value in _values(name, event, mode, state_name, period):
            if value:
                of_kind = sums.setdefault(kind, {})
                of_kind[stack, labels] = of_kind.get((stack, labels), 0) + value
    return sums


def _values(
    name: str, event: dict[str, Any], mode: str, state: str | None, period: int
) -> list[tuple[tuple[str, ...], int]]:
    cpu, wall = ("process_cpu", "cpu", _TIME, "cpu", _TIME), ("wall", "wall", _TIME, "wall", _TIME)
    if name == "jdk.ExecutionSample":
        is_awake = state not in (None, "STATE_SLEEPING")
        return [(cpu, period)] * is_awake + [(wall, period)] * (mode == "wall")
    if name == "profiler.WallClockSample":
        value = event["samples"] * period
        return [(cpu, value)] * (state == "STATE_RUNNABLE" and mode == "wall") + [(wall, value)]
    if name == "profiler.LiveObject":
        return [(("memory", "live", "count", "objects", "count"), 1)]
    if name not in _SIZES:
        return []
    value_field, metric, (first, second) = _SIZES[name]
    unit = _TIME if second == "delay" else "bytes"
    period_type = (metric, "count") if second == "delay" else ("space", "bytes")
    if name == "profiler.Malloc":
        period_type = ("", "")
    return [((metric, first, "count", *period_type), 1), ((metric, second, unit, *period_type), event[value_field])]


def _stack(reader: ChunkReader, reference: Any) -> Stack | None:
    trace = reader.resolved(reference)
    if trace is None:
        return None
    frames = []
    for frame in trace["frames"]:
        method = reader.resolved(frame["method"])
        owner = None if method is None else reader.resolved(method["type"])
        if owner is not None:
            parts = [reader.resolved(one) for one in (owner["name"], method["name"])]
            name = ".".join("" if part is None else reader.resolved(part["string"]) or "" for part in parts)
            frames.append((name, max(frame["lineNumber"], 0)))
    return tuple(frames)


def _labels(event: dict[str, Any], contexts: dict[int, dict[str, str]], names: dict[int, str]) -> Labels:
    mask = (1 << 64) - 1
    labels = list(contexts.get(event.get("contextId", 0), {}).items())
    if event.get("spanId"):
        labels.append(("profile_id", f"{event['spanId'] & mask:016x}"))
    if names.get(event.get("spanName", 0)):
        labels.append(("span_name", names[event["spanName"]]))
    if event.get("traceIdHi") or event.get("traceIdLo"):
        labels.append(("trace_id", f"{event['traceIdHi'] & mask:016x}{event['traceIdLo'] & mask:016x}"))
    return tuple(sorted(labels))
