"""A profile's id follows from its content and from nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.columns import Labels
from ingest.profiles.identity import PROFILE_ID_BYTES, profile_id

LABELS: Labels = (("__name__", "process_cpu"), ("service_name", "web"))
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
u64 = st.integers(0, 2**64 - 1)
content = st.tuples(
    text, st.lists(st.tuples(text, text), max_size=3).map(tuple), st.integers(-(2**63), 2**63 - 1), u64, u64
)


def test_the_id_of_a_known_profile_never_changes() -> None:
    # Ids are stored in blocks; another value here means that repeats of stored profiles are no longer recognised.
    assert profile_id("anonymous", LABELS, 1_700_000_000_000_000_000, 1, 2).hex() == "b8a45e7ab700f38935f3716c6ae06878"


def test_an_id_has_sixteen_bytes() -> None:
    assert len(profile_id("t", (), 0, 0, 0)) == PROFILE_ID_BYTES == 16


@given(content, content)
def test_two_ids_are_equal_exactly_when_the_contents_are(
    a: tuple[str, Labels, int, int, int], b: tuple[str, Labels, int, int, int]
) -> None:
    assert (profile_id(*a) == profile_id(*b)) == (a == b)


def test_text_cannot_move_between_fields() -> None:
    ids = {
        profile_id("ab", (("c", "d"),), 0, 0, 0),
        profile_id("a", (("bc", "d"),), 0, 0, 0),
        profile_id("a", (("b", "cd"),), 0, 0, 0),
        profile_id("a", (("b", "c"), ("d", "")), 0, 0, 0),
        profile_id("a", (("b", ""), ("c", "d")), 0, 0, 0),
    }
    assert len(ids) == 5


def test_every_field_counts() -> None:
    ids = {
        profile_id("t", LABELS, 1, 2, 3),
        profile_id("u", LABELS, 1, 2, 3),
        profile_id("t", LABELS[:1], 1, 2, 3),
        profile_id("t", LABELS, 2, 2, 3),
        profile_id("t", LABELS, 1, 3, 3),
        profile_id("t", LABELS, 1, 2, 4),
        profile_id("t", LABELS, 1, 3, 2),
    }
    assert len(ids) == 7
