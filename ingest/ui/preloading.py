"""Which modules a page needs, so that a browser gets them all at once and not import by import."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.templatetags.static import static

_IMPORT = re.compile(r"^import .*? from '\./([\w.]+)';$", re.MULTILINE)


@cache
def modules_of(*entries: str) -> tuple[str, ...]:
    """Return the addresses of modules of ours and of all they import, themselves or through others.

    An entry with all it needs comes before the next one.
    """
    found: dict[str, None] = {}
    for entry in entries:
        waiting = [entry]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found[name] = None
                waiting += _IMPORT.findall(_text(name))
    return tuple(static(f"phlare/{name}") for name in found)


def _text(name: str) -> str:
    path = finders.find(f"phlare/{name}")
    if path is None:
        raise FileNotFoundError(f"there is no module {name}")
    return Path(path).read_text("utf-8")
