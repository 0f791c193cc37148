"""A catalogue and a bucket with blocks of given ages, and rounds of retention at given times."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from ingest.adapters.orm_catalogue import OrmCatalogue
from ingest.adapters.orm_retention import OrmRetention
from ingest.models import BlockRecord, Tenant, column_value
from ingest.profiles.limit_table import BY_COLUMN
from ingest.retention.service import Retention, Round
from ingest.storage.block.meta import FORMATS, BlockFile, BlockMeta, BlockStats
from ingest.storage.bucket import Bucket, MemoryBucket
from ingest.storage.fs import escape_component

DAY_NS = 86_400 * 10**9
START_NS = 20_000 * DAY_NS
HELD_NS, DELAY_NS = DAY_NS // 4, DAY_NS
PERIOD = "compactor_blocks_retention_period"


def meta(number: int, age_days: float, tenant: str = "ours") -> BlockMeta:
    """Return the meta of a block whose newest profile is so old at the start, and whose first one is an hour older."""
    ulid = f"01{number:024d}"
    files = tuple(BlockFile(path, 100, 1, "0" * 16) for path in FORMATS)
    newest_ns = START_NS - round(age_days * DAY_NS)
    stats = BlockStats(series=1, rows=2, profiles=1, samples=3)
    first_ns = newest_ns - 3600 * 10**9
    return BlockMeta(1, ulid, tenant, "ingester-0", 10**18, first_ns, newest_ns, 1, (ulid,), stats, files, FORMATS)


def folder_of(block: BlockMeta) -> str:
    return f"{escape_component(block.tenant)}/{block.ulid}/"


class Clocked(OrmRetention):
    """Retention's records by a clock that tests move."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns

    def now_ns(self) -> int:
        return self._now_ns()


@dataclass
class Scene:
    """A bucket, the catalogue in the test's database, and the time."""

    bucket: MemoryBucket = field(default_factory=MemoryBucket)
    now_ns: int = START_NS

    def upload(self, block: BlockMeta) -> BlockMeta:
        """Put a block into the bucket and the catalogue, as an ingester does."""
        for file in block.files:
            self.bucket.put(folder_of(block) + file.path, b"x" * file.size_bytes)
        self.bucket.put(folder_of(block) + "meta.json", block.to_json())
        OrmCatalogue().add(json.loads(block.to_json()), escape_component(block.tenant))
        return block

    def keep(self, tenant: str, period_ns: int | None) -> None:
        """Set the period of a tenant; None is the default."""
        row, _ = Tenant.objects.get_or_create(name=tenant)
        setattr(row, PERIOD, column_value(BY_COLUMN[PERIOD], period_ns))
        row.save()

    def round(self, bucket: Bucket | None = None, wall_ns: Callable[[], int] | None = None) -> Round:
        """Run a round now."""
        clock = lambda: self.now_ns  # noqa: E731
        made = Retention(Clocked(clock), bucket or self.bucket, HELD_NS, DELAY_NS, wall_ns or clock)
        return made.round(10**10)

    def pass_days(self, days: float) -> None:
        self.now_ns += round(days * DAY_NS)

    def states(self) -> dict[str, str]:
        """Return the state of each row by its ULID."""
        return dict(BlockRecord.objects.values_list("ulid", "state"))

    def readable(self, tenant: str = "ours") -> set[str]:
        """Return the blocks that queries of all times read."""
        return {ref.part_id for ref in OrmCatalogue().blocks(tenant, 0, 2**62)}

    def objects(self, block: BlockMeta) -> list[str]:
        """Return what lies in the folder of a block."""
        return list(self.bucket.list(folder_of(block)))


@pytest.fixture
def scene(db: None) -> Scene:
    return Scene()
