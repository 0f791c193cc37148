"""Kernels that mend what Go's own profiler does to stacks and names.

:func:`without_type_parameters` takes the instantiation brackets out of function names; :func:`repair_stacks` gives
stacks that the runtime has cut the frames at the root that others of the same profile still have. The rules are
Pyroscope's, see :mod:`ingest.profiles.pprof.go`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import I64, U8, U64
from ingest.profiles.jit import kernel
from ingest.profiles.pprof.digest_kernels import SEED_HI, SEED_LO, absorb_hi, absorb_lo, finish

#: Stacks that agree in so many frames at the root are one group; only taller ones are looked at.
GROUP_FRAMES = 24
#: Frames of a window, and how many of them a group has: at 1 to 8 frames from the root.
WINDOW_FRAMES = 16
WINDOWS = GROUP_FRAMES - WINDOW_FRAMES
#: Groups followed from one that was cut to one that was not.
MAX_HOPS = 56

_OPENING = np.frombuffer(b"[go.shape.", np.uint8).copy()
_OPEN, _CLOSE = 0x5B, 0x5D


@kernel
def _begins(raw: U8, position: int, end: int) -> bool:
    """Return whether an instantiation bracket begins at ``position``."""
    if end - position < len(_OPENING):
        return False
    index = 0
    while index < len(_OPENING) and raw[position + index] == _OPENING[index]:
        index += 1
    return index == len(_OPENING)


@kernel
def _behind_bracket(raw: U8, position: int, end: int) -> int:
    """Return the position behind the bracket that opens at ``position``, or -1 when it is not closed."""
    depth = 0
    for index in range(position, end):
        if raw[index] == _OPEN:
            depth += 1
        elif raw[index] == _CLOSE:
            depth -= 1
            if depth == 0:
                return index + 1
    return -1


@kernel
def _copy_without(raw: U8, position: int, end: int, out: U8, target: int) -> int:
    """Copy a name without its brackets to ``out[target:]``; return where it ends. From one that is not closed on the
    name stays as it is, so no byte is looked at more than a few times."""
    while position < end:
        behind = -1
        if raw[position] == _OPEN and _begins(raw, position, end):
            behind = _behind_bracket(raw, position, end)
            if behind < 0:
                while position < end:
                    out[target] = raw[position]
                    target += 1
                    position += 1
                break
        if behind >= 0:
            position = behind
        else:
            out[target] = raw[position]
            target += 1
            position += 1
    return target


@kernel
def without_type_parameters(raw: U8, strings: I64, functions: I64) -> Any:
    """Point names and system names of functions at names without brackets, in place.

    Returns (bytes of the new names uint8, rows of the string table for them int64[n, 2]): both go behind what there is.
    """
    renamed = np.zeros(len(strings), np.int64)  # number of the new name + 1
    room = 0
    count = 0
    for row in range(len(functions)):
        for column in range(1, 3):
            name = functions[row, column]
            if renamed[name] == 0:
                renamed[name] = -1
                start, end = strings[name, 0], strings[name, 0] + strings[name, 1]
                for position in range(start, end):
                    if raw[position] == _OPEN and _begins(raw, position, end):
                        count += 1
                        renamed[name] = count
                        room += end - start
                        break
    out = np.empty(room, np.uint8)
    added = np.empty((count, 2), np.int64)
    target = 0
    for name in range(len(strings)):
        if renamed[name] > 0:
            start, end = strings[name, 0], strings[name, 0] + strings[name, 1]
            added[renamed[name] - 1, 0] = len(raw) + target
            begin = target
            target = _copy_without(raw, start, end, out, target)
            added[renamed[name] - 1, 1] = target - begin
    for row in range(len(functions)):
        for column in range(1, 3):
            number = renamed[functions[row, column]]
            if number > 0:
                functions[row, column] = len(strings) + number - 1
    return out[:target], added


@kernel
def deepest_stack(kept: I64, samples: I64) -> int:
    """Return the frames of the deepest kept stack, 0 without any."""
    deepest = 0
    for position in range(len(kept)):
        deepest = max(deepest, samples[kept[position] + 1, 0] - samples[kept[position], 0])
    return deepest


@kernel
def _digest_frames(refs: I64, first: int, last: int, locations: U64) -> Any:
    """Return both lanes of the digest of some frames."""
    hi, lo = SEED_HI, SEED_LO
    for index in range(first, last):
        hi = absorb_hi(hi, locations[refs[index], 0])
        lo = absorb_lo(lo, locations[refs[index], 1])
    return finish(hi), finish(lo)


@kernel
def _slot(table: Any, lanes: U64, hi: Any, lo: Any, seed: Any) -> Any:
    """Return the slot of these lanes: taken by them, or empty."""
    mask = np.uint64(len(table) - 1)
    slot = finish((hi ^ seed) * SEED_HI ^ lo) & mask
    while table[slot] != 0 and (lanes[table[slot] - 1, 0] != hi or lanes[table[slot] - 1, 1] != lo):
        slot = (slot + np.uint64(1)) & mask
    return slot


@kernel
def _empty_table(entries: int) -> Any:
    """Return a table of rows + 1 for this many entries, at most half full."""
    size = 16
    while size < 2 * entries:
        size *= 2
    return np.zeros(size, np.int32)


@kernel
def _root_groups(kept: I64, samples: I64, refs: I64, locations: U64, seed: Any) -> Any:
    """Return (group of each kept stack int64[n], -1 for low ones; where a stack of each group ends int64[G])."""
    groups = np.full(len(kept), -1, np.int64)
    ends = np.empty(len(kept), np.int64)
    lanes = np.empty((len(kept), 2), np.uint64)
    table = _empty_table(len(kept))
    used = 0
    for position in range(len(kept)):
        first, last = samples[kept[position], 0], samples[kept[position] + 1, 0]
        if last - first <= GROUP_FRAMES:
            continue
        hi, lo = _digest_frames(refs, last - GROUP_FRAMES, last, locations)
        slot = _slot(table, lanes, hi, lo, seed)
        if table[slot] == 0:
            lanes[used, 0] = hi
            lanes[used, 1] = lo
            ends[used] = last
            used += 1
            table[slot] = used
        groups[position] = table[slot] - 1
    return groups, ends[:used]


@kernel
def _same_frames(refs: I64, one: int, other: int, count: int, locations: U64) -> bool:
    """Return whether two stacks that end at these places of ``refs`` agree in so many frames at the root."""
    for back in range(1, count + 1):
        for lane in range(2):
            if locations[refs[one - back], lane] != locations[refs[other - back], lane]:
                return False
    return True


@kernel
def _dependencies(ends: I64, refs: I64, locations: U64, seed: Any) -> Any:
    """Return (group that each group lacks frames of, -1 for none; how many) int64[G] each.

    A window stands for the group where it lies farthest from the root; one that lies as far in groups that end in
    different frames tells nothing.
    """
    count = len(ends)
    table = _empty_table(count * WINDOWS)
    lanes = np.empty((count * WINDOWS, 2), np.uint64)
    holder = np.empty(count * WINDOWS, np.int64)
    distance = np.empty(count * WINDOWS, np.int64)
    is_clear = np.empty(count * WINDOWS, np.uint8)
    used = 0
    for group in range(count):
        for away in range(1, WINDOWS + 1):
            last = ends[group] - away
            hi, lo = _digest_frames(refs, last - WINDOW_FRAMES, last, locations)
            slot = _slot(table, lanes, hi, lo, seed)
            window = table[slot] - 1
            if window < 0:
                window = used
                lanes[used, 0] = hi
                lanes[used, 1] = lo
                used += 1
                table[slot] = used
            elif distance[window] == away and not _same_frames(
                refs, ends[group], ends[holder[window]], away, locations
            ):
                is_clear[window] = 0
                continue
            elif distance[window] >= away:
                continue
            holder[window] = group
            distance[window] = away
            is_clear[window] = 1
    above = np.full(count, -1, np.int64)
    missing = np.zeros(count, np.int64)
    for group in range(count):
        hi, lo = _digest_frames(refs, ends[group] - WINDOW_FRAMES, ends[group], locations)
        window = table[_slot(table, lanes, hi, lo, seed)] - 1
        if window < 0 or not is_clear[window]:
            continue
        # A group that ends in the same frames knows no more of the root.
        if not _same_frames(refs, ends[group], ends[holder[window]], WINDOW_FRAMES, locations):
            above[group] = holder[window]
            missing[group] = distance[window]
    return above, missing


@kernel
def repair_stacks(kept: I64, samples: I64, refs: I64, locations: U64, seed: Any) -> Any:
    """Return (refs int64[R], offsets int64[n + 1]) of all samples with the frames added that cut ones lack.

    ``refs`` are rows of locations, whose digests ``locations`` are uint64[L, 2]; ``offsets`` replaces the first column
    of ``samples``. A stack gains at most ``MAX_HOPS * WINDOWS`` frames.
    """
    groups, ends = _root_groups(kept, samples, refs, locations, seed)
    above, missing = _dependencies(ends, refs, locations, seed)
    added = np.zeros(len(ends), np.int64)
    for group in range(len(ends)):
        at, hops = group, 0
        while above[at] >= 0 and hops <= MAX_HOPS:
            added[group] += missing[at]
            at = above[at]
            hops += 1
        if hops > MAX_HOPS:
            added[group] = 0
    offsets = samples[:, 0].copy()
    gained = 0
    position = 0
    for sample in range(len(samples) - 1):
        if position < len(kept) and kept[position] == sample:
            if groups[position] >= 0:
                gained += added[groups[position]]
            position += 1
        offsets[sample + 1] += gained
    longer = np.empty(len(refs) + gained, np.int64)
    position = 0
    for sample in range(len(samples) - 1):
        target = offsets[sample]
        for index in range(samples[sample, 0], samples[sample + 1, 0]):
            longer[target] = refs[index]
            target += 1
        if position < len(kept) and kept[position] == sample:
            at = groups[position]
            while target < offsets[sample + 1]:
                last = ends[above[at]]
                for index in range(last - missing[at], last):
                    longer[target] = refs[index]
                    target += 1
                at = above[at]
            position += 1
    return longer, offsets


def warm_up() -> None:
    """Compile the kernels for the dtypes of real use."""
    raw = np.frombuffer(b"f[go.shape.int]", np.uint8)
    without_type_parameters(raw, np.array([[0, 15]]), np.zeros((1, 5), np.int64))
    kept, refs = np.zeros(1, np.int64), np.zeros(30, np.int64)
    samples = np.array([[0, 0, 0], [30, 1, 0]])
    deepest_stack(kept, samples)
    repair_stacks(kept, samples, refs, np.zeros((1, 2), np.uint64), np.uint64(1))
