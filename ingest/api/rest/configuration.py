"""The configuration of the web process, as YAML: what is in force, what differs from the defaults, the defaults."""

from __future__ import annotations

import json
from collections.abc import Iterable

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from ingest.api.access_middleware import Audience, audience
from ingest.api.rest.serializers import ErrorAnswer
from ingest.api.rest.view import ApiView

_YAML = "application/yaml"
_ANSWERS = {(200, _YAML): OpenApiTypes.OBJECT, 401: ErrorAnswer, 403: ErrorAnswer}


@audience(Audience.STAFF)
class ConfigurationView(ApiView):
    """The configuration in force."""

    scope = None

    @extend_schema(operation_id="configuration", responses=_ANSWERS)
    def get(self, request: Request) -> HttpResponse:
        """Answer every setting with its value. Of a secret only whether it is set, of an address no password."""
        return _yaml((one.name, one.value) for one in settings.PHLARE_ENVIRONMENT.in_force())


@audience(Audience.STAFF)
class ConfigurationDiffView(ApiView):
    """What differs from the defaults."""

    scope = None

    @extend_schema(operation_id="configurationDiff", responses=_ANSWERS)
    def get(self, request: Request) -> HttpResponse:
        """Answer the settings that were set."""
        return _yaml((one.name, one.value) for one in settings.PHLARE_ENVIRONMENT.in_force() if one.is_set)


@audience(Audience.STAFF)
class ConfigurationDefaultView(ApiView):
    """The defaults."""

    scope = None

    @extend_schema(operation_id="configurationDefault", responses=_ANSWERS)
    def get(self, request: Request) -> HttpResponse:
        """Answer every setting with its default."""
        return _yaml((one.name, one.default) for one in settings.PHLARE_ENVIRONMENT.in_force())


def _yaml(pairs: Iterable[tuple[str, str]]) -> HttpResponse:
    """Return a mapping of texts as YAML; text in the form of JSON is YAML as well."""
    lines = [f"{name}: {json.dumps(value)}\n" for name, value in pairs]
    return HttpResponse("".join(lines) or "{}\n", content_type=_YAML)
