"""A process that appends until it is killed and says what is synced: ``writing_child.py <directory> <first number>``.

After each sync it writes the number of the newest synced record as a line to standard output.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ingest.storage.wal.writer import WalWriter
from tests.unit.storage.wal.test_kill import SEGMENT_BYTES, payload_of


def main() -> None:
    number = int(sys.argv[2])
    writer = WalWriter(Path(sys.argv[1]), SEGMENT_BYTES)
    while True:
        batch = [(1, payload_of(number + each)) for each in range(1 + number % 5)]
        writer.append(batch)
        writer.sync()
        number += len(batch)
        os.write(1, b"%d\n" % (number - 1))


main()
