"""gRPC-Web: gRPC's frames in an ordinary request and answer of HTTP, on the addresses of Connect.

The answer is 200 whatever happened; what did stands in a last frame of trailers. In the text variants both bodies are
base64. gRPC itself ends with trailers of HTTP/2, which WSGI has not; a client of it is told where it is served.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from ingest.api.body import content_length, read_body
from ingest.api.connect.codec import Codec, encode
from ingest.api.connect.errors import ConnectError
from ingest.api.connect.rpc import Incoming, RequestT, Rpc, as_connect_error, perform
from ingest.api.grpc import status
from ingest.api.grpc.framing import PREFIX_BYTES, TRAILERS, frame, only_message
from ingest.api.sources import source_headers
from ingest.profiles.limits import Limits
from ingest.profiles.reasons import HTTP_STATUS, ConnectCode, Reason, Rejection

_GRPC = re.compile(r"application/grpc(?:\+[a-z]+)?", re.ASCII)
_WEB = re.compile(r"application/grpc-web(-text)?(?:\+(proto|json))?", re.ASCII)

#: What clients may send besides the types of Connect.
WEB_TYPES = "application/grpc-web, application/grpc-web+json, application/grpc-web+proto, application/grpc-web-text"

#: One base64 text, padded or at the end; several may follow each other, since senders encode as they write.
_BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}")


@dataclass(frozen=True, slots=True)
class WebType:
    """A content type of gRPC-Web."""

    content_type: str
    is_text: bool
    codec: Codec


def web_type_of(content_type: str) -> WebType | None:
    """Return the variant of gRPC-Web that a content type names, or None."""
    kind = content_type.partition(";")[0].strip().lower()
    match = _WEB.fullmatch(kind)
    if match is None:
        return None
    return WebType(kind, match[1] is not None, Codec.JSON if match[2] == "json" else Codec.PROTO)


def is_grpc(content_type: str) -> bool:
    """Whether a content type is that of gRPC proper."""
    return _GRPC.fullmatch(content_type.partition(";")[0].strip().lower()) is not None


def answer_web(rpc: Rpc[RequestT], request: HttpRequest, kind: WebType, started: float) -> tuple[HttpResponse, int]:
    """Answer a request of gRPC-Web; returns the answer, and the status of HTTP that metrics count it under."""
    try:
        content, headers = _call(rpc, request, kind, started)
    except Exception as error:
        told = as_connect_error(error, rpc.path)
        return web_error_response(kind, told), HTTP_STATUS[told.code]
    return _response(kind, content, {"grpc-status": str(status.OK)}, headers), 200


def web_error_response(kind: WebType, error: ConnectError) -> HttpResponse:
    """Return the answer of gRPC-Web for ``error``."""
    return _response(kind, b"", _trailers(error), [])


def grpc_error_response() -> HttpResponse:
    """Tell a client of gRPC, in the only form that it takes, that it is at the wrong door."""
    port = settings.GRPC_PORT
    where = f"on port {port}" if port else "nowhere: PHLARE_GRPC_PORT is 0"
    message = f"This port speaks Connect and gRPC-Web; gRPC is served {where}."
    trailers = _trailers(ConnectError(ConnectCode.UNIMPLEMENTED, message))
    return HttpResponse(b"", content_type="application/grpc", headers=trailers)


def _response(
    kind: WebType, content: bytes, trailers: dict[str, str], headers: Iterable[tuple[str, str]]
) -> HttpResponse:
    lines = "".join(f"{name}: {value}\r\n" for name, value in trailers.items())
    body = content + frame(lines.encode("ascii"), TRAILERS)
    if kind.is_text:
        body = base64.b64encode(body)
    return HttpResponse(body, content_type=kind.content_type, headers=dict(headers))


def _call(
    rpc: Rpc[RequestT], request: HttpRequest, kind: WebType, started: float
) -> tuple[bytes, list[tuple[str, str]]]:
    environ = request.META
    timeout = status.timeout_seconds(environ.get("HTTP_GRPC_TIMEOUT", ""))

    def read(limits: Limits) -> bytes | Rejection:
        max_bytes = rpc.max_body_bytes(limits)
        encoding = environ.get("HTTP_GRPC_ENCODING", "").strip().lower()
        framed = _read_framed(request, max_bytes, kind.is_text)
        if isinstance(framed, Rejection):
            return framed
        return only_message(framed, encoding, max_bytes, limits.max_decompression_ratio)

    incoming = Incoming(
        request,
        content_length(environ),
        read,
        kind.codec,
        float("inf") if timeout is None else started + timeout,
    )
    reply = perform(rpc, incoming)
    headers = [*reply.headers, *(source_headers(reply.sources) if reply.sources is not None else ())]
    return frame(encode(kind.codec, reply.body)), headers


def _read_framed(request: HttpRequest, max_bytes: int, is_text: bool) -> bytes | Rejection:
    max_framed_bytes = PREFIX_BYTES + max_bytes
    # As text three bytes are four; a little more for padding inside.
    body = read_body(request.environ, max_framed_bytes // 3 * 4 + 64 if is_text else max_framed_bytes)
    if isinstance(body, Rejection) or not is_text:
        return body
    try:
        parts = _BASE64.findall(body)
        if sum(map(len, parts)) != len(body):
            return Rejection(Reason.BAD_REQUEST, "The body is not base64.")
        return b"".join([base64.b64decode(part, validate=True) for part in parts])
    except binascii.Error as error:
        return Rejection(Reason.BAD_REQUEST, f"The body is not base64: {error}.")


def _trailers(error: ConnectError) -> dict[str, str]:
    trailers = {
        "grpc-status": str(status.GRPC_STATUS[error.code]),
        "grpc-message": status.percent_encoded(status.message_of(error)),
    }
    details = status.details_of(error)
    if details is not None:
        trailers["grpc-status-details-bin"] = base64.b64encode(details).rstrip(b"=").decode()
    return {**trailers, **dict(status.metadata_of(list(error.headers.items())))}
