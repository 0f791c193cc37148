"""The ring over REST: to look at, for staff while access control is on, and to act on, for administrators."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import redis
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from ingest.administration.types import Actor, Outcome, QueueFate, Result
from ingest.administration_wiring import get_ring_actions, ring_history
from ingest.api.access_middleware import Audience, audience
from ingest.api.administrators import administrator_of
from ingest.api.rest import ring_shapes as shapes
from ingest.api.rest.answers import json_response
from ingest.api.rest.errors import Refused
from ingest.api.rest.serializers import ErrorAnswer
from ingest.api.rest.view import ApiView
from ingest.api.ring_document import ring_document
from ingest.models import AuditEntry
from ingest.profiles.reasons import Reason, Rejection
from ingest.querier.types import Unavailable

_REASONS = {
    Outcome.NOT_FOUND: Reason.NOT_FOUND,
    Outcome.CONFLICT: Reason.INSTANCE_ALIVE,
    Outcome.NO_ANSWER: Reason.NO_ANSWER,
    Outcome.FAILED: Reason.NOT_FINISHED,
    Outcome.UNAVAILABLE: Reason.INGESTER_UNAVAILABLE,
}
_ERRORS = {401: ErrorAnswer, 403: ErrorAnswer, 404: ErrorAnswer, 503: ErrorAnswer, 504: ErrorAnswer}
_AUDIT_FIELDS = ("at", "actor", "action", "instance", "outcome", "detail", "source")


def _action(name: str, answer: type = shapes.ActionAnswer, query: type | None = None, **more: Any) -> Any:
    """Describe an action for the OpenAPI document."""
    return extend_schema(
        operation_id=name,
        request=None,
        parameters=[query] if query is not None else [],
        responses={200: answer, **_ERRORS, **more},
    )


def rejection_of(result: Result) -> Rejection | None:
    """Return the refusal that reports a result; None for one that is no failure."""
    return None if result.is_good else Rejection(_REASONS[result.outcome], result.message)


@audience(Audience.STAFF)
class RingView(ApiView):
    """The ring."""

    scope = None

    @extend_schema(operation_id="ring", parameters=[shapes.RingQuery], responses={200: shapes.RingAnswer})
    def get(self, request: Request) -> HttpResponse:
        """Show every instance, what its ingester does, and what is wrong in sentences."""
        return json_response(ring_document(self.read_query(shapes.RingQuery)["tokens"]))


@audience(Audience.STAFF)
class HistoryView(ApiView):
    """What changed."""

    scope = None

    @extend_schema(
        operation_id="ringHistory",
        parameters=[shapes.LinesQuery],
        responses={200: shapes.HistoryAnswer, 503: ErrorAnswer},
    )
    def get(self, request: Request) -> HttpResponse:
        """List the latest changes of the ring with their reasons, newest first; the last thousand are kept."""
        try:
            changes = ring_history(self.read_query(shapes.LinesQuery)["limit"])
        except redis.RedisError as error:
            raise Unavailable(f"The ring cannot be read: {error}") from error
        return json_response({"changes": [asdict(change) for change in changes]})


@audience(Audience.STAFF)
class AdministrationView(ApiView):
    """The base of routes for administrators."""

    actor: Actor

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Refuse everybody else before anything happens."""
        actor = administrator_of(request._request)
        if isinstance(actor, Rejection):
            raise Refused(actor)
        self.actor = actor

    def report(self, instance: str, result: Result) -> HttpResponse:
        """Return the answer that reports a result."""
        rejection = rejection_of(result)
        if rejection is not None:
            raise Refused(rejection)
        document = {"instance": instance, "outcome": result.outcome.value, "message": result.message, **result.details}
        return json_response(document, status=202 if result.outcome is Outcome.ACCEPTED else 200)


class AuditView(AdministrationView):
    """The audit log."""

    @extend_schema(
        operation_id="ringAudit",
        parameters=[shapes.LinesQuery],
        responses={200: shapes.AuditAnswer, 401: ErrorAnswer, 403: ErrorAnswer},
    )
    def get(self, request: Request) -> HttpResponse:
        """List what operators did, newest first. For administrators, because it holds addresses."""
        limit = self.read_query(shapes.LinesQuery)["limit"]
        lines = [
            {**line, "at": line["at"].isoformat()}
            for line in AuditEntry.objects.exclude(instance="").values(*_AUDIT_FIELDS)[:limit]
        ]
        return json_response({"entries": lines})


