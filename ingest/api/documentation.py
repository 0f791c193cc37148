"""The description of the REST API, for programs (OpenAPI) and for people (a page, without scripts from elsewhere)."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings

from ingest.api.access_middleware import Audience, audience
from ingest.api.rest.answers import json_response

_SETTINGS = {
    "TITLE": "phlareweb",
    "DESCRIPTION": "A continuous-profiling database: push pprof profiles, read them back merged.",
    "VERSION": "v1",
    "COMPONENT_SPLIT_REQUEST": False,
}


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document. Built once: it depends on code, and on where on its host the site is."""
    generator: Any = SchemaGenerator
    with patched_settings({**_SETTINGS, "SERVERS": [{"url": settings.BASE_PATH or "/"}]}):
        schema: dict[str, Any] = generator(urlconf="ingest.api.urls").get_schema(request=None, public=True)
    return schema


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """Answer the OpenAPI document."""
    return json_response(document())


@audience(Audience.KNOWN, is_page=True)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Answer the documentation as a page."""
    operations = [
        {
            "method": method.upper(),
            "path": path,
            "description": _plain(operation.get("description", "")),
            "parameters": [_parameter(one) for one in operation.get("parameters", [])],
            "answers": sorted(operation.get("responses", {})),
        }
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]
    return render(request, "ingest/api_docs.html", {"operations": operations, "nav": "docs"})


def _parameter(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": one["name"],
        "place": one["in"],
        "required": one.get("required", False),
        "type": one.get("schema", {}).get("type", ""),
        "description": _plain(one.get("description", "")),
    }


def _plain(text: str) -> str:
    """Return a description without the marks of code, which only readers of the OpenAPI document render."""
    return text.replace("`", "")
