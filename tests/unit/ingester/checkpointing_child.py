"""An ingester's store that pushes, seals, writes blocks and makes checkpoints until it is killed.

``checkpointing_child.py <directory> <first number>`` prints each number once it is acknowledged, and ``checkpoint``
for each checkpoint.
"""

from __future__ import annotations

import itertools
import sys
import uuid
from pathlib import Path

from ingest.ingester.store import IngesterStore, StoreConfig
from tests.unit.ingester.stores import MIB, STORED, TENANT, payload

QUIET = "quiet"


def main(directory: Path, first: int) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    config = StoreConfig("ingester-1", directory, 64 * MIB, 512 * MIB, 3600 * 10**9, 3000, 10_000, 0)
    store = IngesterStore(config, lambda: 10**9, lambda: uuid.uuid4().hex[:26].upper(), 7, lambda tenant: 0)
    store.open()
    for number in itertools.count(first):
        assert store.commit([payload(number)]) == [STORED]
        if number % 50 == 0:
            assert store.commit([payload(number, tenant=QUIET)]) == [STORED]
        print(number, flush=True)
        if number % 10 == 9:
            store.seal([TENANT], "test")
            store.write_blocks()
            store.truncate_log()
        for lane, plan in store.plan_checkpoints():
            lane.write_checkpoint(plan)
            lane.adopt_checkpoint(plan)
            print("checkpoint", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) / "ingester", int(sys.argv[2]))
