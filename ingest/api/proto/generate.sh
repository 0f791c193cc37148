#!/bin/sh
# Regenerate the *_pb2.py files beside this script. The compiler lives in a throw-away virtual environment, because it is
# needed only when a .proto file changes, and its version decides which protobuf runtimes the result runs with: the
# generated code needs a runtime at least as new as its compiler, of the same major version.
set -eu
cd "$(dirname "$0")/../../.."
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
"${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/pip" install --quiet "grpcio-tools==1.85.1" "protobuf==7.36.2"
"$venv/bin/python" -m grpc_tools.protoc -I . --python_out=. --pyi_out=. ingest/api/proto/*.proto
