"""Naming a profile that was sent without a name, from its sample types.

The rules are those Pyroscope applies to uploads, so that a profile has the same type whichever door it came
through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ingest.profiles.formats.refused import malformed
from ingest.profiles.pprof.decode import Decoded

_DISPLAY_NAME = {
    "samples": "cpu",
    "goroutine": "goroutines",
    "contentions": "mutex_count",
    "delay": "mutex_duration",
}


def metric_name(sample_types: Sequence[str], display_names: Mapping[str, str] = _DISPLAY_NAME) -> str:
    """Return the name for a profile with these sample types, of which there must be one at least.

    ``display_names`` of the sender come before the usual ones.
    """
    if "wall" in sample_types:
        return "wall"
    for one in sample_types:
        shown = display_names.get(one) or _DISPLAY_NAME.get(one, one)
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


def sample_types_of(decoded: Decoded) -> list[str]:
    """Return the names of the sample types of a decoded profile; refuses one without any."""
    names = [decoded.string(index) for index in decoded.types[:, 0].tolist()]
    if not names:
        raise malformed("the profile has no sample type")
    return names
