"""Addresses of the API."""

from __future__ import annotations

from django.urls import path, re_path

from ingest.api import documentation, operations
from ingest.api.connect import page_services
from ingest.api.connect.door import unary, unimplemented
from ingest.api.connect.services import RPCS
from ingest.api.ingest import view as ingest
from ingest.api.otlp import view as otlp
from ingest.api.rest import access, configuration, exports, limits, queries, render, ring, ring_placement, status
from ingest.api.rest.inbox import InboxHoursView, InboxView
from ingest.api.rest.push import PushView
from ingest.api.rest.unknown import UnknownView
from ingest.api.rest.upload import InspectView, UploadView

_CONNECT = [path(rpc.path, unary(rpc)) for rpc in RPCS]
_UNIMPLEMENTED = [path(address, unimplemented(address)) for address in page_services.UNIMPLEMENTED]

_INSTANCE = "api/v1/ring/instances/<str:instance>"
_RING = [
    path("api/v1/ring", ring.RingView.as_view(), name="ring-document"),
    path("api/v1/ring/history", ring.HistoryView.as_view(), name="ring-history"),
    path("api/v1/ring/audit", ring.AuditView.as_view(), name="ring-audit"),
    path("api/v1/ring/shard", ring_placement.ShardView.as_view(), name="ring-shard"),
    path("api/v1/ring/owners", ring_placement.OwnersView.as_view(), name="ring-owners"),
    path(f"{_INSTANCE}/read-only", ring.ReadOnlyView.as_view(), name="ring-read-only"),
    path(f"{_INSTANCE}/flush", ring.FlushView.as_view(), name="ring-flush"),
    path(f"{_INSTANCE}/prepare-shutdown", ring.PrepareShutdownView.as_view(), name="ring-prepare-shutdown"),
    path(f"{_INSTANCE}/unregister-on-shutdown", ring.UnregisterView.as_view(), name="ring-unregister"),
    path(f"{_INSTANCE}/shutdown", ring.ShutdownView.as_view(), name="ring-shutdown"),
    path(f"{_INSTANCE}/forget", ring.ForgetView.as_view(), name="ring-forget"),
]

_ACCESS = [
    path("api/v1/whoami", access.WhoView.as_view(), name="whoami"),
    path("api/v1/whoami/tenant", access.ChooseTenantView.as_view(), name="choose-tenant"),
    path("api/v1/tokens", access.TokensView.as_view(), name="tokens"),
    path("api/v1/tokens/<str:prefix>", access.TokenView.as_view(), name="token"),
    path("api/v1/audit", access.AccessLogView.as_view(), name="audit"),
]

urlpatterns = [
    *_CONNECT,
    *_UNIMPLEMENTED,
    *(path(address, ingest.view) for address in ingest.PATHS),
    path(otlp.PATH, otlp.view),
    path("api/v1/profiles", PushView.as_view(), name="push"),
    path("api/v1/upload", UploadView.as_view(), name="upload"),
    path("api/v1/inspect", InspectView.as_view(), name="inspect"),
    path("api/v1/profile-types", queries.ProfileTypesView.as_view(), name="profile-types"),
    path("api/v1/labels", queries.LabelNamesView.as_view(), name="labels"),
    path("api/v1/labels/<str:name>/values", queries.LabelValuesView.as_view(), name="label-values"),
    path("api/v1/series", queries.SeriesView.as_view(), name="series"),
    path("api/v1/flamegraph", queries.FlameGraphView.as_view(), name="flamegraph"),
    path("api/v1/profile", queries.ProfileView.as_view(), name="profile"),
    path("api/v1/inbox", InboxView.as_view(), name="push-inbox"),
    path("api/v1/inbox/hours", InboxHoursView.as_view(), name="push-inbox-hours"),
    path("api/v1/timeline", queries.TimelineView.as_view(), name="timeline"),
    path("api/v1/heatmap", queries.HeatmapView.as_view(), name="heatmap"),
    path("api/v1/top", exports.TopView.as_view(), name="top"),
    path("api/v1/diff", exports.DiffView.as_view(), name="diff"),
    path("api/v1/diff/top", exports.TopDiffView.as_view(), name="diff-top"),
    path("api/v1/export", exports.ExportView.as_view(), name="export"),
    path("pyroscope/render", render.RenderView.as_view(), name="render"),
    path("pyroscope/render-diff", render.RenderDiffView.as_view(), name="render-diff"),
    path("pyroscope/label-values", render.LabelValuesView.as_view(), name="render-label-values"),
    path("api/v1/limits", limits.LimitsView.as_view(), name="limits"),
    path("api/v1/tenant_limits", limits.TenantLimitsView.as_view(), name="tenant-limits"),
    *_RING,
    *_ACCESS,
    path("api/v1/status", status.StatusView.as_view(), name="status-document"),
    path("api/v1/status/config", configuration.ConfigurationView.as_view(), name="configuration"),
    path("api/v1/status/config/diff", configuration.ConfigurationDiffView.as_view(), name="configuration-diff"),
    path(
        "api/v1/status/config/default", configuration.ConfigurationDefaultView.as_view(), name="configuration-default"
    ),
    path("api/v1/status/buildinfo", operations.buildinfo, name="buildinfo"),
    path("api/v1/openapi.json", documentation.openapi, name="openapi"),
    path("api/docs", documentation.page, name="api-docs"),
    re_path(r"^api/v1/.*$", UnknownView.as_view()),
    path("ready", operations.ready, name="ready"),
    path("healthz", operations.healthz, name="healthz"),
    path("metrics", operations.metrics, name="metrics"),
]
