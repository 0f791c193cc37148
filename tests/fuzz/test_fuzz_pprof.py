"""Whatever bytes are pushed, the answer is a prepared profile or a refusal, soon and in bounded memory."""

from __future__ import annotations

import gzip
import subprocess
import sys
import time
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.prepare import Prepared, prepare_profile
from ingest.profiles.reasons import Reason, Rejection
from tests.fuzz.mutations import mutate, seeds
from tests.unit.profiles.pprof.pprof_model import ANY_TIME, NOW_NS, SERIES, message, number, packed

SEEDS = seeds()
LARGEST = ANY_TIME.max_profile_size_bytes


def judge(data: bytes) -> Prepared | Rejection:
    result = prepare_profile(data, "alice", SERIES, ANY_TIME, NOW_NS)
    assert isinstance(result, Prepared | Rejection)
    if isinstance(result, Prepared):
        for group in result.groups:
            assert (group.sample_values >= 0).all()
            assert group.sample_values.any(axis=0).all()
            assert (group.sample_values.astype(object).sum(axis=1) < 1 << 63).all()
            assert (group.sample_node < result.symbols.node_count).all()
    return result


@pytest.mark.parametrize("seed", range(len(SEEDS)))
def test_each_seed_is_a_valid_profile(seed: int) -> None:
    assert isinstance(judge(SEEDS[seed]), Prepared)


@pytest.mark.parametrize("seed", range(len(SEEDS)))
def test_a_profile_cut_at_any_byte_is_answered(seed: int) -> None:
    for size in range(len(SEEDS[seed])):
        judge(SEEDS[seed][:size])


@pytest.mark.parametrize("seed", range(len(SEEDS)))
def test_a_profile_with_any_bit_flipped_is_answered(seed: int) -> None:
    for bit in range(8 * len(SEEDS[seed])):
        damaged = bytearray(SEEDS[seed])
        damaged[bit // 8] ^= 1 << bit % 8
        judge(bytes(damaged))


@given(st.sampled_from(SEEDS), st.integers(0, 1 << 60))
def test_a_mutated_profile_is_answered(data: bytes, seed: int) -> None:
    judge(mutate(data, Random(seed)))


@given(st.binary(max_size=300))
def test_any_bytes_are_answered(data: bytes) -> None:
    judge(data)
    judge(gzip.compress(data))


TYPE = message(1, number(1, 1)) + message(6, b"") + message(6, b"cpu")
FRAME = message(4, number(1, 1) + number(3, 64))


def filled(record: bytes) -> bytes:
    """Return a profile of the largest size, filled with one record."""
    return TYPE + record * ((LARGEST - len(TYPE)) // len(record))


BOMBS = [
    pytest.param(filled(message(3, b"")), id="empty mappings"),
    pytest.param(filled(message(4, b"")), id="empty locations"),
    pytest.param(filled(message(6, b"")), id="empty strings"),
    pytest.param(filled(message(1, b"")), id="sample types"),
    pytest.param(filled(message(2, packed(2, [1]))), id="samples"),
    pytest.param(TYPE + message(2, message(3, b"") * 2_000_000), id="labels of one sample"),
    pytest.param(TYPE + FRAME + message(2, packed(1, [1] * 4_000_000) + packed(2, [1])), id="one deep stack"),
    pytest.param(TYPE + FRAME + message(2, packed(1, [1] * 250) + packed(2, [1])) * 15_000, id="many equal stacks"),
    pytest.param(
        TYPE + b"".join(message(4, number(1, (row << 40) + 1) + number(3, row)) for row in range(1, 180_000)),
        id="ids that agree in their lower half",
    ),
    pytest.param(
        TYPE
        + b"".join(message(4, number(1, row) + number(3, row)) for row in range(1, 16_001))
        + b"".join(
            message(2, packed(1, range(row % 15_000 + 1, row % 15_000 + 60)) + packed(2, [1])) for row in range(15_999)
        ),
        id="stacks that share nothing",
    ),
    pytest.param(gzip.compress(b"\0" * (1 << 26)), id="gzip of zeros"),
]


@pytest.mark.parametrize("data", BOMBS)
def test_a_bomb_is_answered_soon(data: bytes) -> None:
    judge(SEEDS[0])  # nothing is compiled within the measured time
    start = time.process_time()
    judge(data)
    assert time.process_time() - start < 2.0


def test_a_decompression_bomb_is_refused_for_its_size() -> None:
    result = judge(gzip.compress(b"\0" * (1 << 26)))
    assert isinstance(result, Rejection)
    assert result.reason is Reason.PROFILE_SIZE_LIMIT


_MEASURE = """
import os, resource
from tests.fuzz import test_fuzz_pprof as fuzz

fuzz.judge(fuzz.SEEDS[0])
for bomb in fuzz.BOMBS:
    if os.fork() == 0:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        fuzz.judge(bomb.values[0])
        print(bomb.id, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024, sep="=", flush=True)
        os._exit(0)
    os.wait()
"""

#: Resident bytes for each raw byte: 28 in columns (empty mappings), else about 60 for references (8 in their column, at
#: most 24 for a tree node, 12 in its hash table while that doubles, 16 for its digest).
_MEMORY_FACTOR = 64


def test_memory_stays_within_a_constant_of_the_largest_profile() -> None:
    run = subprocess.run([sys.executable, "-c", _MEASURE], capture_output=True, text=True, check=True)
    used = {name: int(size) for name, size in (line.split("=") for line in run.stdout.splitlines())}
    assert used.keys() == {bomb.id for bomb in BOMBS}
    assert max(used.values()) > LARGEST, "nothing was measured"
    assert {name: size for name, size in used.items() if size > _MEMORY_FACTOR * LARGEST} == {}
