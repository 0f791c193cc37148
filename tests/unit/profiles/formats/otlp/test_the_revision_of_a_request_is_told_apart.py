"""Fields were renumbered from release to release: a request is read by the right numbers or refused."""

from __future__ import annotations

import numpy as np
import pytest

from ingest.profiles.formats.otlp.convert import ConvertedRequest, convert_otlp
from ingest.profiles.formats.otlp.decode import Decoded, decode_request
from ingest.profiles.formats.otlp.evidence_kernels import EVIDENCE_SIZE, LINK_AT_3, LIST_AT_3
from ingest.profiles.formats.otlp.revision import Revision, tell_revision
from ingest.profiles.reasons import Reason, Rejection
from tests.unit.profiles.formats.otlp.requests import Request, labels_of, parsed

#: Values, timestamps, attributes and link of each sample; which revisions it can be told to be of.
SAMPLES = {
    "values and attributes": [([5], 1, [1, 2], 0)],
    "values and a link": [([5], 1, [], 1)],
    "timestamps, attributes and a link": [([], 2, [1], 1)],
    "one sample of many gives it away": [([], 2, [1, 2], 0), ([], 2, [1, 2], 0), ([7], 1, [2], 0)],
    "only a link": [([], 2, [], 1)],
    "only timestamps": [([], 3, [], 0)],
}


def request(revision: str, samples: list[tuple[list[int], int, list[int], int]]) -> bytes:
    made = Request(revision)
    made.attribute("thread.name", "a")
    made.attribute("thread.id", 1)
    made.link(b"t" * 16, b"s" * 8)
    stack = made.stack(made.location("main"))
    profile = made.profile(("off_cpu", "nanoseconds"))
    for values, timestamps, attributes, link in samples:
        profile.samples.add(
            stack_index=stack,
            values=values,
            timestamps_unix_nano=range(timestamps),
            attribute_indices=attributes,
            link_index=link,
        )
    return made.encoded()


def revision_of(data: bytes) -> Revision:
    decoded = decode_request(data)
    assert isinstance(decoded, Decoded), decoded
    return decoded.revision


@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "only timestamps"])
@pytest.mark.parametrize(("sent", "told"), [("current", Revision.CURRENT), ("previous", Revision.PREVIOUS)])
def test_fields_3_and_4_give_it_away(sent: str, told: Revision, name: str) -> None:
    assert revision_of(request(sent, SAMPLES[name])) is told


@pytest.mark.parametrize("sent", ["current", "previous"])
def test_samples_of_timestamps_alone_are_the_same_in_both(sent: str) -> None:
    (one,) = convert_otlp(request(sent, SAMPLES["only timestamps"]), 1000).profiles
    assert [sample.value[0] for sample in parsed(one).sample] == [3]


ONLY_FIELD_2 = [
    pytest.param("previous", [([5], 0, [], 0)], Revision.PREVIOUS, id="a value without a time"),
    pytest.param("previous", [([1], 1, [], 0), ([2], 0, [], 0)], Revision.PREVIOUS, id="one without is enough"),
    pytest.param("previous", [([5000], 1, [], 0)], Revision.PREVIOUS, id="no such attribute"),
    pytest.param("previous", [([0], 1, [], 0)], Revision.PREVIOUS, id="the attribute that is none"),
    pytest.param("previous", [([1, 1], 2, [], 0)], Revision.PREVIOUS, id="an attribute twice"),
    pytest.param("current", [([], 3, [1, 2], 0)], Revision.CURRENT, id="more times than attributes"),
    pytest.param("current", [([], 1, [1, 2], 0)], Revision.CURRENT, id="fewer times than attributes"),
    pytest.param("current", [([], 2, [1, 2], 0)], Revision.CURRENT, id="as many times as attributes"),
]


@pytest.mark.parametrize(("sent", "samples", "told"), ONLY_FIELD_2)
def test_with_field_2_alone_sense_decides(
    sent: str, samples: list[tuple[list[int], int, list[int], int]], told: Revision
) -> None:
    assert revision_of(request(sent, samples)) is told


def test_until_1_8_a_profiles_own_attributes_have_another_number() -> None:
    for revision in ("current", "previous", "older"):
        made = Request(revision)
        profile = made.profile(("off_cpu", "nanoseconds"))
        profile.attribute_indices.append(made.attribute("env", "prod"))
        profile.profile_id = bytes(range(16))
        profile.samples.add(stack_index=made.stack(made.location("main")), values=[1], attribute_indices=[1])

        (one,) = convert_otlp(made.encoded(), 1000).profiles

        assert labels_of(one)["env"] == "prod", revision


OLD = {
    "1.7: samples name a range of locations": b"\x12\x06\x08\x01\x10\x02\x1a\x00",
    "1.7: timestamps are field 6": b"\x12\x04\x32\x02\x01\x02",
}


@pytest.mark.parametrize("name", OLD)
def test_releases_before_1_8_are_refused_by_name(name: str) -> None:
    profile = OLD[name]
    scope = b"\x12" + bytes([len(profile)]) + profile
    resource = b"\x12" + bytes([len(scope)]) + scope
    told = convert_otlp(b"\x0a" + bytes([len(resource)]) + resource + b"\x12\x02\x2a\x00", 1000)
    assert isinstance(told, Rejection)
    assert (told.reason, "before 1.8" in told.message) == (Reason.MALFORMED_PROFILE, True)


def test_a_request_without_a_dictionary_is_older_still() -> None:
    made = Request()
    made.profile().samples.add(values=[1])
    made.message.ClearField("dictionary")
    told = convert_otlp(made.encoded(), 1000)
    assert isinstance(told, Rejection)
    assert "before 1.8" in told.message


def test_samples_of_both_revisions_are_refused() -> None:
    shown = np.zeros(EVIDENCE_SIZE, np.int64)
    shown[LINK_AT_3] = shown[LIST_AT_3] = 1
    told = tell_revision(shown)
    assert isinstance(told, Rejection)
    assert "neither" in told.message


def test_one_revision_read_by_the_numbers_of_the_other_would_not_pass() -> None:
    """What the telling apart is for: attributes would be taken for nanoseconds."""
    sample = ([123_456, 7], 2, [1, 2], 0)
    for revision in ("current", "previous"):
        converted = convert_otlp(request(revision, [sample]), 1000)
        assert isinstance(converted, ConvertedRequest)
        assert [row.value[0] for row in parsed(converted.profiles[0]).sample] == [123_463]
