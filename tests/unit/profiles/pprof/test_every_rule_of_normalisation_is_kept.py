"""The rules by which Pyroscope normalises a profile, one row each: what is sent, and what is stored of it.

Where this database differs, which never loses a sample, the row says so.
"""

from __future__ import annotations

import pytest

from ingest.profiles.prepare import Prepared, prepare_profile
from tests.unit.profiles.pprof.pprof_model import (
    ANY_TIME,
    NOW_NS,
    SERIES,
    Profile,
    Sample,
    message,
    node_stacks,
    number,
    packed,
)

#: (stack of names, values) of every stored sample, of all groups.
Stored = list[tuple[tuple[str, ...], tuple[int, ...]]]

MAIN, WORK = ("main", "a.py", 1), ("work", "a.py", 2)
ONE = Sample((MAIN,), (1,))
#: Names in the string table of ``Profile([ONE], strings=["x"])``: sorted, so "" is 0, "a.py" 1, "cpu" 2 and so on.
TABLE = ["", "a.py", "cpu", "main", "nanoseconds", "x"]


def prepare(data: bytes) -> Prepared:
    result = prepare_profile(data, "alice", SERIES, ANY_TIME, NOW_NS)
    assert isinstance(result, Prepared), result
    return result


def stored(prepared: Prepared) -> Stored:
    stacks = node_stacks(prepared.symbols)
    rows = [
        (stacks[node], tuple(values))
        for group in prepared.groups
        for node, values in zip(group.sample_node.tolist(), group.sample_values.T.tolist(), strict=True)
    ]
    return sorted(rows)


def location(ident: int, *, mapping: int = 0, address: int = 0, function: int = 0) -> bytes:
    fields = number(1, ident) + number(2, mapping) + number(3, address)
    return message(4, fields + (message(4, number(1, function) + number(2, 1)) if function else b""))


def function(ident: int, name: str) -> bytes:
    return message(5, number(1, ident) + number(2, TABLE.index(name)))


def sample(*locations: int, value: int = 5) -> bytes:
    return message(2, packed(1, locations) + packed(2, [value]))


@pytest.mark.parametrize(
    ("samples", "extra", "expected"),
    [
        pytest.param([Sample((MAIN,), (-1,)), ONE], b"", [(("main",), (1,))], id="3: a negative value drops a sample"),
        pytest.param([Sample((WORK,), (0,)), ONE], b"", [(("main",), (1,))], id="3: only zeros drop a sample"),
        pytest.param(
            [Sample((MAIN, WORK), (2,)), ONE, Sample((MAIN, WORK), (3,))],
            b"",
            [(("main",), (1,)), (("main", "work"), (5,))],
            id="4: equal stacks are summed",
        ),
        pytest.param(
            [Sample((MAIN,), (2,), (("bytes", 16),)), Sample((MAIN,), (3,), (("bytes", 32),))],
            b"",
            [(("main",), (5,))],
            id="2: numeric labels are dropped, and samples that only they told apart are summed",
        ),
        pytest.param([ONE], sample(77), [(("main",), (1,))], id="6: an unknown location drops a sample"),
        pytest.param(
            [ONE],
            location(7, function=66) + sample(7),
            [(("main",), (1,))],
            id="6: an unknown function drops a location",
        ),
        pytest.param(
            [ONE],
            location(7, mapping=66, address=1) + sample(7),
            [(("main",), (1,))],
            id="6: so does an unknown mapping",
        ),
        pytest.param(
            [ONE],
            location(7) + sample(7),
            [(("0x0",), (5,)), (("main",), (1,))],
            id="6: a location of nothing is a frame without a name here, where Pyroscope drops its samples",
        ),
        pytest.param(
            [ONE],
            location(1000, function=2000) + function(2000, "x") + sample(1000, 1),
            [(("main",), (1,)), (("main", "x"), (5,))],
            id="6: ids may be any numbers and come in any order",
        ),
        pytest.param(
            [ONE],
            function(9, "x") + location(8, function=9) + location(7, function=9) + sample(7) + sample(8),
            [(("main",), (1,)), (("x",), (10,))],
            id="4: locations of the same content are one",
        ),
        pytest.param(
            [ONE],
            message(3, number(1, 4) + number(2, 4096) + number(7, 1))
            + function(9, "x")
            + location(7, mapping=4, address=100, function=9)
            + location(8, mapping=4, address=200, function=9)
            + sample(7)
            + sample(8),
            [(("main",), (1,)), (("x",), (10,))],
            id="7: addresses are void where a mapping has functions",
        ),
        pytest.param(
            [ONE],
            message(3, number(1, 4) + number(2, 4096))
            + location(7, mapping=4, address=100)
            + location(8, mapping=4, address=200)
            + sample(7)
            + sample(8),
            [(("0x64",), (5,)), (("0xc8",), (5,)), (("main",), (1,))],
            id="7: and tell frames apart where it has none",
        ),
    ],
)
def test_a_rule(samples: list[Sample], extra: bytes, expected: Stored) -> None:
    assert stored(prepare(Profile(samples, extra=extra, strings=["x"]).encode())) == expected


def test_1_a_profile_without_a_time_is_of_now() -> None:
    assert prepare(Profile([ONE], time_ns=0).encode()).groups[0].time_ns == NOW_NS


def test_5_what_only_dropped_samples_used_is_not_stored() -> None:
    extra = function(9, "x") + location(7, function=9) + sample(7, value=0)
    symbols = prepare(Profile([ONE], extra=extra, strings=["x", "nobody"]).encode()).symbols
    assert symbols.strings() == ["", "a.py", "main"]
    assert (len(symbols.function_name), len(symbols.location_mapping), symbols.node_count) == (1, 1, 2)


def test_6_references_of_the_profile_itself_that_lead_nowhere_are_empty() -> None:
    prepared = prepare(Profile([ONE], extra=message(11, number(1, 900) + number(2, 901))).encode())
    assert prepared.groups[0].period_type.name == ""


def test_6_a_location_without_a_mapping_has_the_unknown_one() -> None:
    symbols = prepare(Profile([ONE]).encode()).symbols
    assert symbols.location_mapping.tolist() == [0]
    assert (symbols.mapping_start.tolist(), symbols.mapping_filename.tolist()) == ([0], [0])
