"""Totals of rows over time, counted by label group and cell, with the largest of each cell as its exemplar.

A cell is a step of time, or one of the value buckets of a step. Rows go in part by part, and what is kept between parts
is one entry per group and cell, so that memory follows the size of the answer and not that of the data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.profiles.columns import I64, U64, Labels
from ingest.storage.read_messages import ExemplarsReply, PointsReply, i64_bytes, u64_bytes


@dataclass(frozen=True, slots=True)
class Observations:
    """What is to be counted: columns of equal length."""

    group: I64  #: number of the label group
    cell: I64
    value: I64
    series: I64  #: number of the labels that the group does not have
    time_ns: I64
    id_hi: U64
    id_lo: U64
    span: U64  #: 0 = none
    trace: U64  #: uint64[n, 2], zeros = none

    def take(self, index: I64) -> Observations:
        """Return the entries at these positions."""
        columns = (getattr(self, name)[index] for name in Observations.__slots__)
        return Observations(*columns)


class Timeline:
    """Counts observations. Not thread-safe."""

    def __init__(self, keep: tuple[str, ...], with_exemplars: bool) -> None:
        """``keep`` are the labels of groups; exemplars have the others."""
        self._keep = keep
        self._groups: dict[Labels, int] = {}
        self._others: dict[Labels, int] = {}
        nothing = np.zeros(0, np.int64)
        self._counted: tuple[I64, I64, I64, I64] = (nothing, nothing, nothing, nothing)
        self._best: Observations | None = None
        self._with_exemplars = with_exemplars

    def numbers(self, labels: Labels) -> tuple[int, int]:
        """Return the number of the group of a series and that of the labels it has besides."""
        group = tuple(pair for pair in labels if pair[0] in self._keep)
        others = tuple(pair for pair in labels if pair[0] not in self._keep) if self._with_exemplars else ()
        return self._groups.setdefault(group, len(self._groups)), self._others.setdefault(others, len(self._others))

    def add(self, seen: Observations) -> None:
        """Count the observations of one part."""
        group, cell, total, count = self._counted
        self._counted = _summed(
            np.concatenate((group, seen.group)),
            np.concatenate((cell, seen.cell)),
            np.concatenate((total, seen.value)),
            np.concatenate((count, np.ones(len(seen.group), np.int64))),
        )

    def suggest(self, seen: Observations) -> None:
        """Take these observations of one part for exemplars, as far as they are the largest of their cells."""
        if len(seen.group):
            self._best = largest(seen if self._best is None else _joined(self._best, seen))

    def points(self) -> list[PointsReply]:
        """Return the counts of each group that has any, by its labels."""
        group, cell, total, count = self._counted
        numbers = np.arange(len(self._groups) + 1)
        bounds = np.searchsorted(group, numbers)
        best_bounds = bounds if self._best is None else np.searchsorted(self._best.group, numbers)
        replies = []
        for labels, number in sorted(self._groups.items()):
            at = slice(int(bounds[number]), int(bounds[number + 1]))
            if at.stop > at.start:
                exemplars = self._exemplars(int(best_bounds[number]), int(best_bounds[number + 1]))
                replies.append(
                    PointsReply(
                        list(labels), i64_bytes(cell[at]), i64_bytes(total[at]), i64_bytes(count[at]), exemplars
                    )
                )
        return replies

    def _exemplars(self, first: int, end: int) -> ExemplarsReply | None:
        """Return the exemplars from one place in the ordered ones to another."""
        if self._best is None:
            return None
        mine = self._best.take(np.arange(first, end))
        labels = list(self._others)
        used, series = np.unique(mine.series, return_inverse=True)
        return ExemplarsReply(
            [list(labels[number]) for number in used.tolist()],
            i64_bytes(mine.cell),
            i64_bytes(mine.value),
            i64_bytes(series.astype(np.int64)),
            i64_bytes(mine.time_ns),
            u64_bytes(mine.id_hi),
            u64_bytes(mine.id_lo),
            u64_bytes(mine.span),
            u64_bytes(mine.trace[:, 0]),
            u64_bytes(mine.trace[:, 1]),
        )


def largest(seen: Observations) -> Observations:
    """Return of each group and cell, in their order, the observation with the largest value; of equals the first."""
    order = np.lexsort((seen.span, seen.id_lo, seen.id_hi, seen.time_ns, -seen.value, seen.cell, seen.group))
    group, cell = seen.group[order], seen.cell[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (group[1:] != group[:-1]) | (cell[1:] != cell[:-1])
    return seen.take(order[first])


def _summed(group: I64, cell: I64, total: I64, count: I64) -> tuple[I64, I64, I64, I64]:
    """Sum what has the same group and cell; ordered by them."""
    if not len(group):
        return group, cell, total, count
    order = np.lexsort((cell, group))
    group, cell = group[order], cell[order]
    first = np.flatnonzero(np.concatenate(([True], (group[1:] != group[:-1]) | (cell[1:] != cell[:-1]))))
    return group[first], cell[first], np.add.reduceat(total[order], first), np.add.reduceat(count[order], first)


def _joined(first: Observations, second: Observations) -> Observations:
    columns = (
        np.concatenate((getattr(first, name), getattr(second, name))) for name in Observations.__slots__
    )  # fmt: skip
    return Observations(*columns)
