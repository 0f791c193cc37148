"""Pyroscope's HTTP API for reading: ``/pyroscope/render``, ``/pyroscope/render-diff``, ``/pyroscope/label-values``.

Older pages, scripts and Grafana's Profiles Drilldown ask here. Parameters and answers are those of pkg/querier/http.go,
where what cannot be read means its default; only queries are refused.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from ingest import wiring
from ingest.api.compression import compress
from ingest.api.rest import serializers as shapes
from ingest.api.rest.answers import json_response
from ingest.api.rest.errors import Refused
from ingest.api.rest.view import ApiView
from ingest.api.sources import source_headers
from ingest.profiles.dot import DEFAULT_MAX_FUNCTIONS, dot_graph
from ingest.profiles.exports.flamebearer import flamebearer, flamebearer_diff
from ingest.profiles.exports.timeline import snapped, step_seconds, timeline
from ingest.profiles.profile_type import ProfileType, parse_profile_type
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.selector import parse_selector
from ingest.profiles.time_grammar import parse_time_ns
from ingest.querier.types import Answer, Selection, TimeSeries

_NS_PER_MS = 1_000_000
#: Lines of ``groups`` at most; those with the largest totals.
_MAX_GROUPS = 500
#: Nodes of the profile that a call graph is drawn from, unless more are to be drawn.
_DOT_SOURCE_NODES = 512
#: Longest number of nodes that is read; a longer one is no number of nodes.
_MAX_DIGITS = 18

_ERRORS = {400: shapes.ErrorAnswer, 503: shapes.ErrorAnswer}
_TIME = "Unix time in s, ms, µs or ns (told by its digits), `YYYYMMDD`, `now`, `now-1h`. Default `now`."
_QUERY = 'Selector with the profile type in front: `process_cpu:cpu:nanoseconds:cpu:nanoseconds{service_name="web"}`.'
_NODES = [
    OpenApiParameter(name, OpenApiTypes.INT, description="Most nodes; 0, or no number, is the default.")
    for name in ("maxNodes", "max-nodes")
]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One side of a request."""

    profile_type: ProfileType
    selection: Selection


class RenderView(ApiView):
    """Flame graph with timeline."""

    @extend_schema(
        operation_id="render",
        parameters=[
            OpenApiParameter("query", required=True, description=_QUERY),
            OpenApiParameter("from", description=_TIME),
            OpenApiParameter("until", description=_TIME),
            *_NODES,
            OpenApiParameter("groupBy", many=True, description="Label to split the timeline by; the first one counts."),
            OpenApiParameter("aggregation", description="`sum` (default) or `avg`: what a point of a timeline is."),
            OpenApiParameter("format", description="`json` (default), or `dot` for Graphviz."),
        ],
        responses={
            (200, "application/json"): OpenApiTypes.OBJECT,
            (200, "text/plain"): OpenApiTypes.STR,
            **_ERRORS,
        },
    )
    def get(self, request: Request) -> HttpResponse:
        """Answer the flame graph of a query and its timeline, in Pyroscope's "flamebearer" format."""
        asked = self.asked(request)
        nodes = _max_nodes(request)
        if request.query_params.get("format") == "dot":
            return self.dot(asked, nodes)
        querier = wiring.get_querier()
        answer = querier.merge_stacktraces(asked.selection, nodes)
        group_by = tuple(request.query_params.getlist("groupBy"))
        start_ms, end_ms = asked.selection.start_ms, asked.selection.end_ms
        step = step_seconds(start_ms, end_ms)
        lines = self.lines(asked, step, group_by, request.query_params.get("aggregation") == "avg")
        only = lines[0] if len(lines) == 1 else TimeSeries((), [], [])
        groups = {
            _group(line, group_by[0]): timeline(line.timestamps_ms, line.values, start_ms, end_ms, step)
            for line in lines
            if group_by
        }
        whole = timeline(only.timestamps_ms, only.values, start_ms, end_ms, step)
        return self.document(answer, flamebearer(answer.value, asked.profile_type, whole, groups if group_by else None))

    def lines(self, asked: _Asked, step: int, group_by: tuple[str, ...], average: bool) -> tuple[TimeSeries, ...]:
        """Return the lines of the timeline, whose points lie on multiples of the step."""
        start_ms = max(1, snapped(asked.selection.start_ms, step))
        if start_ms > asked.selection.end_ms:
            return ()
        selection = Selection(
            asked.selection.tenants, asked.selection.matchers, asked.profile_type, start_ms, asked.selection.end_ms
        )
        return wiring.get_querier().select_series(selection, 1000 * step, group_by, _MAX_GROUPS, average).value

    def dot(self, asked: _Asked, nodes: int) -> HttpResponse:
        """Answer the call graph as Graphviz text, nothing at all when there are no data."""
        shown = nodes or DEFAULT_MAX_FUNCTIONS
        answer = wiring.get_querier().merge_by_name(asked.selection, max(shown, _DOT_SOURCE_NODES))
        unit, title = asked.profile_type.sample_unit, asked.profile_type.sample_type
        response = HttpResponse(dot_graph(answer.value, unit, shown, title), content_type="text/plain; charset=utf-8")
        return self.told(answer, response)

    def asked(self, request: Request, side: str = "") -> _Asked:
        """Return what a request asks for; ``side`` is the prefix of its parameters."""
        query, start, end = (f"{side}{name}" if not side else f"{side}{name.title()}" for name in _PARAMETERS)
        profile_type, matchers = _query(request.query_params.get(query, ""), query)
        now_ns = time.time_ns()
        start_ms, end_ms = (
            parse_time_ns(request.query_params.get(name, ""), now_ns) // _NS_PER_MS for name in (start, end)
        )
        return _Asked(profile_type, Selection(self.tenants(), matchers, profile_type, start_ms, end_ms))

    def document(self, answer: Answer[Any], document: dict[str, Any]) -> HttpResponse:
        """Return the document; who is missing from it is told by headers, since it has no place for that."""
        return self.told(answer, json_response(document))

    def told(self, answer: Answer[Any], response: HttpResponse) -> HttpResponse:
        """Return ``response`` with what ``answer`` says about itself."""
        response["Phlare-Profiles"] = str(answer.profiles)
        for name, value in source_headers(answer.sources):
            response[name] = value
        return compress(response, self.request.META.get("HTTP_ACCEPT_ENCODING", ""))


