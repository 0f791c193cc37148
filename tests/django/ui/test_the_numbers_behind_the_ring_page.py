"""The circle as the ring page draws it, and what else of that page is plain arithmetic, in node where there is one."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from ring.core.tokens import RING_SIZE
from tests.django.ui import page_modules
from tests.unit.ring.rings import random_ring, snapshot

STATIC = Path(__file__).resolve().parents[3] / "static" / "phlare"
NODE = shutil.which("node")
QUARTER = RING_SIZE // 4


def in_node(module: str, expression: str) -> object:
    """Return what an expression over the exports of a module comes to."""
    if NODE is None:
        pytest.skip("node is not installed")
    plain = "(key, value) => ArrayBuffer.isView(value) ? Array.from(value) : value"
    text = (STATIC / module).read_text(encoding="utf-8")
    script = f"{text}\nconsole.log(JSON.stringify({expression}, {plain}));"
    run = [NODE, "--input-type=module", "-"]
    result = subprocess.run(run, input=script, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(result.stdout)


def geometry(expression: str) -> object:
    return in_node("ring_geometry.js", expression)


def test_a_key_belongs_to_the_instance_the_ring_says() -> None:
    ring = snapshot(random_ring(5, tokens=40))
    lists = [list(one.tokens) for one in ring.instances]
    rng = random.Random(3)
    drawn = [rng.randrange(RING_SIZE) for _ in range(100)]
    keys = [0, RING_SIZE - 1, *drawn, *lists[0], *(one + 1 for one in lists[1])]
    found = geometry(f"(() => {{ const c = circleOf({lists}); return {keys}.map((key) => ownerAt(c, key)); }})()")
    positions = ring.topology.search_all(np.array(keys, np.uint32))
    owners = ring.topology.owner[positions % len(ring.topology.tokens)]
    assert found == owners.tolist()


def test_an_empty_circle_belongs_to_nobody() -> None:
    assert geometry("[ownerAt(circleOf([]), 5), bands(circleOf([]), 3), runs(bands(circleOf([]), 3))]") == [
        -1,
        [-1, -1, -1],
        [],
    ]


def test_each_step_is_of_the_owner_of_its_longest_arc() -> None:
    # Instance 1 owns the first half and a sliver of the fourth quarter, instance 0 the rest.
    lists = [[QUARTER * 3, QUARTER * 4 - 1], [QUARTER * 2, QUARTER * 3 + 5]]
    assert geometry(f"bands(circleOf({lists}), 4)") == [1, 1, 0, 0]
    assert geometry(f"runs(bands(circleOf({lists}), 4))") == [[1, 0, 2], [0, 2, 4]]


def test_the_last_arc_goes_over_the_seam() -> None:
    assert geometry(f"bands(circleOf([[{QUARTER}], [{QUARTER * 2}]]), 4)") == [0, 1, 0, 0]


@pytest.mark.parametrize("steps", [360, 1000])
def test_what_is_drawn_shares_the_circle_as_the_tokens_do(steps: int) -> None:
    members = random_ring(4, tokens=64)
    ring = snapshot(members)
    owned = ring.topology.owned / RING_SIZE
    lists = [list(one.tokens) for one in ring.instances]
    drawn = np.bincount(np.array(geometry(f"bands(circleOf({lists}), {steps})")), minlength=4) / steps
    assert drawn == pytest.approx(owned, abs=0.1)


def test_a_point_and_its_angle_are_the_same_token() -> None:
    tokens = [0, 1 << 20, QUARTER, QUARTER * 2 + 7, QUARTER * 3, RING_SIZE - 1024]
    angle = "(turnOf(token) - 0.25) * 2 * Math.PI"  # from the right, as sine and cosine have it
    there_and_back = f"{tokens}.map((token) => tokenAt(Math.cos({angle}), Math.sin({angle})))"
    assert geometry(there_and_back) == pytest.approx(tokens, abs=2)


@pytest.mark.parametrize(
    ("points", "now", "expected"),
    [
        pytest.param([[0, 0], [150_000, 10], [300_000, 5]], 300_000, "0.0,16.5 36.0,1.5 72.0,9.0", id="five minutes"),
        pytest.param([[0, 2], [60_000, 1]], 120_000, "0.0,1.5 36.0,9.0", id="as long as was watched"),
        pytest.param([[45_000, 0], [60_000, 0]], 60_000, "54.0,16.5 72.0,16.5", id="a minute at least"),
        pytest.param([], 0, "", id="nothing known"),
    ],
)
def test_the_line_of_a_queue_runs_over_the_last_minutes_with_the_most_at_the_top(
    points: list[list[int]], now: int, expected: str
) -> None:
    assert in_node("ring_queues.js", f"corners({points}, {now})") == expected


@pytest.mark.parametrize(("rate", "said"), [(0, "0/s"), (0.01, "under 0.1/s"), (0.25, "0.3/s"), (1284, "1.28 k/s")])
def test_a_rate_tells_little_from_nothing(rate: float, said: str) -> None:
    assert in_node("format.js", f"rate({rate})") == said


def test_a_series_is_written_without_what_only_the_server_adds(tmp_path: Path) -> None:
    labels = {"__name__": "cpu", "__profile_type__": "cpu:x", "k8s.node": 'a"b', "service_name": "web"}
    assert page_modules.in_node(tmp_path, "series_text", "m.written(data)", labels) == (
        '{__name__="cpu", "k8s.node"="a\\"b", service_name="web"}'
    )
