"""A series that names its repository has it in the build ids of its mappings, where the source view looks for it."""

from __future__ import annotations

import json

import pytest

from ingest.profiles.columns import Labels
from ingest.profiles.pprof.source import MAX_BUILD_IDS
from ingest.profiles.prepare import Prepared, prepare_profile
from tests.unit.profiles.pprof.pprof_model import ANY_TIME, NOW_NS, SERIES, Profile, message, number, packed

SOURCE = (("service_git_ref", "v1"), ("service_repository", "https://example.org/a"), ("service_root_path", "src"))


def profile(build_ids: list[str]) -> Profile:
    """A profile with a mapping for each build id, and a sample in each."""
    strings = ["", "cpu", "main", "nanoseconds", *build_ids]
    table = {text: index for index, text in enumerate(sorted(set(strings)))}
    extra = message(5, number(1, 1) + number(2, table["main"]))
    for ident, build_id in enumerate(build_ids, 1):
        extra += message(3, number(1, ident) + number(2, 4096 * ident) + number(6, table[build_id]))
        extra += message(4, number(1, ident) + number(2, ident) + message(4, number(1, 1) + number(2, ident)))
        extra += message(2, packed(1, [ident]) + packed(2, [1]))
    return Profile([], extra=extra, strings=["main", *build_ids])


def build_ids(build_ids: list[str], labels: Labels) -> list[str]:
    result = prepare_profile(profile(build_ids).encode(), "alice", tuple(sorted((*SERIES, *labels))), ANY_TIME, NOW_NS)
    assert isinstance(result, Prepared), result
    assert set(labels) <= set(result.groups[0].labels)
    return [result.symbols.string(index) for index in result.symbols.mapping_build_id.tolist()[1:]]


def test_each_build_id_becomes_a_document() -> None:
    expected = {"repository": "https://example.org/a", "git_ref": "v1", "root_path": "src"}
    found = [json.loads(text) for text in build_ids(["one", "two", ""], SOURCE)]
    assert found == [{**expected, "build_id": "one"}, {**expected, "build_id": "two"}, {**expected, "build_id": ""}]


@pytest.mark.parametrize("label", SOURCE)
def test_one_of_the_labels_is_enough(label: tuple[str, str]) -> None:
    (text,) = build_ids(["one"], (label,))
    document = json.loads(text)
    assert document.pop("build_id") == "one"
    assert {key: value for key, value in document.items() if value} == {label[0].removeprefix("service_"): label[1]}


def test_without_them_build_ids_stay() -> None:
    assert build_ids(["one", "two"], (("repository", "x"),)) == ["one", "two"]


def test_a_text_of_any_script_is_one_of_json() -> None:
    (text,) = build_ids(['b"\\'], (("service_repository", "größe\n"),))
    assert json.loads(text) == {"repository": "größe\n", "git_ref": "", "build_id": 'b"\\', "root_path": ""}


def test_more_build_ids_than_a_program_has_stay() -> None:
    many = [f"b{number}" for number in range(MAX_BUILD_IDS + 1)]
    assert build_ids(many, SOURCE) == many


def test_a_profile_without_mappings_is_stored_as_it_is() -> None:
    result = prepare_profile(Profile([]).encode(), "alice", tuple(sorted((*SERIES, *SOURCE))), ANY_TIME, NOW_NS)
    assert isinstance(result, Prepared)
