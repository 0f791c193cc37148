"""Attributes of resource, scope, profile and samples as labels; who is the service; what a mapping carries."""

from __future__ import annotations

import pytest

from ingest.profiles.formats.otlp.attributes import MAX_ATTRIBUTES_BYTES
from ingest.profiles.formats.otlp.convert import ConvertedRequest, convert_otlp
from tests.unit.profiles.formats.otlp.requests import Request, labels_of, parsed, sample_labels


def converted(request: Request) -> ConvertedRequest:
    made = convert_otlp(request.encoded(), 100_000)
    assert isinstance(made, ConvertedRequest), made
    return made


VALUES = [
    ("text", "text"),
    ("", None),
    (7, "7"),
    (-7, "-7"),
    (True, "true"),
    (False, "false"),
    (0.5, None),
    (b"bytes", None),
    (["one"], "one"),
    ([8], "8"),
    (["one", "two"], None),
    ([], None),
    ([["deep"]], None),
    ({"a": "b"}, None),
    (None, None),
]


@pytest.mark.parametrize(("value", "text"), VALUES)
def test_texts_numbers_and_truth_become_labels_and_nothing_else(value: object, text: str | None) -> None:
    request = Request()
    profile = request.profile(resource={"k": value}, scope={"s": value})
    attribute = request.attribute("a", value)
    profile.samples.add(stack_index=request.stack(request.location("f")), values=[1], attribute_indices=[attribute])

    (one,) = converted(request).profiles

    assert (labels_of(one).get("k"), labels_of(one).get("s")) == (text, text)
    assert sample_labels(parsed(one)) == [{} if text is None else {"a": text}]


def test_the_outer_value_stands_and_names_of_the_server_are_not_taken() -> None:
    request = Request()
    profile = request.profile(
        resource={"env": "outer", "__name__": "mine", "service_name": "mine", "": "x", "service.name": "shop"},
        scope={"env": "inner", "only.scope": "yes"},
    )
    profile.attribute_indices.extend([request.attribute("env", "innermost"), request.attribute("only.profile", 1)])
    profile.samples.add(stack_index=request.stack(request.location("f")), values=[1])

    (one,) = converted(request).profiles

    assert labels_of(one) == {
        "__name__": "samples",
        "__delta__": "false",
        "__otel__": "true",
        "service_name": "shop",
        "service.name": "shop",
        "env": "outer",
        "only.scope": "yes",
        "only.profile": "1",
    }


@pytest.mark.parametrize(
    ("resource", "service"),
    [
        ({"service.name": "shop"}, "shop"),
        ({"service.name": "", "process.executable.name": "java"}, "unknown_service:java"),
        ({"process.executable.name": "java"}, "unknown_service:java"),
        ({}, "unknown_service"),
    ],
)
def test_the_service_is_that_of_the_resource_or_unknown(resource: dict[str, object], service: str) -> None:
    request = Request()
    request.profile(resource=resource).samples.add(stack_index=request.stack(request.location("f")), values=[1])
    assert [labels_of(one)["service_name"] for one in converted(request).profiles] == [service]


def test_samples_of_several_services_become_profiles_of_their_own() -> None:
    request = Request()
    cart, shop, thread = (
        request.attribute("service.name", "cart"),
        request.attribute("service.name", "shop"),
        request.attribute("thread.name", "t"),
    )
    profile = request.profile(resource={"service.name": "host"})
    stack = request.stack(request.location("f"))
    for value, attributes in ((1, [cart, thread]), (2, [shop]), (4, [thread]), (8, [thread, cart])):
        profile.samples.add(stack_index=stack, values=[value], attribute_indices=attributes)

    made = converted(request)

    sums = {labels_of(one)["service_name"]: sum(s.value[0] for s in parsed(one).sample) for one in made.profiles}
    assert (sums, made.sources) == ({"host": 4, "cart": 9, "shop": 2}, (0, 0, 0))
    labels = {labels_of(one)["service_name"]: sample_labels(parsed(one)) for one in made.profiles}
    assert labels == {"host": [{"thread.name": "t"}], "cart": [{"thread.name": "t"}] * 2, "shop": [{}]}


