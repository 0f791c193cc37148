"""Who sends a request: a token of a tenant, a user of this site, or whoever holds the token of the administration.

Credentials are, in this order: ``Authorization: Bearer <token>``, ``Authorization: Basic ...`` whose password is a
token or that of a user, and the session of a user who signed in. A session also needs the CSRF token for whatever is no
plain read, for a browser sends its cookie wherever a request comes from. Passwords and sessions count on the site
alone: the push door and gRPC take tokens.

Only asked while access control is on, and for the administration, which always asks.
"""

from __future__ import annotations

import base64
import binascii
import copy
from typing import Any, Protocol

from django.conf import settings
from django.contrib.auth import authenticate
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from rest_framework.authentication import CSRFCheck

from ingest.access.tokens import looks_like_token
from ingest.access.types import Principal
from ingest.access_wiring import count_denied, get_token_table, note_denial, request_source, user_principal
from ingest.administration.types import Actor
from ingest.profiles.reasons import Reason, Rejection

#: Longest header that is looked at, in characters: a password is read into memory and hashed.
MAX_HEADER_CHARS = 1024
#: Where a browser's session keeps the tenant it works with.
SESSION_TENANT = "tenant"

_OPERATOR = Principal("admin token", is_operator=True, is_staff=True)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: One sentence for every token that does not work: which of the three it is helps only whoever guesses.
_NO_TOKEN = "The API token is unknown, expired or revoked."


class Request(Protocol):
    """What is looked at of a request, whatever transport it came by; Django's own request is one."""

    META: dict[str, Any]  #: headers as ``HTTP_<NAME>``, in the manner of WSGI


def principal_of(request: Request) -> Principal | Rejection:
    """Return who sends a request, or why nobody is known to: ``unauthenticated``, ``forbidden`` for a session without
    the CSRF token, ``database_unavailable`` when that cannot be told now.
    """
    known = getattr(request, "principal", None)
    if isinstance(known, Principal):
        return known
    header = str(request.META.get("HTTP_AUTHORIZATION", ""))
    if len(header) > MAX_HEADER_CHARS:
        return _unauthenticated("The Authorization header is too long.")
    kind, _, credentials = header.partition(" ")
    try:
        match kind.lower():
            case "":
                return _by_session(request)
            case "bearer":
                return _by_token(credentials.strip())
            case "basic":
                return _by_password(request, credentials.strip())
            case _:
                return _unauthenticated("The Authorization header is neither Bearer nor Basic.")
    except DatabaseError:
        return _unreadable()


def actor_of(request: Request, name: str) -> Actor:
    """Return who acts, for the audit log."""
    return Actor(name, request_source(request.META))


def tell_denial(request: Request, rejection: Rejection, name: str = "", tenant: str = "") -> None:
    """Count a refusal, and have the audit log tell of credentials that were not enough.

    A request without any is only counted: every browser sends one before its user signs in.
    """
    if name or request.META.get("HTTP_AUTHORIZATION"):
        note_denial(actor_of(request, name or "unknown"), tenant, rejection.reason.value, rejection.message)
    else:
        count_denied(rejection.reason.value)


def csrf_failure(request: HttpRequest) -> str:
    """Return why a request that came with a session may be forged; empty when its CSRF token says that it is not."""
    looked_at = request
    if request.META.get("HTTP_X_CSRFTOKEN"):
        # Otherwise the check would look for the token in a form first, and read the body that the view needs.
        looked_at = copy.copy(request)
        looked_at.method = "PUT"
    check = CSRFCheck(_no_answer)
    check.process_request(looked_at)
    return check.process_view(looked_at, None, (), {}) or ""


def _by_token(text: str) -> Principal | Rejection:
    if settings.ADMIN_TOKEN and constant_time_compare(text, settings.ADMIN_TOKEN):
        return _OPERATOR
    if not settings.ACCESS_ENABLED:
        return _unauthenticated("The token is not that of the administration.")
    tokens = get_token_table()
    found = tokens.find(text)
    if found is not None:
        return Principal(f"token {found.prefix}", {found.tenant: found.scopes})
    return _unauthenticated(_NO_TOKEN) if tokens.is_known else _unreadable()


def _by_password(request: Request, credentials: str) -> Principal | Rejection:
    try:
        name, colon, password = base64.b64decode(credentials, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return _unauthenticated("The Basic credentials cannot be read.")
    if looks_like_token(password):
        return _by_token(password)
    is_a_name = bool(colon) and "\0" not in name  # PostgreSQL takes no text with a NUL
    user = _authenticated(request, name, password) if is_a_name else None
    if user is None:
        return _unauthenticated(
            "Name and password do not belong to a user of this site, or there were too many wrong ones."
        )
    return user_principal(user, "")


def _authenticated(request: Request, name: str, password: str) -> Any:
    """Return the user of the site with this password; nobody where requests do not come through the site."""
    return authenticate(request, username=name, password=password) if hasattr(request, "user") else None


def _by_session(request: Request) -> Principal | Rejection:
    user: Any = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return _unauthenticated("Send an API token as Authorization: Bearer, or sign in.")
    site_request: Any = request
    if site_request.method not in _SAFE:
        why = csrf_failure(site_request)
        if why:
            return Rejection(Reason.FORBIDDEN, f"CSRF check failed: {why}")
    return user_principal(user, str(site_request.session.get(SESSION_TENANT, "")))


def _no_answer(_request: HttpRequest) -> HttpResponse:
    """What a middleware passes on to; the check never does."""
    return HttpResponse()


def _unauthenticated(message: str) -> Rejection:
    return Rejection(Reason.UNAUTHENTICATED, message)


def _unreadable() -> Rejection:
    return Rejection(Reason.DATABASE_UNAVAILABLE, "Credentials cannot be checked now: the database is away.")
