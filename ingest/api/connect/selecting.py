"""What the methods of the querier have in common: which rows a request is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ingest.api.connect.errors import invalid, refused
from ingest.api.connect.rpc import Call
from ingest.profiles.profile_type import ProfileType, parse_profile_type
from ingest.profiles.reasons import Rejection
from ingest.profiles.selector import Matcher, parse_selector
from ingest.querier.types import Selection


def selected(call: Call, request: Any) -> Selection:
    """Return the rows that the selector, the profile type and the range of a Select request name."""
    if not request.label_selector.strip():
        raise invalid("label_selector is missing; {} selects everything.")
    matchers = all_of([request.label_selector])
    return Selection(call.tenants, matchers, _profile_type(request.profile_typeID), request.start, request.end)


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


def _profile_type(text: str) -> ProfileType:
    parsed = parse_profile_type(text)
    if isinstance(parsed, Rejection):
        raise refused(parsed)
    return parsed
