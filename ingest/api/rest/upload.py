"""Files that people bring, in any format that is known: kept by ``upload``, only looked at by ``inspect``."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, NoReturn

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from ingest import wiring
from ingest.api.body import content_length, read_decoded_body
from ingest.api.compression import compress
from ingest.api.ingest.form import is_form, read_form
from ingest.api.pushing import Door, PushOrigin, refuse_unread, store
from ingest.api.rest import serializers as shapes
from ingest.api.rest.answers import json_response
from ingest.api.rest.errors import Refused
from ingest.api.rest.push import push_answer
from ingest.api.rest.view import ApiView
from ingest.api.tenancy import Scope
from ingest.distributor.types import RawSeries
from ingest.profiles.formats.convert import TEXT_BYTES_PER_BYTE
from ingest.profiles.formats.detect import FileFormat
from ingest.profiles.formats.hints import ImportHints
from ingest.profiles.formats.import_file import import_file
from ingest.profiles.formats.inspection import InspectedGraph, inspect_file
from ingest.profiles.formats.kinds import KIND_OF_SUFFIX
from ingest.profiles.limits import Limits
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.time_grammar import parse_time_ns

_ERRORS = {400: shapes.ErrorAnswer, 413: shapes.ErrorAnswer}
_FILE = "file"


class FileQuery(serializers.Serializer):
    """What is said beside a file."""

    format = serializers.ChoiceField(
        [one.value for one in FileFormat],
        required=False,
        default="",
        help_text="The file's format; found out if empty.",
    )
    type = serializers.ChoiceField(
        sorted(KIND_OF_SUFFIX),
        required=False,
        default="",
        allow_blank=True,
        help_text="What the values of a file count that does not say it itself, e.g. `cpu`, `wall` or `alloc_space`.",
    )
    sample_rate = serializers.IntegerField(
        required=False,
        default=0,
        min_value=0,
        max_value=1_000_000_000,
        help_text="Samples per second of a file that counts samples; they become nanoseconds. 0: they stay samples.",
    )
    time = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=40,
        help_text="Time of the profiles: Unix seconds, ms, µs or ns, or `now-1h`; default the file's own, else now.",
    )


class InspectQuery(FileQuery):
    """What is said beside a file that is looked at."""

    max_nodes = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=1 << 31, help_text="Most nodes of a graph; 0 is the default."
    )


class UploadAnswer(shapes.PushAnswer):
    """What became of a file."""

    format = serializers.CharField(help_text="The format the file was read as.")


class InspectedGraphAnswer(serializers.Serializer):
    """One sample type of one profile."""

    labels = serializers.DictField(child=serializers.CharField())
    profile_type = serializers.CharField()
    unit = serializers.CharField()
    samples = serializers.IntegerField(help_text="Different stacks.")
    names = serializers.ListField(child=serializers.CharField())
    levels = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))
    total = serializers.IntegerField()
    max_self = serializers.IntegerField()


class InspectAnswer(serializers.Serializer):
    """What a file holds."""

    format = serializers.CharField(help_text="The format the file was read as.")
    profiles = InspectedGraphAnswer(many=True)
    left_out = serializers.IntegerField(help_text="Flame graphs beyond the most that one answer has.")
    dropped = serializers.DictField(child=serializers.IntegerField(), help_text="How much was left out, by why.")


@dataclass(frozen=True, slots=True)
class _Brought:
    """A file, what was said beside it, and for whom it is."""

    tenant: str
    limits: Limits
    data: bytes
    hints: ImportHints
    query: dict[str, Any]


class _FileView(ApiView):
    """Reads the file of a request."""

    def bring(self, request: Request, serializer: type[serializers.Serializer]) -> _Brought:
        """Return the file; a form's is the part ``file``, else its first."""
        tenant = self.tenant()
        query = self.read_query(serializer)
        limits = wiring.get_limits(tenant)
        most_bytes = TEXT_BYTES_PER_BYTE * limits.max_profile_size_bytes
        data = read_decoded_body(request.environ, most_bytes, limits.max_decompression_ratio)
        content_type = request.META.get("CONTENT_TYPE", "")
        if not isinstance(data, Rejection) and is_form(content_type):
            parts = read_form(data, content_type)
            data = parts if isinstance(parts, Rejection) else parts.get(_FILE, next(iter(parts.values()), b""))
        if data == b"":
            data = Rejection(Reason.NO_PROFILES, "The body is empty; send a file.")
        if isinstance(data, Rejection):
            self.refuse(tenant, data)
        now_ns = time.time_ns()
        moment_ns = parse_time_ns(query["time"], now_ns) if query["time"] else 0
        hints = ImportHints(query["type"], query["sample_rate"], moment_ns, now_ns)
        return _Brought(tenant, limits, data, hints, query)

    def refuse(self, tenant: str, rejection: Rejection) -> NoReturn:
        """End the request."""
        raise Refused(rejection)


