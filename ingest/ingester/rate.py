"""How many a second of a count that only grows."""

from __future__ import annotations

from collections import deque

#: Long enough that a push a quarter of a minute, which is what agents do, gives a steady figure.
WINDOW_SECONDS = 30.0


class Rate:
    """The growth of a count over the last half minute. Times are handed in; whoever notes often gets a finer window."""

    def __init__(self, window_seconds: float = WINDOW_SECONDS) -> None:
        self._window_seconds = window_seconds
        self._noted: deque[tuple[float, int]] = deque()

    def note(self, total: int, now_seconds: float) -> float:
        """Note how many there were up to now; returns how many came a second within the window, 0 at the first time.

        The newest note that is older than the window is where it begins, so that nothing falls between two notes.
        """
        self._noted.append((now_seconds, total))
        while len(self._noted) > 2 and self._noted[1][0] <= now_seconds - self._window_seconds:
            self._noted.popleft()
        began_seconds, before = self._noted[0]
        passed_seconds = now_seconds - began_seconds
        return (total - before) / passed_seconds if passed_seconds > 0 else 0.0
