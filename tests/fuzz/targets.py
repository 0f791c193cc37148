"""What is fuzzed: for each parser its seeds, and a run that fails on anything but an orderly answer."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ingest.profiles.prepare import Prepared, prepare_profile
from ingest.profiles.reasons import Rejection
from ingest.profiles.record import (
    decode_record,
    decode_stack_profile,
    encode_record,
    encode_stack_profile,
    iter_records,
)
from ingest.profiles.record_columns import RecordError
from ingest.profiles.relabel import relabel
from ingest.profiles.relabel_text import parse_rules
from ingest.profiles.selector import parse_selector
from ingest.storage.block.errors import BlockDamaged
from ingest.storage.block.reader import Block
from ingest.storage.block.writer import BlockIdentity, write_block
from ingest.storage.head.head import Head
from ingest.storage.read_messages import ReadOp, ReadRequest, decode_request, encode_request
from ingest.storage.wal.reader import replay
from ingest.storage.wal.writer import WalWriter
from tests.fuzz.format_targets import format_targets
from tests.fuzz.mutations import go_seeds
from tests.fuzz.mutations import seeds as pprof_seeds
from tests.fuzz.otlp_targets import otlp_targets
from tests.fuzz.recording_targets import recording_targets
from tests.fuzz.target import Target
from tests.unit.profiles.pprof.pprof_model import ANY_TIME, NOW_NS, SERIES
from tests.unit.storage.pushes import Group, Sample, plain, push, samples

RULES = b"""
- {action: hashmod, source_labels: [__name__, pod], separator: "-", target_label: share, modulus: 8}
- {source_labels: [service_name], regex: "(?P<name>.+)-[0-9]{1,3}|x", target_label: "a_${name}", replacement: "$1$$"}
- {action: labelmap, regex: "k8s_(.*)", replacement: "$1"}
- {action: labeldrop, regex: "thread.*"}
- {action: drop, source_labels: [service_name], regex: "load.*"}
"""


def _pprof(data: bytes) -> bool:
    result = prepare_profile(data, "alice", SERIES, ANY_TIME, NOW_NS)
    assert isinstance(result, Prepared | Rejection)
    return isinstance(result, Prepared)


def _rules(data: bytes) -> bool:
    rules = parse_rules(data.decode("utf-8", "replace"))
    if isinstance(rules, Rejection):
        return False
    relabel(rules, SERIES)
    return True


def _record(data: bytes) -> bool:
    records = 0
    try:
        for view in iter_records(data):
            decode_record(view)
            records += 1
    except RecordError:
        return False
    return records > 0


def _answer(data: bytes) -> bool:
    try:
        decode_stack_profile(data)
    except RecordError:
        return False
    return True


def _request(data: bytes) -> bool:
    try:
        decode_request(data)
    except ValueError:  # msgspec's errors are ValueErrors
        return False
    return True


def _selector(data: bytes) -> bool:
    return not isinstance(parse_selector(data.decode("utf-8", "replace")), Rejection)


def _records() -> list[bytes]:
    traced = (Sample(plain("main", "work"), (1, 2), span=7, trace=2**64 + 7), Sample(plain("main"), (3, 0)))
    groups = [
        Group(samples(main__work=(1, 2), main=(3, 0)), number=0),
        Group(traced, number=1),
        Group(traced, number=2),
    ]
    pushes = [push(group) for group in groups]
    return [encode_record(one.tenant, 0, one.symbols, one.groups) for one in pushes]


def _head() -> Head:
    head = Head("01J0000000000000000000FUZZ", "team-a", "ingester-0", 0)
    for number in range(20):
        head.append(push(Group(samples(main__work=(number + 1, 2), main=(3, 0)), number=number, time_ns=number)))
    return head


@contextmanager
def targets() -> Iterator[dict[str, Target]]:
    """Give every target; the ones that read files have a folder of their own meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        head = _head()
        everything = head.snapshot()
        rows = everything.rows(everything.select_series(()), 0, 1 << 60).row_index
        request = ReadRequest(ReadOp.MERGE, "team-a", "[]", 0, 10, labels=["service_name"])
        yield {
            "pprof": Target(pprof_seeds(), _pprof),
            "pprof of Go": Target(go_seeds(), _pprof),
            "rules": Target([RULES], _rules),
            "record": Target(_records(), _record),
            "answer": Target([encode_stack_profile(everything.merge(rows, by_name=False))], _answer),
            "request": Target([encode_request(request)], _request),
            "selector": Target([b'{service_name="a", region=~"eu-.*", x!=""}', b"cpu:x:y:z:w{a!~'b|c'}"], _selector),
            "log": _log(Path(folder) / "log"),
            "block": _block(Path(folder) / "block", head),
            **format_targets(),
            **recording_targets(),
            **otlp_targets(),
        }


def _log(folder: Path) -> Target:
    writer = WalWriter(folder)
    for record in _records():
        writer.append([(1, record)])
    writer.close()
    (segment,) = folder.glob("*.wal")

    def run(data: bytes) -> bool:
        shutil.rmtree(folder)
        folder.mkdir()
        segment.write_bytes(data)
        met = replay(folder)
        records = sum(1 for _ in met)
        return records > 0 and not met.report.damages

    return Target([segment.read_bytes()], run)


def _block(folder: Path, head: Head) -> Target:
    """The files of a block one after the other in one input, each at the length it has in the whole block."""
    folder.mkdir()
    write_block(head.snapshot().content(), BlockIdentity(head.part_id, head.tenant, head.owner, 0), folder)
    directory = folder / head.part_id
    files = sorted(directory.iterdir())
    lengths = [path.stat().st_size for path in files]
    offsets = np.concatenate(([0], np.cumsum(lengths))).tolist()

    def run(data: bytes) -> bool:
        for path, start, end in zip(files, offsets, offsets[1:], strict=False):
            path.write_bytes(data[start:end])
        try:
            block = Block.open(directory)
            block.merge(block.rows(block.select_series(()), 0, 1 << 60).row_index, by_name=True)
        except BlockDamaged:
            return False
        return True

    return Target([b"".join(path.read_bytes() for path in files)], run)
