"""Stacks that Go's runtime has cut at the root get the frames that other stacks of the profile still have."""

from __future__ import annotations

import gzip
import itertools
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.profiles.columns import Labels
from ingest.profiles.pprof.encode import encode_groups
from ingest.profiles.pprof.go_kernels import repair_stacks
from ingest.profiles.prepare import Prepared, prepare_profile
from tests.unit.profiles.pprof.cut_stacks_model import Stack, repaired
from tests.unit.profiles.pprof.pprof_model import ANY_TIME, NOW_NS, Profile, Sample, node_stacks

CPU: Labels = (("__name__", "process_cpu"), ("pyroscope_spy", "gospy"), ("service_name", "checkout"))
HEAP_TYPES = (("alloc_objects", "count"), ("inuse_space", "bytes"))


def prepare(data: bytes, labels: Labels = CPU) -> Prepared:
    result = prepare_profile(data, "alice", labels, ANY_TIME, NOW_NS)
    assert isinstance(result, Prepared), result
    return result


def profile_of(stacks: list[Stack], types: tuple[tuple[str, str], ...] = (("cpu", "nanoseconds"),)) -> Profile:
    samples = [Sample(tuple((frame, "a.go", 1) for frame in stack), (1,) * len(types)) for stack in stacks]
    return Profile(samples, types=types)


def stored(prepared: Prepared) -> Counter[Stack]:
    stacks = node_stacks(prepared.symbols)
    found: Counter[Stack] = Counter()
    for group in prepared.groups:
        for node, value in zip(group.sample_node.tolist(), group.sample_values[0].tolist(), strict=True):
            found[stacks[node]] += value
    return found


def frames(first: int, last: int, name: str = "f") -> Stack:
    return tuple(f"{name}{number}" for number in range(first, last))


def cut(stack: Stack, depth: int = 64) -> Stack:
    return stack[-depth:]


WHOLE = frames(0, 64)


@pytest.mark.parametrize("lost", range(1, 9))
def test_a_stack_gets_the_frames_at_the_root_that_another_has(lost: int) -> None:
    deep = frames(0, 64 + lost)
    found = stored(prepare(profile_of([WHOLE, cut(deep)]).encode()))
    assert found == {WHOLE: 1, deep: 1}


def test_frames_are_found_from_stack_to_stack() -> None:
    deep = [frames(0, 64 + 7 * step) for step in range(20)]
    assert stored(prepare(profile_of([cut(stack) for stack in deep]).encode())) == dict.fromkeys(deep, 1)


def test_a_stack_that_lost_more_frames_than_any_other_shows_stays_as_it_is() -> None:
    found = stored(prepare(profile_of([WHOLE, cut(frames(0, 73))]).encode()))
    assert found == {WHOLE: 1, frames(9, 73): 1}


def test_all_stacks_of_a_group_are_repaired_and_low_ones_are_left_alone() -> None:
    deep = [frames(0, 60) + frames(0, 8, branch) for branch in "abc"]
    low = frames(2, 26)
    found = stored(prepare(profile_of([WHOLE, *(cut(stack) for stack in deep), low]).encode()))
    assert found == dict.fromkeys([WHOLE, *deep, low], 1)


def test_frames_that_lie_farthest_from_the_root_are_taken() -> None:
    other = frames(0, 3, "g") + frames(5, 66)
    found = stored(prepare(profile_of([WHOLE, other, frames(5, 69)]).encode()))
    assert found[WHOLE[:5] + frames(5, 69)] == 1


def test_what_could_come_from_two_roots_is_left_alone() -> None:
    one, other = (frames(0, 5, root) + frames(5, 64) for root in "gh")
    stacks = [one, other, frames(5, 69)]
    assert stored(prepare(profile_of(stacks).encode())) == dict.fromkeys(stacks, 1)


def test_stacks_that_refer_to_each_other_in_a_circle_are_left_alone() -> None:
    circle = frames(0, 40) * 3
    stacks = [circle[start : start + 64] for start in range(0, 40, 5)]
    assert stored(prepare(profile_of(stacks).encode())) == dict.fromkeys(stacks, 1)


def test_a_chain_of_more_than_56_stacks_is_given_up() -> None:
    deep = [frames(0, 64 + step) for step in range(58)]
    cut_ones = [cut(stack) for stack in deep]
    # Each but the first finds its next one eight frames up, so build a chain that moves one frame at a time.
    apart = [stack[:17] + frames(0, 47, f"x{number}") for number, stack in enumerate(cut_ones)]
    found = stored(prepare(profile_of(apart).encode()))
    assert found[deep[1][:1] + apart[1]] == 1
    assert found[deep[56][:56] + apart[56]] == 1
    assert found[apart[57]] == 1


