"""Every address of the site, and whom it answers while access control is on.

A route without a row here fails ``tests/unit/phlareweb/test_every_route_says_whom_it_is_for.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.urls import URLPattern, URLResolver, get_resolver


class Persona(StrEnum):
    """Who calls. All but the stranger are of the tenant ``ours``, in whose name everybody asks."""

    ANONYMOUS = "anonymous"
    STRANGER = "stranger"  #: a token of the tenant ``theirs`` that may do everything there
    MEMBER = "member"  #: a user's session
    ADMIN = "admin"  #: the same, of an administrator of the tenant
    PUSH_TOKEN = "push token"
    QUERY_TOKEN = "query token"
    EXPIRED_TOKEN = "expired token"


IN, UNKNOWN, FORBIDDEN, SIGN_IN = "let in", "401", "403", "led to the sign-in"


class Kind(StrEnum):
    """Whom a route is for."""

    OPEN = "open"
    PUSH = "push"
    QUERY = "query"
    ADMIN = "admin"
    KNOWN = "known"
    KNOWN_PAGE = "known, a page"
    STAFF = "staff"
    STAFF_PAGE = "staff, a page"
    ADMIN_SITE = "the admin, which leads everybody but staff to its own sign-in"

    @property
    def is_administration(self) -> bool:
        """Whether it asks even while access control is off."""
        return self in (Kind.STAFF, Kind.STAFF_PAGE, Kind.ADMIN_SITE)


def _verdicts(kind: Kind) -> tuple[str, ...]:
    match kind:
        case Kind.OPEN:
            return (IN,) * 7
        case Kind.PUSH:
            return (UNKNOWN, FORBIDDEN, FORBIDDEN, IN, IN, FORBIDDEN, UNKNOWN)
        case Kind.QUERY:
            return (UNKNOWN, FORBIDDEN, IN, IN, FORBIDDEN, IN, UNKNOWN)
        case Kind.ADMIN:
            return (UNKNOWN, FORBIDDEN, FORBIDDEN, IN, FORBIDDEN, FORBIDDEN, UNKNOWN)
        case Kind.KNOWN:
            return (UNKNOWN, IN, IN, IN, IN, IN, UNKNOWN)
        case Kind.KNOWN_PAGE:
            return (SIGN_IN, IN, IN, IN, IN, IN, UNKNOWN)
        case Kind.STAFF:
            return (UNKNOWN, FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN, UNKNOWN)
        case Kind.STAFF_PAGE:
            return (SIGN_IN, FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN, UNKNOWN)
        case Kind.ADMIN_SITE:
            return (SIGN_IN, SIGN_IN, SIGN_IN, SIGN_IN, SIGN_IN, SIGN_IN, UNKNOWN)


def expected(kind: Kind) -> Mapping[Persona, str]:
    """Return what each persona meets."""
    return dict(zip(Persona, _verdicts(kind), strict=True))


@dataclass(frozen=True)
class Row:
    """One route with one of its methods."""

    route: str  #: as in the URL configuration
    method: str
    kind: Kind
    body: str = ""
    content_type: str = "application/octet-stream"

    @property
    def path(self) -> str:
        """An address of the route."""
        path = self.route
        for part, value in (
            ("<str:name>", "x"),
            ("<str:instance>", "a"),
            ("<str:prefix>", "phl_x"),
            ("^api/v1/.*$", "api/v1/none"),
        ):
            path = path.replace(part, value)
        return "/" + path


def _rpc(route: str, kind: Kind) -> Row:
    return Row(route, "POST", kind, "{}", "application/json")


_QUERIER = "querier.v1.QuerierService"
_INSTANCE = "api/v1/ring/instances/<str:instance>"

ROWS = [
    _rpc("push.v1.PusherService/Push", Kind.PUSH),
    *(
        _rpc(f"{_QUERIER}/{method}", Kind.QUERY)
        for method in (
            "ProfileTypes",
            "LabelNames",
            "LabelValues",
            "Series",
            "SelectMergeStacktraces",
            "SelectMergeProfile",
            "SelectSeries",
            "Diff",
            "SelectMergeSpanProfile",
            "SelectHeatmap",
            "GetProfileStats",
            "AnalyzeQuery",
        )
    ),
    _rpc("opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export", Kind.PUSH),
    Row("v1development/profiles", "POST", Kind.PUSH, "", "application/x-protobuf"),
    Row("ingest", "POST", Kind.PUSH),
    Row("pyroscope/ingest", "POST", Kind.PUSH),
    _rpc("version.v1.Version/Version", Kind.KNOWN),
    _rpc("capabilities.v1.FeatureFlagsService/GetFeatureFlags", Kind.QUERY),
    _rpc("settings.v1.SettingsService/Get", Kind.QUERY),
    _rpc("settings.v1.SettingsService/Set", Kind.ADMIN),
    _rpc("settings.v1.SettingsService/Delete", Kind.ADMIN),
    _rpc("adhocprofiles.v1.AdHocProfileService/Upload", Kind.PUSH),
    *(_rpc(f"adhocprofiles.v1.AdHocProfileService/{method}", Kind.QUERY) for method in ("Get", "List", "Diff")),
    _rpc("debuginfo.v1alpha1.DebuginfoService/ShouldInitiateUpload", Kind.PUSH),
    *(
        _rpc(f"debuginfo.v1alpha1.DebuginfoService/{method}", Kind.KNOWN)
        for method in ("UploadFinished", "ListDebuginfo", "DeleteDebuginfo")
    ),
    *(
        _rpc(f"vcs.v1.VCSService/{method}", Kind.KNOWN)
        for method in ("GithubApp", "GithubLogin", "GithubRefresh", "GetFile", "GetCommit", "GetCommits")
    ),
    Row("api/v1/profiles", "POST", Kind.PUSH),
    Row("api/v1/upload", "POST", Kind.PUSH),
    Row("api/v1/inspect", "POST", Kind.QUERY),
    Row("api/v1/profile-types", "GET", Kind.QUERY),
    Row("api/v1/labels", "GET", Kind.QUERY),
    Row("api/v1/labels/<str:name>/values", "GET", Kind.QUERY),
    Row("api/v1/series", "GET", Kind.QUERY),
    Row("api/v1/flamegraph", "GET", Kind.QUERY),
    Row("api/v1/profile", "GET", Kind.QUERY),
    Row("api/v1/timeline", "GET", Kind.QUERY),
    Row("api/v1/limits", "GET", Kind.QUERY),
    Row("api/v1/tenant_limits", "GET", Kind.QUERY),
    Row("api/v1/inbox", "GET", Kind.QUERY),
    Row("api/v1/inbox/hours", "GET", Kind.QUERY),
    Row("api/v1/heatmap", "GET", Kind.QUERY),
    Row("api/v1/top", "GET", Kind.QUERY),
    Row("api/v1/diff", "GET", Kind.QUERY),
    Row("api/v1/diff/top", "GET", Kind.QUERY),
    Row("api/v1/export", "GET", Kind.QUERY),
    Row("pyroscope/render", "GET", Kind.QUERY),
    Row("pyroscope/render-diff", "GET", Kind.QUERY),
    Row("pyroscope/label-values", "GET", Kind.QUERY),
    Row("api/v1/tokens", "GET", Kind.ADMIN),
    Row("api/v1/tokens", "POST", Kind.ADMIN),
    Row("api/v1/tokens/<str:prefix>", "DELETE", Kind.ADMIN),
    Row("api/v1/whoami", "GET", Kind.KNOWN),
    Row("api/v1/whoami/tenant", "POST", Kind.KNOWN),
    Row("api/v1/audit", "GET", Kind.STAFF),
    Row("api/v1/ring", "GET", Kind.STAFF),
    Row("api/v1/ring/history", "GET", Kind.STAFF),
    Row("api/v1/ring/audit", "GET", Kind.STAFF),
    Row("api/v1/ring/shard", "GET", Kind.STAFF),
    Row("api/v1/ring/owners", "GET", Kind.STAFF),
    *(
        Row(f"{_INSTANCE}/{action}", method, Kind.STAFF)
        for action, methods in (
            ("read-only", ("GET", "POST", "DELETE")),
            ("flush", ("POST",)),
            ("prepare-shutdown", ("GET", "POST", "DELETE")),
            ("unregister-on-shutdown", ("GET", "PUT", "DELETE")),
            ("shutdown", ("POST",)),
            ("forget", ("POST",)),
        )
        for method in methods
    ),
    Row("api/v1/status", "GET", Kind.STAFF),
    Row("api/v1/status/config", "GET", Kind.STAFF),
    Row("api/v1/status/config/diff", "GET", Kind.STAFF),
    Row("api/v1/status/config/default", "GET", Kind.STAFF),
    Row("api/v1/status/buildinfo", "GET", Kind.KNOWN),
    Row("api/v1/openapi.json", "GET", Kind.KNOWN),
    Row("api/docs", "GET", Kind.KNOWN_PAGE),
    Row("^api/v1/.*$", "GET", Kind.KNOWN),
    Row("ready", "GET", Kind.OPEN),
    Row("healthz", "GET", Kind.OPEN),
    Row("metrics", "GET", Kind.STAFF),
    Row("", "GET", Kind.KNOWN_PAGE),
    Row("inbox", "GET", Kind.KNOWN_PAGE),
    Row("explore", "GET", Kind.KNOWN_PAGE),
    Row("diff", "GET", Kind.KNOWN_PAGE),
    Row("upload", "GET", Kind.KNOWN_PAGE),
    Row("start", "GET", Kind.KNOWN_PAGE),
    Row("limits", "GET", Kind.KNOWN_PAGE),
    Row("status", "GET", Kind.STAFF_PAGE),
    Row("ring", "GET", Kind.STAFF_PAGE),
    Row("ring", "POST", Kind.STAFF, "forget=a", "application/x-www-form-urlencoded"),
    Row("accounts/login/", "GET", Kind.OPEN),
    Row("accounts/logout/", "POST", Kind.KNOWN),
    Row("admin/", "GET", Kind.ADMIN_SITE),
    Row("admin/ingest/apitoken/", "GET", Kind.ADMIN_SITE),
    Row("admin/ingest/auditentry/", "GET", Kind.ADMIN_SITE),
]


def routes(resolver: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Yield every route of the site with its pattern, but those of the admin, which Django guards as one."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route, entry
        elif entry.app_name != "admin":
            yield from routes(entry, route)


def admin_paths() -> list[str]:
    """Return an address of every route of the admin."""
    (admin,) = [entry for entry in get_resolver().url_patterns if getattr(entry, "app_name", "") == "admin"]
    found = []
    for route, _ in routes(admin, "/admin/"):
        path = re.sub(r"<path:\w+>", "1", route)
        found.append(re.sub(r"<\w+:\w+>", "1", path) if "^" not in path else "/admin/auth/")
    return found


def methods_of(pattern: URLPattern) -> set[str]:
    """Return the methods that a class of views serves by itself; nothing for a plain function."""
    view = getattr(pattern.callback, "cls", None)
    served = {"get", "post", "put", "patch", "delete"}
    return set() if view is None else {name.upper() for name in served if callable(getattr(view, name, None))}
