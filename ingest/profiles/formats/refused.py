"""How converters end early: an exception inside, a value for whoever calls them."""

from __future__ import annotations

from ingest.profiles.reasons import Reason, Rejection


class Refused(Exception):
    """A file cannot be converted. Raised deep inside a parser; :mod:`ingest.profiles.formats.convert` catches it."""

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection.message)
        self.rejection = rejection


def malformed(why: str) -> Refused:
    """Return the refusal of a file that breaks its format."""
    return Refused(Rejection(Reason.MALFORMED_PROFILE, why))


def too_large(why: str) -> Refused:
    """Return the refusal of a file whose content is larger than a profile may be."""
    return Refused(Rejection(Reason.PROFILE_SIZE_LIMIT, why))
