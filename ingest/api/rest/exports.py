"""Taking a merged profile away as a file, and the tables of its functions."""

from __future__ import annotations

import gzip
from dataclasses import asdict
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from ingest import wiring
from ingest.api.compression import compress
from ingest.api.otlp_message import otlp_request
from ingest.api.rest import export_shapes as shapes
from ingest.api.rest.errors import Refused
from ingest.api.rest.serializers import ErrorAnswer
from ingest.api.rest.view import ApiView
from ingest.api.sources import source_headers
from ingest.profiles.exports.caption import Caption
from ingest.profiles.exports.formats import EXPORTERS, Exporter, ExportFormat, Reads, file_name
from ingest.profiles.exports.stacks import too_large
from ingest.profiles.exports.top_table import top_diff
from ingest.profiles.flamegraph import top_functions
from ingest.profiles.reasons import Rejection
from ingest.profiles.sample_choice import EVERY_SAMPLE
from ingest.querier.tenants import together
from ingest.querier.types import Answer, Selection

_ERRORS = {400: ErrorAnswer, 503: ErrorAnswer}

#: Largest merged pprof that is rewritten as OTLP, which goes sample by sample.
_OTLP_SOURCE_BYTES = 1 << 26

#: Formats that are compressed already.
_PACKED = (ExportFormat.PPROF, ExportFormat.PARQUET)


def _selection(tenants: tuple[str, ...], query: dict[str, Any]) -> Selection:
    choice = query.get("choice", EVERY_SAMPLE)
    return Selection(tenants, query["matchers"], query["profile_type"], query["from"], query["until"], choice)


class ExportView(ApiView):
    """A merged profile as a file."""

    @extend_schema(
        operation_id="export",
        parameters=[shapes.ExportQuery],
        responses={
            **{(200, kind): OpenApiTypes.BINARY for kind in sorted({one.content_type for one in EXPORTERS.values()})},
            **_ERRORS,
        },
    )
    def get(self, request: Request) -> HttpResponse:
        """Merge the matching profiles into one file to keep, to send or to open in another program."""
        query = self.read_query(shapes.ExportQuery)
        chosen = ExportFormat(query["format"])
        exporter = EXPORTERS[chosen]
        caption = Caption(query["query"], query["profile_type"], query["from"], query["until"])
        answer = self.exported(chosen, exporter, caption, query)
        response = HttpResponse(answer.value, content_type=exporter.content_type)
        response["Content-Disposition"] = f'attachment; filename="{file_name(caption, exporter.extension)}"'
        # Names of functions come from strangers: whatever a browser takes the file for, it may not run it here.
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Security-Policy"] = "sandbox"
        response["Phlare-Profiles"] = str(answer.profiles)
        for name, value in source_headers(answer.sources):
            response[name] = value
        return response if chosen in _PACKED else compress(response, request.META.get("HTTP_ACCEPT_ENCODING", ""))

    def exported(
        self, chosen: ExportFormat, exporter: Exporter, caption: Caption, query: dict[str, Any]
    ) -> Answer[bytes]:
        """Return the content of the file. Raises Refused when it would be too large."""
        selection, nodes = _selection(self.tenants(), query), query["max_nodes"]
        querier = wiring.get_querier()
        if exporter.encode is None:
            merged = querier.merge_profile(selection, nodes or None)
            if chosen is ExportFormat.PPROF:
                return _with(merged, gzip.compress(merged.value, compresslevel=1, mtime=0))
            if len(merged.value) > _OTLP_SOURCE_BYTES:
                raise Refused(too_large(f"{len(merged.value)} bytes", f"{_OTLP_SOURCE_BYTES}"))
            return _with(merged, otlp_request(merged.value, _service_name(selection)))
        bound = {Reads.WHOLE: nodes or None, Reads.DRAWN: nodes}.get(exporter.reads)
        stacks = querier.merge_by_name(selection, bound)
        made = exporter.encode(stacks.value, caption, nodes)
        if isinstance(made, Rejection):
            raise Refused(made)
        return _with(stacks, made)


class TopView(ApiView):
    """Functions by what they took."""

    @extend_schema(operation_id="top", parameters=[shapes.TopQuery], responses={200: shapes.TopAnswer, **_ERRORS})
    def get(self, request: Request) -> HttpResponse:
        """List the functions of the matching profiles with self and total values, the largest self value first."""
        query = self.read_query(shapes.TopQuery)
        answer = wiring.get_querier().merge_by_name(_selection(self.tenants(), query), None)
        rows = top_functions(answer.value)
        return self.answer(
            answer,
            unit=query["profile_type"].sample_unit,
            total=int(answer.value.node_self.sum()),
            count=len(rows),
            functions=[{"name": name, "self": own, "total": total} for name, own, total in rows[: query["limit"]]],
        )


class DiffView(ApiView):
    """Two flame graphs on one."""

    @extend_schema(
        operation_id="diff", parameters=[shapes.GraphDiffQuery], responses={200: shapes.DiffAnswer, **_ERRORS}
    )
    def get(self, request: Request) -> HttpResponse:
        """Merge two selections into one flame graph that has the numbers of both."""
        query = self.read_query(shapes.GraphDiffQuery)
        left, right = (_selection(self.tenants(), query[side]) for side in ("left", "right"))
        answer = wiring.get_querier().diff(left, right, query["max_nodes"])
        graph = answer.value
        return self.answer(
            answer,
            unit=query["left"]["profile_type"].sample_unit,
            names=graph.names,
            levels=graph.levels,
            left_total=graph.left_total,
            right_total=graph.right_total,
            max_self=graph.max_self,
        )


class TopDiffView(ApiView):
    """Functions of two selections."""

    @extend_schema(
        operation_id="topDiff", parameters=[shapes.TopDiffQuery], responses={200: shapes.TopDiffAnswer, **_ERRORS}
    )
    def get(self, request: Request) -> HttpResponse:
        """List the functions of two selections side by side, the largest change of the self value first."""
        query = self.read_query(shapes.TopDiffQuery)
        querier = wiring.get_querier()
        left, right = (
            querier.merge_by_name(_selection(self.tenants(), query[side]), None) for side in ("left", "right")
        )
        rows = top_diff(left.value, right.value)
        both = Answer(rows, together([left.sources, right.sources]), left.profiles + right.profiles)
        return self.answer(
            both,
            unit=query["left"]["profile_type"].sample_unit,
            left_total=int(left.value.node_self.sum()),
            right_total=int(right.value.node_self.sum()),
            count=len(rows),
            functions=[asdict(row) for row in rows[: query["limit"]]],
        )


def _with(answer: Answer[Any], value: bytes) -> Answer[bytes]:
    return Answer(value, answer.sources, answer.profiles)


def _service_name(selection: Selection) -> str:
    """Return the one service that a selection is about, if it says so."""
    return next((one.value for one in selection.matchers if (one.name, one.op) == ("service_name", "=")), "")
