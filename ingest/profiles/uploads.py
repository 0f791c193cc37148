"""A single file that somebody wants to look at: what it holds, as one profile for each type of value in it.

Nothing of it is stored among the profiles of a tenant, so its labels do not matter and neither does its time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from ingest.profiles.columns import SampleType, StackProfile
from ingest.profiles.formats.convert import read_text
from ingest.profiles.formats.converted import Converted
from ingest.profiles.formats.flamebearer import is_flamebearer, read_flamebearer
from ingest.profiles.formats.hints import ImportHints
from ingest.profiles.formats.import_file import import_file
from ingest.profiles.formats.refused import Refused
from ingest.profiles.labels import LABEL_NAME, LABEL_SERVICE_NAME
from ingest.profiles.limits import Limits
from ingest.profiles.prepare import prepare_profile
from ingest.profiles.profile_type import ProfileType
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.symbols import merge_profiles

_NOBODY = "upload"
_LABELS = ((LABEL_NAME, _NOBODY), (LABEL_SERVICE_NAME, _NOBODY))
#: Label sets of one file at most: they end up as one.
_MAX_LABEL_SETS = 1 << 20


@dataclass(frozen=True, slots=True)
class UploadedProfile:
    """What a file says of one type of value."""

    profile_type: ProfileType  #: without a name
    profile: StackProfile


def read_upload(data: bytes, limits: Limits, now_ns: int) -> tuple[UploadedProfile, ...] | Rejection:
    """Return what a file holds, by its content: flamebearer JSON, or any format that can be uploaded; gzip or not.

    Types come in the order of the file. Returns the refusal of a file that is none of these, or breaks a limit.
    """
    # What a file says of its time, and in how many parts its labels divide it, makes no difference to a look at it.
    limits = replace(
        limits, reject_older_than_ns=0, reject_newer_than_ns=0, max_label_groups_per_profile=_MAX_LABEL_SETS
    )
    try:
        text = read_text(data, limits)
        if is_flamebearer(text):
            return (UploadedProfile(*read_flamebearer(text, limits)),)
    except Refused as refused:
        return refused.rejection
    imported = import_file(text, ImportHints(now_ns=now_ns), limits)
    return imported if isinstance(imported, Rejection) else _merged(imported.profiles, limits, now_ns)


def _merged(converted: Iterable[Converted], limits: Limits, now_ns: int) -> tuple[UploadedProfile, ...] | Rejection:
    """Sum up by type of value all that a file was converted to."""
    found: dict[tuple[SampleType, SampleType], list[StackProfile]] = {}
    for one in converted:
        prepared = prepare_profile(one.pprof, _NOBODY, _LABELS, limits, now_ns)
        if isinstance(prepared, Rejection):
            return prepared
        for group in prepared.groups:
            for kind, values in zip(group.sample_types, group.sample_values, strict=True):
                node_self = np.zeros(prepared.symbols.node_count, np.int64)
                np.add.at(node_self, group.sample_node, values)
                found.setdefault((kind, group.period_type), []).append(StackProfile(prepared.symbols, node_self))
    if not found:
        return Rejection(Reason.EMPTY_PROFILE, "The file holds no samples with a value.")
    return tuple(
        UploadedProfile(ProfileType("", kind.name, kind.unit, period.name, period.unit), merge_profiles(profiles))
        for (kind, period), profiles in found.items()
    )