@pytest.mark.parametrize(
    ("trace", "span", "labels"),
    [
        (b"\xab" * 16, b"\x01" * 8, {"trace_id": "ab" * 16, "span_id": "01" * 8}),
        (bytes(16), b"\x01" * 8, {"span_id": "01" * 8}),
        (b"\xab" * 15, b"\x01" * 9, {}),
        (b"", b"", {}),
    ],
)
def test_a_link_becomes_identifiers_of_span_and_trace(trace: bytes, span: bytes, labels: dict[str, str]) -> None:
    request = Request()
    link = request.link(trace, span)
    request.profile().samples.add(stack_index=request.stack(request.location("f")), values=[1], link_index=link)
    assert sample_labels(parsed(converted(request).profiles[0])) == [labels]


@pytest.mark.parametrize(
    ("attributes", "build_id"),
    [
        ({"process.executable.build_id.htlhash": "h", "process.executable.build_id.gnu": "g"}, "g"),
        ({"process.executable.build_id.htlhash": "h", "process.executable.build_id.go": "o"}, "o"),
        ({"process.executable.build_id.htlhash": "h"}, "h"),
        ({"other": "x"}, ""),
    ],
)
def test_a_mapping_keeps_its_place_file_and_build_id(attributes: dict[str, str], build_id: str) -> None:
    request = Request()
    request.dictionary.mapping_table.add(
        memory_start=0x1000,
        memory_limit=1 << 63,
        file_offset=3,
        filename_strindex=request.text("libc.so"),
        attribute_indices=[0, *(request.attribute(*one) for one in attributes.items()), 99],
    )
    stack = request.stack(request.location(mapping=1, address=0x1234), request.location("main", mapping=1))
    request.profile().samples.add(stack_index=stack, values=[1])

    profile = parsed(converted(request).profiles[0])

    (mapping,) = profile.mapping
    strings = profile.string_table
    assert (mapping.memory_start, mapping.memory_limit, mapping.file_offset) == (0x1000, 1 << 63, 3)
    assert (strings[mapping.filename], strings[mapping.build_id]) == ("libc.so", build_id)
    assert not mapping.has_functions, "one of its locations has no lines: it can still be symbolized"
    assert [one.address for one in profile.location if not one.line] == [0x1234]


def test_a_mapping_with_lines_everywhere_counts_as_symbolized() -> None:
    request = Request()
    request.dictionary.mapping_table.add(filename_strindex=request.text("app"))
    request.location(mapping=1, address=1)  # in the dictionary, and in no stack
    request.profile().samples.add(stack_index=request.stack(request.location("main", mapping=1)), values=[1])
    (mapping,) = parsed(converted(request).profiles[0]).mapping
    assert (mapping.has_functions, mapping.has_filenames, mapping.has_line_numbers) == (True, True, True)


def test_keys_and_texts_may_stand_in_the_dictionary() -> None:
    request = Request()
    profile = request.profile()
    added = request.message.resource_profiles[0].resource.attributes.add(key_strindex=request.text("from.table"))
    added.value.string_value_strindex = request.text("value")
    profile.samples.add(stack_index=request.stack(request.location("f")), values=[1])
    assert labels_of(converted(request).profiles[0])["from.table"] == "value"


def test_a_resource_is_bounded_and_its_neighbours_are_taken() -> None:
    request = Request()
    stack = request.stack(request.location("f"))
    request.profile(resource={"k": "x" * MAX_ATTRIBUTES_BYTES}).samples.add(stack_index=stack, values=[1])
    request.profile(resource={"k": "y"}).samples.add(stack_index=stack, values=[1])

    made = converted(request)

    assert [number for number, _ in made.rejected] == [0]
    assert [labels_of(one)["k"] for one in made.profiles] == ["y"]
