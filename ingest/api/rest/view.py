"""The base of the REST views: open to programs, answers in JSON, refuses in JSON."""

from __future__ import annotations

import time
from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.openapi import AutoSchema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.serializers import ListField, Serializer
from rest_framework.views import APIView

from ingest.api.compression import compress
from ingest.api.metrics import observe_request
from ingest.api.rest.answers import json_response
from ingest.api.rest.errors import Refused, handle
from ingest.api.sources import source_document
from ingest.api.tenancy import Scope, only_one, tenants_of
from ingest.profiles.reasons import Rejection
from ingest.querier.types import Answer


class ApiView(APIView):
    """A REST view. Nothing of it depends on the site's settings for the framework."""

    authentication_classes: list[type] = []
    permission_classes: list[type] = []
    throttle_classes: list[type] = []
    parser_classes: list[type] = []
    renderer_classes = [JSONRenderer]
    schema: Any = AutoSchema()
    scope: Scope | None = Scope.QUERY  #: what it wants to do with the data of tenants; None = it is about none
    _tenants: tuple[str, ...] | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Serve a request and count it."""
        started = time.perf_counter()
        response = super().dispatch(request, *args, **kwargs)
        route = request.resolver_match.route if request.resolver_match is not None else ""
        observe_request(request.method or "", "/" + route, response.status_code, time.perf_counter() - started)
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Ask who that is before anything of the request is looked at."""
        super().initial(request, *args, **kwargs)
        if self.scope is not None:
            self.tenants()

    def perform_content_negotiation(self, request: Any, force: bool = False) -> Any:
        """Answer JSON whatever the Accept header says: there is nothing else to choose from."""
        return JSONRenderer(), "application/json"

    def handle_exception(self, exc: Exception) -> HttpResponse:
        """Return the error answer for whatever the view raised."""
        return handle(exc, self.request)

    def tenants(self) -> tuple[str, ...]:
        """Return the tenants of the request; several only where the scope is to query."""
        if self._tenants is None:
            found = tenants_of(self.request._request, self.scope or Scope.QUERY)
            if isinstance(found, Rejection):
                raise Refused(found)
            self._tenants = found
        return self._tenants

    def tenant(self) -> str:
        """Return the tenant of a request that cannot be about several."""
        tenant = only_one(self.tenants())
        if isinstance(tenant, Rejection):
            raise Refused(tenant)
        return tenant

    def read_query(self, serializer: type[Serializer]) -> dict[str, Any]:
        """Return the validated query parameters. One that may be repeated is a list, of any other the last counts."""
        given = self.request.query_params
        lists = [name for name, field in serializer().fields.items() if isinstance(field, ListField) and name in given]
        query = serializer(data={**given.dict(), **{name: given.getlist(name) for name in lists}})
        query.is_valid(raise_exception=True)
        checked: dict[str, Any] = query.validated_data
        return checked

    def answer(self, answer: Answer[Any], **document: Any) -> HttpResponse:
        """Return ``document`` with what ``answer`` says about itself."""
        document["sources"] = source_document(answer.sources)
        document["profiles"] = answer.profiles
        return compress(json_response(document), self.request.META.get("HTTP_ACCEPT_ENCODING", ""))
