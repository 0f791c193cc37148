"""Real pprof files as pushes, read by a plain parser of its own: benchmarks of storage start behind the decoder."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from ingest.profiles.columns import Labels, ProfileGroup, SampleType, Symbols
from ingest.profiles.record import PushRecord


@dataclass(frozen=True)
class Recorded:
    """One recorded profile: its symbols, and its samples with a column of values per type."""

    symbols: Symbols
    sample_types: tuple[SampleType, ...]
    period_type: SampleType
    period: int
    sample_node: Any  #: uint32[n], ascending, unique
    sample_values: Any  #: int64[K, n]
    raw: bytes  #: the protobuf message
    gzip_bytes: int

    def push(self, number: int, time_ns: int, labels: Labels, values: Any = None) -> PushRecord:
        """Return the push of this profile, with other values when some are given."""
        values = self.sample_values if values is None else values
        kept = np.flatnonzero(values.any(axis=0))
        identity = number.to_bytes(8, "little") * 2
        digest = blake2b(identity, digest_size=16).digest()
        group = ProfileGroup(
            labels, digest, time_ns, 10_000_000_000, self.period, self.sample_types, self.period_type,
            self.sample_node[kept], np.ascontiguousarray(values[:, kept]), np.zeros(0, np.uint64),
        )  # fmt: skip
        return PushRecord("bench", time_ns, self.symbols, (group,))


def read_pprof(path: Path) -> Recorded:
    """Read one file, gzip or not."""
    packed = path.read_bytes()
    raw = gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed
    message: dict[int, list[Any]] = {}
    for number, value in _fields(memoryview(raw)):
        message.setdefault(number, []).append(value)
    strings = [bytes(text) for text in message[6]]
    at = {strings[0]: 0}
    string_map = [at.setdefault(text, len(at)) for text in strings]

    def rows(number: int) -> list[dict[int, Any]]:
        return [dict(_fields(row)) for row in message.get(number, [])]

    mappings = [{}, *rows(3)]
    mapping_index = {row.get(1, 0): index for index, row in enumerate(mappings)}
    functions = rows(5)
    function_index = {row[1]: index for index, row in enumerate(functions)}
    locations = [list(_fields(row)) for row in message.get(4, [])]
    lines = [[dict(_fields(value)) for number, value in row if number == 4] for row in locations]
    plain = [{number: value for number, value in row if number != 4} for row in locations]
    location_index = {row[1]: index for index, row in enumerate(plain)}
    types = tuple(_sample_type(row, strings) for row in rows(1))
    nodes: dict[tuple[int, int], int] = {}
    values: dict[int, Any] = {}
    for sample in message.get(2, []):
        ids, numbers = _sample(sample)
        node = 0
        for identifier in reversed(ids):
            node = nodes.setdefault((node, location_index[identifier]), len(nodes) + 1)
        values[node] = values.get(node, 0) + np.array(numbers, np.int64)
    leaves = sorted(node for node in values if values[node].any())
    flat_lines = [line for row in lines for line in row]
    u32, i64, u64 = np.uint32, np.int64, np.uint64

    def field(table: list[dict[int, Any]], number: int, dtype: Any) -> Any:
        signed = np.array([row.get(number, 0) for row in table], np.int64)
        return signed.astype(dtype)

    def text(table: list[dict[int, Any]], number: int) -> Any:
        return np.array([string_map[row.get(number, 0)] for row in table], u32)

    symbols = Symbols(
        np.cumsum([0, *map(len, at)], dtype=i64), np.frombuffer(b"".join(at), np.uint8).copy(),
        text(functions, 2), text(functions, 3), text(functions, 4), field(functions, 5, i64),
        field(mappings, 2, u64), field(mappings, 3, u64), field(mappings, 4, u64), text(mappings, 5), text(mappings, 6),
        np.zeros(len(mappings), u32),
        np.array([mapping_index.get(row.get(2, 0), 0) for row in plain], u32), field(plain, 3, u64),
        field(plain, 5, np.uint8), np.cumsum([0, *map(len, lines)], dtype=i64),
        np.array([function_index[line[1]] for line in flat_lines], u32), field(flat_lines, 2, i64),
        np.array([0, *(parent for parent, _ in nodes)], u32), np.array([0, *(location for _, location in nodes)], u32),
    )  # fmt: skip
    period_type = _sample_type(dict(_fields(message[11][0])), strings) if 11 in message else SampleType("", "")
    columns = np.array([values[node] for node in leaves], i64).reshape(-1, len(types)).T
    period = message.get(12, [0])[0]
    size = len(packed) if packed is not raw else len(gzip.compress(raw))
    return Recorded(
        symbols, types, period_type, period, np.array(leaves, u32), np.ascontiguousarray(columns), raw, size
    )


def resampled_pprof_bytes(recorded: Recorded, values: Any) -> bytes:
    """Return the message with other values for its samples: samples without a value are left out."""
    raw = memoryview(recorded.raw)
    out = bytearray()
    number = -1
    for start, end, field, value in _spans(raw):
        if field != 2:
            out += raw[start:end]
            continue
        number += 1
        ids, _ = _sample(value)
        column = values[:, number] if number < values.shape[1] else values[:, 0] * 0
        if column.any():
            body = _packed(1, ids) + _packed(2, column.tolist())
            out += b"\x12" + _varint(len(body)) + body
    return bytes(out)


def _packed(field: int, numbers: list[int]) -> bytes:
    body = b"".join(_varint(number) for number in numbers)
    return bytes([field << 3 | 2]) + _varint(len(body)) + body


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _sample_type(row: dict[int, Any], strings: list[bytes]) -> SampleType:
    return SampleType(strings[row.get(1, 0)].decode(), strings[row.get(2, 0)].decode())


def _sample(body: Any) -> tuple[list[int], list[int]]:
    ids: list[int] = []
    numbers: list[int] = []
    for field, value in _fields(body):
        if field in (1, 2):
            target = ids if field == 1 else numbers
            target += [value] if isinstance(value, int) else _numbers(value)
    return ids, numbers


def _numbers(body: Any) -> list[int]:
    found, at = [], 0
    while at < len(body):
        number, at = _read(body, at)
        found.append(number)
    return found


def _read(body: Any, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = body[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return (number - 2**64 if number >= 2**63 else number), at


def _fields(body: Any) -> Iterator[tuple[int, Any]]:
    return ((field, value) for _, _, field, value in _spans(body))


def _spans(body: Any) -> Iterator[tuple[int, int, int, Any]]:
    at = 0
    while at < len(body):
        start = at
        key, at = _read(body, at)
        if key & 7 == 0:
            value, at = _read(body, at)
        else:
            size, at = _read(body, at)
            value, at = body[at : at + size], at + size
        yield start, at, key >> 3, value
