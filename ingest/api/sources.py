"""How an answer says who is missing from it."""

from __future__ import annotations

from typing import Any

from ingest.querier.types import SourceReport

#: Sources named in the header; the count that follows covers the rest.
_MAX_NAMED = 20


def source_headers(sources: SourceReport) -> list[tuple[str, str]]:
    """Return the headers of a Connect answer, whose messages have no field for this.

    ``Phlare-Complete`` is ``true`` when nothing acknowledged can be missing; a source may be missing and the answer
    still complete, when a replica answered in its place. ``Phlare-Sources-Missing`` is ``name=reason, ...``.
    """
    headers = [("Phlare-Complete", "true" if sources.complete else "false")]
    if sources.missing:
        named = [f"{_token(one.name)}={_token(one.reason)}" for one in sources.missing[:_MAX_NAMED]]
        if len(sources.missing) > _MAX_NAMED:
            named.append(f"and_{len(sources.missing) - _MAX_NAMED}_more=")
        headers.append(("Phlare-Sources-Missing", ", ".join(named)))
    return headers


def source_document(sources: SourceReport) -> dict[str, Any]:
    """Return the ``sources`` object of a REST answer."""
    return {
        "asked": list(sources.asked),
        "missing": [{"name": one.name, "reason": one.reason} for one in sources.missing],
        "complete": sources.complete,
    }


def _token(text: str) -> str:
    """Return ``text`` fit for a header: what separates, and what HTTP forbids, becomes an underscore."""
    return "".join(char if 32 < ord(char) < 127 and char not in ",=" else "_" for char in text)[:120]
