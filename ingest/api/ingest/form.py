"""Multipart forms of agents: a few parts, read from a body that is in memory and bounded already."""

from __future__ import annotations

from multipart import MultipartError, PushMultipartParser, parse_options_header

from ingest.profiles.reasons import Reason, Rejection

#: Agents send at most three parts.
MAX_PARTS = 16
MAX_HEADERS, MAX_HEADER_BYTES = 8, 4096
#: RFC 2046 allows 70.
_MAX_BOUNDARY_CHARS = 200


def is_form(content_type: str) -> bool:
    """Whether a content type is that of a form with parts."""
    return "multipart/form-data" in content_type


def read_form(body: bytes, content_type: str) -> dict[str, bytes] | Rejection:
    """Return the parts by their names, files or not; of a name that comes twice the first, as Go's reader does."""
    boundary = parse_options_header(content_type)[1].get("boundary", "")
    if not 0 < len(boundary) <= _MAX_BOUNDARY_CHARS:
        return Rejection(Reason.BAD_REQUEST, "The content type names no boundary between the parts of the form.")
    parts: dict[str, bytes] = {}
    name, chunks = "", list[bytes]()
    try:
        with PushMultipartParser(
            boundary,
            max_header_size=MAX_HEADER_BYTES,
            max_header_count=MAX_HEADERS,
            max_segment_count=MAX_PARTS,
        ) as parser:
            for event in parser.parse(body):
                if event is None:
                    parts.setdefault(name, b"".join(chunks))
                elif isinstance(event, (bytes, bytearray)):
                    chunks.append(bytes(event))
                else:
                    name, chunks = event.name, []
    except MultipartError as error:
        return Rejection(Reason.BAD_REQUEST, f"The form cannot be read: {error}.")
    return parts
