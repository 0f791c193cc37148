"""grpc.health.v1.Health/Check: whether this process can take pushes, as ``/ready`` says it over HTTP."""

from __future__ import annotations

import grpc
from google.protobuf.message import DecodeError

from ingest import wiring
from ingest.api.proto import health_pb2

HEALTH_PATH = "grpc.health.v1.Health/Check"


def answer_health(message: bytes, context: grpc.ServicerContext) -> bytes:
    """Answer a check; of every service alike, since all of them need the same."""
    try:
        health_pb2.HealthCheckRequest.FromString(message)
    except DecodeError:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "The message is not a HealthCheckRequest.")
    serving = health_pb2.HealthCheckResponse.SERVING
    state = health_pb2.HealthCheckResponse.NOT_SERVING if wiring.readiness() else serving
    encoded: bytes = health_pb2.HealthCheckResponse(status=state).SerializeToString()
    return encoded
