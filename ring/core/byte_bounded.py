"""A mapping that holds only so many bytes of values and drops the oldest for new ones."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class ByteBounded(Generic[Key, Value]):
    """Safe to share between threads. A value larger than the bound is not kept."""

    __slots__ = ("_entries", "_lock", "bytes_held", "max_bytes")

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes_held = 0
        #: key -> value and its bytes, oldest first
        self._entries: dict[Key, tuple[Value, int]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Value | None:
        """Return the value of ``key``, or None."""
        entry = self._entries.get(key)
        return None if entry is None else entry[0]

    def put(self, key: Key, value: Value, size_bytes: int) -> None:
        """Keep ``value``, which takes ``size_bytes``, as the youngest; another one of ``key`` is replaced."""
        with self._lock:
            before = self._entries.pop(key, None)
            self._entries[key] = value, size_bytes
            self.bytes_held += size_bytes - (before[1] if before is not None else 0)
            while self.bytes_held > self.max_bytes:
                self.bytes_held -= self._entries.pop(next(iter(self._entries)))[1]

    def copy(self) -> ByteBounded[Key, Value]:
        """Return another mapping with the same values."""
        other = ByteBounded[Key, Value](self.max_bytes)
        with self._lock:
            other._entries = dict(self._entries)
            other.bytes_held = self.bytes_held
        return other
