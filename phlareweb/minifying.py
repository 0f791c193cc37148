"""Scripts and style sheets of ours without what only their readers want, as ``manage.py collect_static`` stores them.

Only that command imports this module: the library brings the runtime of another language into its process.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

try:
    import minify
except ImportError:  # no wheel of it for this platform
    minify = None

#: The minifier joins declarations of constants and puts one with a pattern in front of the others, even of one that an
#: object literal behind the pattern needs: ``const a = 1; const {b} = f({a})`` would read ``a`` before it is there. It
#: does not move declarations across those of another kind.
_CONSTANT_PATTERN = re.compile(r"^([ \t]*)const (?=[{\[])", re.MULTILINE)
_MEDIA_TYPES = {".js": "application/javascript", ".css": "text/css"}


def minified(name: str, text: str) -> str:
    """Return a script or a style sheet minified; whole where there is no minifier.

    Files are minified one by one, so what a module exports keeps its name. There is a minifier for Linux.
    """
    if minify is None:
        return text
    suffix = PurePosixPath(name).suffix
    if suffix == ".js":
        text = _CONSTANT_PATTERN.sub(r"\1let ", text)
    return str(minify.string(_MEDIA_TYPES[suffix], text))
