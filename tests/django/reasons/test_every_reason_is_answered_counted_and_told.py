"""Every reason by what leads to it: the same word in every protocol, in the metric and in the push inbox.

A reason without a row in the table fails here.
"""

from __future__ import annotations

import pytest
from django.http import HttpResponse

from ingest.api.grpc.status import GRPC_STATUS
from ingest.profiles.reasons import CONNECT_CODE, HTTP_STATUS, ConnectCode, Reason
from tests.django.reasons.rows import ROWS, Row
from tests.django.reasons.scene import TENANT, Scene, discarded, trailers

EVERY = [pytest.param(row, id=f"{row.reason.value}: {row.input}") for row in ROWS]


def test_every_reason_has_one_row() -> None:
    assert [row.reason for row in ROWS] == list(Reason)


def check(door: str, response: HttpResponse, row: Row) -> None:
    """Hold an answer against the row: status, code, and the reason by name."""
    assert response.status_code == row.statuses[door], (door, response.content)
    if door == "grpc" and response.status_code == 200:  # else it was refused before the protocol was looked at
        told = trailers(response)
        assert int(told["grpc-status"]) == row.grpc
        assert told.get("phlare-reason") == (row.reason.value if row.grpc else None)
    elif row.code and door in ("connect", "grpc"):
        assert response.json()["code"] == row.code
        assert response["Phlare-Reason"] == row.reason.value
        assert response.json()["message"]
    elif row.code:
        assert response.json()["code"] == row.code
        assert response.json()["reason"] == row.reason.value
        assert response.json()["message"]


@pytest.mark.parametrize("row", EVERY)
def test_a_reason_is_answered_alike_by_every_door_and_counted(scene: Scene, row: Row) -> None:
    profiles, size = discarded(row.reason.value, "samples"), discarded(row.reason.value, "bytes")
    answers = row.send(scene)
    assert set(answers) == set(row.statuses)
    for door, response in answers.items():
        check(door, response, row)
    assert discarded(row.reason.value, "samples") - profiles == row.counted
    grew = discarded(row.reason.value, "bytes") - size
    assert (grew > 0) == (row.counted > 0 and row.reason is not Reason.NO_PROFILES)
    check_inbox(scene, row, len(answers))


def check_inbox(scene: Scene, row: Row, pushes: int) -> None:
    """Hold the rows of the push inbox against the row: each door once, with the verdict and the reason."""
    told, lost = scene.inbox.take()
    assert lost == 0
    if not row.inbox:
        assert not told
        return
    assert {cause.verdict.value for cause in told} == {row.inbox}
    assert {cause.tenant for cause in told} == {TENANT}
    assert sum(tally.count for tally in told.values()) == pushes
    assert {cause.reason for cause in told} == {row.reason}
    if row.reason is not Reason.UNKNOWN:
        assert row.inbox == "empty" or all(tally.latest.item.message for tally in told.values())


@pytest.mark.parametrize("row", EVERY)
def test_the_table_says_what_the_code_of_the_reason_means(row: Row) -> None:
    if row.code:
        code = ConnectCode(row.code)
        assert CONNECT_CODE[row.reason] is code
        assert GRPC_STATUS[code] == row.grpc
        assert row.statuses.get("connect", HTTP_STATUS[code]) == HTTP_STATUS[code]


def test_whoever_may_try_again_later_is_told_when(scene: Scene) -> None:
    by_reason = {row.reason: row for row in ROWS}
    for response in by_reason[Reason.RATE_LIMITED].send(scene).values():
        told = (
            trailers(response).get("retry-after") if response["Content-Type"].startswith("application/grpc") else None
        )
        assert int(told or response["Retry-After"]) >= 1


def test_a_refusal_of_one_tenant_is_not_counted_for_another(scene: Scene) -> None:
    before = discarded(Reason.RATE_LIMITED.value, "samples")
    scene.lender.levels["somebody-else"] = (0, scene.clock.seconds)
    scene.set_limits(ingestion_rate_bytes_per_second=1000, ingestion_burst_bytes=100_000)
    by_reason = {row.reason: row for row in ROWS}
    answers = by_reason[Reason.EMPTY_PROFILE].send(scene)
    assert {response.status_code for response in answers.values()} == {200}
    assert discarded(Reason.RATE_LIMITED.value, "samples") == before
