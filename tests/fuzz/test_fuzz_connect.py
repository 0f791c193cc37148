"""Whatever arrives at the Connect doors, the answer is one of the protocol and never a failure of the server."""

from __future__ import annotations

import gzip
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.api.connect import pusher, querier
from ingest.api.proto import push_pb2
from ingest.profiles.reasons import HTTP_STATUS, ConnectCode
from tests.django.api.conftest import Doors, doors
from tests.django.api.pprof import pprof

__all__ = ["doors"]

PATHS = [rpc.path for rpc in (pusher.RPC, *querier.RPCS)]
FIELDS = sorted(
    {
        name
        for rpc in (pusher.RPC, *querier.RPCS)
        for field in rpc.request_type.DESCRIPTOR.fields
        for name in (field.name, field.json_name)
    }
)
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["{}", "a:b:c:d:e"])
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6).map(
    lambda document: json.dumps(document).encode()
)
RELAXED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

#: What may be said of a request that is merely bad: its sender's fault, or not built.
ALLOWED = {200} | {status for code, status in HTTP_STATUS.items() if status < 500 or code is ConnectCode.UNIMPLEMENTED}


def check(doors: Doors, path: str, body: bytes, codec: str, **headers: str) -> None:
    response = doors.call(path, body, codec, **headers)
    assert response.status_code in ALLOWED, response.content
    if response.status_code == 200:
        assert response["Content-Type"] == f"application/{codec}"
    else:
        assert response["Content-Type"] == "application/json"
        error = json.loads(response.content)
        assert HTTP_STATUS[ConnectCode(error["code"])] == response.status_code
        assert error["message"]


@RELAXED
@given(path=st.sampled_from(PATHS), body=DOCUMENTS)
def test_any_json_document_gets_an_answer_of_the_protocol(doors: Doors, path: str, body: bytes) -> None:
    check(doors, path, body, "json")


@RELAXED
@given(path=st.sampled_from(PATHS), body=st.binary(max_size=200), codec=st.sampled_from(["json", "proto"]))
def test_any_bytes_get_an_answer_of_the_protocol(doors: Doors, path: str, body: bytes, codec: str) -> None:
    check(doors, path, body, codec)


def _push() -> bytes:
    request = push_pb2.PushRequest()
    series = request.series.add()
    series.labels.add(name="__name__", value="process_cpu")
    series.samples.add(raw_profile=pprof())
    return request.SerializeToString()


@RELAXED
@given(at=st.integers(0, 10_000), byte=st.integers(0, 255), cut=st.integers(0, 10_000), packed=st.booleans())
def test_a_damaged_push_gets_an_answer_of_the_protocol(
    doors: Doors, at: int, byte: int, cut: int, packed: bool
) -> None:
    body = bytearray(gzip.compress(_push(), mtime=0) if packed else _push())
    body[at % len(body)] = byte
    del body[len(body) - cut % len(body) :]
    headers = {"Content-Encoding": "gzip"} if packed else {}
    check(doors, pusher.RPC.path, bytes(body), "proto", **headers)
