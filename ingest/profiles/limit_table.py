"""What people are told of each limit, and what may be set: one row for each field of
:class:`~ingest.profiles.limits.Limits`.

Variables, the columns of a tenant in the database, the admin's form, the command line and the API are all made from
this table. A new limit is a field there and a row here. A limit that nothing obeys has no business in either.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from ingest.profiles.limits import DAY_NS, DEFAULT_LIMITS, Limits
from ingest.profiles.quantities import format_bytes, format_duration, parse_bytes, parse_duration
from ingest.profiles.reasons import Rejection
from ingest.profiles.relabel import DefaultRulesPosition
from ingest.profiles.relabel_text import parse_position, parse_rules, parse_sample_type_rules

#: Largest of each kind: what the database keeps and no calculation overflows.
MAX_COUNT, MAX_BYTES, MAX_DURATION_NS = 2**31 - 1, 1 << 40, 366 * DAY_NS
#: Profiles are kept for longer than anything else lasts.
MAX_RETENTION_NS = 10 * MAX_DURATION_NS
MAX_TEXT_CHARS = 64 << 10
_SECOND_NS = 1_000_000_000


class LimitKind(Enum):
    """How a limit is written and kept. It follows from the field: ``_ns``, ``_bytes``, a text, else a count."""

    COUNT = "a whole number"
    BYTES = "a size such as 65536, 64KiB or 2GiB"
    DURATION = "a duration such as 90s, 10m, 1h30m or 7d"
    TEXT = "a text"


@dataclass(frozen=True, slots=True)
class NotALimit:
    """Why a value cannot be a limit, in a sentence."""

    message: str


@dataclass(frozen=True, slots=True)
class LimitInfo:
    """One limit, for people."""

    name: str  #: field of Limits
    group: str  #: heading under which it is shown
    meaning: str  #: what it bounds and what its 0 means, in sentences
    minimum: int = 0
    longest_ns: int = MAX_DURATION_NS  #: for durations
    short_option: str = ""  #: its name on the command line when that is not the column's
    check: Callable[[str], str | None] | None = None  #: for texts: says what is wrong with one
    choices: tuple[str, ...] = ()  #: for texts: the only ones, where they are few

    @property
    def kind(self) -> LimitKind:
        """How it is written."""
        if isinstance(getattr(DEFAULT_LIMITS, self.name), str):
            return LimitKind.TEXT
        if self.name.endswith("_ns"):
            return LimitKind.DURATION
        return LimitKind.BYTES if "_bytes" in self.name else LimitKind.COUNT

    @property
    def column(self) -> str:
        """Its name wherever the value carries its unit: in the database, in messages and on the wire."""
        return self.name.removesuffix("_ns")

    @property
    def option(self) -> str:
        """Its name on the command line."""
        return self.short_option or self.column.replace("_", "-")

    @property
    def title(self) -> str:
        """Its name in a form."""
        return self.column.removesuffix("_bytes").replace("_", " ").capitalize()

    @property
    def maximum(self) -> int:
        """Largest value, in the unit of the field; characters of a text."""
        return {
            LimitKind.COUNT: MAX_COUNT,
            LimitKind.BYTES: MAX_BYTES,
            LimitKind.DURATION: self.longest_ns,
            LimitKind.TEXT: MAX_TEXT_CHARS,
        }[self.kind]

    def value_in(self, limits: Limits) -> int | str:
        """Return its value in ``limits``."""
        value: int | str = getattr(limits, self.name)
        return value


_RATES, _REQUESTS = "Rate of pushes", "Requests and profiles"
_LABELS, _RULES, _TIMES, _PLACEMENT, _KEEPING, _QUERIES = (
    "Labels and series",
    "Relabelling",
    "Times of profiles",
    "Placement",
    "Keeping",
    "Queries",
)

LIMIT_TABLE: tuple[LimitInfo, ...] = (
    LimitInfo(
        "ingestion_rate_bytes_per_second",
        _RATES,
        "Bytes of labels and of profiles once decompressed that may come a second, over all web processes together. "
        "0 is no limit.",
    ),
    LimitInfo(
        "ingestion_burst_bytes",
        _RATES,
        "Bytes that may come at once before the rate counts. A larger request can never pass, so it has to hold the "
        "largest profile with its labels.",
        minimum=1,
    ),
    LimitInfo(
        "ingestion_body_limit_bytes",
        _REQUESTS,
        "Bytes of one request body, and of all its profiles together once decompressed.",
        minimum=1,
    ),
    LimitInfo("max_decompression_ratio", _REQUESTS, "Decompressed bytes per compressed byte of a stream.", minimum=1),
    LimitInfo("max_profile_size_bytes", _REQUESTS, "Bytes of one profile once decompressed.", minimum=1),
    LimitInfo("max_profile_stacktrace_samples", _REQUESTS, "Samples of one profile.", minimum=1),
    LimitInfo(
        "max_profile_stacktrace_depth",
        _REQUESTS,
        "Frames of one stack. Deeper stacks lose frames on the leaf side and are stored.",
        minimum=1,
    ),
    LimitInfo("max_profile_stacktrace_sample_labels", _REQUESTS, "Labels of one sample. 0 allows none."),
    LimitInfo(
        "max_profile_symbol_value_length",
        _REQUESTS,
        "Bytes of one symbol name. Longer ones keep their end and are stored.",
        minimum=1,
    ),
    LimitInfo(
        "max_label_groups_per_profile",
        _REQUESTS,
        "Different sets of sample labels in one profile; each becomes a series of its own.",
        minimum=1,
    ),
    LimitInfo(
        "max_global_series_per_tenant",
        _LABELS,
        "Series with a profile in the last 10 to 20 minutes: different label sets, times the sample types of each. "
        "Beyond it new series are refused and known ones go on. 0 is no limit.",
    ),
    LimitInfo(
        "max_label_names_per_series",
        _LABELS,
        "Labels of one series, those of its samples included. A series has two at least: its name and its service.",
        minimum=2,
    ),
    LimitInfo("max_label_name_length", _LABELS, "Bytes of one label name.", minimum=len("service_name")),
    LimitInfo("max_label_value_length", _LABELS, "Bytes of one label value.", minimum=1),
    LimitInfo(
        "max_sessions_per_series",
        _LABELS,
        "Different session ids kept of one series. 0 removes the label, so that a restart makes no new series.",
    ),
    LimitInfo(
        "ingestion_relabeling_rules",
        _RULES,
        "Rules that rewrite the labels of profiles or drop them: a YAML or JSON list of Prometheus' relabel_config. "
        "They see the labels of the series and of its samples together. What they drop is counted, and no error.",
        check=lambda text: _sentence(parse_rules(text)),
    ),
    LimitInfo(
        "ingestion_relabeling_default_rules_position",
        _RULES,
        "Where the server's own rules, which give profiles of Go's delta profiler their usual names, stand beside "
        "these: first, last or disabled.",
        check=lambda text: _sentence(parse_position(text)),
        choices=tuple(position.value for position in DefaultRulesPosition),
    ),
    LimitInfo(
        "sample_type_relabeling_rules",
        _RULES,
        "Rules that keep or drop sample types. They see the labels of the series with __type__ and __unit__.",
        check=lambda text: _sentence(parse_sample_type_rules(text)),
    ),
    LimitInfo("reject_older_than_ns", _TIMES, "Age from which on profiles are refused. 0 takes every age."),
    LimitInfo(
        "reject_newer_than_ns", _TIMES, "How far in the future a profile is refused. 0 takes all from the future."
    ),
    LimitInfo(
        "out_of_order_window_ns",
        _TIMES,
        "How far a profile may lie before the newest one of the tenant on an ingester and still be taken. 0 takes only "
        "what is in order.",
    ),
    LimitInfo(
        "ingestion_tenant_shard_size",
        _PLACEMENT,
        "How many ingesters store this tenant's profiles, over all zones together. 0 is all of them. Writes follow "
        "half a minute after a change. Queries go on asking the ingesters of the former size, so nothing is hidden.",
        short_option="shard-size",
    ),
    LimitInfo(
        "compactor_blocks_retention_period_ns",
        _KEEPING,
        "How long profiles are kept: a block is deleted when its newest profile is older than this. What comes in with "
        "an older time goes soon after it is stored. 0 keeps all for ever.",
        longest_ns=MAX_RETENTION_NS,
        short_option="retention-period",
    ),
    LimitInfo(
        "max_query_lookback_ns",
        _QUERIES,
        "How far back a query reaches. Earlier starts are moved up; a query that ends before is empty. 0 is no limit.",
    ),
    LimitInfo("max_query_length_ns", _QUERIES, "Longest range of a query. 0 is no limit."),
    LimitInfo(
        "max_flamegraph_nodes_default", _QUERIES, "Nodes of a flame graph when the request names no number.", minimum=1
    ),
    LimitInfo(
        "max_flamegraph_nodes_max", _QUERIES, "Most nodes a request may ask for. More is refused. 0 is no limit."
    ),
)

BY_COLUMN: dict[str, LimitInfo] = {info.column: info for info in LIMIT_TABLE}
BY_OPTION: dict[str, LimitInfo] = {info.option: info for info in LIMIT_TABLE}


def _sentence(found: object) -> str | None:
    return found.message if isinstance(found, Rejection) else None


def parse_limit(info: LimitInfo, text: str) -> int | str | NotALimit:
    """Return the value that a person wrote, in the unit of the field, within its bounds."""
    value = _parse(info.kind, text)
    if value is None:
        return NotALimit(f"{text[:100]!r} is not {info.kind.value}.")
    wrong = what_is_wrong(info, value)
    return value if wrong is None else NotALimit(wrong)


def what_is_wrong(info: LimitInfo, value: int | str) -> str | None:
    """Return why a value is out of its bounds, in a sentence, or None."""
    if isinstance(value, str):
        if len(value) > info.maximum:
            return f"The text is longer than {info.maximum} characters."
        return info.check(value) if info.check is not None else None
    if not info.minimum <= value <= info.maximum:
        return f"Must be from {format_limit(info, info.minimum)} to {format_limit(info, info.maximum)}."
    return None


def format_limit(info: LimitInfo, value: int | str) -> str:
    """Return a value as people write it; :func:`parse_limit` reads it back."""
    if isinstance(value, str):
        return value
    match info.kind:
        case LimitKind.BYTES:
            return format_bytes(value)
        case LimitKind.DURATION:
            return format_duration(value / _SECOND_NS)
        case _:
            return str(value)


def _parse(kind: LimitKind, text: str) -> int | str | None:
    match kind:
        case LimitKind.TEXT:
            return text
        case LimitKind.BYTES:
            return parse_bytes(text)
        case LimitKind.DURATION:
            seconds = parse_duration(text)
            # Kept in microseconds, and exact in them for as long as the longest may be.
            return None if seconds is None else round(seconds * 1_000_000) * 1000
        case LimitKind.COUNT:
            return int(text) if re.fullmatch(r"\d{1,19}", text.strip(), re.ASCII) else None
