"""What a converter puts into columns is what every reader of pprof finds in the bytes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from ingest.api.proto import profile_pb2
from ingest.profiles.columns import SampleType
from ingest.profiles.pprof.decode import Decoded, decode_pprof
from ingest.profiles.pprof.message import (
    FunctionColumns,
    LocationColumns,
    MappingColumns,
    PprofMessage,
    SampleColumns,
    StringTable,
    encode_message,
)

texts = st.one_of(st.sampled_from(["main", "søk", "x" * 300]), st.text(max_size=5))
i64 = st.integers(-(1 << 63), (1 << 63) - 1)
u64 = st.integers(0, (1 << 64) - 1)


def column(values: list[int], dtype: type[np.generic]) -> np.ndarray:
    return np.array(values, dtype)


def offsets(lengths: list[int]) -> np.ndarray:
    return np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)


@st.composite
def messages(draw: DrawFn) -> PprofMessage:
    strings = ["", *draw(st.lists(texts, max_size=6))]

    def many(values: st.SearchStrategy[int], count: int) -> list[int]:
        return draw(st.lists(values, min_size=count, max_size=count))

    def below(limit: int, count: int) -> np.ndarray:
        return column(many(st.integers(0, limit - 1), count) if limit else [], np.uint32)

    functions, mappings, locations, samples = (draw(st.integers(0, 4)) for _ in range(4))
    lines = many(st.integers(0, 3 if functions else 0), locations)
    depths = many(st.integers(0, 5 if locations else 0), samples)
    labels = many(st.integers(0, 3), samples)
    types = draw(st.integers(1, 3))
    u32, kinds = np.uint32, st.builds(SampleType, texts, texts)
    return PprofMessage(
        sample_types=tuple(draw(st.lists(kinds, min_size=types, max_size=types))),
        period_type=draw(st.one_of(st.just(SampleType("", "")), kinds)),
        period=draw(i64),
        time_ns=draw(i64),
        duration_ns=draw(i64),
        strings=StringTable.of(strings),
        functions=FunctionColumns(
            *(below(len(strings), functions) for _ in range(3)), column(many(i64, functions), np.int64)
        ),
        mappings=MappingColumns(
            *(column(many(u64, mappings), np.uint64) for _ in range(3)),
            *(below(len(strings), mappings) for _ in range(2)),
            column(many(st.integers(0, 15), mappings), u32),
        ),
        locations=LocationColumns(
            below(mappings + 1, locations),
            column(many(u64, locations), np.uint64),
            offsets(lines),
            below(functions, sum(lines)),
            column(many(i64, sum(lines)), np.int64),
        ),
        samples=SampleColumns(
            offsets(depths),
            below(locations, sum(depths)),
            column(many(i64, types * samples), np.int64).reshape(types, samples),
            offsets(labels),
            below(len(strings), sum(labels)),
            below(len(strings), sum(labels)),
        ),
    )


def string(message: PprofMessage, index: int) -> str:
    start, end = message.strings.offsets[index : index + 2]
    return message.strings.data[start:end].tobytes().decode()


def rows(starts: np.ndarray, *columns: np.ndarray) -> list[list[tuple[int, ...]]]:
    """Return for each row the tuples that its offsets give it."""
    pairs = zip(starts.tolist(), starts[1:].tolist(), strict=False)
    return [list(zip(*(one[a:b].tolist() for one in columns), strict=True)) for a, b in pairs]


@given(messages())
def test_protobuf_reads_what_was_put_in(message: PprofMessage):
    read = profile_pb2.Profile.FromString(encode_message(message))
    table = read.string_table
    assert [(table[one.type], table[one.unit]) for one in read.sample_type] == [
        (one.name, one.unit) for one in message.sample_types
    ]
    assert (table[read.period_type.type], table[read.period_type.unit]) == (
        message.period_type.name,
        message.period_type.unit,
    )
    assert (read.period, read.time_nanos, read.duration_nanos) == (message.period, message.time_ns, message.duration_ns)
    functions, mappings, locations, samples = message.functions, message.mappings, message.locations, message.samples
    assert [(f.id, f.name, f.system_name, f.filename, f.start_line) for f in read.function] == [
        (index + 1, *row)
        for index, row in enumerate(
            zip(functions.name, functions.system_name, functions.filename, functions.start_line, strict=True)
        )
    ]
    assert [
        (m.id, m.memory_start, m.memory_limit, m.file_offset, m.filename, m.build_id, m.has_functions,
         m.has_filenames, m.has_line_numbers, m.has_inline_frames)
        for m in read.mapping
    ] == [
        (index + 1, *row[:5], *(bool(row[5] >> bit & 1) for bit in range(4)))
        for index, row in enumerate(
            zip(
                mappings.start.tolist(), mappings.limit.tolist(), mappings.offset.tolist(),
                mappings.filename.tolist(), mappings.build_id.tolist(), mappings.flags.tolist(), strict=True,
            )
        )
    ]  # fmt: skip
    assert [
        (one.id, one.mapping_id, one.address, [(line.function_id - 1, line.line) for line in one.line])
        for one in read.location
    ] == [
        (index + 1, *row)
        for index, row in enumerate(
            zip(
                locations.mapping.tolist(),
                locations.address.tolist(),
                rows(locations.line_offsets, locations.line_function, locations.line_number),
                strict=True,
            )
        )
    ]
    assert [
        ([one - 1 for one in s.location_id], list(s.value), [(label.key, label.str) for label in s.label])
        for s in read.sample
    ] == list(
        zip(
            [[index for (index,) in row] for row in rows(samples.location_offsets, samples.location)],
            samples.values.T.tolist(),
            rows(samples.label_offsets, samples.label_key, samples.label_str),
            strict=True,
        )
    )


@given(messages())
def test_our_own_decoder_reads_what_was_put_in(message: PprofMessage):
    read = decode_pprof(encode_message(message))
    assert isinstance(read, Decoded)
    samples = message.samples
    assert read.values.reshape(-1, len(message.sample_types)).T.tolist() == samples.values.tolist()
    assert (read.refs - 1).tolist() == samples.location.tolist()
    assert read.samples[:, 0].tolist() == samples.location_offsets.tolist()
    assert read.labels.tolist() == np.column_stack((samples.label_key, samples.label_str)).tolist()
    assert read.functions[:, 4].tolist() == message.functions.start_line.tolist()
    assert (read.lines[:, 0] - 1).tolist() == message.locations.line_function.tolist()
    count = len(message.strings.offsets) - 1
    assert [read.string(index) for index in range(count)] == [string(message, index) for index in range(count)]


def test_samples_without_labels_need_no_label_columns():
    message = replace(ONE, samples=SampleColumns(offsets([1]), column([0], np.uint32), np.array([[7]])))
    read = profile_pb2.Profile.FromString(encode_message(message))
    assert [(list(one.location_id), list(one.value), len(one.label)) for one in read.sample] == [([1], [7], 0)]


def test_half_a_surrogate_pair_becomes_a_question_mark():
    assert StringTable.of(["", "a\ud800b"]).data.tobytes() == b"a?b"


ONE = PprofMessage(
    sample_types=(SampleType("cpu", "nanoseconds"),),
    period_type=SampleType("", ""),
    period=0,
    time_ns=1,
    duration_ns=0,
    strings=StringTable.of(["", "main"]),
    functions=FunctionColumns(
        column([1], np.uint32), column([1], np.uint32), column([0], np.uint32), column([0], np.int64)
    ),
    locations=LocationColumns(
        column([0], np.uint32), column([9], np.uint64), offsets([1]), column([0], np.uint32), column([3], np.int64)
    ),
    samples=SampleColumns(offsets([1]), column([0], np.uint32), np.array([[7]])),
)


@pytest.mark.parametrize(
    "damaged",
    [
        replace(ONE, samples=replace(ONE.samples, location_offsets=offsets([2]))),
        replace(ONE, samples=replace(ONE.samples, location_offsets=np.array([1, 1]))),
        replace(ONE, samples=replace(ONE.samples, location_offsets=np.array([0, 2, 1]), values=np.array([[7, 8]]))),
        replace(ONE, samples=replace(ONE.samples, values=np.array([[7], [8]]))),
        replace(ONE, samples=replace(ONE.samples, label_key=column([1], np.uint32))),
        replace(ONE, samples=replace(ONE.samples, label_offsets=offsets([1]), label_key=column([1], np.uint32))),
        replace(ONE, locations=replace(ONE.locations, line_offsets=offsets([2]))),
        replace(ONE, locations=replace(ONE.locations, address=column([1, 2], np.uint64))),
        replace(ONE, locations=replace(ONE.locations, line_number=column([], np.int64))),
    ],
)
def test_columns_that_contradict_each_other_are_refused_before_a_kernel_sees_them(damaged: PprofMessage):
    with pytest.raises(ValueError, match=r"offsets|differ|rows of values"):
        encode_message(damaged)
