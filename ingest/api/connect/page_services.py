"""Small services that pages ask beside the querier: version, feature flags, their own settings, debug information."""

from __future__ import annotations

import time
from typing import Any

from ingest import page_wiring
from ingest.api.connect.codec import MessageBody
from ingest.api.connect.errors import ConnectError, invalid
from ingest.api.connect.rpc import Call, Reply, Rpc
from ingest.api.proto import capabilities_pb2, debuginfo_pb2, settings_pb2, version_pb2
from ingest.api.tenancy import Scope
from ingest.kept import MAX_SETTING_NAME_CHARS, MAX_SETTING_VALUE_CHARS, MAX_SETTINGS, Setting, Stored
from ingest.profiles.reasons import ConnectCode

#: Revision of the read API, as Pyroscope counts it.
_QUERIER_API = 1

#: Flags that Pyroscope's pages know, and whether what they stand for is here.
_FLAGS = (
    ("v2StorageLayer", False, "There is one storage layer."),
    ("pyroscopeRuler", False, "There are no recording rules."),
    ("pyroscopeRulerFunctions", False, "There are no recording rules."),
    ("utf8LabelNames", True, "Label names may be any UTF-8 text."),
)

#: Methods that exist in the protocol and not here.
UNIMPLEMENTED = tuple(
    f"{service}/{method}"
    for service, methods in (
        ("vcs.v1.VCSService", ("GithubApp", "GithubLogin", "GithubRefresh", "GetFile", "GetCommit", "GetCommits")),
        ("debuginfo.v1alpha1.DebuginfoService", ("UploadFinished", "ListDebuginfo", "DeleteDebuginfo")),
    )
    for method in methods
)


def version(_call: Call, _request: version_pb2.VersionRequest) -> Reply:
    """Say which revision of the read API this is."""
    return Reply(MessageBody(version_pb2.VersionResponse(QuerierAPI=_QUERIER_API)))


def feature_flags(_call: Call, _request: capabilities_pb2.GetFeatureFlagsRequest) -> Reply:
    """Say what there is of what pages may ask for."""
    response = capabilities_pb2.GetFeatureFlagsResponse()
    for name, enabled, description in _FLAGS:
        response.feature_flags.add(name=name, enabled=enabled, description=description)
    return Reply(MessageBody(response))


def get_settings(call: Call, _request: settings_pb2.GetSettingsRequest) -> Reply:
    """List what pages remember for the tenant."""
    response = settings_pb2.GetSettingsResponse()
    for one in page_wiring.get_page_settings().all(call.tenant):
        response.settings.add(name=one.name, value=one.value, modifiedAt=one.modified_at_ms)
    return Reply(MessageBody(response))


def set_setting(call: Call, request: settings_pb2.SetSettingsRequest) -> Reply:
    """Remember a setting; without a time it was changed now. ``already_exists`` when a newer one is stored."""
    asked = request.setting
    if not request.HasField("setting") or not asked.name:
        raise invalid("setting is missing, or has no name.")
    if len(asked.name) > MAX_SETTING_NAME_CHARS or len(asked.value) > MAX_SETTING_VALUE_CHARS:
        raise invalid(f"A name has at most {MAX_SETTING_NAME_CHARS} characters, a value {MAX_SETTING_VALUE_CHARS}.")
    if "\0" in asked.name + asked.value:
        raise invalid("Names and values must not contain the character NUL.")
    modified_at_ms = asked.modifiedAt if asked.modifiedAt > 0 else time.time_ns() // 1_000_000
    setting = Setting(asked.name, asked.value, modified_at_ms)
    stored = page_wiring.get_page_settings().put(call.tenant, setting)
    if stored is Stored.OLDER:
        raise ConnectError(ConnectCode.ALREADY_EXISTS, f"The setting {asked.name[:80]} was changed later than that.")
    if stored is Stored.FULL:
        raise invalid(f"The tenant has {MAX_SETTINGS} settings, which is the most it may have.")
    response = settings_pb2.SetSettingsResponse()
    response.setting.name, response.setting.value = setting.name, setting.value
    response.setting.modifiedAt = setting.modified_at_ms
    return Reply(MessageBody(response))


def delete_setting(call: Call, request: settings_pb2.DeleteSettingsRequest) -> Reply:
    """Forget a setting."""
    if not request.name or "\0" in request.name:
        raise invalid("name is missing, or is no name: which setting?")
    page_wiring.get_page_settings().remove(call.tenant, request.name)
    return Reply(MessageBody(settings_pb2.DeleteSettingsResponse()))


def should_initiate_upload(_call: Call, _request: debuginfo_pb2.ShouldInitiateUploadRequest) -> Reply:
    """Decline debug information: addresses are not resolved here, so agents need not send any."""
    response = debuginfo_pb2.ShouldInitiateUploadResponse(reason="this server does not resolve addresses")
    return Reply(MessageBody(response))


RPCS: tuple[Rpc[Any], ...] = (
    Rpc("version.v1.Version/Version", version_pb2.VersionRequest, version, needs_tenant=False),
    Rpc("capabilities.v1.FeatureFlagsService/GetFeatureFlags", capabilities_pb2.GetFeatureFlagsRequest, feature_flags),
    Rpc("settings.v1.SettingsService/Get", settings_pb2.GetSettingsRequest, get_settings),
    Rpc("settings.v1.SettingsService/Set", settings_pb2.SetSettingsRequest, set_setting, scope=Scope.ADMIN),
    Rpc("settings.v1.SettingsService/Delete", settings_pb2.DeleteSettingsRequest, delete_setting, scope=Scope.ADMIN),
    Rpc(
        "debuginfo.v1alpha1.DebuginfoService/ShouldInitiateUpload",
        debuginfo_pb2.ShouldInitiateUploadRequest,
        should_initiate_upload,
        scope=Scope.PUSH,
    ),
)
