"""A look into a file without keeping it: the same conversion and the same rules as pushing, drawn as flame graphs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from ingest.profiles.columns import Labels, StackProfile
from ingest.profiles.flamegraph import FlameGraph, build_flamegraph
from ingest.profiles.formats.converted import Converted
from ingest.profiles.formats.detect import FileFormat
from ingest.profiles.formats.hints import ImportHints
from ingest.profiles.formats.import_file import import_file
from ingest.profiles.labels import LABEL_NAME, prepare_series_labels
from ingest.profiles.limits import Limits
from ingest.profiles.prepare import Prepared, prepare_profile
from ingest.profiles.profile_type import profile_type_id
from ingest.profiles.reasons import Rejection

#: Most flame graphs of one file. A file has one to four, a Java recording about ten.
MAX_GRAPHS = 32


@dataclass(frozen=True, slots=True)
class InspectedGraph:
    """One sample type of one profile."""

    labels: Labels  #: what the file says; not those of samples
    profile_type: str
    unit: str
    samples: int  #: with different stacks, over all labels of samples
    graph: FlameGraph


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a file holds."""

    format: FileFormat
    graphs: list[InspectedGraph]
    left_out: int  #: graphs beyond the bound
    dropped: dict[str, int]  #: how much the rules of pushing leave out, by why; as in the inbox


def inspect_file(
    data: bytes, hints: ImportHints, limits: Limits, max_nodes: int, named: str = ""
) -> Inspected | Rejection:
    """Return the flame graphs of a file, or the refusal that pushing it would meet; only its age does not matter."""
    limits = replace(limits, reject_older_than_ns=0, reject_newer_than_ns=0)
    imported = import_file(data, hints, limits, named)
    if isinstance(imported, Rejection):
        return imported
    graphs: list[InspectedGraph] = []
    left_out = 0
    dropped: Counter[str] = Counter()
    for converted in imported.profiles:
        prepared = _prepare(converted, limits, hints.now_ns)
        if isinstance(prepared, Rejection):
            return prepared
        dropped.update(prepared.dropped)
        room = MAX_GRAPHS - len(graphs)
        drawn = _draw(converted, prepared, max_nodes, room)
        graphs += drawn
        if prepared.groups:
            left_out += len(prepared.groups[0].sample_types) - len(drawn)
    return Inspected(imported.format, graphs, left_out, dict(dropped))


def _prepare(converted: Converted, limits: Limits, now_ns: int) -> Prepared | Rejection:
    labels = prepare_series_labels(converted.labels, limits)
    return labels if isinstance(labels, Rejection) else prepare_profile(converted.pprof, "", labels, limits, now_ns)


def _draw(converted: Converted, prepared: Prepared, max_nodes: int, room: int) -> list[InspectedGraph]:
    """Return a graph for each sample type, whatever the labels of its samples are; at most ``room``."""
    if not prepared.groups:
        return []
    first = prepared.groups[0]
    name = dict(converted.labels).get(LABEL_NAME, "")
    graphs = []
    for column, kind in enumerate(first.sample_types[:room]):
        values = np.zeros(prepared.symbols.node_count, np.int64)
        for group in prepared.groups:
            np.add.at(values, group.sample_node, group.sample_values[column])
        type_id = profile_type_id(name, kind.name, kind.unit, first.period_type.name, first.period_type.unit)
        graph = build_flamegraph(StackProfile(prepared.symbols, values), max_nodes)
        graphs.append(InspectedGraph(converted.labels, type_id, kind.unit, int(np.count_nonzero(values)), graph))
    return graphs
