"""query, top, diff, types and export against the demo's profiles in a real cluster."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from ingest.api.proto import profile_pb2
from ingest.demo.schedule import ROLLOUT_SECONDS
from tests.integration.cli.conftest import Run
from tests.integration.cluster.cluster import Cluster

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

CHECKOUT = '{service_name="checkout"}'
MEMORY = "memory:inuse_space:bytes:space:bytes"
#: Both versions of the checkout run in any range that is longer than one stretch of the rollout.
HOURS = 1.2 * ROLLOUT_SECONDS / 3600


@pytest.fixture(scope="module", autouse=True)
def demo(cluster: Cluster) -> None:
    cluster.manage("demo", f"--url=http://127.0.0.1:{cluster.port}", f"--hours={HOURS}", "--interval=30")


def document(phlare: Run, *arguments: str) -> dict[str, object]:
    ended = phlare(*arguments, "--json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    read: dict[str, object] = json.loads(ended.stdout)
    return read


def test_types_are_listed(phlare: Run) -> None:
    listed = phlare("types").stdout.splitlines()

    assert MEMORY in listed
    assert listed == sorted(listed)


def test_a_call_tree_begins_with_everything(phlare: Run) -> None:
    lines = phlare("query", CHECKOUT).stdout.splitlines()

    assert re.fullmatch(r" *\S+ \S+  100\.0 %  total", lines[0])
    assert len(lines) > 5


def test_top_has_the_same_total_as_the_tree_and_is_sorted(phlare: Run) -> None:
    graph, table = document(phlare, "query", CHECKOUT), document(phlare, "top", CHECKOUT)

    assert table["total"] == graph["total"]
    selves = [one["self"] for one in table["functions"]]  # type: ignore[attr-defined]
    assert selves == sorted(selves, reverse=True)
    assert "function" in phlare("top", CHECKOUT).stdout


def test_a_type_may_stand_in_the_selector_or_beside_it(phlare: Run) -> None:
    beside = document(phlare, "top", '{service_name="catalog"}', "--type", MEMORY)
    inside = document(phlare, "top", MEMORY + '{service_name="catalog"}')

    assert beside["unit"] == inside["unit"] == "bytes"
    assert beside["total"] == inside["total"]


def test_a_regression_stands_at_the_top_of_a_diff(phlare: Run) -> None:
    old, new = '{service_name="checkout", version="1.4.0"}', '{service_name="checkout", version="1.5.0"}'
    changes = document(phlare, "diff", new, "--against", old)

    assert changes["left_total"]
    assert changes["right_total"]
    shown = phlare("diff", new, "--against", old)
    assert shown.returncode == 0
    assert "points" in shown.stdout


def test_a_diff_with_nothing_is_wrong_use(phlare: Run) -> None:
    ended = phlare("diff", CHECKOUT)

    assert ended.returncode == 2
    assert "--against" in ended.stderr


def test_an_export_is_a_file_that_pprof_reads(phlare: Run, tmp_path: Path) -> None:
    path = tmp_path / "checkout.pb.gz"
    told = document(phlare, "export", CHECKOUT, "-o", str(path))

    profile = profile_pb2.Profile.FromString(gzip.decompress(path.read_bytes()))
    assert profile.sample
    assert told["bytes"] == path.stat().st_size


def test_an_export_can_be_piped(phlare: Run) -> None:
    ended = phlare("export", CHECKOUT, "--format", "collapsed", "-o", "-")

    assert ended.returncode == 0
    assert all(re.search(r" \d+$", line) for line in ended.stdout.splitlines())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("query", "{service_name="), "selector"),
        (("query", "{}", "--type", "nonsense"), "profile"),
        (("top", "{}", "--from", "yesterday"), "from"),
        (("query", "{}", "--from", "now-2h", "--until", "now-3h"), "after"),
    ],
)
def test_a_refusal_is_a_sentence_and_an_exit_code(phlare: Run, arguments: tuple[str, ...], said: str) -> None:
    ended = phlare(*arguments)

    assert ended.returncode == 1
    assert said in ended.stderr.lower()
    assert "Traceback" not in ended.stderr


def test_a_range_without_data_says_what_to_do(phlare: Run) -> None:
    ended = phlare("query", "{}", "--from", "now-3h", "--until", "now-2h")

    assert ended.returncode == 1
    assert "phlare doctor" in ended.stderr


def test_no_server_is_an_exit_code_of_its_own(phlare: Run) -> None:
    ended = phlare("types", PHLARE_URL="http://127.0.0.1:1")

    assert ended.returncode == 3
    assert "make up" in ended.stderr
