"""Sums over the samples of a part's rows: alike for a head and a block, which only keep their samples differently."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.profiles.columns import I64, U32, U64, StackProfile, Symbols
from ingest.profiles.go_pgo import nearest_the_leaf
from ingest.profiles.projection import below_call_site_nodes, project_by_name, prune
from ingest.profiles.projection import by_name as project
from ingest.profiles.sample_choice import SampleChoice
from ingest.storage.sample_kernels import add_kept, add_rows, kept_traces, row_totals, span_totals


@dataclass(frozen=True, slots=True)
class SampleRun:
    """Samples that lie side by side, and where the rows that were asked for lie among them."""

    at: I64  #: int64[r], positions of the rows among those that were asked for
    offset: I64  #: int64[r], first sample of each row
    count: I64  #: int64[r], samples of each row
    node: U32  #: uint32[n]
    value: I64  #: int64[n]
    span: U64  #: uint64[n], 0 = none; or uint64[0] when there is none or nobody asked
    trace: U64  #: uint64[n, 2], zeros = none; or uint64[0, 2] when there is none or nobody asked


class Sampled(Protocol):
    """What a part gives out of its samples."""

    def symbols(self) -> Symbols:
        """Return what the nodes of samples are numbers in."""

    def runs(self, row_index: I64, with_spans: bool, with_traces: bool) -> Iterator[SampleRun]:
        """Return the samples of these rows, each row in exactly one run."""


@dataclass(frozen=True, slots=True)
class SpanTotals:
    """One entry per row and span of it: columns of equal length."""

    row: I64  #: position of the row among those that were asked for
    span: U64  #: never 0
    trace: U64  #: uint64[n, 2], zeros = none; the trace of one of the span's samples
    value: I64


def merge_samples(part: Sampled, row_index: I64, by_name: bool, choice: SampleChoice) -> StackProfile:
    """Sum the values of these rows per stack, as :meth:`ingest.storage.part.Part.merge` says."""
    symbols = part.symbols()
    node_self = np.zeros(symbols.node_count, np.int64)
    for run in part.runs(row_index, bool(choice.spans), bool(choice.traces)):
        kept = _kept(run, choice)
        if not len(kept):
            add_rows(run.node, run.value, run.offset, run.count, node_self)
        else:
            add_kept(run.node, run.value, kept, run.offset, run.count, node_self)
    if choice.call_site:
        node_self[~below_call_site_nodes(symbols, choice.call_site)] = 0
    if choice.changes_stacks:
        profile = nearest_the_leaf(prune(symbols, node_self), choice.keep_locations, choice.aggregate_callees)
        return project(profile) if by_name else profile
    return project_by_name(symbols, node_self) if by_name else prune(symbols, node_self)


def totals_of_rows(part: Sampled, row_index: I64, choice: SampleChoice) -> I64:
    """Sum the values of each row, as :meth:`ingest.storage.part.Part.row_totals` says."""
    totals = np.zeros(len(row_index), np.int64)
    nodes = _nodes(part, choice)
    for run in part.runs(row_index, bool(choice.spans), bool(choice.traces)):
        row_totals(run.node, run.value, _kept(run, choice), nodes, run.offset, run.count, run.at, totals)
    return totals


def totals_of_spans(part: Sampled, row_index: I64, choice: SampleChoice) -> Iterator[SpanTotals]:
    """Sum the values of each span of each row, as :meth:`ingest.storage.part.Part.span_totals` says."""
    nodes = _nodes(part, choice)
    for run in part.runs(row_index, True, True):
        if len(run.span):
            row, sample, value = span_totals(
                run.node, run.value, run.span, _kept(run, choice), nodes, run.offset, run.count
            )
            trace = run.trace[sample] if len(run.trace) else np.zeros((len(sample), 2), np.uint64)
            yield SpanTotals(run.at[row], run.span[sample], trace, value)


def _nodes(part: Sampled, choice: SampleChoice) -> NDArray[np.bool_]:
    """Return bool[N], the nodes whose samples count, or nothing when all do."""
    return below_call_site_nodes(part.symbols(), choice.call_site) if choice.call_site else np.zeros(0, np.bool_)


def _kept(run: SampleRun, choice: SampleChoice) -> NDArray[np.bool_]:
    """Return bool[n], the samples of the run that count, or nothing when all do."""
    if not (choice.spans or choice.traces):
        return np.zeros(0, np.bool_)
    kept = np.ones(len(run.node), np.bool_)
    if choice.spans:
        kept &= np.isin(run.span, np.array(choice.spans, np.uint64)) if len(run.span) else False
    if choice.traces:
        wanted = np.frombuffer(b"".join(choice.traces), ">u8").reshape(-1, 2).astype(np.uint64)
        kept &= kept_traces(run.trace, wanted) if len(run.trace) else False
    return kept
