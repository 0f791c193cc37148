"""Records: how profiles travel to an ingester and lie in its write-ahead log, and how answers travel back.

A *push record* is one decoded profile of one tenant, with its groups; a *stack profile record* is one merged answer.
Both are a header of 80 bytes, a body of columns (:mod:`ingest.profiles.record_columns`), and zeros up to a multiple
of 8::

    offset  bytes  field
         0      4  magic: PWRP push record, PWRS stack profile record
         4      2  version: 1, or 2 of a push record whose samples have trace ids
         6      2  flags: bit 0 the body is a zstd frame
         8      4  stored body bytes, without the padding
        12      4  CRC-32 of everything else: header without this field, stored body, padding
        16      8  received, nanoseconds since the epoch (0 in a stack profile record)
        24     56  fourteen counts, from which the lengths of all columns follow
        80         stored body, padding

All numbers are little-endian. A record knows its length, so records may be concatenated (:func:`iter_records`).

Whoever decodes may trust the result: every offset and index is checked, damage of any kind raises
:class:`RecordError`, and nothing is allocated before its size has been found to be within bounds. ``docs/record.md``
has the whole layout.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from ingest.profiles.columns import I64, U8, U32, U64, Labels, ProfileGroup, SampleType, StackProfile, Symbols
from ingest.profiles.record_columns import (
    COUNTS,
    Content,
    Counts,
    RecordError,
    check_counts,
    cut,
    first_text,
    pack_body,
    unpack_body,
)

Buffer = bytes | bytearray | memoryview

PUSH_MAGIC = b"PWRP"
STACK_PROFILE_MAGIC = b"PWRS"
VERSION = 1
#: A push record with trace ids; one without is still written as version 1, which older readers know.
TRACES_VERSION = 2

_FLAG_ZSTD = 1
_START = struct.Struct("<4sHHI")
_CRC = struct.Struct("<I")
_RECEIVED = struct.Struct("<q")
_CRC_END = _START.size + _CRC.size
HEADER_BYTES = _CRC_END + _RECEIVED.size + COUNTS.size

# Below this a call of zstd costs more time than its bytes are worth.
_MIN_ZSTD_BYTES = 512

_ZSTD = pa.Codec("zstd", compression_level=1)
_NO_U64 = np.zeros(0, np.uint64)
_NO_I64 = np.zeros(0, np.int64)
_NO_U32 = np.zeros(0, np.uint32)
_NO_U8 = np.zeros(0, np.uint8)


@dataclass(frozen=True, slots=True)
class PushRecord:
    """One decoded profile on its way to be stored: what :func:`encode_record` was given."""

    tenant: str
    received_ns: int
    symbols: Symbols
    groups: tuple[ProfileGroup, ...]


def encode_record(tenant: str, received_ns: int, symbols: Symbols, groups: Sequence[ProfileGroup]) -> bytes:
    """Return the push record of a profile.

    The columns must follow :mod:`ingest.profiles.columns`; only their sizes are checked here (``ValueError``). Raises
    :class:`RecordError` for a profile larger than a record may be.
    """
    texts: dict[str, int] = {tenant: 0}
    refs: list[int] = []
    group_counts: list[int] = []
    for group in groups:
        pairs = [*group.labels, *((kind.name, kind.unit) for kind in group.sample_types)]
        pairs.append((group.period_type.name, group.period_type.unit))
        for pair in pairs:
            for text in pair:
                refs.append(texts.setdefault(text, len(texts)))
        count = len(group.sample_node)
        if group.sample_values.shape != (len(group.sample_types), count) or not (
            len(group.sample_span) in (0, count) and len(group.sample_trace) in (0, count)
        ):
            raise ValueError("the values, span or trace ids of a group do not match its samples")
        group_counts += (len(group.labels), len(group.sample_types), count, len(group.sample_span))
    encoded_texts = [text.encode() for text in texts]
    words = [group.time_ns for group in groups]
    words += [group.duration_ns for group in groups]
    words += [group.period for group in groups]
    content = Content(
        symbols=symbols,
        values=_joined([group.sample_values.reshape(-1) for group in groups], _NO_I64),
        spans=_joined([group.sample_span for group in groups], _NO_U64),
        traces=_joined_traces(groups),
        group_words=np.array(words, np.int64),
        sample_node=_joined([group.sample_node for group in groups], _NO_U32),
        group_counts=np.array(group_counts, np.uint32),
        text_lengths=np.array([len(text) for text in encoded_texts], np.uint32),
        refs=np.array(refs, np.uint32),
        text_bytes=np.frombuffer(b"".join(encoded_texts), np.uint8),
        profile_ids=np.frombuffer(b"".join([group.profile_id for group in groups]), np.uint8),
    )
    return _encode(PUSH_MAGIC, received_ns, content, len(groups))


def decode_record(data: Buffer) -> PushRecord:
    """Return what a push record holds, in new writable arrays. Raises :class:`RecordError` for anything else."""
    received_ns, counts, content = _decode(PUSH_MAGIC, data)
    texts = _texts(content, counts)
    return PushRecord(texts[0], received_ns, content.symbols, tuple(_groups(content, counts, texts)))


def record_tenant(data: Buffer) -> str:
    """Return the tenant of a push record, at a fraction of what decoding it costs. Raises :class:`RecordError`."""
    _, counts, body = _read_body(PUSH_MAGIC, data)
    try:
        return first_text(body, counts).decode()
    except UnicodeDecodeError as error:
        raise RecordError("a text is not UTF-8") from error


def encode_stack_profile(profile: StackProfile) -> bytes:
    """Return the stack profile record of an answer. Raises like :func:`encode_record`."""
    content = Content(
        symbols=profile.symbols,
        values=profile.node_self,
        spans=_NO_U64,
        traces=_NO_U64,
        group_words=_NO_I64,
        sample_node=_NO_U32,
        group_counts=_NO_U32,
        text_lengths=_NO_U32,
        refs=_NO_U32,
        text_bytes=_NO_U8,
        profile_ids=_NO_U8,
    )
    if len(profile.node_self) != profile.symbols.node_count:
        raise ValueError("a stack profile needs one value per node")
    return _encode(STACK_PROFILE_MAGIC, 0, content, 0)


def decode_stack_profile(data: Buffer) -> StackProfile:
    """Return the answer a stack profile record holds, in new writable arrays. Raises :class:`RecordError`."""
    _, counts, content = _decode(STACK_PROFILE_MAGIC, data)
    if counts.values != counts.nodes:
        raise RecordError(f"{counts.values} values for {counts.nodes} nodes")
    if counts.samples or counts.spans or counts.groups or counts.texts or counts.text_bytes or counts.refs:
        raise RecordError("a stack profile holds columns of a push record")
    return StackProfile(content.symbols, content.values)


def iter_records(data: Buffer) -> Iterator[memoryview]:
    """Yield each of the concatenated records, of either kind, without decoding it.

    Raises :class:`RecordError` where the next bytes are not the start of a whole record.
    """
    rest = memoryview(data).cast("B")
    while len(rest):
        size = _record_bytes(rest)
        yield rest[:size]
        rest = rest[size:]


def _encode(magic: bytes, received_ns: int, content: Content, group_count: int) -> bytes:
    """Return the record that holds this content."""
    symbols = content.symbols
    counts = Counts(
        strings=symbols.string_count,
        string_bytes=len(symbols.string_bytes),
        functions=len(symbols.function_name),
        mappings=len(symbols.mapping_start),
        locations=len(symbols.location_mapping),
        lines=len(symbols.line_function),
        nodes=symbols.node_count,
        samples=len(content.sample_node),
        values=len(content.values),
        spans=len(content.spans),
        groups=group_count,
        texts=len(content.text_lengths),
        text_bytes=len(content.text_bytes),
        refs=len(content.refs),
        traces=len(content.traces),
    )
    check_counts(counts)
    body: Any = pack_body(content, counts)
    stored_bytes, flags = counts.body_bytes, 0
    if stored_bytes >= _MIN_ZSTD_BYTES:
        compressed: bytes = _ZSTD.compress(body, asbytes=True)
        if len(compressed) < stored_bytes:
            body, stored_bytes, flags = compressed, len(compressed), _FLAG_ZSTD
    version = TRACES_VERSION if counts.traces else VERSION
    start = _START.pack(magic, version, flags, stored_bytes)
    end = _RECEIVED.pack(received_ns) + COUNTS.pack(*counts.header)
    padding = bytes(-stored_bytes % 8)
    crc = zlib.crc32(padding, zlib.crc32(body, zlib.crc32(end, zlib.crc32(start))))
    return b"".join([start, _CRC.pack(crc), end, body, padding])


def _record_bytes(data: memoryview) -> int:
    """Return the bytes of the record that ``data`` starts with. Raises :class:`RecordError` when it is not there."""
    if len(data) < HEADER_BYTES:
        raise RecordError(f"{len(data)} bytes are fewer than a header")
    magic, version, flags, stored_bytes = _START.unpack_from(data)
    if magic not in (PUSH_MAGIC, STACK_PROFILE_MAGIC):
        raise RecordError(f"magic is {magic!r}")
    known = version == VERSION or (version == TRACES_VERSION and magic == PUSH_MAGIC)
    if not known or flags not in (0, _FLAG_ZSTD):
        raise RecordError(f"version {version} with flags {flags} is not known")
    size = HEADER_BYTES + int(stored_bytes) + -int(stored_bytes) % 8
    if size > len(data):
        raise RecordError(f"{len(data)} bytes of a record of {size}")
    return size


def _decode(expected_magic: bytes, data: Buffer) -> tuple[int, Counts, Content]:
    """Return (received, counts, content) of the one record that ``data`` is."""
    received_ns, counts, body = _read_body(expected_magic, data)
    return received_ns, counts, unpack_body(body, counts)


def _read_body(expected_magic: bytes, data: Buffer) -> tuple[int, Counts, U8]:
    """Return (received, counts, body) of the one record that ``data`` is, its checksum and sizes checked."""
    view = memoryview(data).cast("B")
    size = _record_bytes(view)
    if size != len(view):
        raise RecordError(f"{len(view) - size} bytes follow the record")
    magic, version, flags, stored_bytes = _START.unpack_from(view)
    if magic != expected_magic:
        raise RecordError(f"magic is {magic!r}, expected {expected_magic!r}")
    (crc,) = _CRC.unpack_from(view, _START.size)
    if zlib.crc32(view[_CRC_END:], zlib.crc32(view[: _START.size])) != crc:
        raise RecordError("checksum does not match")
    (received_ns,) = _RECEIVED.unpack_from(view, _CRC_END)
    counts = Counts(*COUNTS.unpack_from(view, _CRC_END + _RECEIVED.size))
    if version == TRACES_VERSION:
        counts = counts._replace(traces=2 * counts.samples)
    check_counts(counts)
    stored = view[HEADER_BYTES : HEADER_BYTES + stored_bytes]
    if flags & _FLAG_ZSTD:
        try:
            body = np.frombuffer(_ZSTD.decompress(stored, counts.body_bytes), np.uint8)
        except (OSError, ValueError) as error:
            raise RecordError(f"the body does not decompress: {error}") from error
    else:
        body = np.frombuffer(stored, np.uint8)
    if len(body) != counts.body_bytes:
        raise RecordError(f"a body of {len(body)} bytes, the counts make {counts.body_bytes}")
    return received_ns, counts, body


def _texts(content: Content, counts: Counts) -> list[str]:
    """Return the texts of a push record; the first is the tenant."""
    lengths = content.text_lengths.tolist()
    if not lengths or sum(lengths) != counts.text_bytes:
        raise RecordError("text lengths do not add up")
    try:
        return [piece.decode() for piece in cut(content.text_bytes.tobytes(), lengths)]
    except UnicodeDecodeError as error:
        raise RecordError("a text is not UTF-8") from error


def _groups(content: Content, counts: Counts, texts: list[str]) -> Iterator[ProfileGroup]:
    """Yield the groups of a push record, checking that they use up every column exactly."""
    per_group = content.group_counts.reshape(-1, 4).tolist()
    _check_group_counts(per_group, counts)
    refs = content.refs.tolist()
    if refs and max(refs) >= len(texts):
        raise RecordError(f"text {max(refs)} is not below {len(texts)}")
    words = content.group_words.reshape(3, -1).tolist()
    ids = content.profile_ids.tobytes()
    ref = sample = value = span = 0
    for index, (label_count, type_count, sample_count, span_count) in enumerate(per_group):
        pairs = [
            (texts[refs[at]], texts[refs[at + 1]]) for at in range(ref, ref + 2 * (label_count + type_count + 1), 2)
        ]
        ref += 2 * len(pairs)
        labels = tuple(pairs[:label_count])
        _check_labels(labels)
        nodes = content.sample_node[sample : sample + sample_count]
        if (nodes[1:] < nodes[:-1]).any():
            raise RecordError("the samples of a group are not in the order of their nodes")
        values = content.values[value : value + type_count * sample_count]
        yield ProfileGroup(
            labels=labels,
            profile_id=ids[16 * index : 16 * index + 16],
            time_ns=words[0][index],
            duration_ns=words[1][index],
            period=words[2][index],
            sample_types=tuple([SampleType(name, unit) for name, unit in pairs[label_count:-1]]),
            period_type=SampleType(*pairs[-1]),
            sample_node=nodes,
            sample_values=values.reshape(type_count, sample_count),
            sample_span=content.spans[span : span + span_count],
            sample_trace=_traces_of(content.traces, sample, sample_count),
        )
        sample += sample_count
        value += type_count * sample_count
        span += span_count


def _traces_of(traces: U64, first: int, count: int) -> U64:
    """Return the trace ids of a group, none when they are all zeros."""
    mine = traces.reshape(-1, 2)[first : first + count]
    return mine if mine.any() else mine[:0]


def _joined_traces(groups: Sequence[ProfileGroup]) -> U64:
    """Return uint64[2 n], the halves of the trace ids of all samples; nothing when no sample has one."""
    if not any(group.sample_trace.any() for group in groups):
        return _NO_U64
    traces = [
        group.sample_trace if len(group.sample_trace) else np.zeros((len(group.sample_node), 2), np.uint64)
        for group in groups
    ]
    return np.concatenate(traces).reshape(-1)


def _check_group_counts(per_group: list[list[int]], counts: Counts) -> None:
    """Raise :class:`RecordError` unless the groups use up the references, samples, values and span ids exactly."""
    refs = sum([2 * (labels + types + 1) for labels, types, _, _ in per_group])
    samples = sum([samples for _, _, samples, _ in per_group])
    values = sum([types * samples for _, types, samples, _ in per_group])
    spans = sum([spans for _, _, _, spans in per_group])
    if (refs, samples, values, spans) != (counts.refs, counts.samples, counts.values, counts.spans):
        raise RecordError("the groups do not add up to their columns")
    if any(spans not in (0, samples) for _, _, samples, spans in per_group):
        raise RecordError("a group has span ids for some of its samples only")


def _check_labels(labels: Labels) -> None:
    """Raise :class:`RecordError` unless label names are sorted and unique."""
    names = [name for name, _ in labels]
    if any(a >= b for a, b in pairwise(names)):
        raise RecordError("labels are not sorted by name")


_Column = TypeVar("_Column", I64, U64, U32)


def _joined(arrays: list[_Column], empty: _Column) -> _Column:
    """Return the arrays end to end; nearly always there is just one, which needs no copy."""
    if len(arrays) == 1:
        return arrays[0]
    return np.concatenate(arrays) if arrays else empty
