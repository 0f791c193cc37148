"""From the bytes of one pushed profile to what is stored: decode, check, mend, normalise, divide by labels, relabel,
identify."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ingest.profiles.columns import Labels, ProfileGroup, SampleType, Symbols
from ingest.profiles.identity import profile_id
from ingest.profiles.labels import LABEL_TYPE, LABEL_UNIT, validate_labels, with_sample_labels, without_directives
from ingest.profiles.limits import Limits
from ingest.profiles.pprof.decode import Decoded, decode_pprof
from ingest.profiles.pprof.go import without_type_parameters
from ingest.profiles.pprof.gunzip import gunzip_bounded
from ingest.profiles.pprof.language import Language, language_of
from ingest.profiles.pprof.normalize import Normalized, merge_rows, normalize, sample_types_of
from ingest.profiles.pprof.source import with_source
from ingest.profiles.pprof.wire_kernels import DURATION_NANOS, TIME_NANOS
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.relabel import RelabelRule, relabel
from ingest.profiles.relabel_text import Relabeling, relabeling_of
from ingest.profiles.suspects import Suspect, suspect_content, suspect_time
from ingest.profiles.validate import Checked, check_profile, check_size

_NO_SPANS = np.zeros(0, np.uint64)

#: Key of what rules have dropped: groups of samples, or 1 when no sample type was left.
DROPPED_BY_RULES = Reason.DROPPED_BY_RELABEL_RULES.value


@dataclass(frozen=True, slots=True)
class Prepared:
    """A profile ready to be sent to its ingesters."""

    symbols: Symbols
    groups: tuple[ProfileGroup, ...]  #: none when nothing was left: accepted, nothing to store
    raw_bytes: int  #: uncompressed size, which limits and accounts go by
    time_ns: int  #: of the profile as it came, or now when it came without
    language: Language
    dropped: dict[str, int]  #: how much was left out, by why
    rejected_groups: tuple[Rejection, ...] = field(default=())  #: label sets that are not valid; the others are stored
    suspects: tuple[Suspect, ...] = ()  #: what is odd about it although it breaks no rule


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
    relabeling = relabeling_of(limits)
    if isinstance(relabeling, Rejection):
        return relabeling
    language = language_of(decoded, series_labels)
    normalized = _normalized(decoded, checked, language, series_labels, relabeling.sample_types, limits)
    if isinstance(normalized, Rejection):
        return normalized
    if len(normalized.label_sets) > limits.max_label_groups_per_profile:
        return Rejection(
            Reason.LABEL_GROUPS_LIMIT,
            f"the samples have {len(normalized.label_sets)} different sets of labels, at most "
            f"{limits.max_label_groups_per_profile} are allowed (max_label_groups_per_profile)",
        )
    return _prepared(normalized, checked, language, tenant, series_labels, relabeling, limits, now_ns)


def _normalized(
    decoded: Decoded,
    checked: Checked,
    language: Language,
    series_labels: Labels,
    rules: Sequence[RelabelRule],
    limits: Limits,
) -> Normalized | Rejection:
    """Mend what the language asks for, leave out the sample types that rules drop, and normalise."""
    decoded, digests = with_source(decoded, checked.string_digests, series_labels)
    if language is Language.GO:
        decoded, digests = without_type_parameters(decoded, digests)
    sample_types = sample_types_of(decoded)
    if isinstance(sample_types, Rejection):
        return sample_types
    if rules:
        kept = [column for column, kind in enumerate(sample_types) if _keeps(rules, series_labels, kind)]
        decoded = _with_sample_types(decoded, kept)
        sample_types = tuple(sample_types[column] for column in kept)
    return normalize(decoded, digests, sample_types, limits, is_go=language is Language.GO)


def _keeps(rules: Sequence[RelabelRule], series_labels: Labels, kind: SampleType) -> bool:
    labels = {**dict(series_labels), LABEL_TYPE: kind.name, LABEL_UNIT: kind.unit}
    return relabel(rules, tuple(labels.items())) is not None


def _with_sample_types(decoded: Decoded, columns: list[int]) -> Decoded:
    """Return a checked profile with only these columns of values."""
    if len(columns) == decoded.type_count:
        return decoded
    values = decoded.values.reshape(decoded.sample_count, decoded.type_count)[:, columns]
    decoded.samples[:, 1] = np.arange(decoded.sample_count + 1) * len(columns)
    return replace(decoded, types=decoded.types[columns], values=np.ascontiguousarray(values).reshape(-1))


def _prepared(
    normalized: Normalized,
    checked: Checked,
    language: Language,
    tenant: str,
    series_labels: Labels,
    relabeling: Relabeling,
    limits: Limits,
    now_ns: int,
) -> Prepared:
    """Divide a normalised profile into its groups and tell of what is left out and odd."""
    decoded, dropped = normalized.decoded, normalized.dropped
    if checked.truncated_strings:
        dropped["truncated_strings"] = checked.truncated_strings
    suspects = suspect_content(
        decoded.sample_count,
        len(normalized.kept),
        dropped.get("zero_samples", 0),
        normalized.symbols,
        normalized.sample_types,
        normalized.duration_ns,
    )
    odd_time = suspect_time(int(decoded.header[TIME_NANOS]), int(decoded.header[DURATION_NANOS]), now_ns)
    if odd_time is not None:
        suspects.append(odd_time)
    groups: tuple[ProfileGroup, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    if not normalized.sample_types:
        dropped, suspects = {DROPPED_BY_RULES: 1}, []
    else:
        group_labels, group_of_set, rejected, dropped_sets = _series_of_sets(
            normalized.label_sets, series_labels, relabeling, limits
        )
        if dropped_sets:
            dropped[DROPPED_BY_RULES] = dropped_sets
        if group_labels:
            groups = _groups(normalized, tenant, group_labels, group_of_set, checked.time_ns)
    return Prepared(
        normalized.symbols,
        groups,
        checked.raw_bytes,
        checked.time_ns,
        language,
        dropped,
        rejected,
        tuple(suspects),
    )


def _series_of_sets(
    label_sets: Sequence[Labels], series_labels: Labels, relabeling: Relabeling, limits: Limits
) -> tuple[list[Labels], list[int], tuple[Rejection, ...], int]:
    """Return the distinct series that sets of sample labels lead to, and the series of each set, -1 for none.

    With them the refusals of sets that are not valid, and the number of sets that a rule has dropped.
    """
    group_of_labels: dict[Labels, int] = {}
    group_of_set: list[int] = []
    rejected: list[Rejection] = []
    dropped = 0
    for sample_labels in label_sets:
        labels = relabel(relabeling.rules, with_sample_labels(series_labels, sample_labels))
        if labels is None:
            dropped += 1
            group_of_set.append(-1)
            continue
        labels = without_directives(labels)
        group = group_of_labels.get(labels, -1)
        if group < 0:
            rejection = validate_labels(labels, limits)
            if rejection is None:
                group = group_of_labels[labels] = len(group_of_labels)
            else:
                rejected.append(rejection)
        group_of_set.append(group)
    return list(group_of_labels), group_of_set, tuple(rejected), dropped


def _groups(
    normalized: Normalized, tenant: str, group_labels: Sequence[Labels], group_of_set: list[int], time_ns: int
) -> tuple[ProfileGroup, ...]:
    """Return a group for each series; label sets that lead to the same one are summed."""
    rows = merge_rows(normalized, group_of_set, len(group_labels))
    groups = []
    for group, labels in enumerate(group_labels):
        first, last = rows.offsets[group], rows.offsets[group + 1]
        spans, traces = rows.spans[first:last], rows.traces[first:last]
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
                sample_trace=traces if traces.any() else traces[:0],
            )
        )
    return tuple(groups)
