"""From an answer to a verdict: tables, without a server."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.cli.doctor import _ADVICE_BY_REASON as ADVICE
from ingest.cli.doctor import SERVICE, Verdict, judge_clock, judge_reading
from ingest.profiles.reasons import Reason


@pytest.mark.parametrize(
    ("offset_seconds", "verdict"),
    [
        (None, Verdict.OK),
        (0.0, Verdict.OK),
        (-29.9, Verdict.OK),
        (30.0, Verdict.WARNING),
        (-599.0, Verdict.WARNING),
        (600.0, Verdict.FAILED),
        (-86_400.0, Verdict.FAILED),
    ],
)
def test_clocks_that_differ_are_named_and_fail_where_profiles_are_refused(
    offset_seconds: float | None, verdict: Verdict
):
    finding = judge_clock("phlareweb", offset_seconds)

    assert finding.verdict is verdict
    assert bool(finding.advice) is (verdict is not Verdict.OK)


def graph(total: int, *missing: str) -> dict[str, Any]:
    return {"total": total, "sources": {"missing": [{"name": name, "reason": "timeout"} for name in missing]}}


@pytest.mark.parametrize(
    ("answer", "verdict", "said"),
    [
        (graph(7), Verdict.OK, "once"),
        (graph(7, "ingester-1"), Verdict.WARNING, "ingester-1"),
        (graph(14), Verdict.FAILED, "14"),
        (graph(0), Verdict.FAILED, "missing"),
        (graph(0, "ingester-1"), Verdict.FAILED, "missing"),
        ({}, Verdict.FAILED, "missing"),
    ],
)
def test_a_profile_has_to_count_exactly_once(answer: dict[str, Any], verdict: Verdict, said: str):
    finding = judge_reading("read", answer, 7)

    assert finding.verdict is verdict
    assert said in finding.message


def test_advice_is_given_for_reasons_that_exist():
    assert set(ADVICE) <= {reason.value for reason in Reason}
    assert SERVICE == "phlare-doctor"
