"""From the bytes of one pushed profile to what is stored: decode, check, normalise, divide by labels, identify."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ingest.profiles.columns import Labels, ProfileGroup, Symbols
from ingest.profiles.identity import profile_id
from ingest.profiles.labels import validate_labels, with_sample_labels
from ingest.profiles.limits import Limits
from ingest.profiles.pprof.decode import decode_pprof
from ingest.profiles.pprof.gunzip import gunzip_bounded
from ingest.profiles.pprof.normalize import Normalized, merge_rows, normalize
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.validate import check_profile, check_size

_NO_SPANS = np.zeros(0, np.uint64)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A profile ready to be sent to its ingesters."""

    symbols: Symbols
    groups: tuple[ProfileGroup, ...]  #: none when nothing was left: accepted, nothing to store
    raw_bytes: int  #: uncompressed size, which limits and accounts go by
    dropped: dict[str, int]  #: how much was left out, by why
    rejected_groups: tuple[Rejection, ...] = field(default=())  #: label sets that are not valid; the others are stored


def prepare_profile(
    raw: bytes, tenant: str, series_labels: Labels, limits: Limits, now_ns: int
) -> Prepared | Rejection:
    """Prepare one pushed pprof profile, gzipped or not.

    ``series_labels`` come from :func:`ingest.profiles.labels.prepare_series_labels`. The result is a function of the
    content: the order of samples, strings and ids in ``raw`` changes neither the ids of the profiles nor their sums.
    """
    data = gunzip_bounded(raw, limits.max_profile_size_bytes, limits.max_decompression_ratio)
    if isinstance(data, Rejection):
        over = data.reason is Reason.DECOMPRESSED_TOO_LARGE
        return (check_size(limits.max_profile_size_bytes + 1, limits) or data) if over else data
    decoded = decode_pprof(data)
    if isinstance(decoded, Rejection):
        return decoded
    checked = check_profile(decoded, limits, now_ns)
    if isinstance(checked, Rejection):
        return checked
    normalized = normalize(decoded, checked.string_digests, limits)
    if isinstance(normalized, Rejection):
        return normalized
    if len(normalized.label_sets) > limits.max_label_groups_per_profile:
        return Rejection(
            Reason.LABEL_GROUPS_LIMIT,
            f"the samples have {len(normalized.label_sets)} different sets of labels, at most "
            f"{limits.max_label_groups_per_profile} are allowed (max_label_groups_per_profile)",
        )
    dropped = normalized.dropped
    if checked.truncated_strings:
        dropped["truncated_strings"] = checked.truncated_strings
    groups, rejected = _groups(normalized, tenant, series_labels, limits, checked.time_ns)
    return Prepared(normalized.symbols, groups, len(data), dropped, rejected)


def _groups(
    normalized: Normalized, tenant: str, series_labels: Labels, limits: Limits, time_ns: int
) -> tuple[tuple[ProfileGroup, ...], tuple[Rejection, ...]]:
    """Return a group for each distinct series the label sets lead to, and the refusals of sets that are not valid."""
    labels_of_group: dict[Labels, int] = {}
    group_of_set: list[int] = []
    rejected: list[Rejection] = []
    for sample_labels in normalized.label_sets:
        labels = with_sample_labels(series_labels, sample_labels)
        group = labels_of_group.get(labels, -1)
        if group < 0:
            rejection = validate_labels(labels, limits)
            if rejection is None:
                group = labels_of_group[labels] = len(labels_of_group)
            else:
                rejected.append(rejection)
        group_of_set.append(group)
    if not labels_of_group:
        return (), tuple(rejected)
    rows = merge_rows(normalized, group_of_set, len(labels_of_group))
    groups = []
    for labels, group in labels_of_group.items():
        first, last = rows.offsets[group], rows.offsets[group + 1]
        spans = rows.spans[first:last]
        digest_hi, digest_lo = rows.digests[group]
        groups.append(
            ProfileGroup(
                labels=labels,
                profile_id=profile_id(tenant, labels, time_ns, digest_hi, digest_lo),
                time_ns=time_ns,
                duration_ns=normalized.duration_ns,
                period=normalized.period,
                sample_types=normalized.sample_types,
                period_type=normalized.period_type,
                sample_node=rows.nodes[first:last],
                sample_values=rows.values_of(group),
                sample_span=spans if spans.any() else _NO_SPANS,
            )
        )
    return tuple(groups), tuple(rejected)
