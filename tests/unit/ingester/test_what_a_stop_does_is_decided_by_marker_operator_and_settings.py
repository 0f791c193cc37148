"""What a stop of an ingester does, and the marker of a prepared shutdown, which survives every restart."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from ingest.ingester.shutdown import HAND_OVER, MARKER_FILE, ShutdownMarker, ShutdownPlan, shutdown_plan
from ingest.storage.fs import OsFiles

STAY = ShutdownPlan(flush=False, unregister=False, clear_tokens=False)
GO = ShutdownPlan(flush=True, unregister=True, clear_tokens=False)


@pytest.mark.parametrize(
    ("configured", "is_prepared", "unregister", "expected"),
    [
        pytest.param(STAY, False, None, STAY, id="the settings"),
        pytest.param(GO, False, None, GO, id="other settings"),
        pytest.param(STAY, False, True, ShutdownPlan(False, True, False), id="unregister switched on"),
        pytest.param(GO, False, False, ShutdownPlan(True, False, False), id="unregister switched off"),
        pytest.param(STAY, True, None, HAND_OVER, id="prepared"),
        pytest.param(STAY, True, False, HAND_OVER, id="prepared counts more than the switch"),
    ],
)
def test_the_marker_decides_then_the_operator_then_the_settings(
    configured: ShutdownPlan, is_prepared: bool, unregister: bool | None, expected: ShutdownPlan
) -> None:
    assert shutdown_plan(configured, is_prepared, unregister) == expected


def test_a_prepared_shutdown_drains_unregisters_and_forgets_the_tokens() -> None:
    assert ShutdownPlan(flush=True, unregister=True, clear_tokens=True) == HAND_OVER


def test_the_marker_survives_restarts_until_it_is_taken_back(tmp_path: Path) -> None:
    assert not ShutdownMarker(tmp_path).is_set
    assert ShutdownMarker(tmp_path).set()
    after_restart = ShutdownMarker(tmp_path)
    assert after_restart.is_set
    assert not after_restart.set(), "setting it twice changes nothing"
    assert after_restart.unset()
    assert not after_restart.unset(), "nor does taking it back twice"
    assert not ShutdownMarker(tmp_path).is_set
    assert list(tmp_path.iterdir()) == []


class RecordingFiles(OsFiles):
    """Real files; notes what was flushed, and fails the flush with this number."""

    def __init__(self, failing_sync: int = -1) -> None:
        self.flushed: list[Path] = []
        self._failing_sync = failing_sync

    def sync(self, fd: int) -> None:
        if len(self.flushed) == self._failing_sync:
            raise OSError(errno.EIO, "the disk is broken")
        self.flushed.append(Path(f"/proc/self/fd/{fd}").readlink())
        super().sync(fd)


def test_file_and_name_are_flushed_before_it_counts_as_set(tmp_path: Path) -> None:
    files = RecordingFiles()
    ShutdownMarker(tmp_path, files).set()
    assert [path.name.startswith(MARKER_FILE) for path in files.flushed] == [True, False]
    assert files.flushed[1] == tmp_path
    ShutdownMarker(tmp_path, files).unset()
    assert files.flushed[2] == tmp_path, "its removal is durable as well"


def test_a_disk_that_fails_is_no_prepared_shutdown(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="broken"):
        ShutdownMarker(tmp_path, RecordingFiles(failing_sync=0)).set()
    assert not ShutdownMarker(tmp_path).is_set
