"""``meta.json``: what a block is, written last. A block directory without it does not exist.

The layout is documented in ``ingest/storage/docs/block.md``.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

import msgspec
import xxhash

from ingest.storage.block.errors import BlockDamaged

META_FILE: Final = "meta.json"
#: Version 2 adds ``out_of_order``. A block in order is still written as version 1, which older readers know.
META_VERSION: Final = 1
OUT_OF_ORDER_VERSION: Final = 2
_VERSIONS: Final = (META_VERSION, OUT_OF_ORDER_VERSION)
#: Version of the columns of each file, so that one file can change without the others.
FORMATS: Final[dict[str, int]] = {
    "profiles.parquet": 1,
    "series.parquet": 1,
    "stacks.parquet": 1,
    "locations.parquet": 1,
    "functions.parquet": 1,
    "mappings.parquet": 1,
}
#: Those of a block whose samples have trace ids. A block without is written as before, which older readers know.
TRACES_FORMATS: Final[dict[str, int]] = {**FORMATS, "profiles.parquet": 2}

_Count = Annotated[int, msgspec.Meta(ge=0)]


class BlockFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One data file of a block."""

    path: str  #: relative to the block's directory
    size_bytes: _Count
    rows: _Count
    footer_xxh64: str  #: xxhash64, 16 hex digits, of the Parquet footer with its length and magic


class BlockStats(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much a block holds."""

    series: _Count
    rows: _Count  #: one per profile and sample type
    profiles: _Count  #: distinct profile ids
    samples: _Count  #: values other than 0


class BlockMeta(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Everything about a block that can be known without opening its data files."""

    version: int
    ulid: str
    tenant: str
    owner: str  #: id of the instance that wrote the block
    created_at_ns: int  #: when the head was created
    min_time_ns: int  #: 0 in a block without rows
    max_time_ns: int  #: inclusive; -1 in a block without rows
    level: _Count  #: 1 = written from a head; a compacted block is one above its highest source
    sources: tuple[str, ...]  #: ULIDs of the level-1 blocks whose rows are here; of itself at level 1
    stats: BlockStats
    files: tuple[BlockFile, ...]
    formats: dict[str, int]
    out_of_order: bool = False  #: of late profiles: it may overlap in time with other blocks of its owner

    def file(self, path: str) -> BlockFile:
        """Return the entry of one file; raises KeyError when the block has none."""
        for entry in self.files:
            if entry.path == path:
                return entry
        raise KeyError(path)

    @property
    def has_traces(self) -> bool:
        """Whether samples have trace ids."""
        return self.formats == TRACES_FORMATS

    @property
    def size_bytes(self) -> int:
        """Bytes of all data files."""
        return sum(entry.size_bytes for entry in self.files)

    def to_json(self) -> bytes:
        """Return the content of ``meta.json``: readable JSON with a checksum over all other fields."""
        body = msgspec.to_builtins(self)
        body["xxh64"] = _checksum(body)
        return json.dumps(body, indent=2, sort_keys=True).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes, block: str) -> BlockMeta:
        """Read ``meta.json`` of the block named ``block``; raises BlockDamaged saying which field is wrong."""
        body = _parse(data, block)
        version = body.get("version")
        if version not in _VERSIONS:
            raise BlockDamaged(block, META_FILE, f"version {version!r}, this program reads {_VERSIONS}")
        checksum = body.pop("xxh64", None)
        if checksum != _checksum(body):
            raise BlockDamaged(block, META_FILE, "checksum differs")
        try:
            meta = msgspec.convert(body, cls)
        except msgspec.ValidationError as error:
            raise BlockDamaged(block, META_FILE, str(error)) from error
        _check(meta, block)
        return meta


def _parse(data: bytes, block: str) -> dict[str, Any]:
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BlockDamaged(block, META_FILE, f"not JSON: {error}") from error
    if not isinstance(body, dict):
        raise BlockDamaged(block, META_FILE, "not a JSON object")
    return body


def _check(meta: BlockMeta, block: str) -> None:
    if meta.ulid != block:
        raise BlockDamaged(block, META_FILE, f"is of block {meta.ulid!r}")
    if meta.out_of_order != (meta.version == OUT_OF_ORDER_VERSION):
        raise BlockDamaged(block, META_FILE, f"version {meta.version} with out_of_order {meta.out_of_order}")
    if meta.formats not in (FORMATS, TRACES_FORMATS):
        raise BlockDamaged(block, META_FILE, f"formats {meta.formats}, this program reads {TRACES_FORMATS} and before")
    if sorted(entry.path for entry in meta.files) != sorted(FORMATS):
        raise BlockDamaged(block, META_FILE, f"files {[entry.path for entry in meta.files]}, wanted {list(FORMATS)}")


def _checksum(body: dict[str, Any]) -> str:
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    return xxhash.xxh64_hexdigest(canonical)
