"""Answers read requests over parts: the same code in an ingester and in a block worker.

A part that fails to read is named in the reply and costs the others nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ingest.profiles.columns import U64, Labels, StackProfile
from ingest.profiles.record import encode_stack_profile
from ingest.profiles.sample_choice import ExemplarKind
from ingest.profiles.selector import Matcher, matchers_from_json
from ingest.profiles.symbols import merge_profiles
from ingest.storage.errors import StorageError
from ingest.storage.part import Part, Rows, empty_rows, series_digests
from ingest.storage.read_messages import (
    PartDigestReply,
    PartHeldReply,
    PartIdentitiesReply,
    PartSelection,
    ReadOp,
    ReadReply,
    ReadRequest,
    i64_bytes,
    u64_bytes,
    u64_column,
)
from ingest.storage.read_timeline import add_points, add_to_heatmap, values_of
from ingest.storage.timeline import Timeline

Result = TypeVar("Result")
_IDENTITY = np.dtype([("fingerprint", np.uint64), ("hi", np.uint64), ("lo", np.uint64)])


def answer(request: ReadRequest, parts: Sequence[Part], damaged: Sequence[str] = ()) -> ReadReply:
    """Answer one request over ``parts``, all of the request's tenant. ``damaged`` is what could not even be opened."""
    reader = _Reader(request, parts, list(damaged))
    return reader.answer()


class _Reader:
    """One request being answered."""

    def __init__(self, request: ReadRequest, parts: Sequence[Part], damaged: list[str]) -> None:
        self._request = request
        self._parts = parts
        self._damaged = damaged
        self._matchers: tuple[Matcher, ...] = matchers_from_json(request.matchers)

    def answer(self) -> ReadReply:
        match self._request.op:
            case ReadOp.DIGESTS:
                digests = [one for one in self._over(self._in_range(), self._digest) if one is not None]
                return ReadReply(damaged=self._damaged, digests=digests)
            case ReadOp.IDENTITIES:
                selected, gone = self._selected()
                identities = list(self._over(selected, self._identities))
                return ReadReply(damaged=self._damaged, gone=gone, identities=identities)
            case ReadOp.MERGE:
                return self._merge()
            case ReadOp.POINTS:
                return self._timeline(add_points)
            case ReadOp.HEATMAP:
                return self._timeline(add_to_heatmap)
            case ReadOp.VALUES:
                return self._values()
            case ReadOp.HELD:
                return ReadReply(damaged=self._damaged, held=list(self._over(self._in_range(), self._held)))
            case ReadOp.PROJECT:
                keep = tuple(self._request.labels)
                projected = {one for found in self._series() for one in _project(found, keep)}
                return ReadReply(damaged=self._damaged, series=[list(one) for one in sorted(projected)])
            case ReadOp.LABEL_NAMES:
                names = {name for found in self._series() for labels in found for name, _ in labels}
                return ReadReply(damaged=self._damaged, strings=sorted(names))
            case ReadOp.LABEL_VALUES:
                wanted = self._request.labels[0]
                values = {v for found in self._series() for labels in found for name, v in labels if name == wanted}
                return ReadReply(damaged=self._damaged, strings=sorted(values))

    def _in_range(self) -> list[Part]:
        start_ns, end_ns = self._request.start_ns, self._request.end_ns
        return [part for part in self._parts if part.min_time_ns < end_ns and part.max_time_ns >= start_ns]

    def _over(self, parts: Sequence[Part], read: Callable[[Part], Result]) -> Iterator[Result]:
        """Read every part; one that cannot be read is noted and passed over."""
        for part in parts:
            try:
                yield read(part)
            except StorageError as error:
                self._damaged.append(f"{part.part_id} {error}")

    def _selected(self) -> tuple[list[Part], list[str]]:
        """The parts the request names, and the names that are no longer here."""
        here = {part.part_id: part for part in self._parts}
        wanted = [selection.part_id for selection in self._request.parts]
        return [here[name] for name in wanted if name in here], [name for name in wanted if name not in here]

    def _selection(self, part: Part) -> PartSelection:
        return next(one for one in self._request.parts if one.part_id == part.part_id)

    def _matching_rows(self, part: Part) -> Rows:
        series = part.select_series(self._matchers)
        if not len(series):
            return empty_rows()
        rows = part.rows(series, self._request.start_ns, self._request.end_ns)
        return _of_profiles(rows, self._request.choice.profile_ids)

    def _held(self, part: Part) -> PartHeldReply:
        rows = self._matching_rows(part)
        return PartHeldReply(
            part.part_id,
            part.owner,
            part.min_time_ns,
            part.max_time_ns,
            len(part.select_series(self._matchers)),
            len(rows),
            part.sample_count,
            part.size_bytes,
        )

    def _digest(self, part: Part) -> PartDigestReply | None:
        rows = self._matching_rows(part)
        if not len(rows):
            return None
        digest = series_digests(rows)
        fingerprint = part.series.fingerprints()[digest.series]
        order = np.argsort(fingerprint, kind="stable")
        return PartDigestReply(
            part.part_id,
            part.owner,
            u64_bytes(fingerprint[order]),
            i64_bytes(digest.count[order]),
            u64_bytes(digest.digest_hi[order]),
            u64_bytes(digest.digest_lo[order]),
            i64_bytes(digest.min_time_ns[order]),
            i64_bytes(digest.max_time_ns[order]),
        )

    def _identities(self, part: Part) -> PartIdentitiesReply:
        rows = self._matching_rows(part)
        fingerprint = part.series.fingerprints()[rows.series]
        keep = np.isin(fingerprint, u64_column(self._selection(part).whole))
        return PartIdentitiesReply(
            part.part_id,
            part.owner,
            u64_bytes(fingerprint[keep]),
            u64_bytes(rows.id_hi[keep]),
            u64_bytes(rows.id_lo[keep]),
        )

    def _rows_to_read(self, part: Part) -> Rows:
        """The rows of a part that the request names, whole series and single rows together."""
        rows = self._matching_rows(part)
        selection = self._selection(part)
        fingerprint = part.series.fingerprints()[rows.series]
        keep = np.isin(fingerprint, u64_column(selection.whole))
        if selection.row_fingerprint:
            keep |= _is_named(selection, fingerprint, rows)
        return rows.take(np.flatnonzero(keep).astype(np.int64))

    def _merge(self) -> ReadReply:
        counted = 0

        def read(part: Part) -> StackProfile:
            nonlocal counted
            rows = self._rows_to_read(part)
            merged = part.merge(rows.row_index, self._request.by_name, self._request.choice)
            counted += len(rows)
            return merged

        selected, gone = self._selected()
        profiles = list(self._over(selected, read))
        if not profiles:
            return ReadReply(damaged=self._damaged, gone=gone)
        merged = profiles[0] if len(profiles) == 1 else merge_profiles(profiles)
        return ReadReply(rows=counted, damaged=self._damaged, gone=gone, profile=encode_stack_profile(merged))

    def _timeline(self, add: Callable[[ReadRequest, Part, Rows, Timeline], int]) -> ReadReply:
        timeline = Timeline(tuple(self._request.labels), self._request.exemplars is not ExemplarKind.NONE)
        selected, gone = self._selected()
        counted = sum(self._over(selected, lambda part: add(self._request, part, self._rows_to_read(part), timeline)))
        return ReadReply(rows=counted, damaged=self._damaged, gone=gone, points=timeline.points())

    def _values(self) -> ReadReply:
        selected, gone = self._selected()
        found = [
            one
            for one in self._over(selected, lambda part: values_of(self._request, part, self._rows_to_read(part)))
            if one is not None
        ]
        values = (min(low for low, _ in found), max(high for _, high in found)) if found else None
        return ReadReply(damaged=self._damaged, gone=gone, values=values)

    def _series(self) -> Iterator[list[Labels]]:
        """Labels of the matching series of each part in the range. Metadata is at the granularity of parts."""

        def read(part: Part) -> list[Labels]:
            return [part.series.labels(int(series)) for series in part.select_series(self._matchers)]

        return self._over(self._in_range(), read)


