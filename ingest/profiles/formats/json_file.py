"""Reading JSON that comes from outside: typed, with errors that name the field."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from ingest.profiles.formats.refused import malformed

Shape = TypeVar("Shape")

_SHOWN_CHARS = 200
#: A pair of surrogates, an escaped backslash, or, as the group, half of a pair: which is no character.
_ESCAPES = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\\\|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


def decode_json(data: bytes, shape: type[Shape]) -> Shape:
    """Return ``data`` as ``shape``; refuses JSON that is damaged, nested too deep, or of another shape."""
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise malformed(f"the JSON cannot be read: {fault_of(data, error)}") from None
    except RecursionError:
        raise malformed("the JSON is nested too deep") from None


def fault_of(data: bytes, error: Exception) -> str:
    """Return why JSON could not be read; half of a surrogate pair has its own words, since parsers have wrong ones."""
    half = next((found for found in _ESCAPES.finditer(data) if found[1]), None)
    if half is None or isinstance(error, msgspec.ValidationError):
        return str(error)[:_SHOWN_CHARS]
    return f"{half[1].decode()} at byte {half.start()} is half of a surrogate pair, which is no character"
