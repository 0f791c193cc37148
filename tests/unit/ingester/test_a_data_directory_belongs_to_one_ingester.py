"""The lock on a data directory, between real processes: one holder at a time, and the dead hold nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.ingester.directory_lock import DirectoryInUse, DirectoryLock
from ingest.storage.errors import StorageError

HOLDER = """
import sys, pathlib
from ingest.ingester.directory_lock import DirectoryLock
lock = DirectoryLock(pathlib.Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def start_holder(directory: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def end(holder: subprocess.Popen[str]) -> None:
    holder.communicate()


def test_a_second_process_is_refused_by_path_and_holder_until_the_first_is_killed(tmp_path: Path) -> None:
    directory = tmp_path / "ingester-0"
    holder = start_holder(directory)
    lock = DirectoryLock(directory)
    with pytest.raises(DirectoryInUse) as caught:
        lock.acquire()
    assert str(directory) in str(caught.value)
    assert f"process {holder.pid}" in str(caught.value)
    assert isinstance(caught.value, StorageError)
    os.kill(holder.pid, signal.SIGKILL)
    end(holder)
    lock.acquire()
    assert (directory / "lock").read_text() == f"{os.getpid()}\n"
    lock.release()


def test_an_orderly_end_lets_go_and_an_old_longer_number_leaves_no_digits(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("12345678901234567890\n")
    first, second = DirectoryLock(tmp_path), DirectoryLock(tmp_path)
    first.acquire()
    with pytest.raises(DirectoryInUse, match=f"process {os.getpid()}:"):
        second.acquire()
    first.release()
    first.release()
    second.acquire()
    second.release()


def test_a_child_that_a_holder_starts_does_not_keep_the_lock_alive(tmp_path: Path) -> None:
    lock = DirectoryLock(tmp_path)
    lock.acquire()
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, text=True)
    lock.release()
    again = DirectoryLock(tmp_path)
    again.acquire()
    again.release()
    end(child)