class RenderDiffView(RenderView):
    """Two flame graphs on one."""

    @extend_schema(
        operation_id="renderDiff",
        parameters=[
            *(
                OpenApiParameter(f"{side}{name}", required=name == "Query", description=text)
                for side in ("left", "right")
                for name, text in (("Query", _QUERY), ("From", _TIME), ("Until", _TIME))
            ),
            *_NODES,
        ],
        responses={200: OpenApiTypes.OBJECT, **_ERRORS},
    )
    def get(self, request: Request) -> HttpResponse:
        """Answer two queries of one profile type as one flame graph, with the numbers of both sides."""
        left, right = self.asked(request, "left"), self.asked(request, "right")
        if left.profile_type != right.profile_type:
            raise Refused(Rejection(Reason.BAD_REQUEST, "leftQuery and rightQuery must be of one profile type."))
        answer = wiring.get_querier().diff(left.selection, right.selection, _max_nodes(request))
        return self.document(answer, flamebearer_diff(answer.value, left.profile_type))


class LabelValuesView(RenderView):
    """Values of a label."""

    @extend_schema(
        operation_id="renderLabelValues",
        parameters=[
            OpenApiParameter("label", required=True, description="`__name__` lists the profile type ids."),
            OpenApiParameter("query", description="Selector of the series to look at; default all."),
            OpenApiParameter("from", description=_TIME.replace("`now`.", "an hour ago.")),
            OpenApiParameter("until", description=_TIME),
        ],
        responses={200: {"type": "array", "items": {"type": "string"}}, **_ERRORS},
    )
    def get(self, request: Request) -> HttpResponse:
        """List the values of a label as a JSON array."""
        label = request.query_params.get("label", "")
        if not label:
            raise Refused(Rejection(Reason.BAD_REQUEST, "label is missing: which label?"))
        matchers = parse_selector(request.query_params.get("query") or "{}")
        if isinstance(matchers, Rejection):
            raise Refused(matchers)
        now_ns = time.time_ns()
        start_ms, end_ms = (
            parse_time_ns(request.query_params[name], now_ns) // _NS_PER_MS if name in request.query_params else 0
            for name in ("from", "until")
        )
        name = "__profile_type__" if label == "__name__" else label
        answer = wiring.get_querier().label_values(Selection(self.tenants(), matchers, None, start_ms, end_ms), name)
        return self.told(answer, json_response(list(answer.value)))


_PARAMETERS = ("query", "from", "until")


def _query(text: str, parameter: str) -> tuple[ProfileType, Any]:
    """Take a query apart into profile type and selector."""
    if not text:
        raise Refused(Rejection(Reason.BAD_REQUEST, f"{parameter} is missing."))
    matchers = parse_selector(text)
    if isinstance(matchers, Rejection):
        raise Refused(matchers)
    names = [one for one in matchers if one.name == "__name__" and one.op == "="]
    if not names:
        raise Refused(Rejection(Reason.BAD_REQUEST, f"{parameter} names no profile type in front of its braces."))
    profile_type = parse_profile_type(names[0].value)
    if isinstance(profile_type, Rejection):
        raise Refused(profile_type)
    return profile_type, tuple(one for one in matchers if one is not names[0])


def _max_nodes(request: Request) -> int:
    """Return the number of nodes asked for, 0 for the default; what is no number is not looked at."""
    found = 0
    for name in ("max-nodes", "maxNodes"):
        text = request.query_params.get(name, "")
        digits = text.removeprefix("-").removeprefix("+")
        if digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS and len(text) - len(digits) < 2:
            found = int(text) or found
    return found


def _group(line: TimeSeries, label: str) -> str:
    return next((value for name, value in line.labels if name == label), "*")
