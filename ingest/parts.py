"""The parts of this process, each built once, when it is first asked for. The composition roots keep them here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

_lock = threading.RLock()
_built: dict[str, object] = {}


def once(name: str, build: Callable[[], T]) -> T:
    """Build a part of this process when it is first asked for."""
    found = _built.get(name)
    if found is None:
        with _lock:
            found = _built.get(name)
            if found is None:
                found = _built[name] = build()
    return found  # type: ignore[return-value]


@contextmanager
def override(**parts: object) -> Iterator[None]:
    """Put other parts in place of this process's own, e.g. ``override(querier=...)``; for tests."""
    with _lock:
        before = dict(_built)
        _built.update(parts)
    try:
        yield
    finally:
        with _lock:
            _built.clear()
            _built.update(before)
