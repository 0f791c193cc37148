"""How an ingester ends: what its settings, an operator's word and the marker of a prepared shutdown make of a stop.

The marker is an empty file ``prepare-shutdown`` in the ingester's directory. It is flushed, so that it survives every
restart until a stop has handed everything over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ingest.storage.fs import DISK, Files, fsync_dir, write_file_durably

MARKER_FILE = "prepare-shutdown"


@dataclass(frozen=True, slots=True)
class ShutdownPlan:
    """What a stop does once no more pushes are taken."""

    flush: bool  #: write heads as blocks and upload everything
    unregister: bool  #: leave the ring; only if everything is uploaded
    clear_tokens: bool  #: come back as a new instance; only if it unregistered


#: Drain and hand over: what a prepared shutdown and the shutdown action do.
HAND_OVER = ShutdownPlan(flush=True, unregister=True, clear_tokens=True)


def shutdown_plan(configured: ShutdownPlan, is_prepared: bool, unregister: bool | None) -> ShutdownPlan:
    """Return what a stop does: the marker decides, then the operator's ``unregister``, then the settings."""
    if is_prepared:
        return HAND_OVER
    return configured if unregister is None else replace(configured, unregister=unregister)


class ShutdownMarker:
    """The file that says that the next stop hands over. Setting or removing it twice changes nothing."""

    def __init__(self, directory: Path, files: Files = DISK) -> None:
        self._path = directory / MARKER_FILE
        self._files = files

    @property
    def is_set(self) -> bool:
        """Whether the next stop hands over."""
        return self._path.exists()

    def set(self) -> bool:
        """Set it durably; returns whether it was not set before. Raises OSError or StorageError."""
        if self.is_set:
            return False
        write_file_durably(self._path, b"", self._files)
        return True

    def unset(self) -> bool:
        """Remove it durably; returns whether it was set. Raises OSError."""
        if not self.is_set:
            return False
        self._files.unlink(self._path)
        fsync_dir(self._path.parent, self._files)
        return True
