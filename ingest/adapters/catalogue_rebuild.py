"""Making the catalogue again from the bucket while ingesters go on uploading.

An ingester puts ``meta.json`` and then adds the row. So whatever order its two steps and ours come in, a block that is
complete has its row in the end:

* a meta that is listed is written to the catalogue, replacing what the row said;
* a row whose block was not listed is only removed if its meta is not in the bucket, and after the removal the bucket is
  asked once more: who put the meta before that is seen now, and who puts it later adds its row after the removal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ingest.adapters.orm_catalogue import OrmCatalogue
from ingest.storage.block.errors import BlockDamaged
from ingest.storage.block.meta import META_FILE, BlockMeta
from ingest.storage.bucket import Bucket
from ingest.storage.errors import NotFound
from ingest.storage.fs import escape_component

#: Rows written in one statement.
_ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did."""

    blocks: int  #: complete blocks found
    removed: tuple[str, ...]  #: ULIDs of rows without a block in the bucket
    left_out: tuple[str, ...]  #: ``key: reason`` of metas that cannot be read


def rebuild_catalogue(
    bucket: Bucket, catalogue: OrmCatalogue, progress: Callable[[Sequence[str]], Iterable[str]]
) -> Rebuilt:
    """Make the catalogue say what the bucket holds. ``progress`` passes the keys through that are read.

    Raises BucketError when the bucket cannot be read; then no row was removed, and those written are right.
    """
    suffix = f"/{META_FILE}"
    keys = [key for key in bucket.list("") if key.endswith(suffix)]
    found: set[str] = set()
    left_out: list[str] = []
    waiting: list[tuple[BlockMeta, str]] = []
    for key in progress(keys):
        read = _read(bucket, key)
        if isinstance(read, BlockMeta):
            found.add(read.ulid)
            waiting.append((read, key.removesuffix(f"/{read.ulid}{suffix}")))
        elif read is not None:
            left_out.append(f"{key}: {read}")
        if len(waiting) == _ROWS_AT_ONCE:
            catalogue.put_all(waiting)
            waiting.clear()
    catalogue.put_all(waiting)
    doomed = [(ulid, prefix) for ulid, prefix in catalogue.everything() if ulid not in found]
    removed = tuple(ulid for ulid, prefix in doomed if _remove(bucket, catalogue, ulid, prefix))
    return Rebuilt(len(found), removed, tuple(left_out))


def _remove(bucket: Bucket, catalogue: OrmCatalogue, ulid: str, prefix: str) -> bool:
    """Remove a row unless its block is complete after all; returns whether it was removed."""
    key = f"{prefix}/{ulid}/{META_FILE}"
    if isinstance(_read(bucket, key), BlockMeta):
        return False
    catalogue.remove(ulid)
    again = _read(bucket, key)
    if isinstance(again, BlockMeta):
        catalogue.put_all([(again, prefix)])
        return False
    return True


def _read(bucket: Bucket, key: str) -> BlockMeta | str | None:
    """Return the meta under the key, why it is none, or None when it is not there. Raises BucketError."""
    try:
        content = bucket.get(key)
    except NotFound:
        return None
    folder, _, ulid = key.removesuffix(f"/{META_FILE}").rpartition("/")
    try:
        meta = BlockMeta.from_json(content, ulid)
    except BlockDamaged as error:
        return str(error)
    if folder != escape_component(meta.tenant):
        return f"lies in the folder {folder!r}, which is not that of its tenant"
    return meta
