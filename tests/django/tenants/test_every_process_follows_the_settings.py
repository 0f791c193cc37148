"""Settings in memory: what a process uses after a change, while the database is away, and before it was ever read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from django.db import DatabaseError
from structlog.testing import capture_logs

from ingest.adapters.tenant_records import Revision, TenantRecords
from ingest.adapters.tenant_settings import TRUSTED_SECONDS, TenantSettings
from ingest.profiles.limits import DEFAULT_LIMITS
from ring.core.shard_sizes import SizeChange

HOUR_MS = 3_600_000
NOW_MS = 100 * HOUR_MS
DELAY_MS = 30_000


@dataclass
class Database:
    """Records and two clocks: that of the database in ms, that of the process in seconds."""

    now_ms: int = NOW_MS
    seconds: float = 1000.0
    away: bool = False
    changes: int = 0
    loads: int = 0
    limits: dict[str, Mapping[str, int]] = field(default_factory=dict)
    sizes: dict[str, tuple[SizeChange, ...]] = field(default_factory=dict)
    noted: list[int] = field(default_factory=list)

    def pass_time(self, seconds: float) -> None:
        self.seconds += seconds
        self.now_ms += round(seconds * 1000)

    def set_size(self, tenant: str, size: int | None) -> None:
        self.changes += 1
        self.sizes[tenant] = (*self.sizes.get(tenant, ()), SizeChange(self.now_ms + DELAY_MS, size))

    def revision(self) -> Revision:
        if self.away:
            raise DatabaseError("the server closed the connection")
        return Revision(self.changes, self.changes, self.now_ms)

    def load(self) -> TenantRecords:
        self.loads += 1
        return TenantRecords(dict(self.limits), dict(self.sizes))

    def record_default_size(self, size: int, changed_by: str) -> None:
        if self.away:
            raise DatabaseError("the server closed the connection")
        self.noted.append(size)

    def settings(self, notes_default: bool = False) -> TenantSettings:
        return TenantSettings(DEFAULT_LIMITS, self, notes_default, clock_seconds=lambda: self.seconds)


@pytest.fixture
def database() -> Database:
    return Database()


def test_a_tenant_without_settings_has_the_defaults(database: Database) -> None:
    settings = database.settings()
    assert settings.limits("team-a") is DEFAULT_LIMITS
    settings.refresh()
    assert settings.limits("team-a") == DEFAULT_LIMITS
    assert settings.write_size("team-a") == 0


def test_a_limit_is_followed_at_the_next_look(database: Database) -> None:
    settings = database.settings()
    settings.refresh()
    database.limits["team-a"] = {"out_of_order_window_ns": 5}
    database.changes += 1
    settings.refresh()
    assert settings.limits("team-a").out_of_order_window_ns == 5
    assert settings.limits("team-b") == DEFAULT_LIMITS


def test_nothing_is_loaded_while_nothing_changes(database: Database) -> None:
    settings = database.settings()
    for _ in range(5):
        settings.refresh()
        database.pass_time(5)
    assert database.loads == 1


def test_readers_know_a_size_before_writers_use_it(database: Database) -> None:
    settings = database.settings()
    database.set_size("team-a", 6)
    database.pass_time(24 * 3600)
    settings.refresh()
    assert (settings.write_size("team-a"), settings.read_size("team-a", HOUR_MS)) == (6, 6)
    database.set_size("team-a", 9)
    settings.refresh()
    assert (settings.write_size("team-a"), settings.read_size("team-a", HOUR_MS)) == (6, 9)
    database.pass_time(DELAY_MS / 1000)
    settings.refresh()
    assert (settings.write_size("team-a"), settings.read_size("team-a", HOUR_MS)) == (9, 9)


def test_readers_remember_the_larger_size_for_the_whole_look_back_and_the_time_a_writer_may_be_late(
    database: Database,
) -> None:
    settings = database.settings()
    database.set_size("team-a", 9)
    database.pass_time(24 * 3600)
    database.set_size("team-a", 3)
    database.pass_time(DELAY_MS / 1000 + 3629)
    settings.refresh()
    assert (settings.write_size("team-a"), settings.read_size("team-a", HOUR_MS)) == (3, 9)
    database.pass_time(2)
    settings.refresh()
    assert settings.read_size("team-a", HOUR_MS) == 3


def test_a_size_of_all_is_the_largest(database: Database) -> None:
    settings = database.settings()
    database.set_size("team-a", 9)
    settings.refresh()
    assert settings.read_size("team-a", HOUR_MS) == 0  # before the first change it was the default, all


def test_a_tenant_without_a_size_follows_the_changes_of_the_default(database: Database) -> None:
    settings = database.settings()
    database.set_size("", 6)
    database.set_size("team-b", 9)
    database.pass_time(24 * 3600)
    database.set_size("team-b", None)
    settings.refresh()
    assert (settings.write_size("team-a"), settings.read_size("team-a", HOUR_MS)) == (6, 6)
    assert (settings.write_size("team-b"), settings.read_size("team-b", HOUR_MS)) == (9, 9)
    database.pass_time(DELAY_MS / 1000)
    settings.refresh()
    assert (settings.write_size("team-b"), settings.read_size("team-b", HOUR_MS)) == (6, 9)


def test_while_the_database_is_away_the_last_values_stay_and_it_is_logged_once(database: Database) -> None:
    settings = database.settings()
    database.set_size("team-a", 6)
    database.pass_time(24 * 3600)
    settings.refresh()
    database.away = True
    with capture_logs() as logs:
        for _ in range(3):
            assert not settings.refresh()
    assert [entry["event"] for entry in logs] == ["tenant_settings_kept"]
    assert settings.write_size("team-a") == 6
    database.away = False
    with capture_logs() as logs:
        assert settings.refresh()
    assert [entry["event"] for entry in logs] == ["tenant_settings_read_again"]


def test_readers_ask_everybody_once_their_settings_are_too_old_to_trust(database: Database) -> None:
    settings = database.settings()
    database.set_size("team-a", 6)
    database.pass_time(24 * 3600)
    settings.refresh()
    database.pass_time(TRUSTED_SECONDS)
    assert settings.read_size("team-a", HOUR_MS) == 6
    database.pass_time(0.1)
    assert settings.read_size("team-a", HOUR_MS) == 0


def test_before_the_first_look_nothing_can_be_placed_and_everybody_is_read(database: Database) -> None:
    database.away = True
    settings = database.settings()
    settings.refresh()
    assert settings.write_size("team-a") is None
    assert settings.read_size("team-a", HOUR_MS) == 0
    assert settings.limits("team-a") is DEFAULT_LIMITS


def test_whoever_places_writes_notes_the_default_once(database: Database) -> None:
    database.away = True
    settings = database.settings(notes_default=True)
    settings.refresh()
    database.away = False
    settings.refresh()
    settings.refresh()
    assert database.noted == [DEFAULT_LIMITS.ingestion_tenant_shard_size]
