"""What the reader of recordings raises within; :mod:`ingest.profiles.formats.jfr.convert` makes refusals of it."""

from __future__ import annotations

from ingest.profiles.formats.jfr import number_kernels as number
from ingest.profiles.reasons import Reason

_MESSAGES = {
    number.CUT_OFF: "a number or a string is cut off",
    number.BAD_STRING: "a string has an unknown encoding or runs past the end",
    number.BAD_EVENT_SIZE: "an event is shorter than what it holds, or runs past the end of its chunk",
    number.UNKNOWN_POOL: "the metadata does not say what the constants of a class look like",
    number.BAD_ARRAY: "an array has more elements than there are bytes",
}


class Damage(Exception):
    """A recording that cannot be read, or is more than may be read."""

    def __init__(self, message: str, reason: Reason = Reason.MALFORMED_PROFILE) -> None:
        """Keep the sentence for the sender and the reason of the refusal."""
        super().__init__(message)
        self.message = message
        self.reason = reason


def of_status(status: int, position: int, what: str = "") -> Damage:
    """Return the damage that a kernel reports; ``position`` counts from the start of the recording."""
    about = f" of {what}" if what else ""
    return Damage(f"{_MESSAGES[status]} (at byte {position}{about})")
