"""The Connect unary protocol as a plain Django view.

No session, no form token, no framework between the request and its handler: pushes come through here by the thousand.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from ingest.api.body import content_length, read_decoded_body
from ingest.api.compression import compress
from ingest.api.connect.codec import ACCEPT_POST, Codec, codec_of, encode
from ingest.api.connect.errors import ConnectError, error_response, invalid
from ingest.api.connect.rpc import Incoming, RequestT, Rpc, as_connect_error, perform
from ingest.api.grpc.web import WEB_TYPES, answer_web, grpc_error_response, is_grpc, web_error_response, web_type_of
from ingest.api.metrics import observe_request
from ingest.api.sources import source_headers
from ingest.profiles.reasons import ConnectCode

_TIMEOUT = re.compile(r"[0-9]{1,10}", re.ASCII)


def unary(rpc: Rpc[RequestT]) -> Callable[[HttpRequest], HttpResponse]:
    """Return the view that serves ``rpc``."""
    route = "/" + rpc.path

    def view(request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response, counted = _answer(rpc, request, started)
        observe_request(request.method or "", route, counted, time.perf_counter() - started)
        return response

    view.csrf_exempt = True  # type: ignore[attr-defined]
    return view


def unimplemented(path: str) -> Callable[[HttpRequest], HttpResponse]:
    """Return a view for a method that exists in the protocol and not here: clients fall back on this code."""

    def view(request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return _wrong_method()
        error = ConnectError(ConnectCode.UNIMPLEMENTED, f"{path} is not implemented.")
        web_type = web_type_of(request.META.get("CONTENT_TYPE", ""))
        return error_response(error) if web_type is None else web_error_response(web_type, error)

    view.csrf_exempt = True  # type: ignore[attr-defined]
    return view


def _answer(rpc: Rpc[RequestT], request: HttpRequest, started: float) -> tuple[HttpResponse, int]:
    """Return the answer, and the HTTP status that it counts as: gRPC-Web answers 200 whatever happened."""
    if request.method != "POST":
        return _counted(_wrong_method())
    content_type = request.META.get("CONTENT_TYPE", "")
    codec = codec_of(content_type)
    if codec is None:
        return _answer_other_type(rpc, request, content_type, started)
    try:
        return _counted(_call(rpc, request, codec, started))
    except Exception as error:
        # An HTML page would hide the cause from the client and look like something else to it.
        return _counted(error_response(as_connect_error(error, rpc.path)))


def _answer_other_type(
    rpc: Rpc[RequestT], request: HttpRequest, content_type: str, started: float
) -> tuple[HttpResponse, int]:
    web_type = web_type_of(content_type)
    if web_type is not None:
        return answer_web(rpc, request, web_type, started)
    if is_grpc(content_type):
        return _counted(grpc_error_response())
    headers = {"Accept-Post": f"{ACCEPT_POST}, {WEB_TYPES}", "Content-Type": "text/plain"}
    return _counted(HttpResponse(status=415, headers=headers))


def _counted(response: HttpResponse) -> tuple[HttpResponse, int]:
    return response, response.status_code


def _call(rpc: Rpc[RequestT], request: HttpRequest, codec: Codec, started: float) -> HttpResponse:
    environ = request.META
    version = environ.get("HTTP_CONNECT_PROTOCOL_VERSION", "1")
    if version != "1":
        raise invalid(f"Connect-Protocol-Version must be 1, it is {version[:20]!r}.")
    incoming = Incoming(
        request,
        content_length(environ),
        lambda limits: read_decoded_body(environ, rpc.max_body_bytes(limits), limits.max_decompression_ratio),
        codec,
        _deadline(environ.get("HTTP_CONNECT_TIMEOUT_MS"), started),
    )
    reply = perform(rpc, incoming)
    response = HttpResponse(encode(codec, reply.body), content_type=codec.value, headers=dict(reply.headers))
    if reply.sources is not None:
        for name, value in source_headers(reply.sources):
            response[name] = value
    return compress(response, environ.get("HTTP_ACCEPT_ENCODING", ""))


def _deadline(text: str | None, started: float) -> float:
    """Return the moment (``perf_counter``) after which work on the request is wasted."""
    if not text:
        return float("inf")
    if not _TIMEOUT.fullmatch(text):
        raise invalid("Connect-Timeout-Ms must be 1 to 10 digits.")
    return started + int(text) / 1000


def _wrong_method() -> HttpResponse:
    return HttpResponse(status=405, headers={"Allow": "POST", "Content-Type": "text/plain"})
