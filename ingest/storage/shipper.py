"""Moving a finished block into the bucket: data files first, ``meta.json`` last, then the caller makes it visible.

A block exists in the bucket once its meta does, so whoever finds a meta finds every file it lists. A crash at any step
leaves files without a meta, which nobody reads, and a second run goes on from there. Files of a failed upload are left
in the bucket for that run; rejected: deleting them, which pays for the same bytes again at each attempt.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ingest.storage.bucket import Bucket, check_key
from ingest.storage.errors import BlockIncomplete, InvalidKey, NotFound

META_NAME: Final = "meta.json"

#: The parsed meta.json.
Meta = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shipped:
    """What one run put into the bucket; objects that were there already count as skipped."""

    objects_put: int
    bytes_put: int
    objects_skipped: int


@dataclass(frozen=True, slots=True)
class _BlockFile:
    path: str
    size_bytes: int


def block_key(prefix: str, block_id: str, path: str) -> str:
    """Key of one file of a block: ``<prefix>/<block id>/<path>``. The prefix is the escaped tenant."""
    return check_key(f"{prefix}/{block_id}/{path}")


def ship_block(block_dir: Path, bucket: Bucket, prefix: str, on_visible: Callable[[Meta], None]) -> Shipped:
    """Upload the block in ``block_dir``, whose name is the block's id, and call ``on_visible`` with its meta.

    Safe to repeat after an error or a crash at any point: ``on_visible`` is called by each run that reaches its end and
    must bear repetition. A meta already in the bucket wins and no file is uploaded: the block was complete before.

    Raises BlockIncomplete before anything is uploaded, BucketError, and whatever ``on_visible`` raises.
    """
    block_id = block_dir.name
    meta_key = block_key(prefix, block_id, META_NAME)
    visible = _meta_in_bucket(bucket, meta_key)
    if visible is not None:
        on_visible(visible)
        return Shipped(0, 0, len(_listed_files(visible, block_id)) + 1)

    content, meta = _local_meta(block_dir)
    files = _listed_files(meta, block_id)
    for file in files:
        _check_local(block_dir / file.path, file.size_bytes)
    objects_put = bytes_put = 0
    for file in files:
        key = block_key(prefix, block_id, file.path)
        if _size_in_bucket(bucket, key) != file.size_bytes:
            bytes_put += bucket.put(key, block_dir / file.path)
            objects_put += 1
    bytes_put += bucket.put(meta_key, content)
    on_visible(meta)
    return Shipped(objects_put + 1, bytes_put, len(files) - objects_put)


def _meta_in_bucket(bucket: Bucket, key: str) -> Meta | None:
    try:
        return _parse_meta(bucket.get(key), key)
    except NotFound:
        return None


def _size_in_bucket(bucket: Bucket, key: str) -> int | None:
    try:
        return bucket.size(key)
    except NotFound:
        return None


def _local_meta(block_dir: Path) -> tuple[bytes, Meta]:
    path = block_dir / META_NAME
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BlockIncomplete(f"{path}: {error.strerror or error}") from error
    return content, _parse_meta(content, str(path))


def _parse_meta(content: bytes, where: str) -> Meta:
    try:
        meta = json.loads(content)
    except ValueError as error:
        raise BlockIncomplete(f"{where}: not JSON") from error
    if not isinstance(meta, dict):
        raise BlockIncomplete(f"{where}: not a JSON object")
    return meta


def _listed_files(meta: Meta, block_id: str) -> list[_BlockFile]:
    """Return the data files that the meta lists. Raises BlockIncomplete when the list is not one of plain files."""
    try:
        files = [_BlockFile(check_key(row["path"]), int(row["size_bytes"])) for row in meta["files"]]
    except (KeyError, TypeError, ValueError, AttributeError, InvalidKey) as error:
        raise BlockIncomplete(f"block {block_id}: the meta does not list its files: {error!r}") from error
    return [file for file in files if file.path != META_NAME]


def _check_local(path: Path, size_bytes: int) -> None:
    try:
        found = path.stat().st_size
    except OSError as error:
        raise BlockIncomplete(f"{path}: {error.strerror or error}") from error
    if found != size_bytes:
        raise BlockIncomplete(f"{path}: {found} bytes, the meta says {size_bytes}")
