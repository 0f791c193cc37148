"""Kernels that turn the tables of a sender into symbols, a stack tree and rows.

:func:`select_samples` replaces ids by row numbers and decides which samples stay; :func:`build_symbols` interns what
they use by content and makes the tree; :func:`group_samples` finds label sets, span and trace ids;
:func:`merge_rows` sums equal stacks and digests each group. They run in this order on the tables of one
:class:`~ingest.profiles.pprof.decode.Decoded`, which they change in place.

Hash tables are open-addressing with linear probing and hold row + 1, 0 being empty. ``seed`` is random in each process
and decides only about slots, so that nobody can prepare ids or strings that all fall into one; results do not depend on
it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import I64, U8, U64
from ingest.profiles.jit import kernel
from ingest.profiles.pprof.digest_kernels import SEED_HI, SEED_LO, absorb_hi, absorb_lo, finish

#: Counters of one profile, written by the kernels into ``counts``.
KEPT, NEGATIVE, ZERO, UNKNOWN_LOCATION, TRUNCATED_STACKS, OVERFLOW_TYPE, COUNTERS = range(7)

_SPAN_DIGITS = 16


@kernel
def _table_size(entries: int) -> int:
    """Return the slots of a table for this many entries: a power of two, at most half full."""
    size = 16
    while size < 2 * entries:
        size *= 2
    return size


@kernel
def _id_table(records: I64, count: int, seed: Any) -> Any:
    """Return a table from id to row, of no slots when ids are just 1, 2, 3 and so on. Of equal ids the last holds."""
    dense = True
    for row in range(count):
        if records[row, 0] != row + 1:
            dense = False
            break
    if dense:
        return np.zeros(0, np.int32)
    table = np.zeros(_table_size(count), np.int32)
    mask = np.uint64(len(table) - 1)
    for row in range(count):
        slot = finish(np.uint64(records[row, 0]) ^ seed) & mask
        while table[slot] != 0 and records[table[slot] - 1, 0] != records[row, 0]:
            slot = (slot + np.uint64(1)) & mask
        table[slot] = row + 1
    return table


@kernel
def _find(table: Any, records: I64, count: int, ident: int, seed: Any) -> int:
    """Return the row with this id, or -1."""
    if len(table) == 0:
        return ident - 1 if 1 <= ident <= count else -1
    mask = np.uint64(len(table) - 1)
    slot = finish(np.uint64(ident) ^ seed) & mask
    while table[slot] != 0:
        if records[table[slot] - 1, 0] == ident:
            return table[slot] - 1  # type: ignore[no-any-return]
        slot = (slot + np.uint64(1)) & mask
    return -1


@kernel
def _resolve_ids(refs: I64, mappings: I64, locations: I64, lines: I64, functions: I64, seed: Any) -> None:
    """Replace location, mapping and function ids by rows. A reference to what is not there, or to a location that
    refers to what is not there, becomes -1; a mapping id of 0 becomes row -1, which is no mapping."""
    function_table = _id_table(functions, len(functions), seed)
    for row in range(len(lines)):
        lines[row, 0] = _find(function_table, functions, len(functions), lines[row, 0], seed)
    count = len(locations) - 1
    usable = np.ones(count, np.uint8)
    mapping_table = _id_table(mappings, len(mappings), seed)
    for row in range(count):
        mapping = -1
        if locations[row, 1] != 0:
            mapping = _find(mapping_table, mappings, len(mappings), locations[row, 1], seed)
            if mapping < 0:
                usable[row] = 0
        locations[row, 1] = mapping
        first, last = locations[row, 4], locations[row + 1, 4]
        for line in range(first, last):
            if lines[line, 0] < 0:
                usable[row] = 0
        # A mapping with function names makes addresses void, which lets equal frames merge; a frame that has no
        # name nevertheless keeps its address, all that tells it from others.
        if mapping >= 0 and mappings[mapping, 6] & 1 and last > first:
            locations[row, 2] = 0
    for row in range(len(mappings)):
        if mappings[row, 6] & 1:
            mappings[row, 1:4] = 0
    location_table = _id_table(locations, count, seed)
    if len(location_table) == 0:
        for index in range(len(refs)):
            row = refs[index] - 1
            refs[index] = row if 0 <= row < count and usable[row] else -1
    else:
        for index in range(len(refs)):
            row = _find(location_table, locations, count, refs[index], seed)
            refs[index] = row if row >= 0 and usable[row] else -1


@kernel
def select_samples(
    samples: I64,
    refs: I64,
    values: I64,
    mappings: I64,
    locations: I64,
    lines: I64,
    functions: I64,
    type_count: int,
    seed: Any,
    counts: I64,
) -> I64:
    """Return the rows of the samples that stay, ascending; ids in the tables become rows.

    Dropped are samples with a negative value, with only zeros, or with an unknown location. ``counts[OVERFLOW_TYPE]``
    is 1 + the first sample type whose values do not fit int64 together, or 0.
    """
    _resolve_ids(refs, mappings, locations, lines, functions, seed)
    kept = np.empty(len(samples) - 1, np.int64)
    totals = np.zeros(type_count, np.int64)
    used = 0
    for sample in range(len(samples) - 1):
        first = samples[sample, 1]
        lowest = np.int64(0)
        bits = np.int64(0)
        for index in range(first, first + type_count):
            lowest = min(lowest, values[index])
            bits |= values[index]
        if lowest < 0:
            counts[NEGATIVE] += 1
            continue
        if bits == 0:
            counts[ZERO] += 1
            continue
        lowest = np.int64(0)
        for index in range(samples[sample, 0], samples[sample + 1, 0]):
            lowest = min(lowest, refs[index])
        if lowest < 0:
            counts[UNKNOWN_LOCATION] += 1
            continue
        for column in range(type_count):
            totals[column] += values[first + column]
            if totals[column] < 0 and counts[OVERFLOW_TYPE] == 0:
                counts[OVERFLOW_TYPE] = column + 1
        kept[used] = sample
        used += 1
    counts[KEPT] = used
    return kept[:used]


@kernel
def group_samples(
    raw: U8, kept: I64, samples: I64, labels: I64, strings: I64, digests: U64, reserved: U64, seed: Any
) -> Any:
    """Return (group of each kept sample int64[n], its span id uint64[n], its trace id uint64[n, 2], a sample of each
    group int64[G]).

    Samples with the same set of string labels are a group; groups are numbered as they are met. ``reserved``:
    uint64[3, 2], digests of ``span_id``, ``profile_id`` and ``trace_id``, which are not part of the set. The span id is
    a value of 16 hexadecimal digits read as one number, 0 when there is none; the trace id is one of 32 digits, read as
    two. Without any trace id there are no rows of them.
    """
    groups = np.zeros(len(kept), np.int64)
    spans = np.zeros(len(kept), np.uint64)
    traces = np.zeros((len(kept), 2), np.uint64)
    traced = 0
    members = np.empty(len(kept), np.int64)
    lanes = np.empty((len(kept), 2), np.uint64)
    table = np.zeros(_table_size(len(kept)), np.int32)
    mask = np.uint64(len(table) - 1)
    used = 0
    for position in range(len(kept)):
        hi = SEED_HI
        lo = SEED_LO
        for row in range(samples[kept[position], 2], samples[kept[position] + 1, 2]):
            key, value = labels[row, 0], labels[row, 1]
            if value == 0:
                continue
            reserved_as = -1
            for index in range(3):
                if digests[key, 0] == reserved[index, 0] and digests[key, 1] == reserved[index, 1]:
                    reserved_as = index
            if reserved_as < 0:
                hi += finish(absorb_hi(digests[key, 0], digests[value, 0]))
                lo += finish(absorb_lo(digests[key, 1], digests[value, 1]))
            elif reserved_as < 2:
                if _is_hex(raw, strings[value, 0], strings[value, 1], _SPAN_DIGITS):
                    spans[position] = _hex_number(raw, strings[value, 0])
                else:
                    spans[position] = 0
            elif _is_hex(raw, strings[value, 0], strings[value, 1], 2 * _SPAN_DIGITS):
                traces[position, 0] = _hex_number(raw, strings[value, 0])
                traces[position, 1] = _hex_number(raw, strings[value, 0] + _SPAN_DIGITS)
                traced += traces[position, 0] != 0 or traces[position, 1] != 0
        slot = finish((hi ^ seed) * SEED_HI ^ lo) & mask
        while table[slot] != 0 and (lanes[table[slot] - 1, 0] != hi or lanes[table[slot] - 1, 1] != lo):
            slot = (slot + np.uint64(1)) & mask
        if table[slot] == 0:
            lanes[used, 0] = hi
            lanes[used, 1] = lo
            members[used] = kept[position]
            used += 1
            table[slot] = used
        groups[position] = table[slot] - 1
    return groups, spans, traces if traced > 0 else traces[:0], members[:used]


@kernel
def _is_hex(raw: U8, start: int, size: int, digits: int) -> Any:
    """Return whether a text is so many hexadecimal digits."""
    if size != digits:
        return False
    for index in range(start, start + size):
        lower = raw[index] | 0x20
        if not (0x30 <= raw[index] <= 0x39 or 0x61 <= lower <= 0x66):
            return False
    return True


@kernel
def _hex_number(raw: U8, start: int) -> Any:
    """Return the 16 hexadecimal digits from ``start`` on as a number."""
    number = np.uint64(0)
    for index in range(start, start + _SPAN_DIGITS):
        byte = raw[index]
        digit = byte - 0x30 if byte <= 0x39 else (byte | 0x20) - 0x57
        number = (number << np.uint64(4)) | np.uint64(digit)
    return number


@kernel
def merge_rows(
    kept: I64,
    samples: I64,
    values: I64,
    type_count: int,
    nodes: I64,
    node_digests: U64,
    groups: I64,
    spans: U64,
    traces: U64,
    group_count: int,
    seed: Any,
) -> Any:
    """Sum samples of one group, node, span and trace, and order them by group and node.

    ``nodes`` and ``groups``: int64[n] by kept sample; a group of -1 is left out. Returns (first row of each group
    int64[G + 1], node uint32[r], span uint64[r], trace uint64[r, 2] (no rows when ``traces`` has none), values
    int64[r * T], digests uint64[G, 2]). The values of a group are one block, one sample type after the other. The
    digest of a group is the same for any order of its samples.
    """
    count = len(kept)
    table = np.zeros(_table_size(count), np.int32)
    mask = np.uint64(len(table) - 1)
    firsts = np.empty(count, np.int64)  # position of the first sample of each row
    row_of = np.empty(count, np.int64)
    node_starts = np.zeros(len(node_digests) + 1, np.int64)
    offsets = np.zeros(group_count + 1, np.int64)
    used = 0
    for position in range(count):
        row_of[position] = -1
        if groups[position] < 0:
            continue
        key = np.uint64(nodes[position]) << np.uint64(32) | np.uint64(groups[position])
        link = spans[position]
        if len(traces) > 0:
            link ^= finish(traces[position, 0]) ^ traces[position, 1]
        slot = finish(finish(key ^ seed) ^ link) & mask
        while table[slot] != 0:
            other = firsts[table[slot] - 1]
            if (
                nodes[other] == nodes[position]
                and groups[other] == groups[position]
                and spans[other] == spans[position]
                and (
                    len(traces) == 0
                    or (traces[other, 0] == traces[position, 0] and traces[other, 1] == traces[position, 1])
                )
            ):
                break
            slot = (slot + np.uint64(1)) & mask
        if table[slot] == 0:
            firsts[used] = position
            used += 1
            table[slot] = used
            node_starts[nodes[position] + 1] += 1
            offsets[groups[position] + 1] += 1
        row_of[position] = table[slot] - 1
    targets = _ordered(firsts[:used], nodes, groups, np.cumsum(node_starts), np.cumsum(offsets))
    offsets = np.cumsum(offsets)
    return _summed(
        kept, samples, values, type_count, nodes, node_digests, groups, spans, traces, offsets, firsts[:used], row_of,
        targets,
    )  # fmt: skip


@kernel
def _ordered(firsts: I64, nodes: I64, groups: I64, node_starts: I64, offsets: I64) -> I64:
    """Return the place of each row when ordered by group and node; two counting sorts, the starts are used up."""
    by_node = np.empty(len(firsts), np.int64)
    for row in range(len(firsts)):
        node = nodes[firsts[row]]
        by_node[node_starts[node]] = row
        node_starts[node] += 1
    targets = np.empty(len(firsts), np.int64)
    for index in range(len(by_node)):
        group = groups[firsts[by_node[index]]]
        targets[by_node[index]] = offsets[group]
        offsets[group] += 1
    return targets


@kernel
def _summed(
    kept: I64,
    samples: I64,
    values: I64,
    type_count: int,
    nodes: I64,
    node_digests: U64,
    groups: I64,
    spans: U64,
    traces: U64,
    offsets: I64,
    firsts: I64,
    row_of: I64,
    targets: I64,
) -> Any:
    """Fill the rows in their places and digest them; see :func:`merge_rows`."""
    rows = len(firsts)
    row_nodes = np.empty(rows, np.uint32)
    row_spans = np.empty(rows, np.uint64)
    row_traces = np.empty((rows if len(traces) > 0 else 0, 2), np.uint64)
    sums = np.zeros(rows * type_count, np.int64)
    for position in range(len(kept)):
        if row_of[position] >= 0:
            group = groups[position]
            width = offsets[group + 1] - offsets[group]
            target = offsets[group] * type_count + targets[row_of[position]] - offsets[group]
            first = samples[kept[position], 1]
            for column in range(type_count):
                sums[target + column * width] += values[first + column]
    digests = np.zeros((len(offsets) - 1, 2), np.uint64)
    for row in range(rows):
        group = groups[firsts[row]]
        width = offsets[group + 1] - offsets[group]
        target = targets[row]
        node = nodes[firsts[row]]
        row_nodes[target] = node
        row_spans[target] = spans[firsts[row]]
        hi = absorb_hi(node_digests[node, 0], row_spans[target])
        lo = absorb_lo(node_digests[node, 1], row_spans[target])
        if len(traces) > 0:
            row_traces[target] = traces[firsts[row]]
            # A sample without a trace has the digest that it had before there were trace ids.
            if row_traces[target, 0] != 0 or row_traces[target, 1] != 0:
                hi = absorb_hi(hi, row_traces[target, 0])
                lo = absorb_lo(lo, row_traces[target, 1])
        target += offsets[group] * (type_count - 1)
        for column in range(type_count):
            hi = absorb_hi(hi, np.uint64(sums[target + column * width]))
            lo = absorb_lo(lo, np.uint64(sums[target + column * width]))
        digests[group, 0] += finish(hi)
        digests[group, 1] += finish(lo)
    return offsets, row_nodes, row_spans, row_traces, sums, digests


def warm_up() -> None:
    """Compile the kernels for the dtypes of real use."""
    samples = np.array([[0, 0, 0], [1, 1, 0]])
    refs, values = np.ones(1, np.int64), np.ones(1, np.int64)
    table = np.zeros((1, 7), np.int64)
    seed = np.uint64(1)
    kept = select_samples(samples, refs, values, table, table, table, table, 1, seed, np.zeros(COUNTERS, np.int64))
    digests = np.zeros((3, 2), np.uint64)
    raw = np.frombuffer(b"\x0a\x00", np.uint8)
    pairs = np.zeros((1, 2), np.int64)
    groups, spans, traces, _ = group_samples(raw, kept, samples, pairs, pairs, digests, digests, seed)
    merge_rows(kept, samples, values, 1, groups, digests, groups, spans, traces, 1, seed)
