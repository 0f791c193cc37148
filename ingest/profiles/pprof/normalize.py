"""Reduce a checked profile to what is stored: symbols by content, and one group of rows for each set of sample labels.

The rules are Pyroscope's: numeric labels are dropped; samples with a negative value, with only zeros, or with an
unknown location are dropped; equal stacks are summed; what only dropped samples used is dropped; addresses of mappings
with function names are void. ``span_id`` (or ``profile_id``, its older name) and ``trace_id`` stay with the
sample, and all other string labels divide the samples into groups. Of a stack that is too deep the root side is kept.

Deviations, which lose nothing: a location with neither lines nor address is kept as a frame without a name, so that its
samples count; a frame without lines keeps its address in any mapping; a dash in a sample type becomes ``_`` as it must
not occur in names of profile types, and so does a colon in any type or unit, which separates the parts of those names;
a sample type without a unit has the unit ``count``.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xxhash

from ingest.profiles.columns import I64, U32, U64, SampleType, Symbols, no_traces
from ingest.profiles.limits import Limits
from ingest.profiles.pprof import normalize_kernels as kernels
from ingest.profiles.pprof import wire_kernels as wire
from ingest.profiles.pprof.decode import Decoded
from ingest.profiles.pprof.digest_kernels import digest_strings
from ingest.profiles.pprof.go import with_whole_stacks
from ingest.profiles.pprof.tree_kernels import build_tree, emit_symbols
from ingest.profiles.reasons import Reason, Rejection

#: Unit of a sample type that comes without: a profile type with an empty part could not be queried.
_NO_UNIT = "count"

#: Decides only about slots of hash tables, never about a result; see normalize_kernels.
_SLOT_SEED = np.uint64(secrets.randbits(64))


def _reserved_labels() -> U64:
    """Return the digests of the labels that are not part of a label set, in the order the kernel wants."""
    raw = np.frombuffer(b"span_idprofile_idtrace_id", np.uint8)
    digests = np.empty((3, 2), np.uint64)
    digest_strings(raw, np.array([[0, 7], [7, 10], [17, 8]]), digests)
    return digests


@dataclass(frozen=True, slots=True)
class Normalized:
    """A profile by content, its samples not yet summed: that needs to know which label sets end up as one."""

    symbols: Symbols
    sample_types: tuple[SampleType, ...]
    period_type: SampleType
    period: int
    duration_ns: int
    dropped: dict[str, int]  #: how many samples and parts were left out, by why; zero counts are not in it
    label_sets: tuple[tuple[tuple[str, str], ...], ...]  #: string labels of each set
    decoded: Decoded
    kept: I64  #: int64[n], rows of the kept samples
    leaves: I64  #: int64[n], node of each
    node_digests: U64  #: uint64[N, 2]
    sample_sets: I64  #: int64[n], label set of each
    spans: U64  #: uint64[n]
    traces: U64  #: uint64[n, 2]; or uint64[0, 2] when no sample has one


@dataclass(frozen=True, slots=True)
class Rows:
    """The summed rows of all groups, group after group, each ordered by node."""

    offsets: list[int]  #: first row of each group, and the end
    nodes: U32
    spans: U64
    traces: U64  #: uint64[r, 2]; or uint64[0, 2] when no sample has one
    values: I64  #: flat; a group's block holds one sample type after the other
    digests: list[list[int]]  #: two 64-bit lanes for each group
    type_count: int

    def values_of(self, group: int) -> I64:
        """Return the values of a group, int64[K, n], C-contiguous."""
        first, last = self.offsets[group], self.offsets[group + 1]
        return self.values[first * self.type_count : last * self.type_count].reshape(self.type_count, last - first)


def normalize(
    decoded: Decoded, string_digests: U64, sample_types: tuple[SampleType, ...], limits: Limits, *, is_go: bool = False
) -> Normalized | Rejection:
    """Normalise a profile that has passed its checks; its tables are used up.

    ``sample_types`` are those of :func:`sample_types_of`. ``is_go``: whether stacks that Go has cut are repaired.
    """
    counts = np.zeros(kernels.COUNTERS, np.int64)
    kept = kernels.select_samples(
        decoded.samples,
        decoded.refs,
        decoded.values,
        decoded.mappings,
        decoded.locations,
        decoded.lines,
        decoded.functions,
        len(sample_types),
        _SLOT_SEED,
        counts,
    )
    overflow = int(counts[kernels.OVERFLOW_TYPE])
    if overflow:
        return Rejection(
            Reason.MALFORMED_PROFILE,
            f"malformed profile: the values of sample type {sample_types[overflow - 1].name!r} "
            "add up to more than 64 bits",
        )
    if is_go:
        decoded = with_whole_stacks(decoded, kept, sample_types, string_digests, _SLOT_SEED)
    symbols, leaves, node_digests = _symbols(decoded, string_digests, kept, limits, counts)
    sample_sets, spans, traces, label_sets = _label_sets(decoded, string_digests, kept)
    period_type, period_unit = decoded.header[wire.PERIOD_TYPE : wire.PERIOD_UNIT + 1].tolist()
    return Normalized(
        symbols=symbols,
        sample_types=sample_types,
        period_type=SampleType(_plain(decoded.string(period_type)), _plain(decoded.string(period_unit))),
        period=int(decoded.header[wire.PERIOD]),
        duration_ns=int(decoded.header[wire.DURATION_NANOS]),
        dropped=_dropped(counts),
        label_sets=label_sets,
        decoded=decoded,
        kept=kept,
        leaves=leaves,
        node_digests=node_digests,
        sample_sets=sample_sets,
        spans=spans,
        traces=traces,
    )


def merge_rows(normalized: Normalized, group_of_set: list[int], group_count: int) -> Rows:
    """Sum the samples of each group; ``group_of_set`` gives the group of each label set, -1 for none."""
    groups = normalized.sample_sets
    if len(group_of_set) > 1 or group_of_set != [0]:
        groups = np.array(group_of_set, np.int64)[groups]
    type_count = len(normalized.sample_types)
    offsets, nodes, spans, traces, values, digests = kernels.merge_rows(
        normalized.kept,
        normalized.decoded.samples,
        normalized.decoded.values,
        type_count,
        normalized.leaves,
        normalized.node_digests,
        groups,
        normalized.spans,
        normalized.traces,
        group_count,
        _SLOT_SEED,
    )
    hi, lo = divmod(_head_digest(normalized), 1 << 64)
    mixed = [[(a + hi) % (1 << 64), (b + lo) % (1 << 64)] for a, b in digests.tolist()]
    return Rows(offsets.tolist(), nodes, spans, traces, values, mixed, type_count)


def sample_types_of(decoded: Decoded) -> tuple[SampleType, ...] | Rejection:
    """Return the sample types with their names mended, or the refusal of two that are the same."""
    named = [(decoded.string(name), decoded.string(unit)) for name, unit in decoded.types.tolist()]
    types = tuple([SampleType(_plain(name).replace("-", "_"), _plain(unit) or _NO_UNIT) for name, unit in named])
    if not all(kind.name for kind in types):
        return Rejection(Reason.MALFORMED_PROFILE, "malformed profile: a sample type has no name")
    if len(set(types)) < len(types):
        twice = next(kind for kind in types if types.count(kind) > 1)
        return Rejection(
            Reason.MALFORMED_PROFILE, f"malformed profile: sample type {twice.name!r} {twice.unit!r} occurs twice"
        )
    return types


def _plain(text: str) -> str:
    """Return a type or unit without the character that separates the parts of a profile type."""
    return text.replace(":", "_")


def _symbols(decoded: Decoded, string_digests: U64, kept: I64, limits: Limits, counts: I64) -> tuple[Symbols, I64, U64]:
    """Return the symbols of the kept samples, the leaf node of each sample, and the digest of each node."""
    leaves, parents, node_locations, node_digests, sources, function_digests, mapping_digests = build_tree(
        kept,
        decoded.samples,
        decoded.refs,
        decoded.mappings,
        decoded.locations,
        decoded.lines,
        decoded.functions,
        string_digests,
        limits.max_profile_stacktrace_depth,
        _SLOT_SEED,
        counts,
    )
    columns: tuple[Any, ...] = emit_symbols(
        decoded.raw,
        decoded.mappings,
        decoded.locations,
        decoded.lines,
        decoded.functions,
        decoded.strings,
        string_digests,
        function_digests,
        mapping_digests,
        sources,
        _SLOT_SEED,
    )
    columns += (parents, node_locations)
    return Symbols(*columns), leaves, node_digests


def _label_sets(
    decoded: Decoded, string_digests: U64, kept: I64
) -> tuple[I64, U64, U64, tuple[tuple[tuple[str, str], ...], ...]]:
    """Return the label set, span id and trace id of each kept sample, and the labels of each set."""
    if not len(decoded.labels):
        no_sets = np.zeros(len(kept), np.int64)
        return no_sets, np.zeros(len(kept), np.uint64), no_traces(), ((),) if len(kept) else ()
    sets, spans, traces, members = kernels.group_samples(
        decoded.raw,
        kept,
        decoded.samples,
        decoded.labels,
        decoded.strings,
        string_digests,
        _RESERVED_LABELS,
        _SLOT_SEED,
    )
    return sets, spans, traces, tuple([_labels_of(decoded, sample) for sample in members.tolist()])


def _labels_of(decoded: Decoded, sample: int) -> tuple[tuple[str, str], ...]:
    """Return the string labels of a sample that are part of its set, sorted."""
    first, last = decoded.samples[sample : sample + 2, 2].tolist()
    if first == last:
        return ()
    pairs: Iterable[tuple[str, str]] = [
        (decoded.string(key), decoded.string(value)) for key, value in decoded.labels[first:last].tolist() if value != 0
    ]
    return tuple(sorted(pair for pair in pairs if pair[0] not in _RESERVED_NAMES))


def _dropped(counts: I64) -> dict[str, int]:
    """Return what was left out, by why."""
    _, negative, zero, unknown, truncated = counts.tolist()[:5]
    if not (negative or zero or unknown or truncated):
        return {}
    named = {
        "negative_samples": negative,
        "zero_samples": zero,
        "samples_with_unknown_location": unknown,
        "truncated_stacks": truncated,
    }
    return {why: count for why, count in named.items() if count}


def _head_digest(normalized: Normalized) -> int:
    """Return a 128-bit digest of all that tells profiles with equal samples apart."""
    head = (
        [(kind.name, kind.unit) for kind in normalized.sample_types],
        (normalized.period_type.name, normalized.period_type.unit, normalized.period, normalized.duration_ns),
    )
    return xxhash.xxh3_128_intdigest(repr(head).encode())


_RESERVED_NAMES = frozenset({"span_id", "profile_id", "trace_id"})
_RESERVED_LABELS = _reserved_labels()
