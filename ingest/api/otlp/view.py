"""``POST /v1development/profiles``: OTLP over HTTP, https://opentelemetry.io/docs/specs/otlp/#otlphttp.

Errors are the protocol's: a ``google.rpc.Status`` in the encoding of the request. Exporters repeat 429, 502, 503 and
504 and drop everything else, so what may succeed later is 503 and says when. A success is protobuf even when the
request was JSON, as Pyroscope has it.
"""

from __future__ import annotations

import time

import msgspec
from django.http import HttpRequest, HttpResponse

from ingest import wiring
from ingest.api.body import content_length, read_decoded_body
from ingest.api.connect.errors import MAX_MESSAGE_CHARS, ConnectError, refused
from ingest.api.connect.rpc import as_connect_error
from ingest.api.grpc.status import GRPC_STATUS
from ingest.api.metrics import observe_request
from ingest.api.otlp.export import export, max_body_bytes
from ingest.api.otlp.json_request import proto_of
from ingest.api.proto import rpc_status_pb2
from ingest.api.pushing import Door, PushOrigin, refuse_unread
from ingest.api.tenancy import Scope, only_one, tenants_of
from ingest.profiles.reasons import HTTP_STATUS, Reason, Rejection

PATH = "v1development/profiles"

_PROTOBUF, _JSON = "application/x-protobuf", "application/json"
_CONTENT_TYPES = {_PROTOBUF: _PROTOBUF, "application/protobuf": _PROTOBUF, _JSON: _JSON}

#: Statuses that say more over HTTP than that of their code.
_STATUS: dict[str, int] = {
    Reason.BODY_TOO_LARGE: 413,
    Reason.DECOMPRESSED_TOO_LARGE: 413,
    Reason.UNSUPPORTED_ENCODING: 415,
}


def view(request: HttpRequest) -> HttpResponse:
    """Answer a request."""
    started = time.perf_counter()
    response = _answer(request)
    observe_request(request.method or "", "/" + PATH, response.status_code, time.perf_counter() - started)
    return response


view.csrf_exempt = True  # type: ignore[attr-defined]


def _answer(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST", "Content-Type": "text/plain"})
    content_type = _CONTENT_TYPES.get(request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower())
    if content_type is None:
        accepted = ", ".join(_CONTENT_TYPES)
        return HttpResponse(
            f"Content-Type must be one of {accepted}.\n",
            status=415,
            headers={"Accept-Post": accepted, "Content-Type": "text/plain"},
        )
    try:
        return HttpResponse(_export(request, content_type), content_type=_PROTOBUF)
    except Exception as error:
        return _error_response(as_connect_error(error, PATH), content_type)


def _export(request: HttpRequest, content_type: str) -> bytes:
    environ = request.META
    tenants = tenants_of(request, Scope.PUSH)
    tenant = tenants if isinstance(tenants, Rejection) else only_one(tenants)
    if isinstance(tenant, Rejection):
        raise refused(tenant)
    origin = PushOrigin(tenant, Door.OTLP, environ.get("HTTP_USER_AGENT", ""), content_length(environ))
    limits = wiring.get_limits(tenant)
    body = read_decoded_body(environ, max_body_bytes(limits), limits.max_decompression_ratio)
    if content_type == _JSON and not isinstance(body, Rejection):
        body = proto_of(body)
    if isinstance(body, Rejection):
        refuse_unread(origin, body)
        raise refused(body)
    encoded: bytes = export(origin, body).SerializeToString()
    return encoded


def _error_response(error: ConnectError, content_type: str) -> HttpResponse:
    status = _STATUS.get(error.headers.get("Phlare-Reason", ""), HTTP_STATUS[error.code])
    message = error.message[:MAX_MESSAGE_CHARS].encode("utf-8", "replace").decode()
    code = GRPC_STATUS[error.code]
    if content_type == _JSON:
        content = msgspec.json.encode({"code": code, "message": message})
    else:
        content = rpc_status_pb2.Status(code=code, message=message).SerializeToString()
    return HttpResponse(content, status=status, content_type=content_type, headers=error.headers)
