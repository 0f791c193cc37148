"""docs/duckdb.md holds: plain SQL over the files of a block answers what the database answers."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from ingest.profiles.selector import Matcher
from ingest.storage.block.writer import BlockIdentity, write_block
from ingest.storage.head.head import Head
from tests.unit.profiles.stack_model import Location, plain
from tests.unit.storage.pushes import Group, Sample, by_names, push, read_stacks

ULID = "01J0000000000000000000BLOK"
DOCUMENT = Path(__file__).resolve().parents[4] / "docs" / "duckdb.md"


def queries() -> dict[str, str]:
    """Return the SQL of the document by the heading above it."""
    sections = re.split(r"^## ", DOCUMENT.read_text(), flags=re.MULTILINE)[1:]
    found = {section.splitlines()[0]: re.findall(r"```sql\n(.*?)```", section, re.DOTALL) for section in sections}
    return {heading: texts[0] for heading, texts in found.items() if texts}


@pytest.fixture(scope="module")
def head() -> Head:
    head = Head(ULID, "team-a", "ingester-1", 5)
    inlined = Location((("inner", "a.go", 1), ("outer", "a.go", 2)))
    stacks = [
        plain("main", "work", "parse"), plain("main", "work"), plain("main", "work", "parse", "work", "parse"),
        (*plain("main"), inlined), plain("main", "idle"), plain("init"),
    ]  # fmt: skip
    for number in range(12):
        service = ("checkout", "cart")[number % 2]
        labels = (("__name__", "process_cpu"), ("service_name", service))
        found = tuple(Sample(stack, (number + at + 1, (number + at + 1) * 1000)) for at, stack in enumerate(stacks))
        head.append(push(Group(found, number, number, labels)))
    return head


@pytest.fixture(scope="module")
def block(head: Head, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("blocks")
    write_block(head.snapshot().content(), BlockIdentity(ULID, "team-a", "ingester-1", 5), directory)
    return directory / ULID


def run(text: str, block: Path) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(text.replace("BLOCK", str(block))).fetchall()


def expected_functions(head: Head) -> list[tuple[str, int, int]]:
    """Self and total per function over the CPU time of one service, a function counting once per stack."""
    matchers = [Matcher("service_name", "=", "checkout"), Matcher("__type__", "=", "cpu")]
    own: dict[str, int] = {}
    total: dict[str, int] = {}
    for names, value in by_names(read_stacks(head, matchers)).items():
        own[names[-1]] = own.get(names[-1], 0) + value
        for name in set(names):
            total[name] = total.get(name, 0) + value
    return sorted(((name, own.get(name, 0), total[name]) for name in total), key=lambda row: (-row[1], row[0]))


def test_the_top_functions_of_a_service_are_the_same_in_sql(head: Head, block: Path) -> None:
    found = run(queries()["Top ten functions of a service"], block)
    assert found == expected_functions(head)[:10]
    assert len(found) == 7


def test_every_query_of_the_document_runs(block: Path) -> None:
    for heading, text in queries().items():
        assert run(text, block), heading


def test_the_stacks_of_a_profile_are_the_same_in_sql(head: Head, block: Path) -> None:
    found = run(queries()["The stacks of one profile"], block)
    last = [Matcher("__type__", "=", "cpu")]
    expected = by_names(read_stacks(head, last, 11, 12))
    assert dict(found) == {";".join(names): value for names, value in expected.items()}


def test_a_profile_id_is_the_sixteen_bytes_of_the_identity(block: Path) -> None:
    rows = run("SELECT DISTINCT lower(hex(profile_id)) FROM 'BLOCK/profiles.parquet'", block)
    assert {name for (name,) in rows} == {Group((), number).profile_id.hex() for number in range(12)}


def test_the_columns_have_the_types_of_the_document(block: Path) -> None:
    rows = run("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM 'BLOCK/profiles.parquet')", block)
    assert dict(rows) == {
        "series_index": "UINTEGER", "profile_id": "BLOB", "time_ns": "BIGINT",
        "duration_ns": "BIGINT", "period": "BIGINT", "total_value": "BIGINT",
        "stack_ids": "UINTEGER[]", "values": "BIGINT[]",
    }  # fmt: skip
