"""How the whole installation does, as one document: for the page, for programs and for terminals."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.conf import settings

from ingest.administration.health import Component, Health, worst
from ingest.health_wiring import all_components, uptime_seconds

TEXT_COLUMNS = ("name", "kind", "health", "latency", "detail")


def status_document() -> dict[str, Any]:
    """Return version, uptime of the process that answers, and how every part does; waits a few seconds at most."""
    web = Component("web", "process", Health.OK, None, f"this process, {settings.BIND}")
    components = [web, *all_components()]
    return {
        "version": settings.VERSION,
        "python_version": platform.python_version(),
        "now_ms": time.time_ns() // 1_000_000,
        "uptime_seconds": uptime_seconds(),
        "health": worst(components).value,
        "components": [asdict(one) for one in components],
        "configuration": [
            {"name": one.name, "value": one.value, "default": one.default, "is_set": one.is_set}
            for one in settings.PHLARE_ENVIRONMENT.in_force()
        ],
    }


def status_text(document: Mapping[str, Any]) -> str:
    """Return the document without its configuration, as columns for a terminal."""
    rows = [TEXT_COLUMNS, *(_cells(one) for one in document["components"])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(TEXT_COLUMNS) - 1)]
    lines = [
        f"phlareweb {document['version']}, {document['health']}, up {document['uptime_seconds']:.0f} s",
        *("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows),
    ]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _cells(one: Mapping[str, Any]) -> tuple[str, ...]:
    latency = "" if one["latency_ms"] is None else f"{one['latency_ms']:.1f} ms"
    return (one["name"], one["kind"], one["health"], latency, one["detail"])
