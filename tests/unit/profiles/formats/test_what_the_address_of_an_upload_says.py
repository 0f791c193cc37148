"""Parameters have defaults, only the name is required; the body's format is chosen by rules in a fixed order."""

from __future__ import annotations

import pytest

from ingest.profiles.formats.app_name import AppName
from ingest.profiles.formats.parameters import BodyFormat, IngestParameters, format_of, parse_parameters
from ingest.profiles.reasons import Rejection

NOW_NS = 1_700_000_000_123_456_789


def parameters(**query: str) -> IngestParameters:
    answer = parse_parameters({"name": "app", **query}, NOW_NS)
    assert isinstance(answer, IngestParameters)
    return answer


def test_defaults():
    assert parameters() == IngestParameters(AppName("app", {}), NOW_NS, NOW_NS, 100, "unknown", "samples", "sum")


def test_everything_said():
    assert parameters(
        **{"from": "1700000000", "until": "1700000010000", "sampleRate": "97", "spyName": "gospy", "units": "bytes"},
        aggregationType="average",
    ) == IngestParameters(
        AppName("app", {}), 1_700_000_000_000_000_000, 1_700_000_010_000_000_000, 97, "gospy", "bytes", "average"
    )


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("0", 0), ("1", 1), ("1000", 1000), ("", 100), ("-1", 100), ("1.5", 100), ("x", 100), ("٣", 100),
        ("99999999999999999999", 100), ("4000000000", 1_000_000_000),
    ],
)  # fmt: skip
def test_sample_rates(text: str, rate: int):
    assert parameters(sampleRate=text).sample_rate == rate


def test_the_name_is_required():
    assert isinstance(parse_parameters({}, NOW_NS), Rejection)


@pytest.mark.parametrize(
    ("named", "content_type", "chosen"),
    [
        ("", "", BodyFormat.GROUPS),
        ("folded", "text/plain", BodyFormat.GROUPS),
        ("whatever", "", BodyFormat.GROUPS),
        ("trie", "multipart/form-data; boundary=x", BodyFormat.TRIE),
        ("lines", "binary/octet-stream+trie", BodyFormat.TRIE),
        ("tree", "", BodyFormat.TREE),
        ("pprof", "binary/octet-stream+tree", BodyFormat.TREE),
        ("lines", "", BodyFormat.LINES),
        ("jfr", "multipart/form-data; boundary=x", BodyFormat.JFR),
        ("pprof", "multipart/form-data; boundary=x", BodyFormat.PPROF),
        ("speedscope", "multipart/form-data; boundary=x", BodyFormat.SPEEDSCOPE),
        ("", "multipart/form-data; boundary=x", BodyFormat.FORM),
        ("groups", "multipart/form-data; boundary=x", BodyFormat.FORM),
    ],
)
def test_the_first_rule_that_holds_chooses_the_format(named: str, content_type: str, chosen: BodyFormat):
    assert format_of(named, content_type) is chosen
