"""What a drawing or a file says of the profile in it."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.profiles.profile_type import ProfileType


@dataclass(frozen=True, slots=True)
class Caption:
    """Where a profile comes from."""

    query: str  #: the selector as its author wrote it
    profile_type: ProfileType
    start_ms: int  #: Unix milliseconds, inclusive
    end_ms: int

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"{self.profile_type.name} {self.profile_type.sample_type} {self.query}"
