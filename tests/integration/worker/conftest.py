"""The Redis of these tests is the ring's."""

from __future__ import annotations

from tests.integration.ring.conftest import server

__all__ = ["server"]
