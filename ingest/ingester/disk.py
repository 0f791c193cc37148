"""Whether the disk of an ingester has room for what it is to take."""

from __future__ import annotations

from pathlib import Path

from ingest.storage.fs import Files, write_file_durably

#: Written to find out whether a disk that refused takes bytes again. The suffix has it removed after a crash.
PROBE_FILE = "probe.tmp"
PROBE_BYTES = 4096


def shortage(directory: Path, wanted_bytes: int, files: Files) -> str:
    """Return what is wrong with the room on the disk, in a sentence; empty when ``wanted_bytes`` are free."""
    free = files.free_bytes(directory)
    if free >= wanted_bytes:
        return ""
    return f"The disk has {free >> 20} MiB free, fewer than the {wanted_bytes >> 20} MiB that have to stay free."


def probe(directory: Path, files: Files) -> str:
    """Return why the disk does not take a file of a page, in a sentence; empty when it does."""
    path = directory / PROBE_FILE
    try:
        write_file_durably(path, bytes(PROBE_BYTES), files)
        files.unlink(path)
    except OSError as error:
        return f"The disk takes no file: {error.strerror or error}."
    return ""
