"""From answers to what is printed: tables, without a server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.cli.pushing import Pushed, pause_seconds, verdict
from ingest.cli.server import Answer
from ingest.cli.watching import row_line, used

STORED = {"profile_ids": ["a", "b"], "series": 2, "samples": 10}


def answer(status: int, **headers_or_document: Any) -> Answer:
    headers = headers_or_document.pop("headers", {})
    return Answer(status, headers, json.dumps(headers_or_document).encode())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            answer(200, stored=[STORED, STORED], rejected=[], format="jfr"),
            Pushed("f", 4, 4, 20, "jfr"),
        ),
        (
            answer(200, stored=[STORED], rejected=[{"reason": "invalid_labels", "message": "no"}], format="pprof"),
            Pushed("f", 2, 2, 10, "pprof", "invalid_labels", "no"),
        ),
        (answer(200, stored=[], rejected=[], empty=True, format="pprof"), None),
        (answer(400, reason="malformed_profile", message="bad"), Pushed("f", 0, 0, 0, "", "malformed_profile", "bad")),
        (Answer(502, {}, b"<html>gateway</html>"), Pushed("f", 0, 0, 0, "", "status 502", "<html>gateway</html>")),
    ],
)
def test_an_answer_becomes_a_verdict(given: Answer, expected: Pushed | None):
    found = verdict("f", given)

    if expected is None:
        assert (found.stored, found.reason) == (0, "empty_profile")
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("retry_after", "seconds"), [("3", 3.0), ("", 1.0), ("soon", 1.0), ("9999999", 1.0), ("-1", 1.0)]
)
def test_a_pause_is_as_long_as_the_server_asks(retry_after: str, seconds: float):
    assert pause_seconds(Answer(503, {"retry-after": retry_after}, b"")) == seconds


def row(**more: Any) -> dict[str, Any]:
    plain = {
        "last_ms": 0, "verdict": "accepted", "client": "pyroscope-rs", "version": "2.1", "door": "push", "count": 1,
        "service_name": "shop", "profile": "process_cpu", "words": [], "samples": 5, "raw_bytes": 2048,
    }  # fmt: skip
    return {**plain, **more}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (row(), "shop:process_cpu from pyroscope-rs 2.1: 5 samples, 2.00 KiB"),
        (row(count=3), "from pyroscope-rs 2.1 x3:"),
        (row(client="", version="", service_name="", profile=""), "- from push:"),
        (row(verdict="rejected", words=["Too old."]), ": Too old."),
        (row(service_name="\x1b[2J"), "\\x1b[2J:process_cpu"),
    ],
)
def test_a_row_of_the_inbox_is_a_line(given: dict[str, Any], said: str):
    assert said in row_line(given)


def test_what_is_not_counted_has_no_use():
    assert used({"used": None, "unit": "bytes"}) == "-"
    assert used({"used": 3 << 20, "unit": "bytes"}) == "3.00 MiB"
