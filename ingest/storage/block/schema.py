"""Columns of the Parquet files of a block and how each is encoded; the figures behind are in ``docs/block.md``.

Every file is plain Parquet with standard types, so that any reader of Parquet can use a block without this program.
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

PROFILES: Final = "profiles.parquet"
SERIES: Final = "series.parquet"
STACKS: Final = "stacks.parquet"
LOCATIONS: Final = "locations.parquet"
FUNCTIONS: Final = "functions.parquet"
MAPPINGS: Final = "mappings.parquet"

#: zstd level 9 makes a block 2 % smaller than 6 in a quarter more time; level 3 makes it 13 % larger.
COMPRESSION_LEVEL: Final = 6


def _field(name: str, of: Any) -> Any:
    return pa.field(name, of, nullable=False)


def _list(name: str, of: Any) -> Any:
    return _field(name, pa.list_(_field("element", of)))


def profiles_schema(with_spans: bool, with_traces: bool) -> Any:
    """One row per profile and sample type, ordered by series_index, time_ns and profile_id."""
    fields = [
        _field("series_index", pa.uint32()),
        _field("profile_id", pa.binary(16)),
        _field("time_ns", pa.int64()),
        _field("duration_ns", pa.int64()),
        _field("period", pa.int64()),
        _field("total_value", pa.int64()),
        _list("stack_ids", pa.uint32()),
        _list("values", pa.int64()),
    ]
    if with_spans:
        fields.append(_list("span_ids", pa.uint64()))
    if with_traces:
        fields.append(_list("trace_ids", pa.binary(16)))
    return pa.schema(fields)


SERIES_SCHEMA: Final = pa.schema(
    [
        _field("series_index", pa.uint32()),
        _field("fingerprint", pa.uint64()),
        _field("profile_type", pa.string()),
        _field("service_name", pa.string()),
        _field("labels", pa.map_(pa.string(), _field("value", pa.string()))),
        _field("rows", pa.int64()),
        _field("min_time_ns", pa.int64()),
        _field("max_time_ns", pa.int64()),
        _field("digest_hi", pa.uint64()),
        _field("digest_lo", pa.uint64()),
    ]
)
STACKS_SCHEMA: Final = pa.schema(
    [_field("stack_id", pa.uint32()), _field("parent_id", pa.uint32()), _field("location_id", pa.uint32())]
)
_LINE: Final = pa.struct([_field("function_id", pa.uint32()), _field("line", pa.int64())])
LOCATIONS_SCHEMA: Final = pa.schema(
    [
        _field("location_id", pa.uint32()),
        _field("mapping_id", pa.uint32()),
        _field("address", pa.uint64()),
        _field("folded", pa.bool_()),
        _list("lines", _LINE),
    ]
)
FUNCTIONS_SCHEMA: Final = pa.schema(
    [
        _field("function_id", pa.uint32()),
        _field("name", pa.string()),
        _field("system_name", pa.string()),
        _field("filename", pa.string()),
        _field("start_line", pa.int64()),
    ]
)
MAPPINGS_SCHEMA: Final = pa.schema(
    [
        _field("mapping_id", pa.uint32()),
        _field("start", pa.uint64()),
        _field("limit", pa.uint64()),
        _field("offset", pa.uint64()),
        _field("filename", pa.string()),
        _field("build_id", pa.string()),
        _field("flags", pa.uint32()),
    ]
)

_DELTA: Final = "DELTA_BINARY_PACKED"
#: Columns with an encoding of their own. Every other column is dictionary-encoded, which Parquet drops by itself
#: when the dictionary grows too large.
ENCODINGS: Final[dict[str, dict[str, str]]] = {
    PROFILES: {
        "series_index": _DELTA,
        "profile_id": "PLAIN",
        "time_ns": _DELTA,
        "total_value": _DELTA,
        # Profiles repeat each other byte for byte; deltas packed in bits would hide that from zstd.
        "stack_ids.list.element": "PLAIN",
    },
    SERIES: {"series_index": _DELTA, "fingerprint": "PLAIN", "digest_hi": "PLAIN", "digest_lo": "PLAIN"},
    STACKS: {"stack_id": _DELTA, "parent_id": _DELTA, "location_id": _DELTA},
    LOCATIONS: {
        "location_id": _DELTA,
        "address": _DELTA,
        "lines.list.element.function_id": _DELTA,
        "lines.list.element.line": _DELTA,
    },
    FUNCTIONS: {"function_id": _DELTA},
    MAPPINGS: {},
}
#: Columns that are worth a dictionary.
DICTIONARIES: Final[dict[str, list[str]]] = {
    PROFILES: ["duration_ns", "period", "values.list.element", "span_ids.list.element", "trace_ids.list.element"],
    SERIES: ["profile_type", "service_name", "labels.key_value.key", "labels.key_value.value"],
    STACKS: [],
    LOCATIONS: ["mapping_id"],
    FUNCTIONS: ["name", "system_name", "filename"],
    MAPPINGS: [],
}
