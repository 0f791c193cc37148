"""From samples of a request to the columns of one pprof message, with what they use of the dictionary and no more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.profiles.columns import (
    I64,
    MAPPING_HAS_FILENAMES,
    MAPPING_HAS_FUNCTIONS,
    MAPPING_HAS_LINE_NUMBERS,
    U32,
)
from ingest.profiles.formats.otlp.decode import Dictionary
from ingest.profiles.formats.otlp.references import Bools, Stacks
from ingest.profiles.pprof.message import (
    FunctionColumns,
    LocationColumns,
    MappingColumns,
    SampleColumns,
    StringTable,
)

#: Attributes of a mapping that identify its file, the best first.
BUILD_ID_KEYS = (
    "process.executable.build_id.gnu",
    "process.executable.build_id.go",
    "process.executable.build_id.htlhash",
)
_SYMBOLIZED = MAPPING_HAS_FUNCTIONS | MAPPING_HAS_FILENAMES | MAPPING_HAS_LINE_NUMBERS

_SPAN_ID, _TRACE_ID = "span_id", "trace_id"
_SPAN_ID_BYTES, _TRACE_ID_BYTES = 8, 16
_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)

LabelOf = Callable[[int], tuple[str, str] | None]  #: the label that an attribute of the dictionary becomes


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples of one message, all of whose references hold."""

    stack: I64  #: int64[N]
    link: I64  #: int64[N], 0 = none
    value: I64  #: int64[N]
    attribute_offsets: I64  #: int64[N + 1]
    attributes: I64  #: indexes into the attributes


@dataclass(frozen=True, slots=True)
class Tables:
    """The part of a message that comes from samples and dictionary."""

    strings: StringTable
    functions: FunctionColumns
    mappings: MappingColumns
    locations: LocationColumns
    samples: SampleColumns


def location_count(stacks: Stacks, stack: I64) -> int:
    """Return how many locations the stacks of samples have together."""
    return int((stacks.offsets[stack + 1] - stacks.offsets[stack]).sum())


def build_tables(dictionary: Dictionary, stacks: Stacks, samples: Samples, label_of: LabelOf) -> Tables:
    """Return the tables of a message of these samples, each with one value."""
    location_offsets, picked = _items(stacks.offsets, samples.stack)
    locations, location = _distinct(stacks.locations[picked], len(dictionary.locations))
    line_offsets, picked_lines = _items(dictionary.locations[:, 2], locations)
    lines = dictionary.lines[picked_lines]
    functions, line_function = _distinct(lines[:, 0], len(dictionary.functions))
    mapping_of = dictionary.locations[locations, 0]
    mappings = np.unique(mapping_of[mapping_of != 0])

    names = dictionary.functions[functions]
    mapping = dictionary.mappings[mappings]
    texts = _Texts(dictionary, np.concatenate((names[:, :3].ravel(), mapping[:, 3])))
    build_ids = [texts.index(_build_id(dictionary, one, label_of)) for one in mappings.tolist()]
    labels = _labels(dictionary, samples, label_of, texts)
    return Tables(
        strings=texts.table(),
        functions=FunctionColumns(
            texts.of_dictionary(names[:, 0]), texts.of_dictionary(names[:, 1]), texts.of_dictionary(names[:, 2]),
            np.ascontiguousarray(names[:, 3]),
        ),
        mappings=MappingColumns(
            start=_u64(mapping[:, 0]),
            limit=_u64(mapping[:, 1]),
            offset=_u64(mapping[:, 2]),
            filename=texts.of_dictionary(mapping[:, 3]),
            build_id=np.array(build_ids, np.uint32),
            flags=_flags(mappings, mapping_of, np.diff(line_offsets) > 0),
        ),
        locations=LocationColumns(
            mapping=np.where(mapping_of != 0, np.searchsorted(mappings, mapping_of) + 1, 0).astype(np.uint32),
            address=_u64(dictionary.locations[locations, 1]),
            line_offsets=line_offsets,
            line_function=line_function.astype(np.uint32),
            line_number=np.ascontiguousarray(lines[:, 1]),
        ),
        samples=SampleColumns(location_offsets, location.astype(np.uint32), samples.value.reshape(1, -1), *labels),
    )  # fmt: skip


class _Texts:
    """The string table under construction: strings of the dictionary, then texts that are not in it."""

    def __init__(self, dictionary: Dictionary, used: I64) -> None:
        self._dictionary = dictionary
        self._used = np.unique(np.concatenate((np.zeros(1, np.int64), used)))
        self._texts: dict[str, int] = {"": 0}

    def of_dictionary(self, indexes: I64) -> U32:
        """Return the new indexes of strings of the dictionary."""
        return np.searchsorted(self._used, indexes).astype(np.uint32)

    def index(self, text: str) -> int:
        """Return the index of a text."""
        known = self._texts.get(text)
        if known is None:
            known = self._texts[text] = len(self._used) + len(self._texts) - 1
        return known

    def table(self) -> StringTable:
        """Return all strings; the first is empty whatever the dictionary begins with."""
        spans = self._dictionary.strings
        rows = spans[self._used] if len(spans) else np.zeros((1, 2), np.int64)
        sizes = rows[:, 1].copy()
        sizes[0] = 0
        encoded = [text.encode("utf-8", "replace") for text in self._texts if text]
        all_sizes = np.concatenate((sizes, np.array([len(one) for one in encoded], np.int64)))
        offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(all_sizes, dtype=np.int64)))
        taken = self._dictionary.raw[_ranges(rows[:, 0], sizes)]
        return StringTable(offsets, np.concatenate((taken, np.frombuffer(b"".join(encoded), np.uint8))))


