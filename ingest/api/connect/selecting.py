"""What the methods of the querier have in common: which rows a request is about."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ingest.api.connect.errors import invalid, refused
from ingest.api.connect.rpc import Call
from ingest.api.proto import types_pb2
from ingest.profiles.profile_type import ProfileType, parse_profile_type
from ingest.profiles.reasons import Rejection
from ingest.profiles.sample_choice import SampleChoice
from ingest.profiles.selector import Matcher, parse_selector
from ingest.querier.types import Selection

#: Profile ids, spans or traces that one request may name.
_MAX_IDS = 10_000

_PROFILE_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32}", re.ASCII | re.IGNORECASE)
_TRACE_ID = re.compile(r"[0-9a-f]{32}", re.ASCII | re.IGNORECASE)
_SPAN_ID = re.compile(r"[0-9a-f]{16}", re.ASCII | re.IGNORECASE)

#: Names of the fields that choose samples; no message has all of them.
_STACKS, _PROFILES, _TRACES, _SPANS = (
    "stack_trace_selector",
    "profile_id_selector",
    "trace_id_selector",
    "span_selector",
)


def selected(call: Call, request: Any) -> Selection:
    """Return the rows and samples that a Select request names: type, selector, range, ids and stacks."""
    if not request.label_selector.strip():
        raise invalid("label_selector is missing; {} selects everything.")
    matchers = all_of([request.label_selector])
    return Selection(
        call.tenants, matchers, _profile_type(request.profile_typeID), request.start, request.end, _choice(request)
    )


def all_of(selectors: Iterable[str]) -> tuple[Matcher, ...]:
    """Join several selectors: a series must match every one of them."""
    matchers: list[Matcher] = []
    for text in selectors:
        parsed = parse_selector(text)
        if isinstance(parsed, Rejection):
            raise refused(parsed)
        matchers.extend(parsed)
    return tuple(matchers)


def max_nodes(request: Any) -> int | None:
    """Return the bound on nodes that a request sets, None when it sets none."""
    if not request.HasField("max_nodes"):
        return None
    if request.max_nodes < 0:
        raise invalid("max_nodes must not be negative.")
    return int(request.max_nodes)


def _choice(request: Any) -> SampleChoice:
    fields = request.DESCRIPTOR.fields_by_name
    profile_ids = _ids(request, _PROFILES, _PROFILE_ID, "a UUID") if _PROFILES in fields else ()
    traces = _ids(request, _TRACES, _TRACE_ID, "a trace id of 32 hex digits") if _TRACES in fields else ()
    spans = _ids(request, _SPANS, _SPAN_ID, "a span id of 16 hex digits") if _SPANS in fields else ()
    if traces and spans:
        raise invalid("trace_id_selector and span_selector cannot be used together.")
    if any(not any(one) for one in (*traces, *spans)):
        raise invalid("An id of zeros is the id of nothing.")
    stacks = request.stack_trace_selector if _STACKS in fields else types_pb2.StackTraceSelector()
    return SampleChoice(
        profile_ids=profile_ids,
        spans=tuple(int.from_bytes(one, "big") for one in spans),
        traces=traces,
        call_site=tuple(one.name for one in stacks.call_site),
        keep_locations=stacks.go_pgo.keep_locations,
        aggregate_callees=stacks.go_pgo.aggregate_callees,
    )


def _ids(request: Any, field: str, form: re.Pattern[str], named: str) -> tuple[bytes, ...]:
    """Return the ids in a field, sorted and each once."""
    texts = getattr(request, field)
    if len(texts) > _MAX_IDS:
        raise invalid(f"{field} has {len(texts)} ids; {_MAX_IDS} are allowed.")
    for text in texts:
        if not form.fullmatch(text):
            raise invalid(f"{field}: {text[:64]!r} is not {named}.")
    return tuple(sorted({bytes.fromhex(text.replace("-", "")) for text in texts}))


def _profile_type(text: str) -> ProfileType:
    parsed = parse_profile_type(text)
    if isinstance(parsed, Rejection):
        raise refused(parsed)
    return parsed
