"""A profile as speedscope's file format, for https://www.speedscope.app: one sampled profile with weights."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec

from ingest.profiles.columns import StackProfile
from ingest.profiles.exports.caption import Caption
from ingest.profiles.exports.stacks import spell
from ingest.profiles.reasons import Rejection

SCHEMA = "https://www.speedscope.app/file-format-schema.json"
EXPORTER = "phlareweb"

#: Units the format knows; anything else counts things and is ``none``.
_UNITS = ("nanoseconds", "microseconds", "milliseconds", "seconds", "bytes")


def speedscope_json(profile: StackProfile, caption: Caption) -> bytes | Rejection:
    """Return the document; weights are in the unit of the sample type. ``query_limit`` when it would be too large."""
    stacks = spell(profile)
    if isinstance(stacks, Rejection):
        return stacks
    unit = caption.profile_type.sample_unit
    frames = stacks.frames.tolist()
    bounds = stacks.offsets.tolist()
    weights = stacks.values.tolist()
    document: dict[str, Any] = {
        "$schema": SCHEMA,
        "exporter": EXPORTER,
        "name": caption.title,
        "activeProfileIndex": 0,
        "shared": {"frames": [{"name": name} for name in stacks.names]},
        "profiles": [
            {
                "type": "sampled",
                "name": caption.profile_type.sample_type,
                "unit": unit if unit in _UNITS else "none",
                "startValue": 0,
                "endValue": sum(weights),
                "samples": [frames[start:end] for start, end in pairwise(bounds)],
                "weights": weights,
            }
        ],
    }
    return msgspec.json.encode(document)
