"""Reading over REST: the same querier as the RPCs, for scripts and for the pages."""

from __future__ import annotations

import gzip
import uuid
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from ingest import wiring
from ingest.api.rest import serializers as shapes
from ingest.api.rest.view import ApiView
from ingest.api.sources import source_headers
from ingest.profiles.sample_choice import EVERY_SAMPLE, ExemplarKind
from ingest.querier.types import Exemplar, Selection

_ERRORS = {400: shapes.ErrorAnswer, 503: shapes.ErrorAnswer}


def _selection(tenants: tuple[str, ...], query: dict[str, Any]) -> Selection:
    choice = query.get("choice", EVERY_SAMPLE)
    return Selection(tenants, query["matchers"], query["profile_type"], query["from"], query["until"], choice)


class ProfileTypesView(ApiView):
    """Profile types."""

    @extend_schema(
        operation_id="profileTypes",
        parameters=[shapes.RangeQuery],
        responses={200: shapes.ProfileTypesAnswer, **_ERRORS},
    )
    def get(self, request: Request) -> HttpResponse:
        """List the profile types with data in the range, sorted by id."""
        query = self.read_query(shapes.RangeQuery)
        answer = wiring.get_querier().profile_types(self.tenants(), query["from"], query["until"])
        types = [
            {
                "id": one.id,
                "name": one.name,
                "sample_type": one.sample_type,
                "sample_unit": one.sample_unit,
                "period_type": one.period_type,
                "period_unit": one.period_unit,
            }
            for one in answer.value
        ]
        return self.answer(answer, profile_types=types)


class LabelNamesView(ApiView):
    """Label names."""

    @extend_schema(
        operation_id="labelNames", parameters=[shapes.SelectorQuery], responses={200: shapes.NamesAnswer, **_ERRORS}
    )
    def get(self, request: Request) -> HttpResponse:
        """List the label names of the matching series, sorted, private ones included."""
        query = self.read_query(shapes.SelectorQuery)
        answer = wiring.get_querier().label_names(_selection(self.tenants(), query))
        return self.answer(answer, names=list(answer.value))


class LabelValuesView(ApiView):
    """Values of a label."""

    @extend_schema(
        operation_id="labelValues", parameters=[shapes.SelectorQuery], responses={200: shapes.NamesAnswer, **_ERRORS}
    )
    def get(self, request: Request, name: str) -> HttpResponse:
        """List the values of one label over the matching series, sorted."""
        query = self.read_query(shapes.SelectorQuery)
        answer = wiring.get_querier().label_values(_selection(self.tenants(), query), name)
        return self.answer(answer, names=list(answer.value))


class SeriesView(ApiView):
    """Label sets."""

    @extend_schema(
        operation_id="series", parameters=[shapes.SeriesQuery], responses={200: shapes.SeriesAnswer, **_ERRORS}
    )
    def get(self, request: Request) -> HttpResponse:
        """List the distinct label sets of the matching series."""
        query = self.read_query(shapes.SeriesQuery)
        names = shapes.comma_separated(query["labels"])
        answer = wiring.get_querier().series(_selection(self.tenants(), query), names)
        return self.answer(answer, series=[dict(labels) for labels in answer.value])


class FlameGraphView(ApiView):
    """Flame graph."""

    @extend_schema(
        operation_id="flamegraph",
        parameters=[shapes.FlameGraphQuery],
        responses={200: shapes.FlameGraphAnswer, **_ERRORS},
    )
    def get(self, request: Request) -> HttpResponse:
        """Merge the matching profiles into one flame graph."""
        query = self.read_query(shapes.FlameGraphQuery)
        answer = wiring.get_querier().merge_stacktraces(_selection(self.tenants(), query), query["max_nodes"])
        graph = answer.value
        return self.answer(
            answer,
            unit=query["profile_type"].sample_unit,
            names=graph.names,
            levels=graph.levels,
            total=graph.total,
            max_self=graph.max_self,
            hidden_nodes=graph.hidden_nodes,
            hidden=graph.hidden,
        )


class ProfileView(ApiView):
    """Merged profile."""

    @extend_schema(
        operation_id="profile",
        parameters=[shapes.FlameGraphQuery],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, **_ERRORS},
    )
    def get(self, request: Request) -> HttpResponse:
        """Merge the matching profiles into one pprof file, gzipped as `go tool pprof` wants it."""
        query = self.read_query(shapes.FlameGraphQuery)
        answer = wiring.get_querier().merge_profile(_selection(self.tenants(), query), query["max_nodes"] or None)
        response = HttpResponse(
            gzip.compress(answer.value, compresslevel=1, mtime=0), content_type="application/octet-stream"
        )
        response["Content-Disposition"] = 'attachment; filename="profile.pb.gz"'
        response["Phlare-Profiles"] = str(answer.profiles)
        for name, value in source_headers(answer.sources):
            response[name] = value
        return response


class TimelineView(ApiView):
    """Timeline."""

    @extend_schema(
        operation_id="timeline", parameters=[shapes.TimelineQuery], responses={200: shapes.TimelineAnswer, **_ERRORS}
    )
    def get(self, request: Request) -> HttpResponse:
        """Return totals over time: a point at t sums the profiles with a time in (t - step, t]."""
        query = self.read_query(shapes.TimelineQuery)
        answer = wiring.get_querier().select_series(
            _selection(self.tenants(), query),
            query["step"],
            shapes.comma_separated(query["group_by"]),
            query["limit"] or None,
            False,
        )
        lines = [
            {"labels": dict(one.labels), "timestamps_ms": one.timestamps_ms, "values": one.values}
            for one in answer.value
        ]
        return self.answer(answer, unit=query["profile_type"].sample_unit, step_ms=query["step"], series=lines)


class HeatmapView(ApiView):
    """Heatmap."""

    @extend_schema(
        operation_id="heatmap", parameters=[shapes.HeatmapQuery], responses={200: shapes.HeatmapAnswer, **_ERRORS}
    )
    def get(self, request: Request) -> HttpResponse:
        """Count profiles, or spans of them, by their values over time; the largest of each bucket is named."""
        query = self.read_query(shapes.HeatmapQuery)
        counted = ExemplarKind(query["counted"])
        answer = wiring.get_querier().heatmap(
            _selection(self.tenants(), query), query["step"], (), None, counted, exemplars=True
        )
        slots = [
            {
                "timestamp_ms": slot.timestamp_ms,
                "counts": slot.counts,
                "exemplars": [_exemplar(one) for one in slot.exemplars],
            }
            for line in answer.value.series
            for slot in line.slots
        ]
        return self.answer(
            answer,
            unit=query["profile_type"].sample_unit,
            step_ms=query["step"],
            floors=answer.value.floors,
            slots=slots,
        )


def _exemplar(one: Exemplar) -> dict[str, Any]:
    return {
        "time_ms": one.time_ms,
        "profile_id": str(uuid.UUID(bytes=one.profile_id)),
        "span_id": f"{one.span:016x}" if one.span else "",
        "value": one.value,
        "labels": dict(one.labels),
    }
