"""What is kept of a row, and what it tells people."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.distributor.types import ItemResult, Outcome
from ingest.inbox.documents import (
    LIMIT_OF,
    MAX_DOCUMENT_BYTES,
    WORDS,
    decode_document,
    encode_document,
    row_key,
    words_of,
)
from ingest.inbox.types import Cause, Latest, Verdict
from ingest.profiles.limit_table import BY_COLUMN
from ingest.profiles.pprof.language import Language
from ingest.profiles.reasons import Reason
from ingest.profiles.suspects import Suspect

LABELS = (("__name__", "process_cpu"), ("service_name", "checkout"))
GOOD = Cause("team-a", "push", "", LABELS, Verdict.ACCEPTED, None, (), ())
LATEST = Latest(5_000, 99, ItemResult(0, 0, Outcome.STORED))


def document(cause: Cause = GOOD, latest: Latest = LATEST) -> dict[str, Any]:
    found = decode_document(encode_document(cause, latest))
    assert found is not None
    return found


def test_a_document_holds_what_is_known_of_the_last_push() -> None:
    item = ItemResult(
        0, 0, Outcome.STORED, samples=7, series_count=2, raw_bytes=1234, time_ns=2_000_000_000,
        language=Language.GO, dropped={"zero_samples": 3},
    )  # fmt: skip
    cause = GOOD._replace(user_agent="pyroscope-go/1.2 (linux)", dropped=("zero_samples",))
    assert document(cause, Latest(5_000, 99, item)) == {
        "v": 1,
        "verdict": "accepted",
        "reason": "",
        "message": "",
        "suspects": [],
        "dropped": {"zero_samples": 3},
        "limit": "",
        "at_ms": 5_000,
        "door": "push",
        "client": "pyroscope-go",
        "version": "1.2",
        "user_agent": "pyroscope-go/1.2 (linux)",
        "service_name": "checkout",
        "profile": "process_cpu",
        "labels": dict(LABELS),
        "language": "go",
        "body_bytes": 99,
        "raw_bytes": 1234,
        "samples": 7,
        "series": 2,
        "skew_ms": 3_000,
    }


@pytest.mark.parametrize(
    ("labels", "user_agent", "client", "version"),
    [
        pytest.param((), "", "", "", id="nobody says"),
        pytest.param((), "curl/8.5.0", "curl", "8.5.0", id="the user agent says"),
        pytest.param((), "Alloy", "Alloy", "", id="without a version"),
        pytest.param((("pyroscope_spy", "gospy"),), "", "gospy", "", id="the agent has an old name"),
        pytest.param(
            (
                ("otel.scope.name", "com.grafana.pyroscope/go"),
                ("otel.scope.version", "1.3"),
                ("pyroscope_spy", "gospy"),
            ),
            "Go-http-client/1.1",
            "com.grafana.pyroscope/go",
            "1.3",
            id="what the SDK says of itself comes first",
        ),
    ],
)
def test_who_sent_it(labels: tuple[tuple[str, str], ...], user_agent: str, client: str, version: str) -> None:
    found = document(GOOD._replace(labels=labels, user_agent=user_agent))
    assert (found["client"], found["version"]) == (client, version)


@pytest.mark.parametrize(
    ("cause", "limit"),
    [
        pytest.param(
            GOOD._replace(verdict=Verdict.REJECTED, reason=Reason.SAMPLES_LIMIT),
            "max_profile_stacktrace_samples",
            id="one that refused a profile",
        ),
        pytest.param(
            GOOD._replace(verdict=Verdict.CLIPPED, dropped=("truncated_stacks",)),
            "max_profile_stacktrace_depth",
            id="one that clipped it",
        ),
        pytest.param(
            GOOD._replace(verdict=Verdict.REJECTED, reason=Reason.MALFORMED_PROFILE), "", id="a fault is no limit"
        ),
    ],
)
def test_the_limit_that_was_hit_is_named(cause: Cause, limit: str) -> None:
    assert document(cause)["limit"] == limit


def test_every_limit_is_named_as_it_is_set() -> None:
    assert {name for name in LIMIT_OF.values() if name not in BY_COLUMN} == set()


def test_every_oddity_and_every_loss_has_a_sentence() -> None:
    assert set(Suspect) <= set(WORDS)
    assert all(sentence.endswith(".") for sentence in WORDS.values())


@pytest.mark.parametrize(
    ("cause", "item", "begins"),
    [
        pytest.param(GOOD, ItemResult(0, 0, Outcome.STORED), [], id="nothing to say"),
        pytest.param(
            GOOD._replace(verdict=Verdict.REJECTED, reason=Reason.SAMPLES_LIMIT),
            ItemResult(0, 0, Outcome.REJECTED, Reason.SAMPLES_LIMIT, "the profile has 9 samples"),
            ["the profile has 9 samples"],
            id="what the sender was told",
        ),
        pytest.param(
            GOOD._replace(verdict=Verdict.EMPTY, reason=Reason.EMPTY_PROFILE, suspects=(Suspect.ALL_ZERO,)),
            ItemResult(0, 0, Outcome.EMPTY, dropped={"zero_samples": 4}),
            ["All its samples count nothing"],
            id="why it is empty, once",
        ),
        pytest.param(
            GOOD._replace(verdict=Verdict.EMPTY, reason=Reason.DROPPED_BY_RELABEL_RULES),
            ItemResult(0, 0, Outcome.EMPTY, dropped={"dropped_by_relabel_rules": 4}),
            ["A relabelling rule"],
            id="which rules left nothing, once",
        ),
        pytest.param(
            GOOD._replace(verdict=Verdict.CLIPPED, suspects=(Suspect.CLOCK_SKEW,), dropped=("truncated_stacks",)),
            ItemResult(0, 0, Outcome.STORED, dropped={"truncated_stacks": 4, "zero_samples": 1}),
            ["Its time is far", "Stacks deeper"],
            id="everything that is odd and lost",
        ),
    ],
)
def test_what_people_are_told(cause: Cause, item: ItemResult, begins: list[str]) -> None:
    words = words_of(document(cause, Latest(1, 0, item)))
    assert len(words) == len(begins)
    assert all(said.startswith(beginning) for said, beginning in zip(words, begins, strict=True))


def test_a_row_has_a_name_of_its_cause_whatever_the_order_of_labels() -> None:
    assert row_key(GOOD) == row_key(GOOD._replace(labels=LABELS[::-1]))
    assert row_key(GOOD) != row_key(GOOD._replace(labels=LABELS[:1]))
    assert row_key(GOOD) != row_key(GOOD._replace(verdict=Verdict.FAILED))


TEXTS = st.text(st.characters(codec=None), max_size=100)


@given(
    st.lists(st.tuples(TEXTS, TEXTS), max_size=16),
    st.text(st.characters(codec=None), max_size=120),
    st.text(st.characters(codec=None), max_size=5000),
)
def test_a_document_is_bounded_and_read_back_whatever_senders_choose(
    labels: list[tuple[str, str]], user_agent: str, message: str
) -> None:
    cause = GOOD._replace(labels=tuple(labels), user_agent=user_agent, verdict=Verdict.REJECTED)
    item = ItemResult(0, 0, Outcome.REJECTED, Reason.INVALID_LABELS, message)
    encoded = encode_document(cause, Latest(1, 2, item))
    assert len(encoded) <= MAX_DOCUMENT_BYTES
    found = decode_document(encoded)
    assert found is not None
    assert found["verdict"] == "rejected"
    assert isinstance(words_of(found), list)
    assert len(row_key(cause)) == 16


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"7", b'{"v": 2}', b'{"verdict": "accepted"}', b"\xff"])
def test_a_document_that_is_none_is_no_row(data: bytes) -> None:
    assert decode_document(data) is None