class ReadOnlyView(AdministrationView):
    """Read-only instances."""

    @_action("getReadOnly", shapes.ReadOnlyAnswer)
    def get(self, request: Request, instance: str) -> HttpResponse:
        """Say whether an instance is read-only, and since when."""
        return self.report(instance, get_ring_actions().read_only(instance))

    @_action("setReadOnly", shapes.ReadOnlyAnswer)
    def post(self, request: Request, instance: str) -> HttpResponse:
        """Keep pushes away from an instance that still answers queries. Again changes nothing, nor its time."""
        return self.report(instance, get_ring_actions().set_read_only(self.actor, instance, True))

    @_action("unsetReadOnly", shapes.ReadOnlyAnswer)
    def delete(self, request: Request, instance: str) -> HttpResponse:
        """Let new series in again."""
        return self.report(instance, get_ring_actions().set_read_only(self.actor, instance, False))


class FlushView(AdministrationView):
    """Flushing."""

    @_action("flush", query=shapes.FlushQuery, **{"202": shapes.ActionAnswer})
    def post(self, request: Request, instance: str) -> HttpResponse:
        """Have an ingester write its heads as blocks and upload them: 202 at once, or 200 when it has with `wait`."""
        wait = self.read_query(shapes.FlushQuery)["wait"]
        return self.report(instance, get_ring_actions().flush(self.actor, instance, wait))


class PrepareShutdownView(AdministrationView):
    """Preparing the next stop."""

    @_action("getPreparedShutdown", shapes.PreparedAnswer)
    def get(self, request: Request, instance: str) -> HttpResponse:
        """Say whether the next stop of an ingester hands everything over."""
        return self.report(instance, get_ring_actions().prepared(instance))

    @_action("prepareShutdown", shapes.PreparedAnswer)
    def post(self, request: Request, instance: str) -> HttpResponse:
        """Have the next stop upload everything, unregister and forget the tokens, whatever the settings say.

        Survives restarts until a stop went through.
        """
        return self.report(instance, get_ring_actions().prepare_shutdown(self.actor, instance))

    @_action("cancelPreparedShutdown", shapes.PreparedAnswer)
    def delete(self, request: Request, instance: str) -> HttpResponse:
        """Have the next stop go by the settings again."""
        return self.report(instance, get_ring_actions().cancel_shutdown(self.actor, instance))


class UnregisterView(AdministrationView):
    """Unregistering on shutdown."""

    @_action("getUnregisterOnShutdown", shapes.UnregisterAnswer)
    def get(self, request: Request, instance: str) -> HttpResponse:
        """Say whether an ingester will leave the ring when it stops."""
        return self.report(instance, get_ring_actions().unregister_on_shutdown(instance))

    @_action("setUnregisterOnShutdown", shapes.UnregisterAnswer, shapes.UnregisterQuery)
    def put(self, request: Request, instance: str) -> HttpResponse:
        """Override the setting until the ingester's process ends."""
        value = self.read_query(shapes.UnregisterQuery)["value"]
        return self.report(instance, get_ring_actions().set_unregister_on_shutdown(self.actor, instance, value))

    @_action("resetUnregisterOnShutdown", shapes.UnregisterAnswer)
    def delete(self, request: Request, instance: str) -> HttpResponse:
        """Go by the setting again."""
        return self.report(instance, get_ring_actions().set_unregister_on_shutdown(self.actor, instance, None))


class ShutdownView(AdministrationView):
    """Shutting down."""

    @_action("shutdown")
    def post(self, request: Request, instance: str) -> HttpResponse:
        """Have an ingester upload everything and leave the ring; answers when it has.

        Its process stays, takes nothing and is not ready until it is stopped.
        """
        return self.report(instance, get_ring_actions().shutdown(self.actor, instance))


class ForgetView(AdministrationView):
    """Forgetting."""

    @_action("forget", query=shapes.ForgetQuery, **{"409": ErrorAnswer})
    def post(self, request: Request, instance: str) -> HttpResponse:
        """Delete the entry of an instance that will not come back, and settle what waits for it.

        409 while it sends heartbeats, unless forced.
        """
        query = self.read_query(shapes.ForgetQuery)
        fate = QueueFate(query["queue"])
        return self.report(instance, get_ring_actions().forget(self.actor, instance, query["force"], fate))
