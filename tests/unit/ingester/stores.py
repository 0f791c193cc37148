"""Stores of ingesters over directories of a test, the payloads they are given, and what can be read from them."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

from ingest.ingester.store import IngesterStore, Opened, StoreConfig
from ingest.profiles.record import encode_record
from ingest.storage.acks import AckCode
from ingest.storage.fs import DISK, Files
from tests.unit.storage.pushes import Group, push, read_rows, samples

TENANT = "team-a"
MIB = 1 << 20
STORED, DUPLICATE = bytes([AckCode.STORED]), bytes([AckCode.DUPLICATE])
TOO_OLD, LOG_FAILED = bytes([AckCode.TOO_OLD]), bytes([AckCode.LOG_FAILED])
_ULIDS = (f"01{number:024d}" for number in itertools.count())


class Ingesters:
    """Opens stores over one directory; a new one without closing the old is what a kill -9 leaves."""

    def __init__(self, directory: Path, instance: str = "ingester-1") -> None:
        self.directory = directory
        self.instance = instance
        self.now_ns = 1_000_000_000
        self.window_ns = 10**9
        self.config: dict[str, int] = {}
        self.files: Files = DISK
        self.opened: Opened | None = None

    def open(self) -> IngesterStore:
        limits = {
            "head_max_bytes": 64 * MIB,
            "heads_max_bytes": 512 * MIB,
            "head_max_age_ns": 3600 * 10**9,
            "wal_segment_bytes": MIB,
            "wal_checkpoint_bytes": 256 * MIB,
            "min_free_disk_bytes": 0,
            **self.config,
        }
        config = StoreConfig(instance=self.instance, directory=self.directory, **limits)
        store = IngesterStore(
            config, lambda: self.now_ns, lambda: next(_ULIDS), 7, lambda tenant: self.window_ns, self.files
        )
        self.opened = store.open()
        return store


def payload(*numbers: int, tenant: str = TENANT) -> bytes:
    """One record for each number, which is the profile's time in nanoseconds and stands for its content."""
    records = []
    for number in numbers:
        record = push(Group(samples(**{f"main__work{number % 3}": 1}), number=number, time_ns=number), tenant=tenant)
        records.append(encode_record(record.tenant, 0, record.symbols, record.groups))
    return b"".join(records)


def held(store: IngesterStore, tenant: str = TENANT) -> Counter[int]:
    """How often each profile, by its time, can be read from all parts together."""
    counted: Counter[int] = Counter()
    for part in store.parts(tenant):
        counted.update({row.time_ns for row in read_rows(part)})
    return counted


def once(*numbers: int) -> Counter[int]:
    return Counter(dict.fromkeys(numbers, 1))
