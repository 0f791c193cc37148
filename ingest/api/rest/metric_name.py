"""Naming a profile that was sent without a name, from its sample types.

The rules are those Pyroscope applies to uploads, so that a profile has the same type whichever door it came
through.
"""

from __future__ import annotations

from google.protobuf.message import DecodeError

from ingest.api.proto import profile_pb2
from ingest.profiles.limits import Limits
from ingest.profiles.pprof.gunzip import gunzip_bounded
from ingest.profiles.reasons import Reason, Rejection

_DISPLAY_NAME = {
    "samples": "cpu",
    "goroutine": "goroutines",
    "contentions": "mutex_count",
    "delay": "mutex_duration",
}


def metric_name(sample_types: list[str]) -> str:
    """Return the name for a profile with these sample types, of which there must be one at least."""
    if "wall" in sample_types:
        return "wall"
    for one in sample_types:
        shown = _DISPLAY_NAME.get(one, one)
        if "cpu" in shown:
            return "process_cpu"
        if "alloc_" in shown or "inuse_" in shown or shown in ("space", "objects"):
            return "memory"
        if "mutex_" in shown:
            return "mutex"
        if "block_" in shown:
            return "block"
        if "goroutines" in shown:
            return "goroutines"
    return sample_types[-1]


def inferred_name(raw: bytes, limits: Limits) -> str | Rejection:
    """Return the name for a pprof message, gzipped or not, or why it cannot be read."""
    plain = gunzip_bounded(raw, limits.max_profile_size_bytes, limits.max_decompression_ratio)
    if isinstance(plain, Rejection):
        # The same refusal that the profile would meet further on if it had a name.
        over = plain.reason is Reason.DECOMPRESSED_TOO_LARGE
        return Rejection(Reason.PROFILE_SIZE_LIMIT, plain.message) if over else plain
    try:
        profile = profile_pb2.Profile.FromString(plain)
        types = [profile.string_table[one.type] for one in profile.sample_type]
    except (DecodeError, IndexError):
        return Rejection(Reason.MALFORMED_PROFILE, "The body is not a pprof profile.")
    if not types:
        return Rejection(Reason.MALFORMED_PROFILE, "The profile has no sample type.")
    return metric_name(types)
