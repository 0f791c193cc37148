"""Uploads are each tenant's own, come back as they were, and make room by age, number and size."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, field

import pytest
from ulid import ULID

from ingest.adapters import orm_adhoc
from ingest.adapters.orm_adhoc import OrmAdHocProfiles
from ingest.kept import KEEP_UPLOADS_MS
from ingest.models import AdHocProfile

pytestmark = pytest.mark.django_db


@dataclass
class Shelf:
    """Uploads under a clock that stands still until it is moved."""

    now_ms: int = 1_800_000_000_000
    numbers: itertools.count = field(default_factory=lambda: itertools.count(1))

    @property
    def uploads(self) -> OrmAdHocProfiles:
        return OrmAdHocProfiles(lambda: self.now_ms, lambda: str(ULID.from_int(next(self.numbers))))

    def names(self, tenant: str = "t") -> list[str]:
        return [one.name for one in self.uploads.all(tenant)]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.mark.parametrize("content", [b"", b"\0\xff" * 1000, os.urandom(5000)])
def test_a_file_comes_back_as_it_was(shelf: Shelf, content: bytes) -> None:
    entry = shelf.uploads.add("t", "cpu.pb", content)
    assert entry is not None
    assert (entry.key, entry.uploaded_at_ms) == (f"{ULID.from_int(1)}-cpu.pb", shelf.now_ms)
    assert shelf.uploads.get("t", entry.key) == (entry, content)
    assert shelf.uploads.all("t") == (entry,)


def test_nobody_sees_what_is_another_tenants(shelf: Shelf) -> None:
    entry = shelf.uploads.add("t", "a", b"x")
    assert entry is not None
    assert shelf.uploads.get("other", entry.key) is None
    assert shelf.uploads.all("other") == ()
    assert shelf.uploads.get("t", "none") is None


def test_the_newest_come_first(shelf: Shelf) -> None:
    for name in "abc":
        shelf.uploads.add("t", name, b"")
    shelf.now_ms -= 5
    shelf.uploads.add("t", "earlier", b"")
    assert shelf.names() == ["c", "b", "a", "earlier"]


def test_the_oldest_make_room_for_new_ones(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orm_adhoc, "MAX_UPLOADS", 2)
    shelf.uploads.add("other", "z", b"")
    for name in "abc":
        shelf.now_ms += 1
        shelf.uploads.add("t", name, b"")
    assert shelf.names() == ["c", "b"]
    assert shelf.names("other") == ["z"]


def test_the_bytes_of_a_tenant_are_bounded(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orm_adhoc, "MAX_UPLOADS_BYTES", 2500)
    for name in "abc":
        shelf.now_ms += 1
        assert shelf.uploads.add("t", name, os.urandom(1000)) is not None
    assert shelf.names() == ["c", "b"]
    assert shelf.uploads.add("t", "large", os.urandom(3000)) is None
    assert shelf.names() == ["c", "b"]


def test_old_ones_are_gone_at_once_and_removed_by_the_next(shelf: Shelf) -> None:
    entry = shelf.uploads.add("t", "old", b"x")
    assert entry is not None
    shelf.now_ms += KEEP_UPLOADS_MS
    assert shelf.names() == []
    assert shelf.uploads.get("t", entry.key) is None
    shelf.uploads.add("other", "new", b"x")
    assert AdHocProfile.objects.count() == 1
