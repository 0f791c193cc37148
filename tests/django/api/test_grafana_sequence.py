"""What Grafana's data source sends, byte for byte, and the bytes it has to get.

Both sides are written down here by hand from the numbers of the wire: the generated messages are not asked, so that a
wrong number in them cannot agree with itself.
"""

from __future__ import annotations

import pytest

from tests.django.api.conftest import Doors
from tests.django.api.pprof import pprof

CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
#: When the profiles were taken, in milliseconds.
AT = 1_700_000_000_000
START, END = AT - 15_000, AT + 15_000


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def whole(field: int, number: int) -> bytes:
    return varint(field << 3) + varint(number)


def part(field: int, content: str | bytes) -> bytes:
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def double(field: int, little_endian_hex: str) -> bytes:
    return varint(field << 3 | 1) + bytes.fromhex(little_endian_hex)


def label(name: str, value: str) -> bytes:
    return part(1, name) + part(2, value)


def level(*numbers: int) -> bytes:
    return part(2, part(1, b"".join(varint(number) for number in numbers)))


_TYPE_PARTS = ((1, CPU), (2, "process_cpu"), (4, "cpu"), (5, "nanoseconds"), (6, "cpu"), (7, "nanoseconds"))
PROFILE_TYPE = part(1, b"".join(part(field, text) for field, text in _TYPE_PARTS))
FLAME_GRAPH = part(
    1,
    b"".join(part(1, name) for name in ("total", "a", "b", "c", "e", "d"))
    + level(0, 4, 0, 0)
    + level(0, 4, 0, 1)
    + level(0, 1, 0, 2, 0, 3, 2, 3)
    + level(0, 1, 1, 4, 2, 1, 1, 5)
    + whole(3, 4)
    + whole(4, 2),
)
LABEL_NAMES = [
    *("__name__", "__period_type__", "__period_unit__", "__profile_type__"),
    *("__service_name__", "__type__", "__unit__", "service_name"),
]
SELECTOR = '{service_name="web"}'
STEPS = [
    pytest.param("ProfileTypes", bytes.fromhex("08e80710a01f"), b"", id="health check from 1000 to 4000"),
    pytest.param("ProfileTypes", whole(1, START) + whole(2, END), PROFILE_TYPE, id="the list of types"),
    pytest.param(
        "LabelNames",
        part(1, "{}") + whole(2, START) + whole(3, END),
        b"".join(part(1, name) for name in LABEL_NAMES),
        id="label names",
    ),
    pytest.param(
        "LabelValues",
        part(1, "service_name") + part(2, "{}") + whole(3, START) + whole(4, END),
        part(1, "api") + part(1, "web"),
        id="values of a label",
    ),
    pytest.param(
        "Series",
        part(1, SELECTOR) + part(2, "service_name") + whole(3, START) + whole(4, END),
        part(2, part(1, label("service_name", "web"))),
        id="series",
    ),
    pytest.param(
        "SelectSeries",
        # a step of 15.0 seconds
        part(1, CPU) + part(2, SELECTOR) + whole(3, START) + whole(4, END) + part(5, "service_name")
        + double(6, "0000000000002e40"),
        # one point of 4.0
        part(1, part(1, label("service_name", "web")) + part(2, double(1, "0000000000001040") + whole(2, AT))),
        id="metrics panel",
    ),
    pytest.param(
        "SelectMergeStacktraces",
        part(1, CPU) + part(2, SELECTOR) + whole(3, START) + whole(4, END) + whole(5, 16384),
        FLAME_GRAPH,
        id="flame graph panel",
    ),
]  # fmt: skip


@pytest.fixture
def filled(doors: Doors) -> Doors:
    """Two services that pushed the same profile, the push written by hand as well."""
    for service in ("api", "web"):
        labels = part(1, label("__name__", "process_cpu")) + part(1, label("service_name", service))
        push = part(1, labels + part(2, part(1, pprof(time_ns=AT * 1_000_000))))
        response = doors.call("push.v1.PusherService/Push", push, "proto")
        assert (response.status_code, response.content) == (200, b"")
    return doors


@pytest.mark.parametrize(("method", "request_bytes", "answer_bytes"), STEPS)
def test_a_request_of_grafana_gets_its_answer(
    filled: Doors, method: str, request_bytes: bytes, answer_bytes: bytes
) -> None:
    headers = {"Connect-Protocol-Version": "1", "Accept-Encoding": "gzip", "User-Agent": "connect-go/1.19.2 (go1.24)"}
    response = filled.call(f"querier.v1.QuerierService/{method}", request_bytes, "proto", **headers)
    assert (response.status_code, response["Content-Type"]) == (200, "application/proto")
    assert response.content == answer_bytes
