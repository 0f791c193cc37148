"""gRPC by a real server and a real client: the same handlers, bounds and errors as over Connect."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import grpc
import pytest
from django.conf import settings
from django.test import override_settings

from ingest import wiring
from ingest.api.connect.rpc import Call, Reply, Rpc
from ingest.api.connect.services import RPCS
from ingest.api.grpc import server as grpc_server
from ingest.api.grpc.server import start_server
from ingest.api.proto import health_pb2, push_pb2, querier_pb2, rpc_status_pb2
from ingest.distributor.types import ItemResult, Outcome
from ingest.profiles.reasons import Reason
from ingest.querier.types import MissingSource, SourceReport
from tests.django.api.conftest import Doors
from tests.django.api.pprof import pprof
from tests.django.api.test_push_connect import PUSH, push_request
from tests.integration.cluster.cluster import free_port

TYPES = "querier.v1.QuerierService/ProfileTypes"
HEALTH = "grpc.health.v1.Health/Check"
MAX_MESSAGE_BYTES = 1 << 20


@dataclass
class Served:
    """A client of a server of its own, and what is behind that server."""

    channel: grpc.Channel
    port: int
    doors: Doors

    def call(self, path: str, message: object = b"", **options: object) -> bytes:
        body = message if isinstance(message, bytes) else message.SerializeToString()
        return self.channel.unary_unary(f"/{path}")(body, timeout=options.pop("timeout", 20), **options)

    def fails(self, path: str, message: object = b"", **options: object) -> grpc.RpcError:
        with pytest.raises(grpc.RpcError) as failed:
            self.call(path, message, **options)
        return failed.value


@pytest.fixture
def serve(doors: Doors) -> Iterator[Callable[..., Served]]:
    opened = []

    def start(rpcs: tuple[Rpc, ...] = RPCS, threads: int = 4) -> Served:
        port = free_port()
        server = start_server(rpcs, "127.0.0.1", port, threads, MAX_MESSAGE_BYTES)
        channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        opened.append((server, channel))
        return Served(channel, port, doors)

    yield start
    for server, channel in opened:
        channel.close()
        server.stop(0).wait()


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    return serve()


def trailers(error: grpc.RpcError) -> dict[str, object]:
    return {one.key: one.value for one in error.trailing_metadata()}


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_a_push_is_stored(served: Served, compression: grpc.Compression) -> None:
    answer, call = served.channel.unary_unary(f"/{PUSH}").with_call(
        push_request(pprof()).SerializeToString(), timeout=20, compression=compression
    )
    assert answer == b""
    assert len(served.doors.distributor.rows) == 1
    assert "phlare-push-id" in {one.key for one in call.trailing_metadata()}


def test_queries_are_answered_and_say_who_is_missing(served: Served) -> None:
    served.doors.querier.sources = SourceReport(("a", "b"), (MissingSource("b", "no answer"),), False)
    served.call(PUSH, push_request(pprof()))
    asked = querier_pb2.ProfileTypesRequest(start=1, end=served.doors.now_ms + 1000)

    answer, call = served.channel.unary_unary(f"/{TYPES}").with_call(asked.SerializeToString(), timeout=20)

    types = querier_pb2.ProfileTypesResponse.FromString(answer).profile_types
    assert [one.ID for one in types] == ["process_cpu:cpu:nanoseconds:cpu:nanoseconds"]
    said = {one.key: one.value for one in call.trailing_metadata()}
    assert (said["phlare-complete"], said["phlare-sources-missing"]) == ("false", "b=no_answer")


def test_every_method_of_connect_is_there(served: Served) -> None:
    for rpc in RPCS:
        assert served.fails(rpc.path, b"\x0f").code() is grpc.StatusCode.INVALID_ARGUMENT, rpc.path


def test_a_method_that_nobody_has_is_unimplemented(served: Served) -> None:
    assert served.fails("a.B/C").code() is grpc.StatusCode.UNIMPLEMENTED


def test_the_tenant_stands_in_the_metadata(served: Served) -> None:
    with override_settings(INGEST=replace(settings.INGEST, multitenancy_enabled=True)):
        missing = served.fails(TYPES)
        served.call(PUSH, push_request(pprof()), metadata=[("x-scope-orgid", "team-a")])
        twice = served.fails(PUSH, push_request(pprof()), metadata=[("x-scope-orgid", "a"), ("x-scope-orgid", "b")])

    assert (missing.code(), trailers(missing)["phlare-reason"]) == (grpc.StatusCode.UNAUTHENTICATED, "missing_tenant")
    assert twice.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert [tenant for tenant, _ in served.doors.distributor.pushes] == ["team-a"]


def test_a_refusal_has_its_code_and_reason(served: Served) -> None:
    error = served.fails(PUSH, push_request(b"no profile"))
    assert (error.code(), trailers(error)["phlare-reason"]) == (grpc.StatusCode.INVALID_ARGUMENT, "malformed_profile")
    assert error.details().startswith("1 profile was not stored: series 0 profile 0")


def test_what_may_succeed_later_says_when(served: Served) -> None:
    served.doors.distributor.script = [ItemResult(0, 0, Outcome.FAILED, Reason.DEADLINE, "zu spät")]
    served.doors.distributor.retry_after_seconds = 3

    error = served.fails(PUSH, push_request(pprof()))

    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert error.details().endswith("zu spät")
    status = rpc_status_pb2.Status.FromString(trailers(error)["grpc-status-details-bin"])
    assert (status.code, status.message) == (14, error.details())
    assert rpc_status_pb2.RetryInfo.FromString(status.details[0].value).retry_delay.seconds == 3


def test_a_long_complaint_reaches_a_client_with_its_default_bounds(served: Served) -> None:
    served.doors.distributor.script = [ItemResult(0, 0, Outcome.FAILED, Reason.DEADLINE, "€" * 10_000)]
    error = served.fails(PUSH, push_request(pprof()))
    assert (error.code(), error.details()[-1]) == (grpc.StatusCode.UNAVAILABLE, "…")


BAD_MESSAGES = [
    pytest.param(b"\x0f", grpc.StatusCode.INVALID_ARGUMENT, "is not a push.v1.PushRequest", id="not a message"),
    pytest.param(b"\x1f\x8b", grpc.StatusCode.INVALID_ARGUMENT, "gzip", id="two bytes of gzip"),
    pytest.param(
        gzip.compress(b"abc" * 9)[:-4], grpc.StatusCode.INVALID_ARGUMENT, "gzip data", id="gzip that is cut off"
    ),
    pytest.param(
        gzip.compress(bytes(300 << 20), 9),
        grpc.StatusCode.INVALID_ARGUMENT,
        "decompressed to more than",
        id="a bomb of 300 MiB",
    ),
]


@pytest.mark.parametrize(("message", "code", "says"), BAD_MESSAGES)
def test_a_message_that_is_none_is_refused(served: Served, message: bytes, code: grpc.StatusCode, says: str) -> None:
    error = served.fails(PUSH, message)
    assert (error.code(), says in error.details()) == (code, True), error.details()
    assert served.doors.distributor.pushes == []


def test_a_query_has_the_bound_of_queries(served: Served) -> None:
    error = served.fails(TYPES, bytes(2) + bytes(MAX_MESSAGE_BYTES - 1))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_no_message_is_larger_than_the_server_takes(served: Served) -> None:
    error = served.fails(PUSH, bytes(MAX_MESSAGE_BYTES + 1))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_deflate_is_told_to_be_disabled(served: Served) -> None:
    error = served.fails(PUSH, push_request(pprof()), compression=grpc.Compression.Deflate)
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


def test_an_error_that_nobody_foresaw_is_not_told_to_strangers(
    serve: Callable[..., Served], caplog: pytest.LogCaptureFixture
) -> None:
    def explode(call: Call, request: push_pb2.PushRequest) -> Reply:
        raise ZeroDivisionError("a secret")

    error = serve((Rpc("a.B/C", push_pb2.PushRequest, explode),)).fails("a.B/C")

    assert (error.code(), "secret" in error.details()) == (grpc.StatusCode.INTERNAL, False)
    assert "a secret" in caplog.text


def test_a_call_whose_time_passed_in_the_queue_is_not_worked_on(serve: Callable[..., Served]) -> None:
    release, reached, worked = threading.Event(), threading.Event(), []

    def hold(call: Call, request: push_pb2.PushRequest) -> Reply:
        reached.set()
        release.wait(20)
        raise ZeroDivisionError

    def work(call: Call, request: push_pb2.PushRequest) -> Reply:
        worked.append(call)
        raise ZeroDivisionError

    one = serve((Rpc("a.B/Hold", push_pb2.PushRequest, hold), Rpc("a.B/Work", push_pb2.PushRequest, work)), threads=1)
    first = one.channel.unary_unary("/a.B/Hold").future(b"", timeout=30)
    assert reached.wait(20)
    assert one.fails("a.B/Work", timeout=0.2).code() is grpc.StatusCode.DEADLINE_EXCEEDED
    release.set()
    first.exception(timeout=20)
    # The only thread is free again: what it was asked before it answered this.
    assert one.fails("a.B/Hold").code() is grpc.StatusCode.INTERNAL
    assert worked == []


def test_calls_under_way_are_answered_when_the_server_stops(doors: Doors) -> None:
    release, reached = threading.Event(), threading.Event()

    def hold(call: Call, request: push_pb2.PushRequest) -> Reply:
        reached.set()
        release.wait(20)
        return Reply(_Bytes(b"\x0a\x00"))

    port = free_port()
    server = start_server((Rpc("a.B/C", push_pb2.PushRequest, hold),), "127.0.0.1", port, 2, MAX_MESSAGE_BYTES)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        under_way = channel.unary_unary("/a.B/C").future(b"", timeout=30)
        assert reached.wait(20)
        stopped = server.stop(20)
        release.set()
        assert under_way.result(timeout=20) == b"\x0a\x00"
    assert stopped.wait(20)


@dataclass
class _Bytes:
    content: bytes

    def proto(self) -> bytes:
        return self.content

    def json(self) -> bytes:
        return b"{}"


def test_health_is_readiness(serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch) -> None:
    served = serve()
    problems: list[str] = []
    monkeypatch.setattr(wiring, "readiness", lambda: problems)

    def state() -> int:
        return health_pb2.HealthCheckResponse.FromString(served.call(HEALTH)).status

    assert state() == health_pb2.HealthCheckResponse.SERVING
    problems.append("The ring is empty.")
    assert state() == health_pb2.HealthCheckResponse.NOT_SERVING
    assert served.fails(HEALTH, b"\x0f").code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_port_that_is_taken_is_said_in_a_sentence() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(OSError, match=f"Cannot listen on 127.0.0.1:{port} for gRPC"):
            start_server(RPCS, "127.0.0.1", port, 1, MAX_MESSAGE_BYTES)


def test_metadata_is_bounded(served: Served) -> None:
    error = served.fails(TYPES, metadata=[("x-large", "x" * 100_000)])
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_connections_and_streams_are_bounded() -> None:
    options = dict(grpc_server._options(MAX_MESSAGE_BYTES))
    assert options["grpc.max_concurrent_streams"] <= 1000
    assert 0 < options["grpc.max_connection_age_ms"] < 3_600_000
    assert options["grpc.per_message_decompression"] == 0


def test_a_client_that_pings_without_end_is_sent_away(serve: Callable[..., Served]) -> None:
    """A raw HTTP/2 client: its pings are answered, until there are too many of them."""
    served = serve()
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0")
        received = b""
        deadline = time.monotonic() + 20
        while b"too_many_pings" not in received and time.monotonic() < deadline:
            connection.sendall(b"\0\0\x08\x06\0\0\0\0\0" + bytes(8))
            received += connection.recv(65536)
    assert b"too_many_pings" in received
