"""gRPC itself: the handlers of Connect behind a server of its own port, inside each web process.

WSGI cannot send the trailers that end a gRPC answer, so the web server's port is out of the question. A process of its
own would cost the kernels, the client of the ring and the settings of the tenants once more, 170 MB and a connection
pool; inside the web process the server costs 23 MB and shares them. All web processes of a host listen on one port, and
the kernel deals new connections out among them.

Messages are taken as they come and decompressed here: the library would decompress without any bound.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import grpc
import structlog
from django.db import close_old_connections

from ingest.api.connect.codec import Codec
from ingest.api.connect.errors import ConnectError
from ingest.api.connect.rpc import Incoming, RequestT, Rpc, as_connect_error, perform
from ingest.api.grpc import status
from ingest.api.grpc.framing import unpacked
from ingest.api.grpc.health import HEALTH_PATH, answer_health
from ingest.api.metrics import observe_request
from ingest.api.sources import source_headers
from ingest.profiles.reasons import HTTP_STATUS

log = structlog.get_logger(__name__)

#: Calls that one connection may have open; a client that wants more waits by itself.
_MAX_STREAMS = 128
#: Connections end after this long, so that clients spread over processes that were started later, and streams that
#: never send what they announced end with them.
_CONNECTION_SECONDS, _CONNECTION_GRACE_SECONDS, _IDLE_SECONDS = 1800, 60, 600
#: A silent peer is probed after the first, given up after the second; a client that probes more often than the third is
#: told to go away.
_PING_SECONDS, _PING_TIMEOUT_SECONDS, _MIN_CLIENT_PING_SECONDS = 60, 20, 10
#: Bytes of the metadata of a call.
_MAX_METADATA_BYTES = 16 << 10
#: Compression algorithms, a bit each: identity and gzip. Deflate, the bit between, is not understood here.
_IDENTITY_AND_GZIP = 1 << 0 | 1 << 2


@dataclass(slots=True)
class _Request:
    """The metadata of a call as headers in the manner of WSGI."""

    META: dict[str, Any]


class _Handlers(grpc.GenericRpcHandler):
    """Finds the handler of a method."""

    def __init__(self, rpcs: Sequence[Rpc[Any]]) -> None:
        self._handlers = {"/" + rpc.path: grpc.unary_unary_rpc_method_handler(_behaviour(rpc)) for rpc in rpcs}
        self._handlers["/" + HEALTH_PATH] = grpc.unary_unary_rpc_method_handler(answer_health)

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """Return the handler, or None: the library answers ``unimplemented`` then."""
        return self._handlers.get(details.method)


def start_server(rpcs: Sequence[Rpc[Any]], bind: str, port: int, threads: int, max_message_bytes: int) -> grpc.Server:
    """Serve ``rpcs`` until the process ends; raises OSError when the port cannot be had.

    ``threads`` calls are worked on at once; the messages of others are left with their senders until it is their turn.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="grpc")
    server = grpc.server(pool, handlers=[_Handlers(rpcs)], options=_options(max_message_bytes))
    address = f"[{bind}]:{port}" if ":" in bind else f"{bind}:{port}"
    try:
        bound = server.add_insecure_port(address)
    except RuntimeError as error:
        raise OSError(f"Cannot listen on {address} for gRPC: {error}") from None
    if not bound:
        raise OSError(f"Cannot listen on {address} for gRPC.")
    server.start()
    return server


def stop_with_process(server: grpc.Server, grace_seconds: float) -> None:
    """Have calls under way end before the process does, once its main thread has ended; new ones are refused then."""

    def stop() -> None:
        threading.main_thread().join()
        server.stop(grace_seconds).wait()

    # Not a daemon: the interpreter waits for it.
    threading.Thread(target=stop, name="grpc-stop").start()


def _options(max_message_bytes: int) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.per_message_decompression", 0),
        ("grpc.compression_enabled_algorithms_bitset", _IDENTITY_AND_GZIP),
        ("grpc.max_metadata_size", _MAX_METADATA_BYTES),
        ("grpc.absolute_max_metadata_size", _MAX_METADATA_BYTES),
        ("grpc.max_concurrent_streams", _MAX_STREAMS),
        ("grpc.max_connection_age_ms", _CONNECTION_SECONDS * 1000),
        ("grpc.max_connection_age_grace_ms", _CONNECTION_GRACE_SECONDS * 1000),
        ("grpc.max_connection_idle_ms", _IDLE_SECONDS * 1000),
        ("grpc.keepalive_time_ms", _PING_SECONDS * 1000),
        ("grpc.keepalive_timeout_ms", _PING_TIMEOUT_SECONDS * 1000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", _MIN_CLIENT_PING_SECONDS * 1000),
        ("grpc.so_reuseport", 1),
    ]


def _behaviour(rpc: Rpc[RequestT]) -> Callable[[bytes, grpc.ServicerContext], bytes]:
    """Return what the library calls with the bytes of a message of ``rpc``."""
    route = "/" + rpc.path

    def behaviour(message: bytes, context: grpc.ServicerContext) -> bytes:
        started = time.perf_counter()
        failed: ConnectError | None = None
        answer = b""
        try:
            # Before and after: what Django does around a request, and nobody else does here.
            close_old_connections()
            answer = _answer(rpc, message, context)
        except Exception as error:
            failed = as_connect_error(error, rpc.path)
        finally:
            close_old_connections()
        counted = 200 if failed is None else HTTP_STATUS[failed.code]
        observe_request("POST", route, counted, time.perf_counter() - started)
        if failed is not None:
            _abort(context, failed)
        return answer

    return behaviour


def _answer(rpc: Rpc[RequestT], message: bytes, context: grpc.ServicerContext) -> bytes:
    remaining = context.time_remaining()
    incoming = Incoming(
        _Request(_headers(context)),
        len(message),
        lambda limits: unpacked(message, rpc.max_body_bytes(limits), limits.max_decompression_ratio),
        Codec.PROTO,
        float("inf") if remaining is None else time.perf_counter() + remaining,
    )
    reply = perform(rpc, incoming)
    headers = [*reply.headers, *(source_headers(reply.sources) if reply.sources is not None else ())]
    context.set_trailing_metadata(status.metadata_of(headers))
    return reply.body.proto()


def _headers(context: grpc.ServicerContext) -> dict[str, Any]:
    """Return the texts of the metadata; of a key that comes twice the values are joined, as HTTP has it."""
    headers: dict[str, Any] = {"REMOTE_ADDR": _address(context.peer())}
    for key, value in context.invocation_metadata():
        if isinstance(value, str):
            name = "HTTP_" + key.upper().replace("-", "_")
            headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _address(peer: str) -> str:
    """Return the address in ``ipv4:192.0.2.1:5000`` or ``ipv6:%5B2001:db8::1%5D:5000``."""
    host = unquote(peer.partition(":")[2]).rpartition(":")[0]
    return host.strip("[]")


def _abort(context: grpc.ServicerContext, error: ConnectError) -> None:
    """End the call with an error; always raises, which is how the library has it."""
    trailers: list[tuple[str, str | bytes]] = [*status.metadata_of(list(error.headers.items()))]
    details = status.details_of(error)
    if details is not None:
        trailers.append(("grpc-status-details-bin", details))
    context.set_trailing_metadata(trailers)
    context.abort(_CODES[status.GRPC_STATUS[error.code]], status.message_of(error))


_CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}
