"""How fast a pushed profile is decoded and prepared, against google.protobuf and plain Python.

``python -m tests.bench.bench_decode`` prints one JSON object a line. The profiles are those of ``PHLARE_CORPUS_DIR``.
"""

from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from ingest.profiles.pprof.decode import decode_pprof
from ingest.profiles.prepare import Prepared, prepare_profile
from tests.unit.profiles.pprof.pprof_model import ANY_TIME, NOW_NS, SERIES

_FIELDS: dict[str, list[tuple[str, str]]] = {
    "Profile": [
        ("sample_type", "*ValueType"), ("sample", "*Sample"), ("mapping", "*Mapping"), ("location", "*Location"),
        ("function", "*Function"), ("string_table", "*string"), ("drop_frames", "int64"), ("keep_frames", "int64"),
        ("time_nanos", "int64"), ("duration_nanos", "int64"), ("period_type", "ValueType"), ("period", "int64"),
        ("comment", "*int64"), ("default_sample_type", "int64"),
    ],
    "ValueType": [("type", "int64"), ("unit", "int64")],
    "Sample": [("location_id", "*uint64"), ("value", "*int64"), ("label", "*Label")],
    "Label": [("key", "int64"), ("str", "int64"), ("num", "int64"), ("num_unit", "int64")],
    "Mapping": [
        ("id", "uint64"), ("memory_start", "uint64"), ("memory_limit", "uint64"), ("file_offset", "uint64"),
        ("filename", "int64"), ("build_id", "int64"), ("has_functions", "bool"), ("has_filenames", "bool"),
        ("has_line_numbers", "bool"), ("has_inline_frames", "bool"),
    ],
    "Location": [
        ("id", "uint64"), ("mapping_id", "uint64"), ("address", "uint64"), ("line", "*Line"), ("is_folded", "bool"),
    ],
    "Line": [("function_id", "uint64"), ("line", "int64")],
    "Function": [
        ("id", "uint64"), ("name", "int64"), ("system_name", "int64"), ("filename", "int64"), ("start_line", "int64"),
    ],
}  # fmt: skip


def profile_class() -> Any:
    """Return the class of google.v1.Profile messages, built from the table above."""
    kinds = descriptor_pb2.FieldDescriptorProto
    numbers = {
        "int64": kinds.TYPE_INT64,
        "uint64": kinds.TYPE_UINT64,
        "bool": kinds.TYPE_BOOL,
        "string": kinds.TYPE_STRING,
    }
    file = descriptor_pb2.FileDescriptorProto(name="profile.proto", package="google.v1", syntax="proto3")
    for name, fields in _FIELDS.items():
        described = file.message_type.add(name=name)
        for position, (field, kind) in enumerate(fields, 1):
            label = kinds.LABEL_REPEATED if kind.startswith("*") else kinds.LABEL_OPTIONAL
            kind = kind.lstrip("*")
            added = described.field.add(name=field, number=position, label=label)
            added.type = numbers.get(kind, kinds.TYPE_MESSAGE)
            if added.type == kinds.TYPE_MESSAGE:
                added.type_name = f".google.v1.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("google.v1.Profile"))


def plain_prepare(profile_type: Any, data: bytes) -> dict[Any, list[int]]:
    """Decode with google.protobuf and normalise with one Python object for each record: the way without kernels."""
    profile = profile_type.FromString(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    texts = list(profile.string_table)
    mappings = {mapping.id: mapping for mapping in profile.mapping}
    functions = {
        function.id: (texts[function.name], texts[function.system_name], texts[function.filename], function.start_line)
        for function in profile.function
    }
    locations = {}
    for location in profile.location:
        mapping = mappings.get(location.mapping_id)
        if (mapping is None and location.mapping_id) or any(
            line.function_id not in functions for line in location.line
        ):
            continue
        described: tuple[Any, ...] = ()
        address = location.address
        if mapping is not None:
            address = 0 if mapping.has_functions and location.line else address
            described = (texts[mapping.filename], texts[mapping.build_id])
        lines = tuple([(functions[line.function_id], line.line) for line in location.line])
        locations[location.id] = (described, address, location.is_folded, lines)
    nodes: dict[Any, int] = {}
    rows: dict[Any, list[int]] = {}
    for sample in profile.sample:
        values = list(sample.value)
        if min(values) < 0 or not any(values) or any(ident not in locations for ident in sample.location_id):
            continue
        node = 0
        for ident in reversed(sample.location_id):
            node = nodes.setdefault((node, locations[ident]), len(nodes) + 1)
        labels = tuple(sorted((texts[label.key], texts[label.str]) for label in sample.label if label.str))
        row = rows.get((labels, node))
        rows[labels, node] = values if row is None else [a + b for a, b in zip(row, values, strict=True)]
    return rows


def best_seconds(call: Callable[[], object], runs: int) -> float:
    """Return the shortest of several runs: what the code takes when nothing disturbs it."""
    call()
    shortest = float("inf")
    for _ in range(runs):
        start = time.perf_counter()
        call()
        shortest = min(shortest, time.perf_counter() - start)
    return shortest


def report(name: str, value: float, unit: str, goal: str, ratio_to: float | None = None) -> None:
    """Print one figure."""
    ratio = None if ratio_to is None else round(ratio_to, 1)
    print(json.dumps({"name": name, "value": round(value, 3), "unit": unit, "goal": goal, "ratio_to": ratio}))


def main() -> None:
    """Measure the decoder, then the whole preparation of several profiles against plain Python."""
    root = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("PHLARE_CORPUS_DIR") or root.parent / "shared" / "corpus") / "pprof"
    if not folder.is_dir():
        print(f"no recorded profiles in {folder}; set PHLARE_CORPUS_DIR")
        return
    inflated = gzip.decompress((folder / "go_heap_small.pb.gz").read_bytes())
    seconds = best_seconds(lambda: decode_pprof(inflated), 200)
    report("decode go_heap_small", len(inflated) / seconds / 1e6, "MB/s", ">= 100")
    profile_type = profile_class()
    goals = {"go_cpu": "<= 0.45 ms, ratio >= 20"}
    for name in ("go_cpu", "go_heap_small", "go_cpu_labels", "java_cpu", "ruby", "python_cpu"):
        data = (folder / f"{name}.pb.gz").read_bytes()
        prepare = partial(prepare_profile, data, "alice", SERIES, ANY_TIME, NOW_NS)
        assert isinstance(prepare(), Prepared)
        seconds = best_seconds(prepare, 100)
        plain = best_seconds(partial(plain_prepare, profile_type, data), 5)
        report(f"prepare {name}", seconds * 1e3, "ms", goals.get(name, "ratio >= 20"), plain / seconds)


if __name__ == "__main__":
    main()
