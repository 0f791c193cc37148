"""Reading JSON that comes from outside: typed, with errors that name the field."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from ingest.profiles.formats.refused import malformed

Shape = TypeVar("Shape")

_SHOWN_CHARS = 200


def decode_json(data: bytes, shape: type[Shape]) -> Shape:
    """Return ``data`` as ``shape``; refuses JSON that is damaged, nested too deep, or of another shape."""
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise malformed(f"the JSON cannot be read: {str(error)[:_SHOWN_CHARS]}") from None
    except RecursionError:
        raise malformed("the JSON is nested too deep") from None
