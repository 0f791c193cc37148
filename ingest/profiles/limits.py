"""The limits of one tenant, in one place: everything a sender or a reader can make grow is bounded by a field here.

Names and defaults follow Pyroscope's per-tenant overrides, with the unit moved into the name: sizes are ``int`` bytes
and durations ``int`` nanoseconds. Zero switches a limit off only where the field says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

MIB = 1 << 20
SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the write and the read path of one tenant."""

    ingestion_rate_bytes_per_second: int = 32 * MIB
    """Bytes of labels and of uncompressed profiles that a tenant may send a second, over all distributors; 0 switches
    it off. Pyroscope's default is 4 MiB."""

    ingestion_burst_bytes: int = 256 * MIB
    """Bytes that may come at once before the rate counts. Pyroscope's default of 2 MiB is below the largest profile
    that its own limits allow; this one holds the largest request."""

    max_global_series_per_tenant: int = 100_000
    """Series with a profile in the last 10 to 20 minutes, one for each label set and sample type, each counted once
    however many copies there are; 0 switches it off. Pyroscope's default is 5 000, and none in its second version."""

    max_label_names_per_series: int = 30
    """Labels of a series as sent, after defaults and sample labels, before the server's private ones."""

    max_label_name_length: int = 1024
    """Bytes of UTF-8 of one label name."""

    max_label_value_length: int = 2048
    """Bytes of UTF-8 of one label value."""

    max_sessions_per_series: int = 0
    """Distinct ``__session_id__`` values kept per series, by remainder; 0 removes the label, so that a restart of a
    process does not make a new series."""

    max_profile_size_bytes: int = 4 * MIB
    """Uncompressed pprof bytes of one profile."""

    max_profile_stacktrace_samples: int = 16_000
    """Samples of one profile as sent, before equal stacks are summed."""

    max_profile_stacktrace_depth: int = 1_000
    """Frames of one stack; deeper stacks lose frames on the leaf side."""

    max_profile_stacktrace_sample_labels: int = 100
    """Labels of one sample as sent."""

    max_profile_symbol_value_length: int = 65_535
    """Bytes of one symbol string; longer ones keep their last bytes."""

    max_label_groups_per_profile: int = 2_000
    """Distinct sample label sets of one profile, each of which becomes a profile and a series of its own. Pyroscope
    has no such bound; without one a single profile of 16 000 samples could make 16 000 series. Profiles seen in
    practice have below 100."""

    reject_older_than_ns: int = HOUR_NS
    """Profiles at or before now minus this are refused; 0 switches it off."""

    reject_newer_than_ns: int = 10 * MINUTE_NS
    """Profiles at or after now plus this are refused; 0 switches it off."""

    out_of_order_window_ns: int = 2 * HOUR_NS
    """How far behind the newest profile of the tenant on an ingester a late one may be; older ones are refused. 0
    refuses every late one. The default covers all that ``reject_older_than`` and ``reject_newer_than`` let through."""

    ingestion_tenant_shard_size: int = 0
    """Ingesters that store the tenant's profiles, over all zones together; 0 = all. A size below the replication factor
    counts as the factor, because a shard has to hold every copy."""

    ingestion_body_limit_bytes: int = 256 * MIB
    """Bytes of one request body, and of all its profiles together once decompressed."""

    max_decompression_ratio: int = 256
    """Decompressed bytes per compressed byte of one gzip stream. Deflate cannot exceed 1032 and a bomb comes close to
    it; real pprof reaches 3 to 43, and about 100 when it repeats one stack with zero values. 256 leaves that two and
    a half times the room and stops a bomb after a quarter of its length."""

    ingestion_relabeling_rules: str = ""
    """Rules that rewrite the labels of profiles or drop them, see :mod:`ingest.profiles.relabel_text`."""

    ingestion_relabeling_default_rules_position: str = "first"
    """Where the server's own rules stand beside these: ``first``, ``last`` or ``disabled``."""

    sample_type_relabeling_rules: str = ""
    """Rules that keep or drop sample types, by the labels of the series with ``__type__`` and ``__unit__``."""

    compactor_blocks_retention_period_ns: int = 0
    """How old the newest profile of a block may get before the block is deleted from the bucket; 0 keeps all for
    ever."""

    max_query_lookback_ns: int = 7 * DAY_NS
    """How far before now a query may reach; earlier starts are moved up. 0 switches it off."""

    max_query_length_ns: int = DAY_NS
    """Longest range of a query after the lookback has been applied. 0 switches it off."""

    max_flamegraph_nodes_default: int = 8_192
    """Nodes of a flame graph when the request names no number."""

    max_flamegraph_nodes_max: int = 1_048_576
    """Most nodes a request may ask for; more is refused, not capped."""


DEFAULT_LIMITS = Limits()


def strictest(limits: Sequence[Limits]) -> Limits:
    """Return the limits of a read over several tenants: of each number the smallest that is not 0, as the field does.

    Raises ValueError without any.
    """
    if not limits:
        raise ValueError("the limits of nobody are not defined")
    if len(limits) == 1:
        return limits[0]
    numbers = {
        one.name: [getattr(of_tenant, one.name) for of_tenant in limits]
        for one in fields(Limits)
        if isinstance(getattr(limits[0], one.name), int)
    }
    smallest: dict[str, Any] = {
        name: min((one for one in found if one > 0), default=0) for name, found in numbers.items()
    }
    return replace(limits[0], **smallest)
