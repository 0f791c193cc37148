"""Which limits cannot be in force together. Judged where a limit is set, over those in force: own values before
defaults.
"""

from __future__ import annotations

from ingest.profiles.limits import Limits
from ingest.profiles.quantities import format_bytes


def largest_profile_bytes(limits: Limits) -> int:
    """Return what the largest profile with the largest labels counts against the rate."""
    label_bytes = limits.max_label_name_length + limits.max_label_value_length
    return limits.max_profile_size_bytes + limits.max_label_names_per_series * label_bytes


def contradictions(limits: Limits) -> list[str]:
    """Return what of ``limits`` cannot be meant, one sentence each; empty when all is well."""
    found = []
    largest_bytes = largest_profile_bytes(limits)
    if limits.ingestion_rate_bytes_per_second and limits.ingestion_burst_bytes < largest_bytes:
        found.append(
            "The largest profile could never pass: ingestion_burst_bytes "
            f"({format_bytes(limits.ingestion_burst_bytes)}) is below max_profile_size_bytes "
            f"({format_bytes(limits.max_profile_size_bytes)}) with the largest labels, "
            f"{largest_bytes} bytes together."
        )
    if limits.ingestion_body_limit_bytes < limits.max_profile_size_bytes:
        found.append(
            f"No request could hold the largest profile: ingestion_body_limit_bytes "
            f"({format_bytes(limits.ingestion_body_limit_bytes)}) is below max_profile_size_bytes "
            f"({format_bytes(limits.max_profile_size_bytes)})."
        )
    if 0 < limits.max_flamegraph_nodes_max < limits.max_flamegraph_nodes_default:
        found.append(
            f"A flame graph without a wish would be larger than any request may ask for: max_flamegraph_nodes_default "
            f"({limits.max_flamegraph_nodes_default}) is above max_flamegraph_nodes_max "
            f"({limits.max_flamegraph_nodes_max})."
        )
    return found
