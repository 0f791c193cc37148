"""A naive writer and reader of pprof, one Python object per record, to hold the kernels against."""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from ingest.profiles.columns import Symbols
from ingest.profiles.limits import Limits

#: Limits without an ingestion window, so that profiles recorded long ago pass.
ANY_TIME = replace(Limits(), reject_older_than_ns=0, reject_newer_than_ns=0)
SERIES = (("__name__", "process_cpu"), ("service_name", "checkout"))
NOW_NS = 1_700_000_000_000_000_000


def varint(value: int) -> bytes:
    """Return a varint; negative numbers are written in two's complement of 64 bits."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def number(field_number: int, value: int) -> bytes:
    """Return a varint field."""
    return varint(field_number << 3) + varint(value)


def message(field_number: int, content: bytes) -> bytes:
    """Return a length-delimited field."""
    return varint(field_number << 3 | 2) + varint(len(content)) + content


def packed(field_number: int, values: Iterable[int]) -> bytes:
    """Return a packed repeated field."""
    return message(field_number, b"".join(map(varint, values)))


Frame = tuple[str, str, int]  # function name, file name, line


@dataclass(frozen=True)
class Sample:
    """A stack from the root to the leaf, with its values and labels; a number as label value is a numeric label."""

    stack: tuple[Frame, ...]
    values: tuple[int, ...]
    labels: tuple[tuple[str, str | int], ...] = ()


@dataclass
class Profile:
    """A profile to write: one function and one location for each frame."""

    samples: Sequence[Sample]
    types: Sequence[tuple[str, str]] = (("cpu", "nanoseconds"),)
    period_type: tuple[str, str] = ("cpu", "nanoseconds")
    period: int = 10_000_000
    time_ns: int = NOW_NS
    duration_ns: int = 10_000_000_000
    extra: bytes = b""
    strings: list[str] = field(default_factory=list)

    def encode(self, rng: Random | None = None) -> bytes:
        """Return the message; with ``rng`` in another order, with other ids and another string table."""
        texts = {"": 0}
        frames = sorted({frame for sample in self.samples for frame in sample.stack})
        used = [text for frame in frames for text in frame[:2]]
        used += [text for sample in self.samples for pair in sample.labels for text in pair if isinstance(text, str)]
        used += [text for pair in (*self.types, self.period_type) for text in pair] + self.strings
        used = sorted(set(used) - {""})
        if rng:
            rng.shuffle(used)
            rng.shuffle(frames)
        for text in used:
            texts[text] = len(texts)
        ids = list(range(1, len(frames) + 1))
        if rng:
            ids = rng.sample(range(1, 10 * len(frames) + 2), len(frames))
        location_of = dict(zip(frames, ids, strict=True))
        samples = list(self.samples)
        if rng:
            rng.shuffle(samples)
        tables = [self._sample(sample, location_of, texts, rng) for sample in samples]
        for frame, ident in location_of.items():
            name, file, line = frame
            line_fields = number(1, ident) + number(2, line)
            tables.append(message(4, number(1, ident) + message(4, line_fields)))
            tables.append(message(5, number(1, ident) + number(2, texts[name]) + number(4, texts[file])))
        if rng:
            rng.shuffle(tables)
        head = b"".join(message(1, number(1, texts[kind]) + number(2, texts[unit])) for kind, unit in self.types)
        tail = b"".join(message(6, text.encode()) for text in texts)
        tail += number(9, self.time_ns) + number(10, self.duration_ns) + number(12, self.period)
        tail += message(11, number(1, texts[self.period_type[0]]) + number(2, texts[self.period_type[1]]))
        return head + b"".join(tables) + tail + self.extra

    @staticmethod
    def _sample(sample: Sample, location_of: dict[Frame, int], texts: dict[str, int], rng: Random | None) -> bytes:
        """Return a sample; repeated numbers are packed, or not when ``rng`` says so."""
        refs = [location_of[frame] for frame in reversed(sample.stack)]
        fields = []
        for field_number, values in ((1, refs), (2, list(sample.values))):
            if rng and rng.random() < 0.5:
                fields.append(b"".join(number(field_number, value) for value in values))
            else:
                fields.append(packed(field_number, values))
        labels = list(sample.labels)
        if rng:
            rng.shuffle(labels)
        for key, value in labels:
            content = number(2, texts[value]) if isinstance(value, str) else number(3, value)
            fields.append(message(3, number(1, texts[key]) + content))
        if rng:
            fields = fields[:2][:: rng.choice((1, -1))] + fields[2:]
        return message(2, b"".join(fields))


def node_stacks(symbols: Symbols, *, unnamed_as_empty: bool = False) -> list[tuple[str, ...]]:
    """Return the function names from the root to each node, inlined frames expanded.

    A location without lines is a frame named by its address; ``unnamed_as_empty`` blanks every name.
    """
    texts = symbols.strings()
    frames: list[tuple[str, ...]] = []
    offsets = symbols.location_line_offsets.tolist()
    for row, (first, last) in enumerate(itertools.pairwise(offsets)):
        functions = symbols.line_function[first:last][::-1].tolist()
        names = [texts[symbols.function_name[function]] for function in functions]
        frames.append(tuple(names) if names else (hex(int(symbols.location_address[row])),))
    if unnamed_as_empty:
        frames = [("",) * len(names) for names in frames]
    stacks: list[tuple[str, ...]] = [()]
    for parent, location in zip(symbols.node_parent.tolist()[1:], symbols.node_location.tolist()[1:], strict=True):
        stacks.append(stacks[parent] + frames[location])
    return stacks


def folded(pairs: Iterable[tuple[tuple[str, ...], int]]) -> dict[str, int]:
    """Return the sum of each stack, ``root;...;leaf``, without zeros."""
    sums: defaultdict[str, int] = defaultdict(int)
    for stack, value in pairs:
        sums[";".join(stack)] += value
    return {stack: value for stack, value in sums.items() if value}


def fold_sha256(sums: dict[str, int]) -> str:
    """Return the SHA-256 of the collapsed stacks, sorted bytewise and joined by newlines."""
    lines = sorted(f"{stack} {value}".encode() for stack, value in sums.items())
    return hashlib.sha256(b"\n".join(lines)).hexdigest()
