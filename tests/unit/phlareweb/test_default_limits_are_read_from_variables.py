"""``PHLARE_LIMIT_*``: a variable for each limit, in its unit, within its bounds; none may contradict another."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from ingest.profiles.limit_table import LIMIT_TABLE, LimitKind
from ingest.profiles.limits import DEFAULT_LIMITS, MIB, Limits
from phlareweb.env import Environment, ProblemId
from phlareweb.tenant_limits import limits_from_environment, variable_name

ROOT = Path(__file__).resolve().parents[3]


def test_every_limit_has_a_variable_and_without_any_the_defaults_hold() -> None:
    environment = Environment({})
    assert limits_from_environment(environment) == DEFAULT_LIMITS
    assert sorted(environment.declared) == sorted(variable_name(info) for info in LIMIT_TABLE)
    assert len(environment.declared) == len(fields(Limits))


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("PHLARE_LIMIT_INGESTION_RATE_BYTES_PER_SECOND", "4MiB", "ingestion_rate_bytes_per_second", 4 * MIB),
        ("PHLARE_LIMIT_REJECT_OLDER_THAN", "1d", "reject_older_than_ns", 86_400 * 10**9),
        ("PHLARE_LIMIT_MAX_GLOBAL_SERIES_PER_TENANT", "5000", "max_global_series_per_tenant", 5000),
        ("PHLARE_LIMIT_SAMPLE_TYPE_RELABELING_RULES", "[]", "sample_type_relabeling_rules", "[]"),
    ],
)
def test_a_variable_is_read_in_the_unit_of_its_limit(name: str, text: str, field: str, value: object) -> None:
    environment = Environment({name: text})
    assert getattr(limits_from_environment(environment), field) == value
    assert environment.problems == []


@pytest.mark.parametrize(
    "info", [info for info in LIMIT_TABLE if info.kind is not LimitKind.TEXT], ids=lambda info: info.column
)
def test_a_value_out_of_its_bounds_is_a_problem_and_the_default_holds(info) -> None:  # type: ignore[no-untyped-def]
    units = {LimitKind.BYTES: 1, LimitKind.COUNT: 1, LimitKind.DURATION: 10**9}
    too_many = {variable_name(info): str(info.maximum // units[info.kind] + 1)}
    environment = Environment(too_many)
    assert limits_from_environment(environment) == DEFAULT_LIMITS
    assert [problem.id for problem in environment.problems] == [ProblemId.OUT_OF_RANGE]


def test_a_text_that_breaks_its_rule_is_a_problem() -> None:
    environment = Environment({"PHLARE_LIMIT_INGESTION_RELABELING_RULES": "- {action: fly}"})
    assert limits_from_environment(environment) == DEFAULT_LIMITS
    (problem,) = environment.problems
    assert problem.variable == "PHLARE_LIMIT_INGESTION_RELABELING_RULES"


def test_defaults_that_contradict_each_other_stop_the_start(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PHLARE_")}
    environment |= {"PHLARE_DATA_DIR": str(tmp_path), "PHLARE_LIMIT_INGESTION_BURST_BYTES": "2MiB"}
    ended = subprocess.run(
        [sys.executable, "manage.py", "check", "--tag", "phlare"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    assert "The largest profile could never pass: ingestion_burst_bytes (2MiB) is below" in ended.stderr
