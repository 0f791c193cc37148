"""Every reason has a Connect code, a status and a line of documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ingest.profiles.reasons import CONNECT_CODE, HTTP_STATUS, ConnectCode, Reason, http_status, is_client_error

PAGE = Path(__file__).resolve().parents[4] / "docs" / "reasons.md"
ROW = re.compile(r"\| `([a-z_]+)` \| (\d{3}) \| `([a-z_]+)` \| ([^|]+) \| ([^|]+) \|")


def documented() -> dict[str, tuple[str, ...]]:
    rows = [ROW.fullmatch(line) for line in PAGE.read_text().splitlines()]
    return {row.group(1): row.groups()[1:] for row in rows if row is not None}


def test_there_are_sixteen_connect_codes_and_each_has_a_status() -> None:
    assert len(ConnectCode) == 16
    assert set(HTTP_STATUS) == set(ConnectCode)


def test_every_reason_has_a_connect_code() -> None:
    assert set(CONNECT_CODE) == set(Reason)


def test_the_page_documents_every_reason_and_nothing_else() -> None:
    assert list(documented()) == [str(reason) for reason in Reason]


@pytest.mark.parametrize("reason", list(Reason))
def test_the_page_states_the_status_and_code_that_are_sent(reason: Reason) -> None:
    status, code, meaning, remedy = documented()[reason]
    assert (int(status), code) == (http_status(reason), CONNECT_CODE[reason])
    assert meaning.endswith(".")
    assert remedy.endswith(".")


@pytest.mark.parametrize(
    "code",
    [
        "unknown", "invalid_labels", "missing_labels", "rate_limited", "not_in_ingestion_window",
        "max_label_names_per_series", "label_name_too_long", "label_value_too_long", "duplicate_label_names",
        "series_limit", "query_limit", "samples_limit", "profile_size_limit", "sample_labels_limit",
        "malformed_profile", "flamegraph_limit", "missing_time_range", "invalid_time_range",
        "body_size_limit_exceeded", "dropped_by_relabel_rules", "out_of_order",
    ],
)  # fmt: skip
def test_the_reason_codes_of_pyroscope_and_phlare_are_spelled_alike(code: str) -> None:
    assert Reason(code).value == code


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (Reason.MALFORMED_PROFILE, 400),
        (Reason.QUERY_LIMIT, 400),
        (Reason.RATE_LIMITED, 429),
        (Reason.SERIES_LIMIT, 429),
        (Reason.BODY_TOO_LARGE, 429),
        (Reason.MISSING_TENANT, 401),
        (Reason.UNSUPPORTED_MEDIA, 415),
        (Reason.UNSUPPORTED_ENCODING, 501),
        (Reason.INGESTER_UNAVAILABLE, 503),
        (Reason.DEADLINE, 503),
        (Reason.INTERNAL, 500),
    ],
)
def test_clients_see_the_status_they_know(reason: Reason, status: int) -> None:
    assert http_status(reason) == status


def test_a_permanent_fault_of_the_sender_is_never_reported_as_one_to_retry() -> None:
    # Agents repeat these, so that a bad batch would come back up to ten times.
    retried = {ConnectCode.UNKNOWN, ConnectCode.INTERNAL, ConnectCode.UNAVAILABLE, ConnectCode.DATA_LOSS}
    retried |= {ConnectCode.ABORTED, ConnectCode.DEADLINE_EXCEEDED}
    assert {reason for reason in Reason if CONNECT_CODE[reason] in retried} == {
        Reason.UNKNOWN, Reason.INTERNAL, Reason.INGESTER_UNAVAILABLE, Reason.DEADLINE, Reason.REDIS_FULL,
        Reason.DATABASE_UNAVAILABLE, Reason.NO_ANSWER, Reason.NOT_FINISHED,
    }  # fmt: skip


def test_a_client_error_is_one_below_500() -> None:
    assert is_client_error(Reason.MALFORMED_PROFILE)
    assert is_client_error(Reason.RATE_LIMITED)
    assert not is_client_error(Reason.DEADLINE)
    assert not is_client_error(Reason.INTERNAL)
