"""What every converter makes of a file in another format."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Converted:
    """One profile of a file: a series to push with one profile."""

    labels: tuple[tuple[str, str], ...]  #: what the file itself says; the sender's labels come on top
    pprof: bytes  #: an uncompressed google.v1.Profile
