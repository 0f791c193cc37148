"""What a fuzz target is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

#: Runs one input; returns whether it was accepted as valid. Anything it raises is a finding.
Run = Callable[[bytes], bool]


@dataclass(frozen=True)
class Target:
    """One parser."""

    seeds: list[bytes]
    run: Run
