"""docs/configuration.md and the code say the same."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from ingest.config import IngestConfig
from phlareweb.env import Declared
from phlareweb.settings import PHLARE_ENVIRONMENT

ROOT = Path(__file__).resolve().parents[3]
ROW = re.compile(r"^\| `(PHLARE_\w+)` \| (.*?) ?\| (.+?) \| (.+) \|$", re.MULTILINE)


def documented() -> dict[str, Declared]:
    """Return the rows of all tables."""
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    rows = [Declared(name, default, unit) for name, default, unit, _ in ROW.findall(text)]
    assert len(rows) == len({row.name for row in rows}), "a variable is documented twice"
    return {row.name: row for row in rows}


def test_every_variable_is_documented_with_its_default_and_unit_and_no_other_is():
    assert documented() == PHLARE_ENVIRONMENT.declared


@pytest.mark.parametrize("name", [field.name for field in fields(IngestConfig)])
def test_every_field_of_the_configuration_has_an_effect(name):
    files = [path for folder in ("ingest", "phlareweb") for path in (ROOT / folder).rglob("*.py")]
    readers = [path for path in files if re.search(rf"\.{name}\b", path.read_text(encoding="utf-8"))]
    assert readers, f"{name} is read by nothing"
