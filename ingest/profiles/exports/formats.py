"""The formats that a merged profile can be taken away in. What each can carry is told in docs/exports.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ingest.profiles.columns import StackProfile
from ingest.profiles.dot import dot_graph
from ingest.profiles.exports.caption import Caption
from ingest.profiles.exports.collapsed import collapsed_text
from ingest.profiles.exports.flame_page import flame_page
from ingest.profiles.exports.flame_svg import flame_svg
from ingest.profiles.exports.parquet import stacks_parquet
from ingest.profiles.exports.speedscope import speedscope_json
from ingest.profiles.exports.top_table import top_csv
from ingest.profiles.flamegraph import build_flamegraph
from ingest.profiles.reasons import Rejection
from ingest.profiles.tree_encoding import encode_tree


class ExportFormat(StrEnum):
    """A format by its name in an address."""

    PPROF = "pprof"
    COLLAPSED = "collapsed"
    SPEEDSCOPE = "speedscope"
    SVG = "svg"
    HTML = "html"
    OTLP = "otlp"
    CSV = "csv"
    PARQUET = "parquet"
    DOT = "dot"
    TREE = "tree"


class Reads(StrEnum):
    """Which profile a format is made from, and what ``max_nodes`` means for it."""

    WHOLE = "whole"  #: all stacks by name; ``max_nodes`` bounds them
    DRAWN = "drawn"  #: the stacks that a flame graph shows; ``max_nodes`` or the tenant's default bounds them
    FUNCTIONS = "functions"  #: all stacks by name; ``max_nodes`` bounds the functions drawn
    LOCATIONS = "locations"  #: files, lines and addresses as well: not made here but from the merged pprof


@dataclass(frozen=True, slots=True)
class Exporter:
    """How one format is made."""

    content_type: str
    extension: str
    reads: Reads
    #: Takes a profile, its caption and ``max_nodes`` (0: not given).
    encode: Callable[[StackProfile, Caption, int], bytes | Rejection] | None = None


EXPORTERS: dict[ExportFormat, Exporter] = {
    ExportFormat.PPROF: Exporter("application/octet-stream", "pb.gz", Reads.LOCATIONS),
    ExportFormat.OTLP: Exporter("application/x-protobuf", "otlp.pb", Reads.LOCATIONS),
    ExportFormat.COLLAPSED: Exporter(
        "text/plain; charset=utf-8",
        "collapsed.txt",
        Reads.WHOLE,
        lambda profile, _caption, _nodes: collapsed_text(profile),
    ),
    ExportFormat.SPEEDSCOPE: Exporter(
        "application/json",
        "speedscope.json",
        Reads.WHOLE,
        lambda profile, caption, _nodes: speedscope_json(profile, caption),
    ),
    ExportFormat.CSV: Exporter(
        "text/csv; charset=utf-8",
        "csv",
        Reads.WHOLE,
        lambda profile, caption, _nodes: top_csv(profile, caption.profile_type.sample_unit).encode(),
    ),
    ExportFormat.PARQUET: Exporter(
        "application/vnd.apache.parquet",
        "parquet",
        Reads.WHOLE,
        lambda profile, caption, _nodes: stacks_parquet(profile, caption),
    ),
    ExportFormat.TREE: Exporter(
        "application/octet-stream", "tree", Reads.WHOLE, lambda profile, _caption, _nodes: encode_tree(profile, 0)
    ),
    ExportFormat.SVG: Exporter(
        "image/svg+xml",
        "svg",
        Reads.DRAWN,
        lambda profile, caption, _nodes: flame_svg(build_flamegraph(profile, 0), caption).encode(),
    ),
    ExportFormat.HTML: Exporter(
        "text/html; charset=utf-8",
        "html",
        Reads.DRAWN,
        lambda profile, caption, _nodes: flame_page(build_flamegraph(profile, 0), caption).encode(),
    ),
    ExportFormat.DOT: Exporter(
        "text/vnd.graphviz; charset=utf-8",
        "dot",
        Reads.FUNCTIONS,
        lambda profile, caption, nodes: dot_graph(
            profile, caption.profile_type.sample_unit, nodes, caption.title
        ).encode(),
    ),
}


def file_name(caption: Caption, extension: str) -> str:
    """Return a name for the file that no system and no header has trouble with."""
    parts = f"{caption.profile_type.name}-{caption.profile_type.sample_type}-{caption.start_ms}-{caption.end_ms}"
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "-_") else "_" for char in parts)
    return f"{plain[:120]}.{extension}"