def _of_profiles(rows: Rows, profile_ids: Sequence[bytes]) -> Rows:
    """Return the rows of these profiles, all when none is named."""
    if not profile_ids:
        return rows
    wanted = np.frombuffer(b"".join(profile_ids), ">u8").reshape(-1, 2).astype(np.uint64)
    none = np.zeros(1, np.uint64)
    named = _identity_keys(none.repeat(len(wanted)), wanted[:, 0], wanted[:, 1])
    mine = _identity_keys(none.repeat(len(rows)), rows.id_hi, rows.id_lo)
    return rows.take(np.flatnonzero(np.isin(mine, named)).astype(np.int64))


def _projection(labels: Labels, keep: tuple[str, ...]) -> Labels:
    return tuple(pair for pair in labels if pair[0] in keep)


def _project(series: Sequence[Labels], keep: tuple[str, ...]) -> set[Labels]:
    """Distinct projections of series on the labels ``keep``; no names mean all labels."""
    return {_projection(labels, keep) for labels in series} if keep else set(series)


def _is_named(selection: PartSelection, fingerprint: U64, rows: Rows) -> NDArray[np.bool_]:
    """Mark the rows whose (fingerprint, identity) the selection names."""
    named = _identity_keys(
        u64_column(selection.row_fingerprint), u64_column(selection.row_hi), u64_column(selection.row_lo)
    )
    return np.isin(_identity_keys(fingerprint, rows.id_hi, rows.id_lo), named)


def _identity_keys(fingerprint: U64, high: U64, low: U64) -> NDArray[np.void]:
    keys = np.empty(len(fingerprint), _IDENTITY)
    keys["fingerprint"], keys["hi"], keys["lo"] = fingerprint, high, low
    return keys.view(np.dtype((np.void, _IDENTITY.itemsize)))
