"""Static files under names that hold a digest of their content, compressed, without a step that must not be forgotten.

``manage.py collect_static`` copies all of them below the data directory under such names, each with its gzip form;
``up``, the image and the unit of a web server run it, and it does nothing when nothing changed. Where it did not run,
or ran for other files than those of today, nothing is amiss: pages name the files as they are called, and they are
served from where they are.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.base import ContentFile, File
from django.utils.module_loading import import_string
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage

_STAMP = "collected"
#: How files are stored; another word here, and those stored in the way before are stored again.
_FORM = b"minified, patterns are variables"
_MINIFIED = {".js", ".css"}


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Names files by their content if they were collected, else plainly."""

    manifest_strict = False

    def _save(self, name: str, content: File[Any]) -> str:
        """Store a file; one of ours is sent minified, scripts at less than two thirds of their size."""
        if name.startswith("phlare/") and PurePosixPath(name).suffix in _MINIFIED:
            text = b"".join(content.chunks()).decode()  # from its beginning: whoever hashed it has read it
            # By name, because only collecting needs what the minifier brings into a process.
            content = ContentFile(import_string("phlareweb.minifying.minified")(name, text).encode())
        stored: str = super()._save(name, content)
        return stored

    def load_manifest(self) -> tuple[dict[str, str], str]:
        """Return the names of the collected files; none when they are not those of today."""
        names: tuple[dict[str, str], str] = super().load_manifest() if is_collected() else ({}, "")
        return names

    def stored_name(self, name: str) -> str:
        """Return the name a page has to use."""
        found: str = self.hashed_files.get(self.hash_key(self.clean_name(name)), name)
        return found


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """Serves the collected files, and all others from where they are."""

    def add_files(self, root: str, prefix: str | None = None) -> None:
        """Take the files of a folder; nobody has to have collected any."""
        if os.path.isdir(root):
            super().add_files(root, prefix)


def is_collected() -> bool:
    """Whether what was collected is made from the files of today."""
    try:
        return _stamp().read_text(encoding="ascii") == sources_digest()
    except OSError:
        return False


def write_stamp() -> None:
    """Say that the files of today are collected."""
    _stamp().write_text(sources_digest(), encoding="ascii")


def sources_digest() -> str:
    """Return a name for all static files there are, made of their names and contents, and of how they are stored.

    Not of their times, which an image that was sent to a registry keeps only to the second. Reading all takes 20 ms.
    """
    digest = hashlib.sha256(_FORM)
    for name, path in sorted(_sources()):
        content = Path(path).read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _sources() -> Iterator[tuple[str, str]]:
    for finder in finders.get_finders():
        for name, storage in finder.list(None):
            yield name, storage.path(name)


def _stamp() -> Path:
    return Path(settings.STATIC_ROOT) / _STAMP
