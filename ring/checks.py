"""System checks: a ring configuration that cannot work is found before anything starts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from ring.config import RingConfig
from ring.core.findings import placement_findings
from ring.core.replication import RingRules


@register("ring")
def check_ring_config(**_options: Any) -> list[CheckMessage]:
    """ring.E001: no configuration; ring.E002: one that cannot work; ring.W001: an even number of copies."""
    config = getattr(settings, "RING", None)
    if not isinstance(config, RingConfig):
        return [Error("settings.RING is not a RingConfig.", id="ring.E001")]
    messages: list[CheckMessage] = [Error(problem, id="ring.E002") for problem in config.validate()]
    if config.replication_factor >= 2 and config.replication_factor % 2 == 0:
        enough = [""] * config.replication_factor
        messages += [
            Warning(finding.sentence, hint="Use 1 on a single machine and 3 on a cluster.", id="ring.W001")
            for finding in placement_findings(RingRules(config.replication_factor), enough)
        ]
    return messages
