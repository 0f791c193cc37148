"""Errors of the Connect protocol: always JSON, whatever the codec of the request.

A Go client that gets anything but JSON here ignores the body and guesses the code from the HTTP status; it guesses
``internal`` from a 400, and agents retry that up to ten times.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from django.http import HttpResponse

from ingest.profiles.reasons import CONNECT_CODE, HTTP_STATUS, ConnectCode, Reason, Rejection

#: Longest message sent; a request with thousands of bad series must not make a megabyte of complaints.
MAX_MESSAGE_CHARS = 4096


class ConnectError(Exception):
    """Ends an RPC with an error answer."""

    def __init__(self, code: ConnectCode, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


def refused(rejection: Rejection) -> ConnectError:
    """Return the error that reports ``rejection``."""
    return ConnectError(CONNECT_CODE[rejection.reason], rejection.message, {"Phlare-Reason": rejection.reason.value})


def invalid(message: str) -> ConnectError:
    """Return an ``invalid_argument`` error: sending the same again is useless."""
    return refused(Rejection(Reason.BAD_REQUEST, message))


def error_response(error: ConnectError) -> HttpResponse:
    """Return the HTTP answer for ``error``."""
    message = error.message
    if len(message) > MAX_MESSAGE_CHARS:
        message = message[:MAX_MESSAGE_CHARS] + " …"
    # Text from a request may hold lone surrogates, which JSON cannot carry.
    clean = message.encode("utf-8", "replace").decode()
    body = msgspec.json.encode({"code": error.code.value, "message": clean})
    return HttpResponse(body, status=HTTP_STATUS[error.code], content_type="application/json", headers=error.headers)
