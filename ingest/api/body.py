"""Reading request bodies, bounded.

The body is read from the WSGI stream, not through ``request.body``: for a chunked request, and for HTTP/2 without a
length, Django sees no ``CONTENT_LENGTH`` and hands out an empty body, which a push would answer with success.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ingest.profiles.pprof.gunzip import gunzip_bounded
from ingest.profiles.reasons import Reason, Rejection

_READ_BYTES = 1 << 16
_GZIP_MAGIC = b"\x1f\x8b"

#: Longest decimal text taken for a length; longer ones are not lengths of anything.
_MAX_LENGTH_DIGITS = 18


def content_length(environ: Mapping[str, Any]) -> int:
    """Return the announced length of the body; 0 when none is announced or what is announced is no length."""
    announced = environ.get("CONTENT_LENGTH") or ""
    return int(announced) if _is_length(announced) else 0


def read_body(environ: Mapping[str, Any], max_bytes: int) -> bytes | Rejection:
    """Return the request body as it came over the wire.

    Returns ``body_too_large`` above ``max_bytes`` (before reading, when the length is announced) and ``bad_request``
    when the body ends before its announced length.
    """
    announced = environ.get("CONTENT_LENGTH") or ""
    if announced:
        if not _is_length(announced):
            return Rejection(Reason.BAD_REQUEST, "Content-Length is not a number of bytes.")
        length = int(announced)
        if length > max_bytes:
            return _too_large(max_bytes)
        body = _read_up_to(environ["wsgi.input"], length)
        if len(body) < length:
            return Rejection(Reason.BAD_REQUEST, f"The body ended after {len(body)} of {length} bytes.")
        return body
    if not _ends_by_itself(environ):
        return b""
    body = _read_up_to(environ["wsgi.input"], max_bytes + 1)
    return _too_large(max_bytes) if len(body) > max_bytes else body


def read_decoded_body(environ: Mapping[str, Any], max_bytes: int, max_ratio: int) -> bytes | Rejection:
    """Return the request body with its ``Content-Encoding`` (gzip or identity) undone; both forms are bounded."""
    encoding = (environ.get("HTTP_CONTENT_ENCODING") or "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        return Rejection(
            Reason.UNSUPPORTED_ENCODING, f"Content-Encoding {encoding[:40]!r} is not supported; gzip and identity are."
        )
    body = read_body(environ, max_bytes)
    if isinstance(body, Rejection) or encoding == "identity" or not body:
        return body
    if not body.startswith(_GZIP_MAGIC):
        return Rejection(Reason.BAD_GZIP, "Content-Encoding says gzip, the body is something else.")
    return gunzip_bounded(body, max_bytes, max_ratio)


def _is_length(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MAX_LENGTH_DIGITS


def _ends_by_itself(environ: Mapping[str, Any]) -> bool:
    """Whether reading to the end is safe without a length: with other servers it could wait for ever."""
    return bool(environ.get("wsgi.input_terminated"))


def _read_up_to(stream: Any, length: int) -> bytes:
    """Read ``length`` bytes or to the end, whichever comes first; a read may return less than was asked for."""
    if length == 0:
        return b""
    first: bytes = stream.read(min(length, _READ_BYTES))
    if len(first) == length:
        return first
    parts, remaining = [first], length - len(first)
    while remaining and parts[-1]:
        parts.append(stream.read(min(remaining, _READ_BYTES)))
        remaining -= len(parts[-1])
    return b"".join(parts)


def _too_large(max_bytes: int) -> Rejection:
    return Rejection(Reason.BODY_TOO_LARGE, f"The body is larger than {max_bytes} bytes.")
