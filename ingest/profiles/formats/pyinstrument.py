"""Sessions of pyinstrument (``-r pyisession``, and ``-r session`` before): stacks with the time each was seen for.

A frame is ``function NUL file NUL line`` and after it attributes, each behind a byte 1: ``l`` is the line that ran. The
time between two samples belongs to the stack of the first.
"""

from __future__ import annotations

import msgspec

from ingest.profiles.formats.converted import Converted
from ingest.profiles.formats.hints import ImportHints
from ingest.profiles.formats.json_file import decode_json
from ingest.profiles.formats.refused import malformed
from ingest.profiles.formats.stack_tree import ROOT, StackTree
from ingest.profiles.labels import LABEL_NAME
from ingest.profiles.limits import SECOND_NS, Limits

_LINE = "l"
_MAX_SECONDS = 9e9
#: What stands at the root for the thread, in place of a file.
_THREAD_FILE = "<thread>"


class _Session(msgspec.Struct):
    start_time: float
    duration: float
    frame_records: list[tuple[list[str], float]]
    min_interval: float = 0.0


def convert_pyinstrument(data: bytes, hints: ImportHints, limits: Limits) -> list[Converted]:
    """Return the profile of time on the clock."""
    session = decode_json(data, _Session)
    meaning = hints.timed("wall", _ns(session.min_interval))
    tree = StackTree((meaning.sample_type,), limits)
    for stack, seconds in session.frame_records:
        node = ROOT
        for identifier in stack:
            node = tree.child(node, _frame(tree, identifier))
        tree.add(node, _ns(seconds) * meaning.factor)
    time_ns = hints.moment_ns(_ns(session.start_time))
    pprof = tree.pprof(meaning.period_type, meaning.period, time_ns, _ns(session.duration))
    return [Converted(((LABEL_NAME, meaning.metric_name),), pprof)]


def _frame(tree: StackTree, identifier: str) -> int:
    whole, *attributes = identifier.split("\x01")
    name, _, place = whole.partition("\x00")
    filename, _, first_line = place.partition("\x00")
    ran = next((one[1:] for one in attributes if one.startswith(_LINE)), first_line)
    if filename == _THREAD_FILE:
        return tree.frame(name)
    return tree.frame(name, filename, _line(ran), _line(first_line))


def _line(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _ns(seconds: float) -> int:
    if not 0 <= seconds < _MAX_SECONDS:
        raise malformed(f"the session has the time {seconds}, which is out of range")
    return round(seconds * SECOND_NS)
