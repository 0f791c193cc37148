"""The scripts of all pages as they are sent: small, one file for what is shared, nothing left out."""

from __future__ import annotations

import gzip
import re
from functools import cache
from pathlib import Path

import pytest

from phlareweb.bundling import bundled
from phlareweb.static_files import BUNDLES

SCRIPTS = Path(__file__).resolve().parents[3] / "static" / "phlare"
MOST_BYTES = 60_000


@cache
def sent() -> dict[str, bytes]:
    """The scripts a template names, as browsers get them."""
    found = {name: bundled(SCRIPTS.parent / name, form) for name, form in BUNDLES.items()}
    assert None not in found.values()
    return {name: content for name, content in found.items() if content is not None}


def test_all_scripts_together_are_at_most_60_kb_gzipped() -> None:
    sizes = {name: len(gzip.compress(content)) for name, content in sent().items()}
    assert sum(sizes.values()) <= MOST_BYTES, sizes


def test_what_is_sent_imports_nothing() -> None:
    for name, content in sent().items():
        assert not re.findall(rb"\bimport\b|\bfrom\s*['\"]\.", content), name


@pytest.mark.parametrize("name", sorted(path.name for path in SCRIPTS.glob("*.js")))
def test_every_module_is_sent_with_one_of_the_scripts_that_pages_name(name: str) -> None:
    reached = {Path(one).name for one in BUNDLES}
    for _ in range(10):  # each round goes one import further
        texts = [(SCRIPTS / one).read_text("utf-8") for one in reached]
        reached |= {
            found for text in texts for found in re.findall(r"(?:from |^import |import\()'\./([\w.]+)'", text, re.M)
        }
    assert name in reached
