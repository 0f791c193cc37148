"""A process that ends between two calls of the disk."""

from __future__ import annotations

from tests.unit.storage.faulty_files import FaultyFiles


class Crash(BaseException):
    """Nothing runs after it: no handler may catch it."""


class CrashingFiles(FaultyFiles):
    """Makes the call after so many of the changing ones the last: it is not made."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self._left = calls

    def _enter(self, method: str) -> None:
        if method != "open":
            if not self._left:
                raise Crash
            self._left -= 1
        super()._enter(method)
