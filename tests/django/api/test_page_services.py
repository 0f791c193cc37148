"""Small services that pages ask beside the querier."""

from __future__ import annotations

import pytest

from ingest.api.connect.page_services import UNIMPLEMENTED
from tests.django.api.conftest import Doors


def test_the_version_is_that_of_the_read_api(doors: Doors) -> None:
    assert doors.call("version.v1.Version/Version", {}).json() == {"QuerierAPI": "1"}


def test_the_version_is_about_no_tenant(doors: Doors, settings) -> None:
    config = settings.INGEST
    fields = {name: getattr(config, name) for name in config.__dataclass_fields__}
    settings.INGEST = type(config)(**{**fields, "multitenancy_enabled": True})
    assert doors.call("version.v1.Version/Version", {}).status_code == 200
    assert doors.call("capabilities.v1.FeatureFlagsService/GetFeatureFlags", {}).status_code == 401


def test_flags_say_what_there_is(doors: Doors) -> None:
    flags = doors.call("capabilities.v1.FeatureFlagsService/GetFeatureFlags", {}).json()["featureFlags"]
    assert {one["name"]: one.get("enabled", False) for one in flags} == {
        "v2StorageLayer": False, "pyroscopeRuler": False, "pyroscopeRulerFunctions": False, "utf8LabelNames": True
    }  # fmt: skip


def test_debug_information_is_declined(doors: Doors) -> None:
    answer = doors.call("debuginfo.v1alpha1.DebuginfoService/ShouldInitiateUpload", {"file": {"gnuBuildId": "ab"}})
    assert (answer.status_code, answer.json()) == (200, {"reason": "this server does not resolve addresses"})


@pytest.mark.parametrize("path", UNIMPLEMENTED)
def test_what_is_not_here_is_unimplemented_and_not_unknown(doors: Doors, path: str) -> None:
    answer = doors.call(path, {})
    assert (answer.status_code, answer.json()["code"]) == (501, "unimplemented")


def test_recording_rules_are_no_route_at_all(doors: Doors) -> None:
    assert doors.call("settings.v1.RecordingRulesService/ListRecordingRules", {}).status_code == 404
