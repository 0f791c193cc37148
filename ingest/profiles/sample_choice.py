"""Which samples of the rows of a query count, and what is kept of their stacks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ExemplarKind(StrEnum):
    """What stands for a point of a timeline, or what is counted in a heatmap."""

    NONE = "none"
    INDIVIDUAL = "individual"  #: a profile
    SPAN = "span"  #: a span of a profile


@dataclass(frozen=True, slots=True)
class SampleChoice:
    """The choice; what is empty or 0 chooses nothing away. Travels inside read requests."""

    profile_ids: tuple[bytes, ...] = ()  #: only profiles of these identities, 16 bytes each
    spans: tuple[int, ...] = ()  #: only samples of these spans, none of them 0
    traces: tuple[bytes, ...] = ()  #: only samples of these traces, 16 bytes each, none of them all zeros
    #: Only stacks whose first frames from the root are exactly these functions; inlined frames are frames.
    call_site: tuple[str, ...] = ()
    keep_locations: int = 0  #: locations that are kept of a stack, those nearest to the leaf
    aggregate_callees: bool = False  #: the line of the leaf does not matter

    @property
    def picks_samples(self) -> bool:
        """Whether it may leave out some samples of a row and keep others."""
        return bool(self.spans or self.traces or self.call_site)

    @property
    def changes_stacks(self) -> bool:
        """Whether stacks are not kept as they are."""
        return self.keep_locations > 0 or self.aggregate_callees


EVERY_SAMPLE = SampleChoice()
