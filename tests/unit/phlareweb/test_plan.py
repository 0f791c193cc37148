"""The processes that ``up`` runs."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from phlareweb.up.plan import Options, plan, shared_environment

OPTIONS = Options(
    data_dir=Path("/data"),
    bind="0.0.0.0",
    port=4040,
    grpc_port=4317,
    ingesters=3,
    zones=3,
    replication_factor=3,
    web_workers=1,
    web_threads=16,
    leave_timeout_seconds=60.0,
    redis_command=("valkey-server",),
)


def names(options: Options) -> list[str]:
    return [process.rules.name for process in plan(options)]


def test_the_default_is_everything_a_database_needs():
    expected = [
        "redis",
        "migrate",
        "kernels",
        "static",
        "web",
        "ingester-0",
        "ingester-1",
        "ingester-2",
        "worker",
        "beat",
        "formats",
    ]
    assert names(OPTIONS) == expected


def test_what_is_done_already_is_left_out():
    left = names(replace(OPTIONS, must_migrate=False, must_compile=False, must_collect=False))
    assert left[:2] == ["redis", "web"]
    assert "formats" not in left


def test_kernels_of_formats_are_compiled_when_all_is_ready_and_nobody_waits_for_them():
    rules = {process.rules.name: process.rules for process in plan(OPTIONS)}
    assert [name for name, rule in rules.items() if not rule.is_needed] == ["formats"]
    assert all(rule.start_stage < rules["formats"].start_stage for name, rule in rules.items() if name != "formats")


def test_with_a_redis_of_ones_own_none_is_started():
    assert "redis" not in names(replace(OPTIONS, redis_command=None))


def test_the_web_processes_serve_grpc_beside_http():
    (web,) = [process for process in plan(OPTIONS) if process.rules.name == "web"]
    assert (web.environment["PHLARE_GRPC_BIND"], web.environment["PHLARE_GRPC_PORT"]) == ("0.0.0.0", "4317")


def test_processes_stop_from_the_door_inwards():
    stages: dict[int, set[str]] = {}
    for process in plan(OPTIONS):
        if not process.rules.is_task:
            stages.setdefault(process.rules.stop_stage, set()).add(process.rules.name.split("-")[0])
    assert [stages[stage] for stage in sorted(stages)] == [{"web"}, {"beat"}, {"worker"}, {"ingester"}, {"redis"}]


@pytest.mark.parametrize(
    ("ingesters", "zones", "expected"),
    [
        pytest.param(3, 3, ["zone-a", "zone-b", "zone-c"], id="one in each zone"),
        pytest.param(4, 2, ["zone-a", "zone-b", "zone-a", "zone-b"], id="in turn"),
        pytest.param(2, 1, ["zone-a", "zone-a"], id="all in one"),
    ],
)
def test_ingesters_are_spread_over_the_zones(ingesters, zones, expected):
    processes = plan(replace(OPTIONS, ingesters=ingesters, zones=zones))
    found = [process.environment["PHLARE_ZONE"] for process in processes if "PHLARE_ZONE" in process.environment]
    assert found == expected


def test_an_ingester_is_one_process_that_reads_its_own_queues():
    (ingester,) = [process for process in plan(OPTIONS) if process.rules.name == "ingester-1"]
    command = " ".join(ingester.command)
    assert "-P solo" in command
    assert "-Q ingester.ingester-1,ingester.ingester-1.read" in command
    assert ingester.environment["PHLARE_INSTANCE_ID"] == "ingester-1"
    assert ingester.environment["PHLARE_ROLE"] == "ingester"


def test_an_ingester_gets_longer_to_stop_than_its_flush_may_take():
    (ingester,) = [process for process in plan(OPTIONS) if process.rules.name == "ingester-0"]
    assert ingester.rules.stop_timeout_seconds > OPTIONS.leave_timeout_seconds


def test_all_processes_share_the_data_and_the_metrics():
    shared = shared_environment(OPTIONS)
    assert shared["PHLARE_DATA_DIR"] == "/data"
    assert shared["PROMETHEUS_MULTIPROC_DIR"] == "/data/metrics"
    assert shared["PHLARE_REPLICATION_FACTOR"] == "3"


def test_a_freed_column_goes_back_to_the_machine_at_once():
    freed_columns = (
        "import numpy as np\n"
        "def rss():\n"
        "    return int(open('/proc/self/statm').read().split()[1]) * 4096\n"
        "before, kept = rss(), []\n"
        "for _ in range(20):\n"
        "    columns = [np.ones(1 << 18) for _ in range(10)]\n"
        "    kept += [np.ones(1000)]\n"
        "del columns\n"
        "print(rss() - before)\n"
    )
    environment = {**os.environ, **shared_environment(OPTIONS)}
    done = subprocess.run([sys.executable, "-c", freed_columns], env=environment, capture_output=True, check=True)
    assert int(done.stdout) < 4 << 20


@pytest.mark.parametrize(
    ("bind", "url"),
    [
        pytest.param("127.0.0.1", "http://127.0.0.1:4040", id="an address"),
        pytest.param("0.0.0.0", "http://127.0.0.1:4040", id="every address is shown as this machine"),
        pytest.param("::", "http://[::1]:4040", id="also in IPv6"),
        pytest.param("::1", "http://[::1]:4040", id="IPv6 is bracketed"),
        pytest.param("profiles.example", "http://profiles.example:4040", id="a name"),
    ],
)
def test_the_url_can_be_opened(bind, url):
    assert replace(OPTIONS, bind=bind).url == url


@pytest.mark.parametrize(
    ("zones", "copies", "aware"),
    [
        pytest.param(3, 3, "1", id="a zone for each copy"),
        pytest.param(2, 3, "0", id="too few zones"),
        pytest.param(3, 1, "1", id="more zones than copies"),
    ],
)
def test_copies_go_to_different_zones_only_where_there_are_enough(zones, copies, aware):
    options = replace(OPTIONS, zones=zones, replication_factor=copies)
    assert shared_environment(options)["PHLARE_RING_ZONE_AWARENESS_ENABLED"] == aware


def test_profiling_itself_makes_each_role_a_service_and_leaves_helpers_alone():
    profiled = plan(replace(OPTIONS, profiles_itself=True))

    services = {one.rules.name: one.environment.get("PHLARE_AGENT_APPLICATION") for one in profiled}
    assert services["web"] == "phlareweb-web"
    assert services["ingester-0"] == services["ingester-1"] == "phlareweb-ingester"
    assert services["migrate"] is services["kernels"] is None
    assert not any("PHLARE_AGENT_URL" in one.environment for one in plan(OPTIONS))
