"""Addresses of the API."""

from __future__ import annotations

from django.urls import path, re_path

from ingest.api import documentation, operations
from ingest.api.connect import pusher, querier
from ingest.api.connect.door import unary, unimplemented
from ingest.api.rest import queries
from ingest.api.rest.push import PushView
from ingest.api.rest.unknown import UnknownView

_CONNECT = [path(rpc.path, unary(rpc)) for rpc in (pusher.RPC, *querier.RPCS)]
_UNIMPLEMENTED = [
    path(address, unimplemented(address))
    for address in (f"{querier.SERVICE}/{method}" for method in querier.UNIMPLEMENTED)
]

urlpatterns = [
    *_CONNECT,
    *_UNIMPLEMENTED,
    path("api/v1/profiles", PushView.as_view(), name="push"),
    path("api/v1/profile-types", queries.ProfileTypesView.as_view(), name="profile-types"),
    path("api/v1/labels", queries.LabelNamesView.as_view(), name="labels"),
    path("api/v1/labels/<str:name>/values", queries.LabelValuesView.as_view(), name="label-values"),
    path("api/v1/series", queries.SeriesView.as_view(), name="series"),
    path("api/v1/flamegraph", queries.FlameGraphView.as_view(), name="flamegraph"),
    path("api/v1/profile", queries.ProfileView.as_view(), name="profile"),
    path("api/v1/timeline", queries.TimelineView.as_view(), name="timeline"),
    path("api/v1/status/buildinfo", operations.buildinfo, name="buildinfo"),
    path("api/v1/openapi.json", documentation.openapi, name="openapi"),
    path("api/docs", documentation.page, name="api-docs"),
    re_path(r"^api/v1/.*$", UnknownView.as_view()),
    path("ready", operations.ready, name="ready"),
    path("healthz", operations.healthz, name="healthz"),
    path("metrics", operations.metrics, name="metrics"),
]
