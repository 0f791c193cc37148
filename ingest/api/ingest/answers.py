"""The answers of ``/ingest``: an empty 200, or a status that old agents know with the reason as JSON.

Agents compare with 200 and no other status. What is wrong with a file is 422 here, where the push protocol says 400;
a failure of ours is 503 as everywhere, so that agents that try again do.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from django.http import HttpResponse

from ingest.api.connect.errors import MAX_MESSAGE_CHARS
from ingest.distributor.types import ItemResult, Outcome, PushResult
from ingest.profiles.formats.parameters import BodyFormat
from ingest.profiles.reasons import CONNECT_CODE, ConnectCode, Reason, Rejection, http_status

_UNPROCESSABLE = 422
_RETRY_AFTER_SECONDS = 2

#: Formats all of whose errors are 422; of the others that is only what makes the body unreadable.
_STRICT_FORMATS = frozenset({BodyFormat.FORM, BodyFormat.PPROF, BodyFormat.JFR, BodyFormat.SPEEDSCOPE})

#: The code in the body follows from the status.
_CODE_OF_STATUS: dict[int, ConnectCode] = {
    400: ConnectCode.INVALID_ARGUMENT,
    401: ConnectCode.UNAUTHENTICATED,
    403: ConnectCode.PERMISSION_DENIED,
    404: ConnectCode.UNIMPLEMENTED,
    412: ConnectCode.FAILED_PRECONDITION,
    413: ConnectCode.INVALID_ARGUMENT,
    429: ConnectCode.RESOURCE_EXHAUSTED,
    502: ConnectCode.UNAVAILABLE,
    503: ConnectCode.UNAVAILABLE,
    504: ConnectCode.DEADLINE_EXCEEDED,
}


def stored(push_id: str) -> HttpResponse:
    """Return the answer to a push that was stored, or held nothing to store."""
    return HttpResponse(b"", content_type="text/plain", headers={"Phlare-Push-Id": push_id} if push_id else {})


def refused(rejection: Rejection, status: int, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return the answer that reports ``rejection`` with ``status``."""
    code = _CODE_OF_STATUS.get(status, ConnectCode.UNKNOWN)
    content = msgspec.json.encode({"code": code.value, "message": rejection.message[:MAX_MESSAGE_CHARS]})
    response = HttpResponse(content, status=status, content_type="application/json", headers=dict(headers or {}))
    response["Phlare-Reason"] = rejection.reason.value
    return response


def status_before_the_body(rejection: Rejection) -> int:
    """Return the status for what is wrong with a request before its body is looked at, or with reading it."""
    return http_status(rejection.reason)


def status_of_body(rejection: Rejection) -> int:
    """Return the status for a body that could not be read from the connection."""
    return 413 if rejection.reason is Reason.BODY_TOO_LARGE else 408


def status_of_conversion(rejection: Rejection, body_format: BodyFormat) -> int:
    """Return the status for a body that is not what its format says.

    An application name whose end says nothing is a bad request, but only for formats that need it.
    """
    if rejection.reason is Reason.BAD_REQUEST and body_format not in _STRICT_FORMATS:
        return 400
    return 429 if _exhausted(rejection.reason) else _UNPROCESSABLE


def status_of_push(reason: Reason, body_format: BodyFormat) -> int:
    """Return the status for a profile that was read and refused."""
    status = http_status(reason)
    if status >= 500 or _exhausted(reason) or body_format not in _STRICT_FORMATS:
        return status
    return _UNPROCESSABLE


def _exhausted(reason: Reason) -> bool:
    return CONNECT_CODE[reason] is ConnectCode.RESOURCE_EXHAUSTED


def answer_push(result: PushResult, body_format: BodyFormat) -> HttpResponse:
    """Return the answer that reports a push: what failed before what was refused, else success."""
    headers = {"Phlare-Push-Id": result.push_id}
    if result.ok:
        return stored(result.push_id)
    if result.retry_after_seconds is not None or result.failed:
        headers["Retry-After"] = str(result.retry_after_seconds or _RETRY_AFTER_SECONDS)
    rejection = result.request_rejection
    if rejection is None:
        rejection = _rejection_of(result)
    return refused(rejection, status_of_push(rejection.reason, body_format), headers)


def _rejection_of(result: PushResult) -> Rejection:
    """Return what to tell of the items: the first failure, else the first refusal, and how many there are."""
    failed = [item for item in result.items if item.outcome is Outcome.FAILED]
    bad = failed or [item for item in result.items if item.outcome is Outcome.REJECTED]
    first: ItemResult = bad[0]
    more = f" (and {len(bad) - 1} more profiles)" if len(bad) > 1 else ""
    reason = first.reason or Reason.UNKNOWN
    if failed and http_status(reason) < 500:
        reason = Reason.INGESTER_UNAVAILABLE
    return Rejection(reason, f"{reason.value}: {first.message}{more}")
