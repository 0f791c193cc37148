"""Profiles recorded by other people's profilers, pushed through three doors and read back wherever they have moved to.

An independent reader says what each file holds (``expected.json`` beside the files). The same must come back before
sealing, after sealing, after the upload, and after a restart that finds the ingesters' local data deleted.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from ingest.api.proto import push_pb2
from tests.integration.cluster.cluster import OF_ANY_TIME, Cluster, wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

#: Files whose stacks are named otherwise here than by the independent reader, by rules of the field. Totals and the
#: number of stacks agree all the same.
NAMED_OTHERWISE = {
    # All its functions have id 0, so the reader found no names; here they are numbered like their locations.
    "dotnet.pb.gz",
    # Locations without lines: the reader names them by address, while Pyroscope leaves such frames out of a flame
    # graph.
    "malformed_no_addr_no_line.pb.gz",
}
#: Stacks of these that Go's runtime cut at 32 frames get the frames at their root that others have, and some are then
#: equal. Their totals are those of the independent reader.
REPAIRED = {"go_heap_delta.pb.gz", "go_heap_medium.pb.gz", "go_heap_small.pb.gz"}
#: A string in it is not UTF-8: the field's rules refuse such a profile whole.
REFUSED = {"invalid_utf8.pb.gz"}
ALL_TIME = (1, 4_102_444_800_000)  # 1970 to 2100 in ms


def files_of(corpus: Path) -> dict[str, Path]:
    return {path.name: path for folder in ("pprof", "series") for path in sorted((corpus / folder).iterdir())}


def in_order(files: dict[str, Path], time_ns: dict[str, int]) -> list[str]:
    """Return the names by time, those without one, which get the time of their push, at the end.

    The recordings are of many years, more than profiles may come late; two of one year are exchanged, so that some do.
    """
    names = sorted(files, key=lambda name: (time_ns[name] or ALL_TIME[1] * 1_000_000, name))
    one, other = (names.index(f"{name}.pb.gz") for name in ("go_heap_delta", "span_ids"))
    assert 0 < time_ns[names[other]] - time_ns[names[one]] < 366 * 86_400 * 10**9
    names[one], names[other] = names[other], names[one]
    return names


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("corpus") / "data", environment=OF_ANY_TIME)
    made.start()
    yield made
    made.kill_everything()


def rest(cluster: Cluster, path: Path, service: str, time_ns: int) -> int:
    query = urlencode({"__name__": "corpus", "service_name": service, "door": "rest"})
    return cluster.request("POST", f"/api/v1/profiles?{query}", path.read_bytes())[0]


def connect(cluster: Cluster, path: Path, service: str, time_ns: int) -> int:
    request = push_pb2.PushRequest()
    series = request.series.add()
    for name, value in (("__name__", "corpus"), ("service_name", service), ("door", "connect")):
        series.labels.add(name=name, value=value)
    series.samples.add(raw_profile=path.read_bytes())
    headers = {"Content-Type": "application/proto", "Content-Encoding": "gzip"}
    body = gzip.compress(request.SerializeToString())
    return cluster.request("POST", "/push.v1.PusherService/Push", body, headers)[0]


def ingest(cluster: Cluster, path: Path, service: str, time_ns: int, **query: str) -> int:
    if time_ns:
        query["from"] = str(time_ns // 10**9)
    # What comes without a time, or with one of 1970, gets the time of the address.
    query = {"name": f"{service}{{door=ingest}}", "format": "pprof", **query}
    return cluster.request("POST", f"/ingest?{urlencode(query)}", path.read_bytes())[0]


DOORS = {"rest": rest, "connect": connect, "ingest": ingest}
#: What each says of a profile it refuses.
REFUSAL = {"rest": 400, "connect": 400, "ingest": 422}


def ask(cluster: Cluster, method: str, message: dict[str, Any]) -> dict[str, Any]:
    path = f"/querier.v1.QuerierService/{method}"
    status, body, headers = cluster.request(
        "POST", path, json.dumps(message).encode(), {"Content-Type": "application/json"}
    )
    assert status == 200, body[:1000]
    complete = {name.lower(): value for name, value in headers.items()}.get("phlare-complete", "true")
    assert complete == "true", headers
    answer: dict[str, Any] = json.loads(body)
    return answer


def types_of(cluster: Cluster, service: str) -> dict[tuple[str, str], str]:
    """Return the stored profile types of a service by (sample type, unit)."""
    found = ask(
        cluster,
        "LabelValues",
        {
            "name": "__profile_type__",
            "matchers": [f'{{service_name="{service}"}}'],
            "start": ALL_TIME[0],
            "end": ALL_TIME[1],
        },
    )
    return {(text.split(":")[1], text.split(":")[2]): text for text in found.get("names", [])}


def folded(graph: dict[str, Any]) -> dict[bytes, int]:
    """Turn a flame graph back into folded stacks with their self values."""
    names = [name.encode() for name in graph.get("names", [])]
    stacks: dict[bytes, int] = {}
    above: list[tuple[int, int, bytes]] = []
    for depth, level in enumerate(graph.get("levels", [])):
        values = [int(value) for value in level["values"]]
        position = 0
        here: list[tuple[int, int, bytes]] = []
        parents = iter(above)
        parent = next(parents, None)
        for offset, total, own, name in zip(values[::4], values[1::4], values[2::4], values[3::4], strict=True):
            start = position + offset
            position = start + total
            while parent is not None and not parent[0] <= start < max(parent[1], parent[0] + 1):
                parent = next(parents, None)
            assert depth == 0 or parent is not None
            path = b"" if depth == 0 else (names[name] if depth == 1 else parent[2] + b";" + names[name])
            here.append((start, position, path))
            if depth and own:
                stacks[path] = stacks.get(path, 0) + own
        above = here
    return stacks


def fold_sha256(stacks: dict[bytes, int]) -> str:
    lines = sorted(stack + b" " + str(value).encode() for stack, value in stacks.items())
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def tops(stacks: dict[bytes, int]) -> tuple[dict[str, int], dict[str, int]]:
    own: dict[str, int] = {}
    total: dict[str, int] = {}
    for stack, value in stacks.items():
        frames = stack.decode().split(";")
        own[frames[-1]] = own.get(frames[-1], 0) + value
        for frame in set(frames):
            total[frame] = total.get(frame, 0) + value
    return own, total


def check(cluster: Cluster, expected: dict[str, Any], files: dict[str, Path], stage: str) -> int:
    """Compare every file, door and sample type with the independent reader; returns how many were compared."""
    compared = 0
    for name in files:
        for door in DOORS:
            if name in REFUSED:
                assert types_of(cluster, f"{door}-{name}") == {}
                continue
            service = f"{door}-{name}"
            types = types_of(cluster, service)
            for wanted in expected[name]["types"]:
                where = f"{stage}: {service} {wanted['type']}"
                type_id = types.get((wanted["type"].replace("-", "_"), wanted["unit"]))
                if wanted["total"] == 0:
                    assert type_id is None, where
                    continue
                assert type_id is not None, where
                graph = ask(
                    cluster,
                    "SelectMergeStacktraces",
                    {
                        "profileTypeID": type_id,
                        "labelSelector": f'{{service_name="{service}"}}',
                        "start": ALL_TIME[0],
                        "end": ALL_TIME[1],
                        "maxNodes": 1_000_000,
                    },
                ).get("flamegraph", {})
                assert int(graph["total"]) == wanted["total"], where
                compared += 1
                if name in REPAIRED:
                    continue
                stacks = folded(graph)
                assert len(stacks) == wanted["stacks_by_name"], where
                if name in NAMED_OTHERWISE:
                    continue
                assert fold_sha256(stacks) == wanted["fold_sha256"], where
                own, total = tops(stacks)
                assert [[frame, own.get(frame)] for frame, _ in wanted["top_self"]] == wanted["top_self"], where
                assert [[frame, total.get(frame)] for frame, _ in wanted["top_total"]] == wanted["top_total"], where
    return compared


def test_every_file_gives_what_an_independent_reader_found(cluster: Cluster, corpus_dir: Path) -> None:
    expected = json.loads((corpus_dir / "expected.json").read_text())
    files = files_of(corpus_dir)
    time_ns = {name: expected[name]["time_nanos"] for name in files}
    for name in in_order(files, time_ns):
        for door, push in DOORS.items():
            assert push(cluster, files[name], f"{door}-{name}", time_ns[name]) == (
                REFUSAL[door] if name in REFUSED else 200
            ), (door, name)

    compared = check(cluster, expected, files, "before sealing")
    assert compared > 2 * len(files)

    bucket = cluster.data_dir / "bucket"
    bucket.write_text("a file where the bucket should be: uploads fail until it is gone")
    cluster.manage("flush")
    wait_for(lambda: open_profiles(cluster) == 0, 60, "every head is a local block")
    assert check(cluster, expected, files, "after sealing") == compared

    bucket.unlink()
    # Recordings of many years: each ingester has a block of those in order and one of those that came late.
    wait_for(lambda: uploaded_blocks(cluster) == 6, 60, "six blocks are in the bucket")
    assert check(cluster, expected, files, "after the upload") == compared

    cluster.stop()
    shutil.rmtree(cluster.data_dir / "ingesters")
    cluster.start()
    assert check(cluster, expected, files, "after a restart without local data") == compared
    print(f"{compared} comparisons at each of four stages")


def test_speedscope_files_keep_their_totals(cluster: Cluster, corpus_dir: Path) -> None:
    expected = {
        "simple": {"simple.txt": ("cpu", {b"a;b": 5, b"a;b;c": 5, b"a;b;d": 4}, 10_000_000)},
        "two-sampled": {
            name: ("wall", {b"a;b": 5, b"a;b;c": 5, b"a;b;d": 4}, 1_000_000_000) for name in ("one", "two")
        },
    }
    for file, profiles in expected.items():
        path = corpus_dir / "speedscope" / f"{file}.speedscope.json"
        service = f"speedscope-{file}"
        assert ingest(cluster, path, service, 0, format="speedscope") == 200
        for name, (kind, stacks, factor) in profiles.items():
            graph = ask(
                cluster,
                "SelectMergeStacktraces",
                {
                    "profileTypeID": f"{'process_cpu' if kind == 'cpu' else 'wall'}:{kind}:nanoseconds:cpu:nanoseconds",
                    "labelSelector": f'{{service_name="{service}", profile_name="{name}"}}',
                    "start": ALL_TIME[0],
                    "end": ALL_TIME[1],
                },
            ).get("flamegraph", {})
            assert folded(graph) == {stack: value * factor for stack, value in stacks.items()}, name


@pytest.mark.parametrize("recording", ["kafka_cpu", "kafka_cpu_lock_alloc"])
def test_recordings_of_java_are_what_pyroscope_makes_of_them(
    cluster: Cluster, corpus_dir: Path, recording: str
) -> None:
    folder, service = corpus_dir / "jfr", f"jfr-{recording}"
    assert ingest(cluster, folder / f"{recording}.jfr.gz", service, 0, format="jfr", sampleRate="100") == 200
    ids = ask(
        cluster,
        "LabelValues",
        {
            "name": "__profile_type__",
            "matchers": [f'{{service_name="{service}", jfr_event="cpu"}}'],
            "start": ALL_TIME[0],
            "end": ALL_TIME[1],
        },
    )["names"]
    expected = json.loads((corpus_dir / "expected.json").read_text())
    wanted = {
        f"{path.name.split('.expected_')[1].split('_')[0].replace('process', 'process_cpu')}:{kind['type']}:": kind
        for path in folder.glob(f"{recording}.expected_*")
        for kind in expected[path.name]["types"]
    }
    assert len(ids) == len(wanted)
    for start, kind in wanted.items():
        (type_id,) = [one for one in ids if one.startswith(start)]
        question = {
            "profileTypeID": type_id,
            "labelSelector": f'{{service_name="{service}"}}',
            "start": ALL_TIME[0],
            "end": ALL_TIME[1],
            "maxNodes": 1_000_000,
        }
        graph = ask(cluster, "SelectMergeStacktraces", question)["flamegraph"]
        assert int(graph["total"]) == kind["total"], type_id
        assert fold_sha256(folded(graph)) == kind["fold_sha256"], type_id


def open_profiles(cluster: Cluster) -> int:
    page = cluster.request("GET", "/metrics")[1].decode()
    values = [line.split()[-1] for line in page.splitlines() if line.startswith("phlare_ingester_head_profiles{")]
    return int(sum(float(value) for value in values))


def uploaded_blocks(cluster: Cluster) -> int:
    return cluster.manage("catalogue", "list").count(" profiles ")
