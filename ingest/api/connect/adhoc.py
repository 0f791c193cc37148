"""adhocprofiles.v1.AdHocProfileService: files to look at, which are part of no query."""

from __future__ import annotations

import base64
import binascii
import re
import time
from typing import Any

import msgspec

from ingest import page_wiring, wiring
from ingest.api.connect.codec import MessageBody
from ingest.api.connect.errors import ConnectError, invalid, refused
from ingest.api.connect.rpc import Call, Reply, Rpc
from ingest.api.connect.selecting import max_nodes
from ingest.api.proto import adhocprofiles_pb2 as messages
from ingest.api.tenancy import Scope
from ingest.kept import MAX_UPLOAD_NAME_CHARS, Upload
from ingest.profiles.diff import build_diff
from ingest.profiles.exports.flamebearer import flamebearer, flamebearer_diff
from ingest.profiles.flamegraph import build_flamegraph
from ingest.profiles.reasons import ConnectCode, Rejection
from ingest.profiles.uploads import UploadedProfile, read_upload
from ingest.querier.service import checked_nodes

SERVICE = "adhocprofiles.v1.AdHocProfileService"

#: What a name keeps of what was sent, as in Pyroscope: ids are part of addresses.
_OTHER = re.compile(r"[^a-zA-Z0-9._-]")
_KEY = re.compile(r"[a-zA-Z0-9._-]{1,300}", re.ASCII)


def upload(call: Call, request: messages.AdHocProfilesUploadRequest) -> Reply:
    """Store a file and answer the flame graph of its first type of value."""
    tenant = call.tenant
    nodes = _nodes(tenant, request)
    try:
        content = base64.b64decode(request.profile, validate=True)
    except (binascii.Error, ValueError):
        raise invalid("profile is not base64.") from None
    profiles = _read(tenant, content)
    name = _OTHER.sub("_", request.name)[:MAX_UPLOAD_NAME_CHARS] or "profile"
    entry = page_wiring.get_adhoc_profiles().add(tenant, name, content)
    if entry is None:
        raise invalid("The file is larger than all uploads of a tenant may be together.")
    return _found(entry, profiles, "", nodes)


def get(call: Call, request: messages.AdHocProfilesGetRequest) -> Reply:
    """Answer the flame graph of one type of value of an upload."""
    tenant = call.tenant
    nodes = _nodes(tenant, request)
    entry, profiles = _fetch(tenant, request.id)
    return _found(entry, profiles, request.profile_type, nodes)


def list_all(call: Call, _request: messages.AdHocProfilesListRequest) -> Reply:
    """List the uploads of the tenant, the newest first."""
    response = messages.AdHocProfilesListResponse()
    for one in page_wiring.get_adhoc_profiles().all(call.tenant):
        response.profiles.add(id=one.key, name=one.name, uploaded_at=one.uploaded_at_ms)
    return Reply(MessageBody(response))


def diff(call: Call, request: messages.AdHocProfilesDiffRequest) -> Reply:
    """Answer two uploads on one flame graph, of a type of value that both have."""
    tenant = call.tenant
    nodes = _nodes(tenant, request)
    _, left = _fetch(tenant, request.left_id)
    _, right = _fetch(tenant, request.right_id)
    names = [name for name in _types(left) if name in _types(right)]
    if not names:
        raise invalid("The two files have no type of value in common.")
    chosen = request.profile_type or names[0]
    if chosen not in names:
        raise invalid(f"The type {chosen[:80]} is not in both files; these are: {', '.join(names)[:500]}.")
    sides = [_of_type(profiles, chosen) for profiles in (left, right)]
    graph = build_diff(sides[0].profile, sides[1].profile, nodes)
    document = flamebearer_diff(graph, sides[0].profile_type)
    return Reply(
        MessageBody(
            messages.AdHocProfilesDiffResponse(
                profile_types=names, flamebearer_profile=msgspec.json.encode(document).decode()
            )
        )
    )


def _fetch(tenant: str, key: str) -> tuple[Upload, tuple[UploadedProfile, ...]]:
    if _KEY.fullmatch(key) is None:
        raise invalid("id is missing, or has other characters than letters, digits and any of . _ -")
    found = page_wiring.get_adhoc_profiles().get(tenant, key)
    if found is None:
        raise ConnectError(ConnectCode.NOT_FOUND, f"There is no upload {key}.")
    return found[0], _read(tenant, found[1])


def _read(tenant: str, content: bytes) -> tuple[UploadedProfile, ...]:
    profiles = read_upload(content, wiring.get_limits(tenant), time.time_ns())
    if isinstance(profiles, Rejection):
        raise refused(profiles)
    return profiles


def _found(entry: Upload, profiles: tuple[UploadedProfile, ...], chosen: str, nodes: int) -> Reply:
    names = _types(profiles)
    if chosen and chosen not in names:
        raise invalid(f"The type {chosen[:80]} is not in the file; these are: {', '.join(names)[:500]}.")
    one = _of_type(profiles, chosen or names[0])
    document = flamebearer(build_flamegraph(one.profile, nodes), one.profile_type)
    return Reply(
        MessageBody(
            messages.AdHocProfilesGetResponse(
                id=entry.key,
                name=entry.name,
                uploaded_at=entry.uploaded_at_ms,
                profile_type=one.profile_type.sample_type,
                profile_types=names,
                flamebearer_profile=msgspec.json.encode(document).decode(),
            )
        )
    )


def _types(profiles: tuple[UploadedProfile, ...]) -> list[str]:
    return list(dict.fromkeys(one.profile_type.sample_type for one in profiles))


def _of_type(profiles: tuple[UploadedProfile, ...], name: str) -> UploadedProfile:
    return next(one for one in profiles if one.profile_type.sample_type == name)


def _nodes(tenant: str, request: Any) -> int:
    """Return the number of nodes asked for, within the limits of the tenant."""
    return checked_nodes(max_nodes(request) or 0, wiring.get_limits(tenant))


RPCS: tuple[Rpc[Any], ...] = (
    Rpc(
        f"{SERVICE}/Upload",
        messages.AdHocProfilesUploadRequest,
        upload,
        # Base64 makes four bytes of three.
        max_body_bytes=lambda limits: limits.max_profile_size_bytes * 4 // 3 + 4096,
        scope=Scope.PUSH,  # it is kept for the tenant
    ),
    Rpc(f"{SERVICE}/Get", messages.AdHocProfilesGetRequest, get),
    Rpc(f"{SERVICE}/List", messages.AdHocProfilesListRequest, list_all),
    Rpc(f"{SERVICE}/Diff", messages.AdHocProfilesDiffRequest, diff),
)
