"""What somebody who brings a file says about it, where the file itself is silent."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.profiles.formats.kinds import Meaning, meaning_of, time_meaning_of


@dataclass(frozen=True, slots=True)
class ImportHints:
    """Said beside a file. Empty and 0 mean that nothing was said."""

    kind: str = ""  #: what the values count, by a name of :data:`ingest.profiles.formats.kinds.KIND_OF_SUFFIX`
    sample_rate: int = 0  #: samples per second, for files that count samples
    time_ns: int = 0  #: the time of the profiles, whatever the file says
    now_ns: int = 0  #: the time of profiles for which nobody says one

    def counted(self, kind: str = "cpu") -> Meaning:
        """Return how values that count samples, or whatever was said, are stored; ``kind`` when nothing was."""
        return meaning_of(f".{self.kind or kind}", self.sample_rate)

    def timed(self, kind: str, period_ns: int = 0) -> Meaning:
        """Return how values in nanoseconds are stored; ``kind`` when nothing was said."""
        return time_meaning_of(f".{self.kind or kind}", period_ns)

    def moment_ns(self, file_ns: int = 0) -> int:
        """Return the time of a profile for which the file says ``file_ns`` (0: nothing)."""
        return self.time_ns or file_ns or self.now_ns
