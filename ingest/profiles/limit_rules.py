"""Which limits cannot be in force together. Judged where a limit is set, over those in force: own values before
defaults.
"""

from __future__ import annotations

from ingest.profiles.limits import MINUTE_NS, Limits
from ingest.profiles.quantities import format_bytes, format_duration


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


def retention_contradiction(limits: Limits, held_ns: int) -> str | None:
    """Return why blocks must not be deleted after this period, in a sentence, or None.

    A profile is taken until it is as old as ``reject_older_than`` allows and may then be on ingesters for ``held_ns``:
    nothing is deleted from the bucket that anybody may still be at work on. Where profiles of every age are taken, old
    ones are deleted soon after they were stored, which is what such a period says.
    """
    period_ns, shortest_ns = limits.compactor_blocks_retention_period_ns, limits.reject_older_than_ns + held_ns
    if period_ns == 0 or period_ns >= shortest_ns:
        return None
    shortest_minutes = -(-shortest_ns // MINUTE_NS)  # rounded up, so that what is shown may be set
    return (
        "Profiles would be deleted that are still on their way to the bucket: compactor_blocks_retention_period "
        f"({format_duration(period_ns / 1e9)}) is below {format_duration(shortest_minutes * 60)}, which is "
        f"reject_older_than ({format_duration(limits.reject_older_than_ns / 1e9)}) and the time that profiles may be "
        "on ingesters. 0 keeps all for ever."
    )