class UploadView(_FileView):
    """Files."""

    scope = Scope.PUSH

    @extend_schema(
        operation_id="upload",
        parameters=[
            FileQuery,
            OpenApiParameter("service_name", description="Where the profile comes from; default `unknown_service`."),
            OpenApiParameter(
                "labels",
                {"type": "object", "additionalProperties": {"type": "string"}},
                description="Every other parameter is a label and comes before what the file says.",
            ),
        ],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={200: UploadAnswer, **_ERRORS, 503: shapes.ErrorAnswer},
    )
    def post(self, request: Request) -> HttpResponse:
        """Store the profiles of a file in any known format, gzipped or not, as the body or as a form's part `file`.

        pprof, collapsed stacks (py-spy, austin, Python's own sampling profiler), speedscope, pstats, memray's CSV and
        gprof2dot JSON, sessions of pyinstrument, V8's CPU profiles, gecko, JFR, OTLP. Old profiles are refused as when
        pushed; with `time` they are filed elsewhere.
        """
        brought = self.bring(request, FileQuery)
        imported = import_file(brought.data, brought.hints, brought.limits, brought.query["format"])
        if isinstance(imported, Rejection):
            self.refuse(brought.tenant, imported)
        if not imported.profiles:
            self.refuse(brought.tenant, Rejection(Reason.NO_PROFILES, "The file holds no profile."))
        said = {name: value for name, value in request.query_params.items() if name not in FileQuery().fields}
        series = [RawSeries(tuple({**dict(one.labels), **said}.items()), (one.pprof,)) for one in imported.profiles]
        return push_answer(store(self._origin(brought.tenant), series), format=imported.format.value)

    def refuse(self, tenant: str, rejection: Rejection) -> NoReturn:
        """Tell of the refusal as of a push's, and end the request."""
        refuse_unread(self._origin(tenant), rejection)
        raise Refused(rejection)

    def _origin(self, tenant: str) -> PushOrigin:
        environ = self.request.META
        return PushOrigin(tenant, Door.REST, environ.get("HTTP_USER_AGENT", ""), content_length(environ))


class InspectView(_FileView):
    """Files that are only looked at."""

    @extend_schema(
        operation_id="inspect",
        parameters=[InspectQuery],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={200: InspectAnswer, **_ERRORS},
    )
    def post(self, request: Request) -> HttpResponse:
        """Draw the profiles of a file in any known format as flame graphs, and keep nothing."""
        brought = self.bring(request, InspectQuery)
        limits = brought.limits
        max_nodes = brought.query["max_nodes"] or limits.max_flamegraph_nodes_default
        if max_nodes > limits.max_flamegraph_nodes_max > 0:
            message = f"max_nodes is {max_nodes}; max_flamegraph_nodes_max is {limits.max_flamegraph_nodes_max}."
            raise Refused(Rejection(Reason.FLAMEGRAPH_LIMIT, message))
        inspected = inspect_file(brought.data, brought.hints, limits, max_nodes, brought.query["format"])
        if isinstance(inspected, Rejection):
            raise Refused(inspected)
        document = {
            "format": inspected.format.value,
            "profiles": [_graph(one) for one in inspected.graphs],
            "left_out": inspected.left_out,
            "dropped": inspected.dropped,
        }
        return compress(json_response(document), request.META.get("HTTP_ACCEPT_ENCODING", ""))


def _graph(one: InspectedGraph) -> dict[str, Any]:
    return {
        "labels": dict(one.labels),
        "profile_type": one.profile_type,
        "unit": one.unit,
        "samples": one.samples,
        "names": one.graph.names,
        "levels": one.graph.levels,
        "total": one.graph.total,
        "max_self": one.graph.max_self,
    }
