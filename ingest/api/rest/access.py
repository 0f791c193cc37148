"""Access over REST: who I am, the tokens of a tenant, and the whole audit log."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from ingest.access.types import Principal
from ingest.access_wiring import (
    create_token,
    find_token_by_prefix,
    list_tokens,
    revoke_token,
    token_document,
    unsaved_token,
)
from ingest.administration.types import Actor
from ingest.api.administrators import administrator_of
from ingest.api.credentials import SESSION_TENANT, actor_of, principal_of
from ingest.api.rest import access_shapes as shapes
from ingest.api.rest.answers import json_response
from ingest.api.rest.errors import Refused
from ingest.api.rest.ring import AdministrationView
from ingest.api.rest.ring_shapes import LinesQuery
from ingest.api.rest.serializers import ErrorAnswer
from ingest.api.rest.view import ApiView
from ingest.api.tenancy import Scope
from ingest.models import AuditEntry
from ingest.profiles.reasons import Reason, Rejection

_ERRORS = {400: ErrorAnswer, 401: ErrorAnswer, 403: ErrorAnswer}
_AUDIT_FIELDS = ("at", "actor", "action", "instance", "tenant", "outcome", "detail", "source")


class WhoView(ApiView):
    """Who am I."""

    scope = None

    @extend_schema(operation_id="whoami", responses={200: shapes.WhoAnswer, 401: ErrorAnswer})
    def get(self, request: Request) -> HttpResponse:
        """Say whose credentials these are, and what may be done with which tenant."""
        return json_response(_who(_principal(request._request) if settings.ACCESS_ENABLED else Principal("")))


class ChooseTenantView(ApiView):
    """The tenant of a session."""

    scope = None

    @extend_schema(
        operation_id="chooseTenant",
        request=None,
        parameters=[shapes.ChooseTenantQuery],
        responses={200: shapes.WhoAnswer, **_ERRORS},
    )
    def post(self, request: Request) -> HttpResponse:
        """Have this session work with one of the user's tenants, where a request names none."""
        if not settings.ACCESS_ENABLED:
            raise Refused(Rejection(Reason.BAD_REQUEST, "Access control is off: name the tenant in X-Scope-OrgID."))
        tenant = self.read_query(shapes.ChooseTenantQuery)["tenant"]
        principal = _principal(request._request)
        if not any(principal.may(tenant, scope) for scope in Scope):
            raise Refused(Rejection(Reason.FORBIDDEN, f"{principal.name} has no role in tenant {tenant}."))
        request._request.session[SESSION_TENANT] = tenant
        return json_response({**_who(principal), "tenant": tenant})


class _TokenView(ApiView):
    """The base of routes about the tokens of a tenant."""

    scope = Scope.ADMIN
    actor: Actor

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """While access control is off only administrators may: a token made then would work once it is on."""
        super().initial(request, *args, **kwargs)
        if settings.ACCESS_ENABLED:
            self.actor = actor_of(request._request, _principal(request._request).name)
            return
        actor = administrator_of(request._request)
        if isinstance(actor, Rejection):
            raise Refused(actor)
        self.actor = actor


class TokensView(_TokenView):
    """API tokens."""

    @extend_schema(operation_id="tokens", responses={200: shapes.TokensAnswer, **_ERRORS})
    def get(self, request: Request) -> HttpResponse:
        """List the tokens of the tenant, those that work no more too."""
        return json_response({"tokens": [token_document(token) for token in list_tokens(self.tenant())]})

    @extend_schema(
        operation_id="createToken",
        request=None,
        parameters=[shapes.CreateTokenQuery],
        responses={201: shapes.NewTokenAnswer, **_ERRORS},
    )
    def post(self, request: Request) -> HttpResponse:
        """Make a token. It is in the answer and is never shown again; it works within seconds."""
        tenant = self.tenant()
        query = self.read_query(shapes.CreateTokenQuery)
        lifetime_ms = query["expires_in"]
        expires_at = None if lifetime_ms is None else datetime.fromtimestamp(time.time() + lifetime_ms / 1000, UTC)
        token = unsaved_token(tenant, query["name"], query["scopes"], expires_at)
        try:
            text = create_token(token, self.actor)
        except ValidationError as error:
            raise Refused(Rejection(Reason.BAD_REQUEST, " ".join(error.messages))) from error
        response = json_response({**token_document(token), "token": text}, status=201)
        response["Cache-Control"] = "no-store"
        return response


class TokenView(_TokenView):
    """One API token."""

    @extend_schema(operation_id="revokeToken", responses={200: shapes.TokenAnswer, **_ERRORS, 404: ErrorAnswer})
    def delete(self, request: Request, prefix: str) -> HttpResponse:
        """Revoke a token of the tenant, for good. Again changes nothing."""
        tenant = self.tenant()
        token = find_token_by_prefix(prefix)
        if token is None or token.tenant != tenant:
            raise Refused(Rejection(Reason.NOT_FOUND, f"Tenant {tenant} has no token {prefix}."))
        revoke_token(token, self.actor)
        return json_response(token_document(token))


class AccessLogView(AdministrationView):
    """The whole audit log."""

    @extend_schema(
        operation_id="audit",
        parameters=[LinesQuery],
        responses={200: shapes.AccessLogAnswer, 401: ErrorAnswer, 403: ErrorAnswer},
    )
    def get(self, request: Request) -> HttpResponse:
        """List who did what, or tried to, newest first: tokens, roles, settings, ingesters, refused access."""
        limit = self.read_query(LinesQuery)["limit"]
        lines = [{**line, "at": line["at"].isoformat()} for line in AuditEntry.objects.values(*_AUDIT_FIELDS)[:limit]]
        return json_response({"entries": lines})


def _principal(request: HttpRequest) -> Principal:
    found = principal_of(request)
    if isinstance(found, Rejection):
        raise Refused(found)
    return found


def _who(principal: Principal) -> dict[str, object]:
    return {
        "access_enabled": settings.ACCESS_ENABLED,
        "multitenancy_enabled": settings.INGEST.multitenancy_enabled,
        "name": principal.name,
        "is_operator": principal.is_operator,
        "is_staff": principal.is_staff,
        "tenant": principal.chosen_tenant,
        "grants": [{"tenant": tenant, "scopes": sorted(scopes)} for tenant, scopes in sorted(principal.grants.items())],
    }
