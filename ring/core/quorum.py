"""Counting the answers of a replica set until they decide.

Two families of errors are counted apart, the sender's and the servers', so that a write is refused as the sender's
fault only where a quorum of replicas would refuse it. A verdict is final: whatever arrives later changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum


class Verdict(Enum):
    """What the answers so far amount to."""

    PENDING = "pending"
    OK = "ok"
    FAILED_CLIENT = "failed: the sender's fault"
    FAILED_SERVER = "failed: the servers' fault"


class KeyTracker:
    """The answers of one key's replicas. Not thread-safe: the owner serialises calls."""

    __slots__ = (
        "_client_errors",
        "_max_errors",
        "_min_success",
        "_remaining",
        "_server_errors",
        "_successes",
        "verdict",
    )

    def __init__(self, replicas: int, max_errors: int) -> None:
        """Await ``replicas`` answers of which ``max_errors`` may be errors.

        Raises ValueError unless 0 <= max_errors < replicas: with as many errors as replicas nothing would be needed.
        """
        if not 0 <= max_errors < replicas:
            raise ValueError(f"{replicas} replicas cannot tolerate {max_errors} errors")
        self._max_errors = max_errors
        self._min_success = replicas - max_errors
        self._remaining = replicas
        self._successes = 0
        self._client_errors = 0
        self._server_errors = 0
        self.verdict = Verdict.PENDING

    def record(self, success: bool, client_error: bool = False) -> Verdict:
        """Count one replica's answer and return the verdict. Answers after the verdict change nothing."""
        if self.verdict is not Verdict.PENDING:
            return self.verdict
        self._remaining -= 1
        if success:
            self._successes += 1
        elif client_error:
            self._client_errors += 1
        else:
            self._server_errors += 1
        if self._successes == self._min_success:
            self.verdict = Verdict.OK
        elif self._client_errors > self._max_errors:
            self.verdict = Verdict.FAILED_CLIENT
        elif self._server_errors > self._max_errors or self._remaining == 0:
            # All have answered and neither family alone prevented the quorum: trying again may help.
            self.verdict = Verdict.FAILED_SERVER
        return self.verdict


class QuorumTracker:
    """The trackers of many keys, where one answer of an instance counts for all the keys it was sent."""

    __slots__ = ("_open", "_trackers")

    def __init__(self, sets: Sequence[tuple[int, int]]) -> None:
        """``sets`` holds (replicas, max_errors) for each key. Without keys the tracker is done at once."""
        self._trackers = [KeyTracker(replicas, max_errors) for replicas, max_errors in sets]
        self._open = len(self._trackers)

    def record(self, keys: Iterable[int], success: bool, client_error: bool = False) -> list[int]:
        """Count one instance's answer for ``keys`` (indexes); returns those of them that it decided."""
        decided = []
        for key in keys:
            tracker = self._trackers[key]
            if tracker.verdict is Verdict.PENDING and tracker.record(success, client_error) is not Verdict.PENDING:
                decided.append(key)
        self._open -= len(decided)
        return decided

    def verdict(self, key: int) -> Verdict:
        """Return the verdict on one key."""
        return self._trackers[key].verdict

    @property
    def is_done(self) -> bool:
        """Whether every key has its verdict."""
        return self._open == 0

    @property
    def is_ok(self) -> bool:
        """Whether every key reached its quorum."""
        return all(tracker.verdict is Verdict.OK for tracker in self._trackers)
