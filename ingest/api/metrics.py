"""Metrics of the HTTP doors, under the names that existing dashboards ask for."""

from __future__ import annotations

import os

from django.conf import settings
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from ingest.distributor.types import Outcome, PushResult
from ingest.profiles.limit_report import in_unit
from ingest.profiles.limit_table import LIMIT_TABLE, LimitKind
from ingest.profiles.reasons import Reason
from ingest.tenant_wiring import get_tenant_settings

_REQUEST_SECONDS = Histogram(
    "pyroscope_request_duration_seconds",
    "Time from the first byte of a request to the last byte of its answer.",
    ["method", "route", "status_code"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
_PUSHED = Counter("phlare_pushed_profiles", "Profiles pushed, by what became of them.", ["tenant", "outcome"])
_DISCARDED = Counter("pyroscope_discarded_samples", "Profiles refused or empty.", ["reason", "tenant"])
_DISCARDED_BYTES = Counter(
    "pyroscope_discarded_bytes",
    "Bytes of them: decompressed, or as they came when they were not read.",
    ["reason", "tenant"],
)
_SUSPECT = Counter(
    "phlare_suspect_profiles", "Profiles taken that are likely of no use to their sender, by why.", ["reason", "tenant"]
)
_LANGUAGES = Counter("phlare_pushed_languages", "Profiles taken, by the language they are of.", ["language", "tenant"])


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one request. ``route`` is a pattern, never a path with values in it."""
    _REQUEST_SECONDS.labels(method, route, str(status)).observe(seconds)


def observe_push(tenant: str, result: PushResult) -> None:
    """Count what became of a push."""
    for item in result.items:
        _PUSHED.labels(tenant, item.outcome.value).inc()
        if item.outcome is Outcome.REJECTED or item.reason is Reason.EMPTY_PROFILE:
            observe_discarded(tenant, item.reason or Reason.UNKNOWN, 1, item.raw_bytes)
        if item.time_ns:
            _LANGUAGES.labels(item.language.value, tenant).inc()
        if dropped := item.dropped.get(Reason.DROPPED_BY_RELABEL_RULES.value):
            size_bytes = item.raw_bytes if item.outcome is Outcome.EMPTY else 0
            observe_discarded(tenant, Reason.DROPPED_BY_RELABEL_RULES, dropped, size_bytes)
        for suspect in item.suspects:
            _SUSPECT.labels(suspect.value, tenant).inc()


def observe_discarded(tenant: str, reason: Reason, profiles: int, size_bytes: int) -> None:
    """Count what was not stored for a reason that trying again does not change."""
    _DISCARDED.labels(reason.value, tenant).inc(profiles)
    _DISCARDED_BYTES.labels(reason.value, tenant).inc(size_bytes)


def exposition(accept: str) -> tuple[bytes, str]:
    """Return the metrics page and its content type: of all processes when they share a folder, else of this one."""
    families = _collected()
    page = CollectorRegistry()
    page.register(_Families([*families, *_write_de_amplification(families), *_limits()]))
    encode, content_type = choose_encoder(accept)
    return encode(page), content_type


def discarded_profiles() -> dict[tuple[str, str], float]:
    """Return how many profiles were refused or empty since the web processes started, by reason and tenant."""
    found: dict[tuple[str, str], float] = {}
    for family in _collected():
        for sample in family.samples:
            if sample.name == "pyroscope_discarded_samples_total" and sample.value:
                key = (sample.labels["reason"], sample.labels["tenant"])
                found[key] = found.get(key, 0.0) + sample.value
    return found


def _collected() -> list[Metric]:
    """Return the metrics of all processes when they share a folder, else those of this one."""
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return list(registry.collect())


class _Families(Collector):
    """Families that were collected already."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        """Return them."""
        return self._families


def _limits() -> list[Metric]:
    """Return the limits that are numbers: the defaults, and what was set for single tenants. Durations in seconds."""
    defaults = GaugeMetricFamily(
        "pyroscope_limits_defaults", "Limits of tenants without settings of their own.", labels=["limit_name"]
    )
    overrides = GaugeMetricFamily(
        "pyroscope_limits_overrides", "Limits set for single tenants.", labels=["limit_name", "tenant"]
    )
    numbers = [info for info in LIMIT_TABLE if info.kind is not LimitKind.TEXT]
    for info in numbers:
        defaults.add_metric([info.column], float(in_unit(info, info.value_in(settings.LIMITS))))
    for tenant, own in get_tenant_settings().overrides().items():
        for info in numbers:
            if info.name in own:
                overrides.add_metric([info.column, tenant], float(in_unit(info, own[info.name])))
    return [defaults, overrides]


def _write_de_amplification(families: list[Metric]) -> list[Metric]:
    """What the batching of ingesters saves: objects and bytes put into the bucket for each profile stored.

    Without batching it would be one object for each replica of each profile. Absent until something was uploaded.
    """
    totals: dict[str, float] = {}
    for family in families:
        for sample in family.samples:
            if sample.name != "phlare_pushed_profiles_total" or sample.labels.get("outcome") == Outcome.STORED.value:
                totals[sample.name] = totals.get(sample.name, 0.0) + sample.value
    profiles = totals.get("phlare_pushed_profiles_total", 0.0)
    if not profiles or not totals.get("phlare_uploaded_objects_total"):
        return []
    return [
        GaugeMetricFamily(
            f"phlare_uploaded_{what}_per_profile",
            f"Write de-amplification: {what} put into the bucket for each profile stored, since the start.",
            value=totals.get(f"phlare_uploaded_{what}_total", 0.0) / profiles,
        )
        for what in ("objects", "bytes")
    ]
