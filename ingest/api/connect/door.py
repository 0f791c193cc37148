"""The Connect unary protocol as a plain Django view.

No session, no form token, no framework between the request and its handler: pushes come through here by the thousand.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.http import HttpRequest, HttpResponse
from google.protobuf.message import Message

from ingest import wiring
from ingest.api.body import content_length, read_decoded_body
from ingest.api.compression import compress
from ingest.api.connect.codec import ACCEPT_POST, Body, Codec, codec_of, decode, encode
from ingest.api.connect.errors import ConnectError, error_response, invalid, refused
from ingest.api.metrics import observe_request
from ingest.api.sources import source_headers
from ingest.api.tenancy import Scope, only_one, tenants_of
from ingest.profiles.limits import Limits
from ingest.profiles.reasons import ConnectCode, Rejection
from ingest.querier.types import QueryRefused, SourceReport, Unavailable

logger = logging.getLogger(__name__)

#: Largest body of a query; the longest selector is a few kilobytes.
QUERY_BODY_BYTES = 1 << 20

_TIMEOUT = re.compile(r"[0-9]{1,10}", re.ASCII)

RequestT = TypeVar("RequestT", bound=Message)


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler knows about the request besides its message."""

    tenants: tuple[str, ...]  #: sorted; several only where the scope is to query
    accept: str = ""  #: the Accept header as sent
    user_agent: str = ""  #: as sent
    body_bytes: int = 0  #: of the request as it came; 0 when it has no length

    @property
    def tenant(self) -> str:
        """The tenant of a method that cannot be about several; raises the error that refuses them."""
        tenant = only_one(self.tenants)
        if isinstance(tenant, Rejection):
            raise refused(tenant)
        return tenant


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer."""

    body: Body
    sources: SourceReport | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Rpc(Generic[RequestT]):
    """One method of a service."""

    path: str  #: without the leading slash, as ``package.Service/Method``
    request_type: type[RequestT]
    handler: Callable[[Call, RequestT], Reply]
    max_body_bytes: Callable[[Limits], int] = lambda _: QUERY_BODY_BYTES
    #: Hears of a body that was refused before the handler saw it, and of whose it was.
    on_unread: Callable[[Call, Rejection], None] = lambda _call, _rejection: None
    scope: Scope = Scope.QUERY


def unary(rpc: Rpc[RequestT]) -> Callable[[HttpRequest], HttpResponse]:
    """Return the view that serves ``rpc``."""
    route = "/" + rpc.path

    def view(request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = _answer(rpc, request, started)
        observe_request(request.method or "", route, response.status_code, time.perf_counter() - started)
        return response

    view.csrf_exempt = True  # type: ignore[attr-defined]
    return view


def unimplemented(path: str) -> Callable[[HttpRequest], HttpResponse]:
    """Return a view for a method that exists in the protocol and not here: clients fall back on this code."""

    def view(request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return _wrong_method()
        return error_response(ConnectError(ConnectCode.UNIMPLEMENTED, f"{path} is not implemented."))

    view.csrf_exempt = True  # type: ignore[attr-defined]
    return view


def _answer(rpc: Rpc[RequestT], request: HttpRequest, started: float) -> HttpResponse:
    if request.method != "POST":
        return _wrong_method()
    codec = codec_of(request.META.get("CONTENT_TYPE", ""))
    if codec is None:
        return HttpResponse(status=415, headers={"Accept-Post": ACCEPT_POST, "Content-Type": "text/plain"})
    try:
        return _call(rpc, request, codec, started)
    except ConnectError as error:
        return error_response(error)
    except QueryRefused as error:
        return error_response(refused(error.rejection))
    except Unavailable as error:
        return error_response(ConnectError(ConnectCode.UNAVAILABLE, str(error), {"Retry-After": "2"}))
    except Exception:
        # An HTML page would hide the cause from the client and look like something else to it.
        logger.exception("rpc failed path=%s", rpc.path)
        return error_response(ConnectError(ConnectCode.INTERNAL, "The server failed; its log says why."))


def _call(rpc: Rpc[RequestT], request: HttpRequest, codec: Codec, started: float) -> HttpResponse:
    environ = request.META
    version = environ.get("HTTP_CONNECT_PROTOCOL_VERSION", "1")
    if version != "1":
        raise invalid(f"Connect-Protocol-Version must be 1, it is {version[:20]!r}.")
    deadline = _deadline(environ.get("HTTP_CONNECT_TIMEOUT_MS"), started)
    tenants = tenants_of(request, rpc.scope)
    if isinstance(tenants, Rejection):
        raise refused(tenants)
    call = Call(tenants, environ.get("HTTP_ACCEPT", ""), environ.get("HTTP_USER_AGENT", ""), content_length(environ))
    limits = wiring.get_strictest_limits(tenants)
    body = read_decoded_body(request.environ, rpc.max_body_bytes(limits), limits.max_decompression_ratio)
    if isinstance(body, Rejection):
        rpc.on_unread(call, body)
        raise refused(body)
    message = decode(codec, body, rpc.request_type)
    if time.perf_counter() >= deadline:
        raise ConnectError(ConnectCode.DEADLINE_EXCEEDED, "The time limit of the request passed before it was read.")
    reply = rpc.handler(call, message)
    response = HttpResponse(encode(codec, reply.body), content_type=codec.value, headers=dict(reply.headers))
    if reply.sources is not None:
        for name, value in source_headers(reply.sources):
            response[name] = value
    return compress(response, environ.get("HTTP_ACCEPT_ENCODING", ""))


def _deadline(text: str | None, started: float) -> float:
    """Return the moment (``perf_counter``) after which work on the request is wasted.

    It is checked once, before the work begins: the distributor and the querier have deadlines of their own, and what
    a push has stored by then stays stored.
    """
    if not text:
        return float("inf")
    if not _TIMEOUT.fullmatch(text):
        raise invalid("Connect-Timeout-Ms must be 1 to 10 digits.")
    return started + int(text) / 1000


def _wrong_method() -> HttpResponse:
    return HttpResponse(status=405, headers={"Allow": "POST", "Content-Type": "text/plain"})
