"""Hiding label names that old clients cannot show.

Any UTF-8 text may be a label name, such as ``otel.scope.name``; clients that can only write the classic form would
offer names they cannot select by. So names outside it are listed only for those that ask.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_CLASSIC = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_MEDIA_RANGE = re.compile(rf"\s*{_TOKEN}/{_TOKEN}\s*")
_PARAMETER = re.compile(rf'\s*({_TOKEN})\s*=\s*("(?:[^"\\]|\\.)*"|{_TOKEN})\s*')

#: The media type parameter by which a client says that it can show any name.
_PARAMETER_NAME = "allow-utf8-labelnames"

#: Longest Accept header looked at.
_MAX_ACCEPT_CHARS = 4096


def wants_utf8(accept: str) -> bool | None:
    """Return whether an ``Accept`` header asks for all label names; None when the header cannot be read."""
    if len(accept) > _MAX_ACCEPT_CHARS:
        return None
    wanted = False
    for media_range in accept.split(","):
        if not media_range.strip():
            continue
        kind, *parameters = media_range.split(";")
        if _MEDIA_RANGE.fullmatch(kind) is None:
            return None
        for parameter in parameters:
            match = _PARAMETER.fullmatch(parameter)
            if match is None:
                return None
            name, value = match.group(1).lower(), match.group(2).strip('"').lower()
            wanted |= name == _PARAMETER_NAME and value == "true"
    return wanted


def shown_label_names(names: Iterable[str], utf8: bool) -> list[str]:
    """Return the names to list, in the order given."""
    return [name for name in names if utf8 or _CLASSIC.fullmatch(name)]
