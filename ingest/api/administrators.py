"""Who may act on the ring: staff users of this site, and whoever holds the token of the administration.

Credentials are, in this order: ``Authorization: Bearer <token>``, ``Authorization: Basic ...`` of a staff user, and
the session of a staff user who signed in at ``/admin/``; a session also needs the CSRF token, for a browser sends its
cookie wherever a request comes from. Roles and tokens of tenants have their place in :func:`administrator_of`.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from rest_framework.authentication import CSRFCheck

from ingest.administration.types import Actor
from ingest.profiles.reasons import Reason, Rejection

#: Longest header that is looked at, in characters: a password is read into memory and hashed.
_MAX_HEADER = 1024


def administrator_of(request: HttpRequest) -> Actor | Rejection:
    """Return who acts, or why nobody may: ``unauthenticated`` for no or wrong credentials, ``forbidden`` for others."""
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if len(header) > _MAX_HEADER:
        return _unauthenticated("The Authorization header is too long.")
    kind, _, credentials = header.partition(" ")
    match kind.lower():
        case "":
            return _by_session(request)
        case "bearer":
            return _by_token(request, credentials.strip())
        case "basic":
            return _by_password(request, credentials.strip())
        case _:
            return _unauthenticated("The Authorization header is neither Bearer nor Basic.")


def _by_token(request: HttpRequest, token: str) -> Actor | Rejection:
    if not settings.ADMIN_TOKEN:
        return _unauthenticated("This server has no token of the administration: set PHLARE_ADMIN_TOKEN.")
    if not constant_time_compare(token, settings.ADMIN_TOKEN):
        return _unauthenticated("The token is not that of the administration.")
    return Actor("admin token", _source(request))


def _by_password(request: HttpRequest, credentials: str) -> Actor | Rejection:
    try:
        name, colon, password = base64.b64decode(credentials, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return _unauthenticated("The Basic credentials cannot be read.")
    user = authenticate(request, username=name, password=password) if colon else None
    if user is None:
        return _unauthenticated("Name and password do not belong to a user of this site.")
    return _staff(request, user)


def _by_session(request: HttpRequest) -> Actor | Rejection:
    user: Any = request.user
    if not user.is_authenticated:
        return _unauthenticated("Sign in at /admin/ as a staff user, or send the token of the administration.")
    actor = _staff(request, user)
    if isinstance(actor, Rejection):
        return actor
    why = _csrf_failure(request)
    return Rejection(Reason.FORBIDDEN, f"CSRF check failed: {why}") if why else actor


def _staff(request: HttpRequest, user: Any) -> Actor | Rejection:
    if not user.is_staff:
        return Rejection(Reason.FORBIDDEN, f"{user.get_username()} is not a staff user of this site.")
    return Actor(user.get_username(), _source(request))


def _csrf_failure(request: HttpRequest) -> str:
    check = CSRFCheck(_no_answer)
    check.process_request(request)
    return check.process_view(request, None, (), {}) or ""


def _no_answer(_request: HttpRequest) -> HttpResponse:
    """What a middleware passes on to; the check never does."""
    return HttpResponse()


def _source(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def _unauthenticated(message: str) -> Rejection:
    return Rejection(Reason.UNAUTHENTICATED, message)
