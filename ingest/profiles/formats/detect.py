"""Which format a file has, by its content alone: names of files and content types are often wrong or missing."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from ingest.profiles.formats.json_file import fault_of
from ingest.profiles.formats.memray import CSV_HEADER
from ingest.profiles.formats.otlp.decode import decode_request
from ingest.profiles.formats.refused import malformed
from ingest.profiles.formats.speedscope import SCHEMA
from ingest.profiles.pprof.decode import decode_pprof
from ingest.profiles.reasons import Rejection


class FileFormat(StrEnum):
    """The formats that are read from files."""

    PPROF = "pprof"
    COLLAPSED = "collapsed"
    AUSTIN = "austin"
    SPEEDSCOPE = "speedscope"
    PSTATS = "pstats"
    MEMRAY_CSV = "memray_csv"
    MEMRAY_JSON = "memray_json"
    PYINSTRUMENT = "pyinstrument"
    CPUPROFILE = "cpuprofile"
    GECKO = "gecko"
    JFR = "jfr"
    OTLP = "otlp"


#: How much of a text is looked at.
_LOOKED_AT_BYTES = 1 << 16
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_STACK_LINE = re.compile(rb"^[^\n]*[^\n ] [0-9]{1,19}\r?$", re.MULTILINE)
#: A stack whose first frame is in brackets, as perf writes what it does not know. JSON has other signs after brackets.
_BRACKETED_LINE = re.compile(rb"\s*[\[{]+[^\s\[{\"0-9\]}-][^\n]*[^\n ] [0-9]{1,19}\r?$", re.MULTILINE)
_AUSTIN_LINE = re.compile(rb"^(?:# austin: |P[0-9]+;T[0-9a-fx:]+[; ])", re.MULTILINE)
#: A marshalled dict, referable or not, whose first key is a tuple or which is empty.
_PSTATS = re.compile(rb"[{\xfb][()\xa8\xa90]")

#: Files that tools write and nobody but they can read, by how they begin, with what to do.
_FOREIGN = (
    (b"\x04\x22\x4d\x18", "a recording of memray; export it with memray transform csv"),
    (b"memray", "a recording of memray; export it with memray transform csv"),
    (b"MOJ", "austin's binary format; convert it with mojo2austin"),
    (b"PERFILE2", "a recording of perf; export it with perf script and collapse its stacks"),
    (b"PK\x03\x04", "a zip archive; unpack it"),
    (b"BZh", "compressed with bzip2; only gzip is unpacked"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd; only gzip is unpacked"),
    (b"\xfd7zXZ", "compressed with xz; only gzip is unpacked"),
    (b"\xff\xfe", "text in UTF-16, as some shells write it; save it as UTF-8"),
    (b"\xfe\xff", "text in UTF-16; save it as UTF-8"),
    (b"<!", "a page; take the data it was made from"),
    (b"<?xml", "a drawing or a page; take the data it was made from"),
    (b"<html", "a page; take the data it was made from"),
    (b"<svg", "a drawing; take the data it was made from"),
)


class _Keys(msgspec.Struct):
    """What tells formats in JSON apart; the values stay unread."""

    schema: msgspec.Raw = msgspec.field(default=msgspec.Raw(b""), name="$schema")
    frame_records: msgspec.Raw = msgspec.Raw(b"")
    root_frame: msgspec.Raw = msgspec.Raw(b"")
    events: msgspec.Raw = msgspec.Raw(b"")
    functions: msgspec.Raw = msgspec.Raw(b"")
    nodes: msgspec.Raw = msgspec.Raw(b"")
    time_deltas: msgspec.Raw = msgspec.field(default=msgspec.Raw(b""), name="timeDeltas")
    threads: msgspec.Raw = msgspec.Raw(b"")
    shared: msgspec.Raw = msgspec.Raw(b"")
    total_num_allocations: msgspec.Raw = msgspec.Raw(b"")
    trace_events: msgspec.Raw = msgspec.field(default=msgspec.Raw(b""), name="traceEvents")


def detect(data: bytes) -> FileFormat:
    """Return the format of a file that is not compressed; refuses what is not known, naming what is."""
    if data.startswith(b"FLR\x00"):
        return FileFormat.JFR
    if _PSTATS.match(data):
        return FileFormat.PSTATS
    for begin, what in _FOREIGN:
        if data.startswith(begin):
            raise malformed(f"the file is {what}")
    head = data[:_LOOKED_AT_BYTES]
    if not _CONTROL.search(head):
        return _detect_text(data, head)
    decoded = decode_pprof(data)
    if not isinstance(decoded, Rejection) and decoded.type_count and decoded.string(0) == "" and len(decoded.strings):
        return FileFormat.PPROF
    request = decode_request(data)
    if not isinstance(request, Rejection) and request.profile_count:
        return FileFormat.OTLP
    raise _unknown()


def _detect_text(data: bytes, head: bytes) -> FileFormat:
    if head.lstrip()[:1] in (b"{", b"[") and not _BRACKETED_LINE.match(head):
        return _detect_json(data)
    if head.startswith(",".join(CSV_HEADER).encode()):
        return FileFormat.MEMRAY_CSV
    if _AUSTIN_LINE.match(head):
        return FileFormat.AUSTIN
    if _STACK_LINE.search(head):
        return FileFormat.COLLAPSED
    raise _unknown()


def _detect_json(data: bytes) -> FileFormat:
    try:
        keys = msgspec.json.decode(data, type=_Keys)
    except (msgspec.ValidationError, RecursionError):
        raise _unknown() from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _unknown(f"the file begins as JSON does, but {fault_of(data, error)}, so ") from None
    if keys.schema and SCHEMA.encode() in bytes(keys.schema):
        return FileFormat.SPEEDSCOPE
    if keys.frame_records:
        return FileFormat.PYINSTRUMENT
    if keys.events and keys.functions:
        return FileFormat.MEMRAY_JSON
    if keys.nodes and keys.time_deltas:
        return FileFormat.CPUPROFILE
    if keys.threads and keys.shared:
        return FileFormat.GECKO
    if keys.total_num_allocations:
        raise malformed("the file is a summary of memray without stacks; export them with memray transform csv")
    if keys.root_frame:
        raise malformed("the file is a report of pyinstrument; save a session with pyinstrument -r pyisession")
    if keys.trace_events:
        raise malformed("the file is a trace of Chrome, which has no stacks; save a CPU profile")
    raise _unknown()


def _unknown(why: str = "") -> Exception:
    return malformed(f"{why}the format of the file is not known; these are read: {', '.join(FileFormat)}")
