"""How long to wait before a process that died is started again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential pauses with jitter.

    The pause after the n-th failure in a row is ``base * factor ** (n - 1)``, at most ``max``, made up to ``jitter``
    longer by chance so that processes that died together do not come back together.
    """

    base_seconds: float = 0.5
    factor: float = 2.0
    max_seconds: float = 30.0
    jitter: float = 0.2
    #: A process that lived this long is taken to be well: its next failure counts as the first.
    stable_after_seconds: float = 60.0

    def delay_seconds(self, failures: int, draw: float) -> float:
        """Return the pause after ``failures`` >= 1 failures in a row; ``draw`` is a random number in [0, 1)."""
        # The exponent is bounded before the power is taken: a process may fail for weeks.
        pause = self.base_seconds * self.factor ** min(failures - 1, 64)
        return min(pause, self.max_seconds) * (1 + self.jitter * draw)
