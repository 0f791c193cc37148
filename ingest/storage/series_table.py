"""Series of a part by label: which series exist, and which satisfy a selector.

:class:`SeriesIndex` grows under one writer; :class:`SeriesTable` is a view of its first ``count`` series, which never
changes. Postings (the ascending series indexes that carry a label pair) answer ``=`` by one lookup; every other
operator is tried once per distinct value of its label, not once per series.
"""

from __future__ import annotations

import sys
import threading
from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.profiles.columns import I64, U64, Labels
from ingest.profiles.selector import Matcher

#: Bytes of a dictionary slot with its share of free slots: hash, key, value and index at the usual two thirds of load.
_DICT_SLOT_BYTES = 100


class _Posting:
    """The series that carry one label pair. ``pair`` is the one copy of the pair that all labels share."""

    __slots__ = ("ids", "pair")

    def __init__(self, pair: tuple[str, str]) -> None:
        self.pair = pair
        self.ids = array("I")


class SeriesIndex:
    """Every series of a part, numbered from 0 in the order they were added. One writer, any number of readers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._labels: list[Labels] = []
        self._fingerprints = array("Q")
        self._by_labels: dict[Labels, int] = {}
        self._postings: dict[str, dict[str, _Posting]] = {}
        self.memory_bytes = sys.getsizeof(self) + 4096

    def __len__(self) -> int:
        return len(self._labels)

    def add(self, labels: Labels, fingerprint: int) -> int:
        """Return the index of the series with these labels (sorted by name), adding it when it is new."""
        known = self._by_labels.get(labels)
        if known is not None:
            return known
        with self._lock:
            index = len(self._labels)
            postings = [self._posting(pair) for pair in labels]
            for posting in postings:
                posting.ids.append(index)
            kept = tuple(posting.pair for posting in postings)
            self._fingerprints.append(fingerprint)
            self._by_labels[kept] = index
            self._labels.append(kept)
            self.memory_bytes += sys.getsizeof(kept) + len(kept) * 4 + 16 + _DICT_SLOT_BYTES + sys.getsizeof(index)
            return index

    def table(self) -> SeriesTable:
        """Return a view of the series present now."""
        return SeriesTable(self, len(self._labels))

    def _posting(self, pair: tuple[str, str]) -> _Posting:
        values = self._postings.get(pair[0])
        if values is None:
            values = self._postings[pair[0]] = {}
            self.memory_bytes += sys.getsizeof(pair[0]) + sys.getsizeof(values) + 2 * _DICT_SLOT_BYTES
        posting = values.get(pair[1])
        if posting is None:
            posting = values[pair[1]] = _Posting(pair)
            sizes = sys.getsizeof(pair) + sys.getsizeof(pair[1]) + sys.getsizeof(posting) + sys.getsizeof(posting.ids)
            self.memory_bytes += sizes + _DICT_SLOT_BYTES
        return posting


class SeriesTable:
    """The first ``count`` series of an index; safe to read while the index grows."""

    __slots__ = ("_count", "_index")

    def __init__(self, index: SeriesIndex, count: int) -> None:
        self._index = index
        self._count = count

    def __len__(self) -> int:
        return self._count

    def labels(self, series: int) -> Labels:
        """Return the labels of one series."""
        if not 0 <= series < self._count:
            raise IndexError(f"series {series} of {self._count}")
        return self._index._labels[series]

    def all_labels(self) -> list[Labels]:
        """Return the labels of every series, in index order."""
        return self._index._labels[: self._count]

    def fingerprints(self) -> U64:
        """Return uint64[count], the fingerprint of each series."""
        with self._index._lock:
            return np.array(self._index._fingerprints, np.uint64)[: self._count]

    def select(self, matchers: Sequence[Matcher]) -> I64:
        """Return the indexes of the series that satisfy every matcher, ascending.

        A series without a label has the empty string for its value, so ``label=""`` selects series that lack it.
        """
        keep = np.ones(self._count, np.bool_)
        for matcher in matchers:
            keep &= self._satisfying(matcher)
        return np.flatnonzero(keep).astype(np.int64)

    def label_names(self, series: I64 | None = None) -> list[str]:
        """Return the sorted label names of these series, or of all."""
        if series is not None:
            chosen = series.tolist()
            return sorted({name for index in chosen for name, _ in self.labels(index)})
        with self._index._lock:
            names = [name for name, values in self._index._postings.items() if self._any_present(values)]
        return sorted(names)

    def label_values(self, name: str, series: I64 | None = None) -> list[str]:
        """Return the sorted non-empty values of a label among these series, or among all."""
        chosen = np.ones(self._count, np.bool_)
        if series is not None:
            chosen[:] = False
            chosen[series] = True
        return sorted(value for value, ids in self._postings_of(name) if value and bool(chosen[ids].any()))

    def _any_present(self, values: dict[str, _Posting]) -> bool:
        return any(posting.ids[0] < self._count for posting in values.values())

    def _satisfying(self, matcher: Matcher) -> NDArray[np.bool_]:
        accepts_missing = matcher.matches("")
        keep = np.full(self._count, accepts_missing, np.bool_)
        exact = matcher.value if matcher.op == "=" and matcher.value else None
        for value, ids in self._postings_of(matcher.name, exact):
            accepted = matcher.matches(value)
            if accepted != accepts_missing:
                keep[ids] = accepted
        return keep

    def _postings_of(self, name: str, value: str | None = None) -> list[tuple[str, I64]]:
        """Copy the postings of a label, or of one pair, under the lock: an array that is being read cannot grow."""
        with self._index._lock:
            by_value = self._index._postings.get(name, {})
            if value is not None:
                found = by_value.get(value)
                chosen = [] if found is None else [found]
            else:
                chosen = list(by_value.values())
            copies = [(posting.pair[1], np.array(posting.ids, np.int64)) for posting in chosen]
        return [(text, ids[ids < self._count]) for text, ids in copies]
