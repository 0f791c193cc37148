"""What pages and people keep beside the profiles of a tenant, and how much of it: values, without any storage."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

#: Settings of pages of one tenant at most, and their longest names and values in characters. Pages keep a few of some
#: hundred characters.
MAX_SETTINGS = 500
MAX_SETTING_NAME_CHARS = 255
MAX_SETTING_VALUE_CHARS = 65_536

#: Uploads of one tenant at most, their bytes together as they are stored, the longest name, and how long they are kept.
MAX_UPLOADS = 100
MAX_UPLOADS_BYTES = 64 << 20
MAX_UPLOAD_NAME_CHARS = 200
KEEP_UPLOADS_MS = 30 * 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Setting:
    """Something that pages remember."""

    name: str
    value: str
    modified_at_ms: int


class Stored(Enum):
    """What came of a change of a setting."""

    DONE = "done"
    OLDER = "older"  #: what is stored was changed later
    FULL = "full"  #: the tenant has as many as it may have


@dataclass(frozen=True, slots=True)
class Upload:
    """What is known of a profile that somebody uploaded to look at, without its content."""

    key: str  #: ULID and name, joined by a dash
    name: str
    uploaded_at_ms: int