@pytest.mark.parametrize(
    ("deepest", "types", "is_repaired"),
    [
        pytest.param(59, (("cpu", "nanoseconds"),), False, id="no CPU stack was cut"),
        pytest.param(60, (("cpu", "nanoseconds"),), True, id="a CPU stack may have been cut"),
        pytest.param(80, (("cpu", "nanoseconds"),), True, id="CPU stacks may be deeper"),
        pytest.param(27, HEAP_TYPES, False, id="no stack of the heap was cut"),
        pytest.param(28, HEAP_TYPES, True, id="a stack of the heap may have been cut"),
        pytest.param(32, HEAP_TYPES, True, id="at 32 frames"),
        pytest.param(33, HEAP_TYPES, False, id="deeper ones show that nothing is cut"),
        pytest.param(64, (("wall", "nanoseconds"),), False, id="other types are not cut"),
    ],
)
def test_when_a_profile_may_have_been_cut(deepest: int, types: tuple[tuple[str, str], ...], is_repaired: bool) -> None:
    whole, deep = frames(0, 26), frames(2, 2 + deepest)
    found = stored(prepare(profile_of([whole, deep], types).encode()))
    assert (found[whole[:2] + deep] == 1) is is_repaired


def test_only_profiles_of_go_are_repaired() -> None:
    labels = tuple((name, "pyspy" if name == "pyroscope_spy" else value) for name, value in CPU)
    found = stored(prepare(profile_of([WHOLE, frames(3, 67)]).encode(), labels))
    assert found == {WHOLE: 1, frames(3, 67): 1}


@st.composite
def cut_profiles(draw: st.DrawFn) -> list[Stack]:
    """A tree of calls without recursion, of which the runtime has kept 64 frames at the leaf."""
    rng = Random(draw(st.integers(0, 2**32)))
    stacks: list[Stack] = []
    for _ in range(draw(st.integers(1, 25))):
        start = rng.choice(stacks)[: rng.randrange(90)] if stacks and rng.random() < 0.9 else ()
        length = rng.randrange(1, 110)
        stacks.append(start + frames(0, length, f"s{len(stacks)}_"))
    return [cut(stack, draw(st.integers(40, 64))) for stack in stacks]


@settings(max_examples=60, deadline=None)
@given(cut_profiles())
def test_a_repair_is_what_the_plain_model_says_and_done_once(stacks: list[Stack]) -> None:
    prepared = prepare(profile_of([*stacks, frames(0, 64, "z")]).encode())
    expected = Counter(repaired([*stacks, frames(0, 64, "z")]))
    assert stored(prepared) == expected
    (group,) = prepared.groups
    again = prepare(encode_groups(prepared.symbols, group))
    assert stored(again) == expected
    assert again.groups[0].profile_id == group.profile_id


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(0, 2), min_size=25, max_size=40), max_size=12), st.integers(0, 2**32))
def test_recursion_and_the_order_of_samples_lead_to_what_the_plain_model_says(rows: list[list[int]], seed: int) -> None:
    shuffled = Random(seed).sample(rows, len(rows))
    assert Counter(kernel_repair(shuffled)) == Counter(repaired([tuple(map(str, row)) for row in rows]))


def kernel_repair(stacks: list[list[int]]) -> list[Stack]:
    """Run the kernel over stacks of small numbers, root first."""
    refs = np.array([frame for stack in stacks for frame in reversed(stack)], np.int64)
    samples = np.zeros((len(stacks) + 1, 3), np.int64)
    samples[1:, 0] = np.cumsum([len(stack) for stack in stacks])
    digests = np.array([[7, 11], [13, 17], [19, 23]], np.uint64)
    longer, offsets = repair_stacks(np.arange(len(stacks)), samples, refs, digests, np.uint64(3))
    return [tuple(map(str, longer[first:last][::-1])) for first, last in itertools.pairwise(offsets)]


@pytest.mark.parametrize(
    ("name", "roots_less"),
    [("go_heap_delta", 1), ("go_heap_medium", 7), ("go_heap_small", 28), ("go_cpu", 0), ("go_cpu_labels", 0)],
)
def test_real_profiles_keep_their_totals_and_lose_roots_that_are_none(
    name: str, roots_less: int, corpus_dir: Path
) -> None:
    data = gzip.decompress((corpus_dir / "pprof" / f"{name}.pb.gz").read_bytes())
    as_sent = prepare(data, tuple((key, "pyspy" if key == "pyroscope_spy" else value) for key, value in CPU))
    mended = prepare(data)
    assert stored(mended).total() == stored(as_sent).total()
    roots_before, roots = ({stack[0] for stack in stored(one)} for one in (as_sent, mended))
    assert roots < roots_before if roots_less else roots == roots_before
    assert len(roots_before) - len(roots) == roots_less
