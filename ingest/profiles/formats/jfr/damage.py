"""What the kernels report of a damaged recording, as a refusal."""

from __future__ import annotations

from ingest.profiles.formats.jfr import number_kernels as number
from ingest.profiles.formats.refused import Refused, malformed

_MESSAGES = {
    number.CUT_OFF: "a number or a string is cut off",
    number.BAD_STRING: "a string has an unknown encoding or runs past the end",
    number.BAD_EVENT_SIZE: "an event is shorter than what it holds, or runs past the end of its chunk",
    number.UNKNOWN_POOL: "the metadata does not say what the constants of a class look like",
    number.BAD_ARRAY: "an array has more elements than there are bytes",
}


def damaged(status: int, position: int, what: str) -> Refused:
    """Return the refusal for a status; ``position`` counts from the start of the recording."""
    return malformed(f"{_MESSAGES[status]} (at byte {position} of {what})")
