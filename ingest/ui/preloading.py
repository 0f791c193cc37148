"""Which modules a page needs, so that a browser gets them all at once and not import by import."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.templatetags.static import static

_IMPORT = re.compile(r"^import .*? from '\./([\w.]+)';$", re.MULTILINE)


@cache
def modules_of(entry: str) -> tuple[str, ...]:
    """Return the addresses of a module of ours and of every module it imports, itself or through others."""
    found = {entry: None}
    waiting = [entry]
    while waiting:
        for name in _IMPORT.findall(_text(waiting.pop())):
            if name not in found:
                found[name] = None
                waiting.append(name)
    return tuple(static(f"phlare/{name}") for name in found)


def _text(name: str) -> str:
    path = finders.find(f"phlare/{name}")
    if path is None:
        raise FileNotFoundError(f"there is no module {name}")
    return Path(path).read_text("utf-8")
