"""One method of a service, and carrying out a call to it whatever transport it came by."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import Message

from ingest import wiring
from ingest.api.connect.codec import Body, Codec, decode
from ingest.api.connect.errors import ConnectError, refused
from ingest.api.tenancy import Request, Scope, no_tenant, only_one, tenants_of
from ingest.profiles.limits import Limits
from ingest.profiles.reasons import ConnectCode, Reason, Rejection
from ingest.profiles.tenant import DEFAULT_TENANT
from ingest.querier.types import QueryRefused, SourceReport, Unavailable

logger = logging.getLogger(__name__)

#: Largest body of a query; the longest selector is a few kilobytes.
QUERY_BODY_BYTES = 1 << 20

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
    needs_tenant: bool = True
    #: Reads a message in place of the protobuf runtime; raises ConnectError for anything that is not one.
    parse: Callable[[Codec, bytes], RequestT] | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A call as its transport hands it over."""

    request: Request
    body_bytes: int  #: as announced; 0 when it is not known
    #: Returns the message without the transport's framing and compression; both its forms are within the limits.
    read: Callable[[Limits], bytes | Rejection]
    codec: Codec
    deadline: float = float("inf")  #: moment (``perf_counter``) after which work on the request is wasted


def perform(rpc: Rpc[RequestT], incoming: Incoming) -> Reply:
    """Carry out a call. Whatever it raises, :func:`as_connect_error` tells the client.

    The deadline is checked once, before the work begins: the distributor and the querier have deadlines of their own,
    and what a push has stored by then stays stored.
    """
    request = incoming.request
    tenants = tenants_of(request, rpc.scope) if rpc.needs_tenant else no_tenant(request)
    if isinstance(tenants, Rejection):
        raise refused(tenants)
    headers = request.META
    call = Call(tenants, headers.get("HTTP_ACCEPT", ""), headers.get("HTTP_USER_AGENT", ""), incoming.body_bytes)
    body = incoming.read(wiring.get_strictest_limits(tenants or (DEFAULT_TENANT,)))
    if isinstance(body, Rejection):
        rpc.on_unread(call, body)
        raise refused(body)
    message = rpc.parse(incoming.codec, body) if rpc.parse else decode(incoming.codec, body, rpc.request_type)
    if time.perf_counter() >= incoming.deadline:
        raise ConnectError(ConnectCode.DEADLINE_EXCEEDED, "The time limit of the request passed before it was read.")
    return rpc.handler(call, message)


def as_connect_error(error: Exception, path: str) -> ConnectError:
    """Return what a client is told of ``error``. One that nobody foresaw is logged, and its text kept back."""
    match error:
        case ConnectError():
            return error
        case QueryRefused():
            return refused(error.rejection)
        case Unavailable():
            told = refused(Rejection(Reason.INGESTER_UNAVAILABLE, str(error)))
            told.headers["Retry-After"] = "2"
            return told
    logger.error("rpc failed path=%s", path, exc_info=error)
    return refused(Rejection(Reason.INTERNAL, "The server failed; its log says why."))
