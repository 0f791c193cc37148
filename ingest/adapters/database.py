"""The relational database behind adapters: connections of long-lived threads, and what trouble with it becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import DatabaseError, close_old_connections


@contextmanager
def database(trouble: Callable[[str], Exception]) -> Iterator[None]:
    """Use the database; raises ``trouble(sentence)`` when it is away or refuses. A connection that broke is renewed."""
    try:
        close_old_connections()
        yield
    except DatabaseError as error:
        raise trouble(f"The database does not answer: {error}") from error
