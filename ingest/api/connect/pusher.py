"""push.v1.PusherService: the door that agents push through."""

from __future__ import annotations

from ingest.api.connect.codec import MessageBody
from ingest.api.connect.errors import ConnectError, refused
from ingest.api.connect.rpc import Call, Reply, Rpc
from ingest.api.proto import push_pb2
from ingest.api.pushing import Door, PushOrigin, refuse_unread, store
from ingest.api.tenancy import Scope
from ingest.distributor.types import ItemResult, Outcome, PushResult, RawSeries
from ingest.profiles.reasons import CONNECT_CODE, ConnectCode, Reason

#: Waiting time named to a sender when the distributor gives none.
_DEFAULT_RETRY_AFTER_SECONDS = 2

#: Items named in an error message; the count in front covers the rest.
_MAX_NAMED = 20

_EMPTY = MessageBody(push_pb2.PushResponse())


def push(call: Call, request: push_pb2.PushRequest) -> Reply:
    """Store the profiles of a request.

    The protocol has no partial success: one bad profile makes the whole request an error, although the others were
    stored. A profile's identity is derived from its content, so sending all of them again stores nothing twice.
    """
    series = [
        RawSeries(
            tuple([(label.name, label.value) for label in one.labels]),
            tuple([sample.raw_profile for sample in one.samples]),
        )
        for one in request.series
    ]
    result = store(_origin(call), series)
    if not result.ok:
        raise push_error(result)
    return Reply(_EMPTY, headers=(("Phlare-Push-Id", result.push_id),))


def _origin(call: Call) -> PushOrigin:
    return PushOrigin(call.tenant, Door.PUSH, call.user_agent, call.body_bytes)


def push_error(result: PushResult) -> ConnectError:
    """Return the error that reports everything that went wrong in a push.

    As soon as anything failed on the server's side the code is ``unavailable``: a sender that is told of a permanent
    refusal drops the request, and with it the profiles that only need another attempt. Otherwise it is the code of the
    first refusal.
    """
    if result.request_rejection is not None:
        error = refused(result.request_rejection)
        if result.retry_after_seconds is not None:
            error.headers["Retry-After"] = str(result.retry_after_seconds)
    else:
        bad = [item for item in result.items if item.outcome in (Outcome.REJECTED, Outcome.FAILED)]
        first = result.first_rejection
        if result.failed or first is None:
            failed = next((item for item in bad if item.outcome is Outcome.FAILED), bad[0])
            named = {"Phlare-Reason": (failed.reason or Reason.UNKNOWN).value}
            error = ConnectError(ConnectCode.UNAVAILABLE, _joined(bad), named)
            retry_after = result.retry_after_seconds or _DEFAULT_RETRY_AFTER_SECONDS
            error.headers["Retry-After"] = str(retry_after)
        else:
            reason = first.reason or Reason.UNKNOWN
            error = ConnectError(CONNECT_CODE[reason], _joined(bad), {"Phlare-Reason": reason.value})
    error.headers["Phlare-Push-Id"] = result.push_id
    return error


def _joined(items: list[ItemResult]) -> str:
    named = [
        f"series {item.series} profile {item.profile}: {(item.reason or Reason.UNKNOWN).value}: {item.message}"
        for item in items[:_MAX_NAMED]
    ]
    if len(items) > _MAX_NAMED:
        named.append(f"and {len(items) - _MAX_NAMED} more")
    count = "1 profile was" if len(items) == 1 else f"{len(items)} profiles were"
    return f"{count} not stored: " + "; ".join(named)


RPC = Rpc(
    path="push.v1.PusherService/Push",
    request_type=push_pb2.PushRequest,
    handler=push,
    max_body_bytes=lambda limits: limits.ingestion_body_limit_bytes,
    on_unread=lambda call, rejection: refuse_unread(_origin(call), rejection),
    scope=Scope.PUSH,
)
