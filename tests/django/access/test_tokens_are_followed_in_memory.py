"""What a process knows of tokens after a change, while the database is away, and before it was ever read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest
from django.db import DatabaseError
from structlog.testing import capture_logs

from ingest.access.tokens import RANDOM_BYTES, KnownToken, new_token
from ingest.access.types import Scope
from ingest.adapters.token_records import TokenRevision
from ingest.adapters.token_table import TokenTable

ONE = new_token(bytes(RANDOM_BYTES))
TWO = new_token(bytes([1]) * RANDOM_BYTES)


@dataclass
class Database:
    """Records, and the time in ms."""

    tokens: dict[str, KnownToken] = field(default_factory=dict)
    now_ms: int = 1000
    away: bool = False
    changes: int = 0
    loads: int = 0
    used: list[set[int]] = field(default_factory=list)

    def put(self, number: int, digest: str, expires_at_ms: int | None = None) -> None:
        self.changes += 1
        self.tokens[digest] = KnownToken(number, "phl_x", "ours", frozenset({Scope.PUSH}), expires_at_ms)

    def token_revision(self) -> TokenRevision:
        self._check()
        return TokenRevision(len(self.tokens), 0, self.changes)

    def load_tokens(self) -> Mapping[str, KnownToken]:
        self._check()
        self.loads += 1
        return dict(self.tokens)

    def note_use(self, ids: Collection[int]) -> None:
        self._check()
        self.used.append(set(ids))

    def _check(self) -> None:
        if self.away:
            raise DatabaseError("the server closed the connection")

    def table(self) -> TokenTable:
        return TokenTable(self, lambda: self.now_ms)


@pytest.fixture
def database() -> Database:
    made = Database()
    made.put(1, ONE.digest)
    return made


def test_before_the_first_look_no_token_can_be_told_from_a_wrong_one(database: Database) -> None:
    table = database.table()
    assert not table.is_known
    assert table.find(ONE.text) is None
    assert table.refresh()
    assert table.is_known
    assert table.find(ONE.text) is not None
    assert table.find(TWO.text) is None


def test_a_token_works_from_the_next_look_and_a_revoked_one_no_more(database: Database) -> None:
    table = database.table()
    table.refresh()
    database.put(2, TWO.digest)
    del database.tokens[ONE.digest]
    assert table.find(TWO.text) is None
    table.refresh()
    assert table.find(TWO.text) is not None
    assert table.find(ONE.text) is None


def test_nothing_is_loaded_when_nothing_changed(database: Database) -> None:
    table = database.table()
    for _ in range(5):
        table.refresh()
    assert database.loads == 1


def test_a_token_ends_at_its_time_without_another_look(database: Database) -> None:
    database.put(2, TWO.digest, expires_at_ms=2000)
    table = database.table()
    table.refresh()
    database.now_ms = 1999
    assert table.find(TWO.text) is not None
    database.now_ms = 2000
    assert table.find(TWO.text) is None


def test_while_the_database_is_away_the_last_known_ones_stay_and_the_log_says_so_once(database: Database) -> None:
    table = database.table()
    table.refresh()
    database.away = True
    with capture_logs() as lines:
        assert [table.refresh() for _ in range(3)] == [False, False, False]
    assert [line["event"] for line in lines] == ["tokens_kept"]
    assert table.find(ONE.text) is not None
    database.away = False
    with capture_logs() as lines:
        assert table.refresh()
    assert [line["event"] for line in lines] == ["tokens_read_again"]


def test_what_was_used_is_written_now_and_then_and_not_with_each_request(database: Database) -> None:
    table = database.table()
    table.refresh()
    for _ in range(1000):
        table.find(ONE.text)
    assert database.used == []
    for _ in range(40):
        table.refresh()
    assert database.used == [{1}]


def test_a_use_that_could_not_be_written_is_written_later(database: Database) -> None:
    table = database.table()
    table.refresh()
    table.find(ONE.text)
    database.away = True
    with pytest.raises(DatabaseError):
        table.note_use()
    database.away = False
    table.note_use()
    assert database.used == [{1}]