def _labels(dictionary: Dictionary, samples: Samples, label_of: LabelOf, texts: _Texts) -> tuple[I64, U32, U32]:
    """Return the labels of samples as offsets, keys and values."""
    attributes, inverse = _distinct(samples.attributes, len(dictionary.attributes))
    pairs = [label_of(one) for one in attributes.tolist()]
    key = np.array([texts.index(pair[0]) if pair else 0 for pair in pairs], np.int64)
    value = np.array([texts.index(pair[1]) if pair else 0 for pair in pairs], np.int64)
    sample = np.repeat(np.arange(len(samples.stack)), np.diff(samples.attribute_offsets))
    sample_parts, key_parts, value_parts = [sample], [key[inverse]], [value[inverse]]
    links, link = _distinct(samples.link, len(dictionary.links))
    for name, first, size in ((_SPAN_ID, 2, _SPAN_ID_BYTES), (_TRACE_ID, 0, _TRACE_ID_BYTES)):
        ids = _link_ids(dictionary, links, first, size, texts)[link]
        has_one = np.flatnonzero(ids)
        sample_parts.append(has_one)
        key_parts.append(np.full(len(has_one), texts.index(name) if len(has_one) else 0, np.int64))
        value_parts.append(ids[has_one])
    return _by_sample(len(samples.stack), sample_parts, key_parts, value_parts)


def _by_sample(count: int, samples: Sequence[I64], keys: Sequence[I64], values: Sequence[I64]) -> tuple[I64, U32, U32]:
    """Return labels, those with a key, in the order of their samples."""
    sample, key, value = np.concatenate(samples), np.concatenate(keys), np.concatenate(values)
    order = np.flatnonzero(key)
    order = order[np.argsort(sample[order], kind="stable")]
    offsets = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(sample[order], minlength=count), out=offsets[1:])
    return offsets, key[order].astype(np.uint32), value[order].astype(np.uint32)


def _link_ids(dictionary: Dictionary, links: I64, first: int, size: int, texts: _Texts) -> I64:
    """Return the index of the text of each link's identifier, 0 where there is none: another length, or all zeros."""
    indexes = np.zeros(len(links), np.int64)
    if not len(dictionary.links):
        return indexes
    spans = dictionary.links[links]
    whole = np.flatnonzero((spans[:, first + 1] == size) & (links != 0))
    if not len(whole):
        return indexes
    digits = dictionary.raw[spans[whole, first, None] + np.arange(size)]
    hexadecimal = np.stack((_HEX[digits >> 4], _HEX[digits & 15]), axis=2).reshape(len(whole), 2 * size)
    named = digits.any(axis=1)
    for row, text in zip(whole[named].tolist(), hexadecimal[named].view(f"S{2 * size}").ravel().tolist(), strict=True):
        indexes[row] = texts.index(text.decode("ascii"))
    return indexes


def _build_id(dictionary: Dictionary, mapping: int, label_of: LabelOf) -> str:
    first, last = dictionary.mappings[mapping, 4], dictionary.mappings[mapping + 1, 4]
    found: dict[str, str] = {}
    for attribute in dictionary.mapping_attributes[first:last].tolist():
        label = label_of(attribute) if 0 < attribute < len(dictionary.attributes) else None
        if label is not None:
            found.setdefault(*label)
    return next((found[key] for key in BUILD_ID_KEYS if key in found), "")


def _flags(mappings: I64, mapping_of: I64, has_lines: Bools) -> U32:
    """Return the flags of each mapping: it counts as symbolized when all of its locations are."""
    bare = np.isin(mappings, mapping_of[~has_lines])
    return np.where(bare, 0, _SYMBOLIZED).astype(np.uint32)


def _distinct(indexes: I64, bound: int) -> tuple[I64, I64]:
    """Return the distinct ``indexes``, sorted, and where each one is among them; all are below ``bound``, or 0.

    Marking them in a table is ten times as quick as sorting; not so when a few indexes meet a large table, which every
    profile of a request would go through anew.
    """
    if len(indexes) < bound:
        distinct, places = np.unique(indexes, return_inverse=True)
        return distinct, places
    is_used = np.zeros(max(bound, 1), np.bool_)
    is_used[indexes] = True
    return np.flatnonzero(is_used), (np.cumsum(is_used, dtype=np.int64) - 1)[indexes]


def _items(offsets: I64, rows: I64) -> tuple[I64, I64]:
    """Return, of the lists that ``offsets`` bound, those of ``rows``: new offsets, and the indexes of the items."""
    sizes = offsets[rows + 1] - offsets[rows]
    bounds = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(sizes, out=bounds[1:])
    return bounds, _ranges(offsets[rows], sizes)


def _ranges(starts: I64, sizes: I64) -> I64:
    """Return ``start, start + 1, ...`` of each range, one after the other."""
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if len(ends) else 0
    result: I64 = np.arange(total) + np.repeat(starts - (ends - sizes), sizes)
    return result


def _u64(column: I64) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.ascontiguousarray(column).view(np.uint64)
