"""Errors of the REST routes: ``{"code", "reason", "message"}``, the code being that of the Connect protocol.

Never the framework's ``{"detail": ...}``: agents that speak Connect take it for a failure of the server and send the
same bytes again up to ten times.
"""

from __future__ import annotations

import logging
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions

from ingest.api.rest.answers import json_response
from ingest.profiles.reasons import CONNECT_CODE, ConnectCode, Reason, Rejection, http_status
from ingest.querier.types import QueryRefused, Unavailable

logger = logging.getLogger(__name__)

#: Statuses that plain HTTP has a better word for than the Connect table.
_HTTP_STATUS = {Reason.BODY_TOO_LARGE: 413}

#: What a caller that may try again is told to wait.
RETRY_AFTER_SECONDS = 2


class Refused(Exception):
    """Ends a request with the error that reports a rejection."""

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection.message)
        self.rejection = rejection


def refusal(rejection: Rejection, **extra: Any) -> HttpResponse:
    """Return the answer that reports ``rejection``."""
    status = _HTTP_STATUS.get(rejection.reason) or http_status(rejection.reason)
    return _error(status, CONNECT_CODE[rejection.reason], rejection.reason, rejection.message, **extra)


def handle(error: Exception, request: HttpRequest | None) -> HttpResponse:
    """Return the answer for whatever a view raised; unknown errors are logged and become a bare 500."""
    match error:
        case Refused() | QueryRefused():
            return refusal(error.rejection)
        case Unavailable():
            return _error(503, ConnectCode.UNAVAILABLE, Reason.INGESTER_UNAVAILABLE, str(error))
        case exceptions.ValidationError():
            reason = _reason_in(error.get_codes()) or Reason.BAD_REQUEST
            return _error(http_status(reason), CONNECT_CODE[reason], reason, _sentences(error.detail))
        case exceptions.MethodNotAllowed():
            return _error(405, ConnectCode.UNIMPLEMENTED, Reason.BAD_REQUEST, str(error.detail))
        case exceptions.NotFound() | Http404():
            return _error(404, ConnectCode.NOT_FOUND, Reason.NOT_FOUND, "There is nothing here.")
        case exceptions.APIException() if error.status_code < 500:
            return _error(error.status_code, ConnectCode.INVALID_ARGUMENT, Reason.BAD_REQUEST, str(error.detail))
        case _:
            logger.error("request failed path=%s", getattr(request, "path", ""), exc_info=error)
            return _error(500, ConnectCode.INTERNAL, Reason.INTERNAL, "The server failed; its log says why.")


def _error(status: int, code: ConnectCode, reason: Reason, message: str, **extra: Any) -> HttpResponse:
    clean = message.encode("utf-8", "replace").decode()
    response = json_response({"code": code.value, "reason": reason.value, "message": clean, **extra}, status=status)
    if status == 503 or "retry_after_seconds" in extra:
        response["Retry-After"] = str(extra.get("retry_after_seconds") or RETRY_AFTER_SECONDS)
    if status == 401:
        # Not Basic, which is accepted too: a browser would ask for a password in a window of its own.
        response["WWW-Authenticate"] = 'Bearer realm="phlareweb"'
    return response


def _reason_in(codes: Any) -> Reason | None:
    """Return the first reason among the codes of a tree of complaints."""
    if isinstance(codes, dict | list):
        parts = codes.values() if isinstance(codes, dict) else codes
        return next((reason for part in parts if (reason := _reason_in(part)) is not None), None)
    return Reason(codes) if codes in set(Reason) else None


def _sentences(detail: Any) -> str:
    """Flatten the framework's tree of complaints to ``name: complaint`` sentences."""
    if isinstance(detail, dict):
        return " ".join(
            text if name == "non_field_errors" else f"{name}: {text}"
            for name, text in ((name, _sentences(part)) for name, part in detail.items())
        )
    if isinstance(detail, list):
        return " ".join(_sentences(part) for part in detail)
    return str(detail)
