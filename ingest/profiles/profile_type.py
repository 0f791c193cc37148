"""Profile types: the five names that say what the values of a profile count.

The id ``<name>:<sample type>:<sample unit>:<period type>:<period unit>`` is the value of the label
``__profile_type__`` and what a query names. The two period parts are empty when the pprof has no period type. The id
is a plain concatenation, so a part must not contain a colon.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingest.profiles.reasons import Reason, Rejection

SEPARATOR = ":"

#: Longest id a query may name: five parts as long as label values may be, with their colons.
MAX_ID_BYTES = 5 * 2048 + 5


@dataclass(frozen=True, slots=True, order=True)
class ProfileType:
    """What the values of a profile count, e.g. ``process_cpu:cpu:nanoseconds:cpu:nanoseconds``."""

    name: str
    sample_type: str
    sample_unit: str
    period_type: str
    period_unit: str

    @property
    def id(self) -> str:
        """Return the five parts joined by colons."""
        return profile_type_id(self.name, self.sample_type, self.sample_unit, self.period_type, self.period_unit)


def profile_type_id(name: str, sample_type: str, sample_unit: str, period_type: str, period_unit: str) -> str:
    """Return the id of a profile type; none of the parts may contain a colon."""
    return f"{name}:{sample_type}:{sample_unit}:{period_type}:{period_unit}"


def check_sample_type(sample_type: str, sample_unit: str) -> Rejection | None:
    """Return why a type and unit found in a pprof cannot be part of a profile type id, or None."""
    for part in (sample_type, sample_unit):
        if SEPARATOR in part:
            return Rejection(Reason.MALFORMED_PROFILE, f"sample type or unit {part[:200]!r} contains a colon")
    return None


def parse_profile_type(text: str) -> ProfileType | Rejection:
    """Return the profile type that an id names.

    Five parts are expected; a sixth, a leftover of old Phlare clients that said ``delta``, is ignored. The name, the
    sample type and the sample unit must not be empty, since no stored profile could match.

    Returns ``Rejection(bad_request)`` for anything else.
    """
    if not text:
        return Rejection(Reason.BAD_REQUEST, "profile type is missing")
    if len(text) > MAX_ID_BYTES:
        return Rejection(
            Reason.BAD_REQUEST, f"profile type has {len(text)} characters, at most {MAX_ID_BYTES} are allowed"
        )
    parts = text.split(SEPARATOR)
    if len(parts) not in (5, 6) or not (parts[0] and parts[1] and parts[2]):
        return Rejection(
            Reason.BAD_REQUEST,
            f"profile type {text[:200]!r} is not of the form <name>:<type>:<unit>:<period type>:<period unit>",
        )
    return ProfileType(parts[0], parts[1], parts[2], parts[3], parts[4])
