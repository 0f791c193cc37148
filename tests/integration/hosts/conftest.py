"""One fleet of hosts for all scenarios: starting it takes longer than most of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.hosts.durations import SETTINGS
from tests.integration.hosts.fleet import Fleet, why_impossible


@pytest.fixture(scope="package")
def started_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A running cluster; skips with the reason on a machine that cannot have hosts."""
    reason = why_impossible()
    if reason is not None:
        pytest.skip(reason)
    fleet = Fleet(tmp_path_factory.mktemp("hosts"), SETTINGS)
    try:
        fleet.start()
        yield fleet
    finally:
        fleet.destroy()


@pytest.fixture
def fleet(started_fleet: Fleet) -> Fleet:
    """The running cluster, whole."""
    started_fleet.wait_until_whole()
    return started_fleet
