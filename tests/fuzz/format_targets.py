"""Fuzz targets for files in other formats: what is accepted must be profiles that pushing accepts as well."""

from __future__ import annotations

import json

from ingest.api.ingest.form import read_form
from ingest.profiles.formats.app_name import AppName
from ingest.profiles.formats.convert import convert_body
from ingest.profiles.formats.converted import Converted
from ingest.profiles.formats.detect import FileFormat
from ingest.profiles.formats.hints import ImportHints
from ingest.profiles.formats.import_file import import_file
from ingest.profiles.formats.parameters import BodyFormat, IngestParameters
from ingest.profiles.prepare import Prepared, prepare_profile
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.tree_encoding import decode_tree
from ingest.profiles.uploads import read_upload
from tests.fuzz.target import Run, Target
from tests.unit.profiles.formats.importing import RECORDINGS
from tests.unit.profiles.pprof.pprof_model import ANY_TIME, NOW_NS, SERIES, Profile, Sample

_PARAMETERS = IngestParameters(AppName("app", {}), NOW_NS, NOW_NS, 0, "rbspy")
_SPEEDSCOPE = {
    "$schema": "https://www.speedscope.app/file-format-schema.json",
    "shared": {"frames": [{"name": "a", "file": "a.py", "line": 1}, {"name": "b"}]},
    "profiles": [
        {"type": "sampled", "unit": "seconds", "name": "x", "samples": [[0, 1], [0]], "weights": [1, 0.5]},
        {
            "type": "evented",
            "unit": "none",
            "endValue": 9,
            "events": [{"type": kind, "frame": 1, "at": at} for kind, at in (("O", 0), ("C", 5))],
        },
    ],
}
_GECKO = {
    "meta": {"interval": 1.5},
    "threads": [
        {
            "name": "Thread-1",
            "samples": {"stack": [1, None, 0]},
            "stackTable": {"frame": [0, 1], "prefix": [None, 0]},
            "frameTable": {"func": [0, 1], "line": [3, None]},
            "funcTable": {"name": [1, 2], "fileName": [0, None]},
        }
    ],
    "shared": {"stringArray": ["a.py", "main", "<GC>"]},
}
#: A recording that is known and not read.
_REFUSED = ("memray.stats.json",)
_FLAMEBEARER = (
    b'{"version":1,"flamebearer":{"names":["total","a","b"],"levels":[[0,3,0,0],[0,3,1,1],[1,2,2,2]],"numTicks":3},'
    b'"metadata":{"format":"single","units":"samples","name":"cpu"}}'
)
#: What may still be wrong with a profile that a converter made: it is larger than the file it came from.
_BOUNDS = (Reason.PROFILE_SIZE_LIMIT, Reason.SAMPLES_LIMIT)


def holds(converted: list[Converted]) -> bool:
    """Return True; fails unless pushing accepts every profile."""
    for one in converted:
        prepared = prepare_profile(one.pprof, "alice", SERIES, ANY_TIME, NOW_NS)
        assert isinstance(prepared, Prepared) or prepared.reason in _BOUNDS, prepared
    return True


def _body(body_format: BodyFormat) -> Run:
    def run(data: bytes) -> bool:
        answer = convert_body(body_format, {"": data}, _PARAMETERS, ANY_TIME)
        return not isinstance(answer, Rejection) and holds(answer)

    return run


def _pprof(data: bytes) -> bool:
    """Whatever is mended, the profile is as good or as bad as it came."""
    answer = convert_body(BodyFormat.PPROF, {"": data}, _PARAMETERS, ANY_TIME)
    if isinstance(answer, Rejection):
        return False
    (one,) = answer
    return isinstance(prepare_profile(one.pprof, "alice", SERIES, ANY_TIME, NOW_NS), Prepared)


def _file(data: bytes) -> bool:
    answer = import_file(data, ImportHints(now_ns=NOW_NS), ANY_TIME)
    if isinstance(answer, Rejection):
        return False
    return answer.format is FileFormat.PPROF or holds(answer.profiles)


def _form(data: bytes) -> bool:
    return not isinstance(read_form(data, "multipart/form-data; boundary=x"), Rejection)


def _encoded_tree(data: bytes) -> bool:
    decoded = decode_tree(data, 10_000)
    if isinstance(decoded, Rejection):
        return False
    assert int(decoded.node_self.sum()) >= 0
    return True


def _upload(data: bytes) -> bool:
    return not isinstance(read_upload(data, ANY_TIME, NOW_NS), Rejection)


def _recordings() -> list[bytes]:
    return [path.read_bytes() for path in sorted(RECORDINGS.glob("*.*")) if path.name not in _REFUSED]


def format_targets() -> dict[str, Target]:
    """Return a target for each format."""
    tree = b"\x00\x00\x02\x01a\x05\x01\x01b\x01\x00\x02c;\x80\x01\x00"
    part = b'--x\r\nContent-Disposition: form-data; name="profile"; filename="p"\r\n\r\nabc\r\n'
    profile = Profile([Sample((("main", "a.rb", 1), ("", "b.rb", 2)), (7,))], time_ns=5).encode()
    return {
        "groups": Target([b"a;b 3\nc 4\n"], _body(BodyFormat.GROUPS)),
        "lines": Target([b"a;b\na;b\nc\n"], _body(BodyFormat.LINES)),
        "tree": Target([tree], _body(BodyFormat.TREE)),
        "trie": Target([tree], _body(BodyFormat.TRIE)),
        "speedscope": Target([json.dumps(_SPEEDSCOPE).encode()], _body(BodyFormat.SPEEDSCOPE)),
        "old pprof": Target([profile], _pprof),
        "file": Target([json.dumps(_GECKO).encode(), *_recordings()], _file),
        "encoded tree": Target([tree.replace(b"c;", b"cc")], _encoded_tree),
        "flamebearer": Target([_FLAMEBEARER], _upload),
        "upload": Target([b"a;b 3\nc 4\n", profile, json.dumps(_SPEEDSCOPE).encode(), _FLAMEBEARER], _upload),
        "form": Target([part + part + b"--x--\r\n"], _form),
    }
