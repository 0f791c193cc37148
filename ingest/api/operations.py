"""What operators and orchestrators ask: alive, ready, which build, which figures. None of it needs a tenant."""

from __future__ import annotations

import platform

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from ingest import wiring
from ingest.access_wiring import access_problems
from ingest.api.access_middleware import Audience, audience
from ingest.api.metrics import exposition
from ingest.api.rest.answers import json_response

_TEXT = "text/plain; charset=utf-8"


@audience(Audience.EVERYBODY)
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 ``ready``, or 503 with one line for each thing that is not."""
    problems = [*wiring.readiness(), *access_problems()]
    if problems:
        return HttpResponse("".join(f"{problem}\n" for problem in problems), status=503, content_type=_TEXT)
    return HttpResponse("ready", content_type=_TEXT)


@audience(Audience.EVERYBODY)
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as the process answers at all."""
    return HttpResponse("ok", content_type=_TEXT)


@audience(Audience.METRICS)
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer the metrics of all processes in the format the Accept header prefers."""
    page, content_type = exposition(request.META.get("HTTP_ACCEPT", ""))
    return HttpResponse(page, content_type=content_type)


@require_safe
def buildinfo(request: HttpRequest) -> HttpResponse:
    """Answer what is running, in the shape clients of Pyroscope read."""
    data = {
        "version": settings.VERSION,
        "revision": "",
        "branch": "",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
        "pythonVersion": platform.python_version(),
    }
    return json_response({"status": "success", "data": data})
