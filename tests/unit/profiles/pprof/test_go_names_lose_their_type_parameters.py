"""Bodies that Go's compiler made of one generic function for several shapes count as one function."""

from __future__ import annotations

import time

import pytest

from ingest.profiles.columns import Labels
from ingest.profiles.prepare import Prepared, prepare_profile
from tests.unit.profiles.pprof.pprof_model import ANY_TIME, NOW_NS, Profile, Sample, node_stacks

GO: Labels = (("__name__", "process_cpu"), ("pyroscope_spy", "gospy"), ("service_name", "checkout"))


def prepare(samples: list[Sample], labels: Labels = GO) -> Prepared:
    result = prepare_profile(Profile(samples).encode(), "alice", labels, ANY_TIME, NOW_NS)
    assert isinstance(result, Prepared), result
    return result


@pytest.mark.parametrize(
    ("name", "mended"),
    [
        pytest.param("main.Map[go.shape.int]", "main.Map", id="at the end"),
        pytest.param("main.(*Set[go.shape.string]).Add", "main.(*Set).Add", id="within a method"),
        pytest.param("a[go.shape.int].func1[go.shape.[]uint8]", "a.func1", id="twice, with brackets in it"),
        pytest.param("a[go.shape.struct { b [4]int; c map[string][]int }].d", "a.d", id="with a structure in it"),
        pytest.param("a[go.shape.int,go.shape.[]b.C[go.shape.int]].d", "a.d", id="with another one in it"),
        pytest.param("a[go.shape.[", "a[go.shape.[", id="one that is not closed stays"),
        pytest.param("a[go.shape.int].b[go.shape.[", "a.b[go.shape.[", id="and those before it go"),
        pytest.param("a[...]", "a[...]", id="what a symboliser has left out stays"),
        pytest.param("a[int]", "a[int]", id="and so does what is no shape"),
        pytest.param("[go.shape.int]", "", id="a name may be nothing else"),
    ],
)
def test_a_name_without_its_brackets(name: str, mended: str) -> None:
    prepared = prepare([Sample((("main.main", "a.go", 1), (name, "a.go", 2)), (5,))])
    assert node_stacks(prepared.symbols)[-1] == ("main.main", mended)


def test_functions_that_become_equal_are_merged() -> None:
    samples = [
        Sample(((f"main.Map[go.shape.{kind}]", "a.go", 2),), (value,)) for kind, value in (("int", 1), ("bool", 2))
    ]
    prepared = prepare([*samples, Sample((("main.Map", "a.go", 2),), (4,))])
    assert prepared.groups[0].sample_values.tolist() == [[7]]
    assert len(prepared.symbols.function_name) == 1


def test_labels_and_files_keep_their_text() -> None:
    text = "x[go.shape.int]"
    prepared = prepare([Sample(((text, text, 1),), (1,), (("pod", text),))])
    assert dict(prepared.groups[0].labels)["pod"] == text
    assert prepared.symbols.string(int(prepared.symbols.function_filename[0])) == text
    assert node_stacks(prepared.symbols)[-1] == ("x",)


def test_profiles_of_other_languages_keep_their_names() -> None:
    labels = tuple((name, "rbspy" if name == "pyroscope_spy" else value) for name, value in GO)
    prepared = prepare([Sample((("a[go.shape.int]", "a.rb", 1),), (1,))], labels)
    assert node_stacks(prepared.symbols)[-1] == ("a[go.shape.int]",)


def test_a_name_made_to_be_slow_is_read_once() -> None:
    name = "[go.shape." * 6000
    started = time.monotonic()
    prepared = prepare([Sample((("f", "a.go", 1), (name + str(number), "a.go", 2)), (1,)) for number in range(50)])
    assert len(prepared.groups[0].sample_node) == 50
    assert time.monotonic() - started < 10
