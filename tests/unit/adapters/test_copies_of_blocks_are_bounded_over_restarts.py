"""The folders that block workers keep copies in: each belongs to one living process, and the dead leave theirs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from ingest.adapters.block_cache import BlockCache, claim_folder
from ingest.storage.bucket import MemoryBucket

HOLDER = """
import sys, pathlib
from ingest.adapters.block_cache import claim_folder
lock, folder = claim_folder(pathlib.Path(sys.argv[1]))
folder.mkdir()
(folder / "copy").write_text("of a block")
print(folder, flush=True)
sys.stdin.read()
"""


def test_living_processes_have_folders_of_their_own_and_that_of_a_killed_one_is_emptied_and_used_again(
    tmp_path: Path,
) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    first = Path(holder.stdout.readline().strip())
    lock, second = claim_folder(tmp_path)
    assert (first, second) == (tmp_path / "0" / "blocks", tmp_path / "1" / "blocks")
    lock.release()
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate()
    assert (first / "copy").exists()
    again, folder = claim_folder(tmp_path)
    assert folder == first
    BlockCache(MemoryBucket(), None, folder, 1)
    assert list(folder.iterdir()) == []
    assert (tmp_path / "0" / "lock").exists(), "what is emptied is not what holds the folder"
    again.release()
