"""``POST /ingest``: the door of agents older than the push protocol, and of those for Go, Node and Java.

A plain view without a framework, like the push protocol's: agents come through here as often.
"""

from __future__ import annotations

import logging
import time
from urllib.parse import parse_qsl

from django.http import HttpRequest, HttpResponse

from ingest import wiring
from ingest.api.body import content_length, read_body
from ingest.api.ingest import answers
from ingest.api.ingest.form import is_form, read_form
from ingest.api.metrics import observe_request
from ingest.api.pushing import Door, PushOrigin, refuse_unread, store
from ingest.api.tenancy import Scope, only_one, tenants_of
from ingest.distributor.types import RawSeries
from ingest.profiles.formats.convert import Parts, convert_body
from ingest.profiles.formats.parameters import BodyFormat, IngestParameters, format_of, parse_parameters
from ingest.profiles.reasons import Reason, Rejection

logger = logging.getLogger(__name__)

PATHS = ("ingest", "pyroscope/ingest")

#: Agents send about ten.
_MAX_PARAMETERS = 100
#: A profile of one span: accepted from agents that still send them, and not kept.
_LABEL_PROFILE_ID = "profile_id"


def view(request: HttpRequest) -> HttpResponse:
    """Answer a request."""
    started = time.perf_counter()
    response = _answer(request)
    observe_request(request.method or "", "/ingest", response.status_code, time.perf_counter() - started)
    return response


view.csrf_exempt = True  # type: ignore[attr-defined]


def _answer(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST", "Content-Type": "text/plain"})
    try:
        return _ingest(request)
    except Exception:
        # An HTML page would hide the cause from the agent's log.
        logger.exception("ingest failed")
        return answers.refused(Rejection(Reason.INTERNAL, "The server failed; its log says why."), 500)


def _ingest(request: HttpRequest) -> HttpResponse:
    environ = request.META
    tenants = tenants_of(request, Scope.PUSH)
    tenant = tenants if isinstance(tenants, Rejection) else only_one(tenants)
    if isinstance(tenant, Rejection):
        return answers.refused(tenant, answers.status_before_the_body(tenant))
    origin = PushOrigin(tenant, Door.INGEST, environ.get("HTTP_USER_AGENT", ""), content_length(environ))
    query = _query(environ.get("QUERY_STRING", ""))
    if isinstance(query, Rejection):
        return _unread(origin, query, answers.status_before_the_body(query))
    parameters = parse_parameters(query, time.time_ns())
    if isinstance(parameters, Rejection):
        return _unread(origin, parameters, answers.status_before_the_body(parameters))
    content_type = environ.get("CONTENT_TYPE", "")
    body = read_body(environ, wiring.get_limits(tenant).ingestion_body_limit_bytes)
    if isinstance(body, Rejection):
        return _unread(origin, body, answers.status_of_body(body))
    if parameters.app.labels.get(_LABEL_PROFILE_ID):
        return answers.stored("")
    return _convert_and_store(origin, format_of(query.get("format", ""), content_type), content_type, body, parameters)


def _convert_and_store(
    origin: PushOrigin, body_format: BodyFormat, content_type: str, body: bytes, parameters: IngestParameters
) -> HttpResponse:
    in_parts = body_format is BodyFormat.FORM or (body_format is BodyFormat.JFR and is_form(content_type))
    parts: Parts | Rejection = read_form(body, content_type) if in_parts else {"": body}
    converted = (
        parts
        if isinstance(parts, Rejection)
        else convert_body(body_format, parts, parameters, wiring.get_limits(origin.tenant))
    )
    if isinstance(converted, Rejection):
        return _unread(origin, converted, answers.status_of_conversion(converted, body_format))
    if not converted:
        return answers.stored("")
    result = store(origin, [RawSeries(one.labels, (one.pprof,)) for one in converted])
    return answers.answer_push(result, body_format)


def _unread(origin: PushOrigin, rejection: Rejection, status: int) -> HttpResponse:
    refuse_unread(origin, rejection)
    return answers.refused(rejection, status)


def _query(query_string: str) -> dict[str, str] | Rejection:
    """Return the parameters; of a name that comes twice the first, as Go's reader does."""
    try:
        # WSGI hands bytes out as characters; names in them are UTF-8, escaped or not.
        pairs = parse_qsl(
            query_string.encode("latin-1", "replace"), keep_blank_values=True, max_num_fields=_MAX_PARAMETERS
        )
    except ValueError:
        return Rejection(Reason.BAD_REQUEST, f"The address has more than {_MAX_PARAMETERS} parameters.")
    query: dict[str, str] = {}
    for name, value in pairs:
        query.setdefault(name.decode("utf-8", "replace"), value.decode("utf-8", "replace"))
    return query
