"""How every part of the installation does, over REST."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from ingest.administration.health import Health
from ingest.api.access_middleware import Audience, audience
from ingest.api.rest.answers import json_response
from ingest.api.rest.serializers import ErrorAnswer
from ingest.api.rest.view import ApiView
from ingest.api.status_document import status_document


class ComponentAnswer(serializers.Serializer):
    """One part."""

    name = serializers.CharField()
    kind = serializers.CharField(help_text="service, process or ingester.")
    health = serializers.ChoiceField(choices=[one.value for one in Health])
    latency_ms = serializers.FloatField(allow_null=True, help_text="Of its answer; null where nothing is timed.")
    detail = serializers.CharField()


class SettingAnswer(serializers.Serializer):
    """One setting of the web process; of a secret only whether it is set."""

    name = serializers.CharField()
    value = serializers.CharField()
    default = serializers.CharField()
    is_set = serializers.BooleanField()


class StatusAnswer(serializers.Serializer):
    """The installation."""

    version = serializers.CharField()
    python_version = serializers.CharField()
    now_ms = serializers.IntegerField()
    uptime_seconds = serializers.FloatField(help_text="Of the web process that answers.")
    health = serializers.ChoiceField(choices=[one.value for one in Health], help_text="That of the worst part.")
    components = ComponentAnswer(many=True)
    configuration = SettingAnswer(many=True)


@audience(Audience.STAFF)
class StatusView(ApiView):
    """Status."""

    scope = None

    @extend_schema(operation_id="status", responses={200: StatusAnswer, 401: ErrorAnswer, 403: ErrorAnswer})
    def get(self, request: Request) -> HttpResponse:
        """Answer how every part does and how fast it answers. Takes three seconds at most."""
        response = json_response(status_document())
        response["Cache-Control"] = "no-store"
        return response
