"""What the address of a request to ``/ingest`` says, and which format its body has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ingest.profiles.formats.app_name import AppName, parse_app_name
from ingest.profiles.reasons import Rejection
from ingest.profiles.time_grammar import parse_time_ns

DEFAULT_SAMPLE_RATE = 100
#: Above this a period would be 0 ns.
_MAX_SAMPLE_RATE = 1_000_000_000
_UNKNOWN_SPY = "unknown"


class BodyFormat(StrEnum):
    """The formats that ``/ingest`` reads."""

    TRIE = "trie"
    TREE = "tree"
    LINES = "lines"
    JFR = "jfr"
    PPROF = "pprof"
    SPEEDSCOPE = "speedscope"
    FORM = "form"  #: a multipart form with a pprof
    GROUPS = "groups"  #: folded stacks


@dataclass(frozen=True, slots=True)
class IngestParameters:
    """The query parameters of a request."""

    app: AppName
    from_ns: int
    until_ns: int
    sample_rate: int  #: samples per second; 0 = the sender said so
    spy_name: str
    units: str = ""  #: as sent; chooses nothing
    aggregation_type: str = ""  #: as sent; chooses nothing


def parse_parameters(query: Mapping[str, str], now_ns: int) -> IngestParameters | Rejection:
    """Return the parameters; only the name can be wrong, whatever else is unreadable gets its default."""
    app = parse_app_name(query.get("name", ""))
    if isinstance(app, Rejection):
        return app
    return IngestParameters(
        app=app,
        from_ns=_moment_ns(query.get("from", ""), now_ns),
        until_ns=_moment_ns(query.get("until", ""), now_ns),
        sample_rate=_sample_rate(query.get("sampleRate", "")),
        spy_name=query.get("spyName", "") or _UNKNOWN_SPY,
        units=query.get("units", "") or "samples",
        aggregation_type=query.get("aggregationType", "") or "sum",
    )


def format_of(named: str, content_type: str) -> BodyFormat:
    """Return the format of a body; the first rule that holds decides. An unknown ``named`` is as good as none."""
    if named == "trie" or content_type == "binary/octet-stream+trie":
        return BodyFormat.TRIE
    if named == "tree" or content_type == "binary/octet-stream+tree":
        return BodyFormat.TREE
    if named in ("lines", "jfr", "pprof", "speedscope"):
        return BodyFormat(named)
    return BodyFormat.FORM if "multipart/form-data" in content_type else BodyFormat.GROUPS


def _moment_ns(text: str, now_ns: int) -> int:
    return parse_time_ns(text, now_ns) if text else now_ns


def _sample_rate(text: str) -> int:
    text = text.strip()
    readable = text.isascii() and text.isdigit() and len(text) <= len(str(_MAX_SAMPLE_RATE))
    return min(int(text), _MAX_SAMPLE_RATE) if readable else DEFAULT_SAMPLE_RATE
