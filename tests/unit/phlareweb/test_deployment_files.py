"""deploy/ starts what the supervisor starts, with settings that exist and pauses that suffice."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from phlareweb.settings import INGEST, PHLARE_ENVIRONMENT
from phlareweb.up import plan
from phlareweb.up.plan import Options
from tests.integration.hosts.units import read_unit, settings_of

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("systemd/*.service"))
COMPOSE = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text(encoding="utf-8"))
MANIFESTS = [
    manifest
    for file in sorted(DEPLOY.glob("kubernetes/*.yaml"))
    for manifest in yaml.safe_load_all(file.read_text(encoding="utf-8"))
]
INSTANCE = "ingester-0"
#: Options of one deployment or the other: where to listen, how many processes, what to log.
_FREE = {"--host", "--port", "--workers", "--log-config"}


def planned() -> dict[str, tuple[str, ...]]:
    """Return the command of each role as ``up`` starts it."""
    options = Options(
        data_dir=Path("/data"),
        bind="0.0.0.0",
        port=4040,
        grpc_port=4317,
        ingesters=1,
        zones=1,
        replication_factor=1,
        web_workers=2,
        web_threads=48,
        leave_timeout_seconds=INGEST.leave_timeout_seconds,
        redis_command=None,
    )
    return {process.rules.name: process.command for process in plan.plan(options)}


def essence(command: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """Return a command without its interpreter and the options that each deployment chooses, other options sorted."""
    words = list(command[1:])
    options: list[str] = []
    first = next((number for number, word in enumerate(words) if word.startswith("-") and word != "-m"), len(words))
    rest = iter(words[first:])
    for word in rest:
        if word in _FREE:
            next(rest)
        elif word == "-n":
            assert next(rest).endswith(("@%h", "@localhost")), "two workers of one name would be taken for one"
        elif word != "--respawn-failed-workers":  # for more than one process
            options.append(word)
    paired = re.findall(r"--?[\w-]+(?:=\S*)?(?: [^-\s]\S*)?", " ".join(options))
    return (*words[:first], *sorted(paired))


def containers() -> Iterator[tuple[str, list[str], int | None]]:
    """Yield (role, command, seconds to stop) of every container that runs a part of the database."""
    for name, service in COMPOSE["services"].items():
        role = service.get("environment", {}).get("PHLARE_ROLE")
        if role:
            grace = service.get("stop_grace_period")
            yield f"compose {name}", service["command"], int(grace.removesuffix("s")) if grace else None
    for manifest in MANIFESTS:
        pod = manifest.get("spec", {}).get("template", {}).get("spec", {}) if manifest["kind"] != "Job" else {}
        for container in pod.get("containers", ()):
            if container["image"] == "phlareweb":
                command = [word.replace("$(PHLARE_INSTANCE_ID)", INSTANCE) for word in container["command"]]
                grace = pod["terminationGracePeriodSeconds"]
                yield f"kubernetes {manifest['metadata']['name']}", command, grace


def units() -> Iterator[tuple[str, tuple[str, ...], float | None]]:
    """Yield (role, command, seconds to stop) of every unit that serves."""
    for file in UNITS:
        if settings_of(file)["Type"] == ["exec"]:
            unit = read_unit(file.name, instance=INSTANCE)
            yield f"systemd {file.stem.removeprefix('phlareweb-').rstrip('@')}", unit.command, unit.stop_seconds


SERVING = [*containers(), *units()]


def role_of(name: str) -> str:
    """Return the name of the planned process that ``name`` is a copy of."""
    word = name.split()[1].split("-")[0]
    return INSTANCE if word == "ingester" else word


@pytest.mark.parametrize(("name", "command"), [pytest.param(n, c, id=n) for n, c, _ in SERVING])
def test_every_process_is_started_as_the_supervisor_starts_it(name: str, command: list[str]) -> None:
    numbered = [re.sub(r"ingester-\d", INSTANCE, word) for word in command]
    assert essence(numbered) == essence(planned()[role_of(name)])


def test_every_role_has_its_process_in_every_deployment() -> None:
    for deployment in ("compose", "kubernetes", "systemd"):
        found = {role_of(name) for name, _, _ in SERVING if name.startswith(deployment)}
        assert found == {"web", INSTANCE, "worker", "beat"}, deployment


NEEDED_SECONDS = {
    "web": plan.WEB_STOP_SECONDS,
    INSTANCE: INGEST.leave_timeout_seconds + plan.INGESTER_STOP_MARGIN_SECONDS,
    "worker": plan.WORKER_STOP_SECONDS,
    "beat": 0.0,
}


@pytest.mark.parametrize(("name", "seconds"), [pytest.param(n, s, id=n) for n, _, s in SERVING])
def test_every_process_gets_the_time_it_needs_to_stop(name: str, seconds: float | None) -> None:
    assert (10 if seconds is None else seconds) >= NEEDED_SECONDS[role_of(name)]


def all_files() -> list[Path]:
    return sorted(path for path in DEPLOY.rglob("*") if path.is_file())


@pytest.mark.parametrize("file", [pytest.param(file, id=str(file.relative_to(DEPLOY))) for file in all_files()])
def test_every_variable_is_a_setting(file: Path) -> None:
    named = set(re.findall(r"PHLARE_[A-Z0-9_]+", file.read_text(encoding="utf-8")))
    assert named <= PHLARE_ENVIRONMENT.declared.keys()


#: What the defaults leave on one machine, and what replicas depend on.
MUST_BE_SET = {"PHLARE_SECRET_KEY", "PHLARE_ADMIN_TOKEN", "PHLARE_REDIS_URL", "PHLARE_DATABASE_URL", "PHLARE_S3_BUCKET"}


def test_every_process_gets_what_has_no_default_for_many_machines() -> None:
    for name, service in COMPOSE["services"].items():
        variables = service.get("environment", {})
        if "PHLARE_ROLE" in variables:
            assert variables.keys() >= MUST_BE_SET, name
    data: dict[str, Any] = {}
    for manifest in MANIFESTS:
        if manifest["kind"] in ("ConfigMap", "Secret"):
            data |= manifest.get("data", {}) | manifest.get("stringData", {})
    assert data.keys() >= MUST_BE_SET
    files = [settings_of(DEPLOY / "systemd" / name) for name in ("phlareweb.env", "secrets.env")]
    assert {name for file in files for name in file} >= MUST_BE_SET


def test_ingesters_have_a_zone_a_name_that_stays_and_a_disk_of_their_own() -> None:
    ingesters = [s for s in COMPOSE["services"].values() if s.get("environment", {}).get("PHLARE_ROLE") == "ingester"]
    for what in ("PHLARE_ZONE", "PHLARE_INSTANCE_ID"):
        assert len({service["environment"][what] for service in ingesters}) == len(ingesters) == 3
    assert len({tuple(service["volumes"]) for service in ingesters}) == 3
    sets = [manifest for manifest in MANIFESTS if manifest["kind"] == "StatefulSet"]
    assert len(sets) == 3
    for one in sets:
        (container,) = one["spec"]["template"]["spec"]["containers"]
        variables = {entry["name"]: entry for entry in container["env"]}
        assert variables["PHLARE_ZONE"]["value"] == one["spec"]["template"]["metadata"]["labels"]["zone"]
        assert variables["PHLARE_INSTANCE_ID"]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
        assert [mount["name"] for mount in container["volumeMounts"]] == [
            claim["metadata"]["name"] for claim in one["spec"]["volumeClaimTemplates"]
        ]
        assert one["spec"]["updateStrategy"] == {"type": "OnDelete"}, "all zones would be restarted at once"


def test_every_file_is_applied_and_every_selector_finds_pods() -> None:
    folder = DEPLOY / "kubernetes"
    (kustomization,) = [manifest for manifest in MANIFESTS if manifest["kind"] == "Kustomization"]
    listed = set(kustomization["resources"])
    assert listed == {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
    templates = [m["spec"]["template"] for m in MANIFESTS if "template" in m.get("spec", {})]
    labels = [template["metadata"]["labels"] for template in templates]
    for manifest in MANIFESTS:
        spec = manifest.get("spec", {})
        selector = spec.get("podSelector", spec.get("selector", {}))
        wanted = selector.get("matchLabels", selector)
        assert not wanted or any(wanted.items() <= one.items() for one in labels), manifest["metadata"]["name"]


def test_every_web_process_knows_where_it_listens() -> None:
    """The check of open ports looks at that."""
    for _, command, _ in SERVING:
        if "--host" in command:
            assert list(command)[list(command).index("--host") + 1] == "0.0.0.0"
    webs = [one for one in COMPOSE["services"].values() if one.get("environment", {}).get("PHLARE_ROLE") == "web"]
    assert {one["environment"]["PHLARE_BIND"] for one in webs} == {"0.0.0.0"}
    (deployment,) = [one for one in MANIFESTS if one["kind"] == "Deployment" and one["metadata"]["name"] == "web"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert {"name": "PHLARE_BIND", "value": "0.0.0.0"} in container["env"]
    assert (
        "PHLARE_BIND=0.0.0.0"
        in " ".join(settings_of(DEPLOY / "systemd" / "phlareweb-web.service")["Environment"]).split()
    )


def test_grpc_is_reached_where_http_is() -> None:
    for name, service in COMPOSE["services"].items():
        if service.get("environment", {}).get("PHLARE_ROLE") == "web":
            assert service["environment"]["PHLARE_GRPC_BIND"] == "0.0.0.0", name
            assert [port.split(":")[1] for port in service["ports"]] == ["4040", "4317"], name
    web = {one["kind"]: one["spec"] for one in MANIFESTS if one.get("metadata", {}).get("name") == "web"}
    (container,) = web["Deployment"]["template"]["spec"]["containers"]
    assert {"name": "PHLARE_GRPC_BIND", "value": "0.0.0.0"} in container["env"]
    ports = {port["name"] for port in container["ports"]}
    assert ports == {port["targetPort"] for port in web["Service"]["ports"]} == {"http", "grpc"}
    unit = settings_of(DEPLOY / "systemd" / "phlareweb-web.service")
    assert "PHLARE_GRPC_BIND=0.0.0.0" in " ".join(unit["Environment"])


def test_static_files_are_collected_wherever_pages_are_served(tmp_path: Path) -> None:
    unit = settings_of(DEPLOY / "systemd" / "phlareweb-web.service")
    assert unit["ExecStartPre"] == ["-/opt/phlareweb/.venv/bin/python manage.py collect_static"]
    image = (DEPLOY / "compose" / "Dockerfile").read_text(encoding="utf-8")
    (line,) = [one for one in image.replace("\\\n", "").splitlines() if "collect_static" in one]
    commands = [one.strip() for one in line.removeprefix("RUN").split("&&")]
    assert commands[:2] == ["python manage.py compile_kernels", "python manage.py collect_static"]
    # What is left of the data directory afterwards: the static files, but no key.
    for name in ("static/phlare/page.js", "secret_key", "run/lock"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    subprocess.run(commands[2].replace("/var/lib/phlareweb", str(tmp_path)), shell=True, check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["static"]
    # No volume covers them there.
    assert all("volumes" not in one for name, one in COMPOSE["services"].items() if name.startswith("web"))
    (web,) = [one for one in MANIFESTS if one["kind"] == "Deployment" and one["metadata"]["name"] == "web"]
    assert "volumes" not in web["spec"]["template"]["spec"]


def test_images_of_others_are_pinned_by_tag() -> None:
    images = [service["image"] for service in COMPOSE["services"].values()]
    for manifest in MANIFESTS:
        pod = manifest.get("spec", {}).get("template", {}).get("spec", {})
        images += [container["image"] for container in pod.get("containers", ())]
    others = [image for image in images if image != "phlareweb"]
    assert others
    for image in others:
        assert re.fullmatch(r"[\w./-]+:[\w.-]*\d[\w.-]*", image), image


def test_probes_run_commands_that_exist() -> None:
    services = COMPOSE["services"].values()
    commands = [service["healthcheck"]["test"][1:] for service in services if "healthcheck" in service]
    for manifest in MANIFESTS:
        pod = manifest.get("spec", {}).get("template", {}).get("spec", {})
        for container in pod.get("containers", ()):
            for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
                probe = container.get(kind, {})
                commands += [probe["exec"]["command"]] if "exec" in probe else []
                assert probe.get("httpGet", {}).get("path", "/ready") in ("/ready", "/healthz")
    ours = [command for command in commands if "manage.py" in " ".join(command)]
    assert len(ours) == 6
    for command in ours:
        assert re.search(r"python manage\.py ring ready \S+$", " ".join(command)), command
    done = subprocess.run([sys.executable, "manage.py", "ring", "ready", "--help"], cwd=ROOT, capture_output=True)
    assert done.returncode == 0


def test_redis_never_evicts() -> None:
    deployments = [m for m in MANIFESTS if m["kind"] == "Deployment" and m["metadata"]["name"] == "redis"]
    (container,) = deployments[0]["spec"]["template"]["spec"]["containers"]
    for command in (COMPOSE["services"]["redis"]["command"], container["args"]):
        assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


def test_units_are_understood_by_systemd(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze (Debian: systemd)")
    for file in UNITS:
        text = file.read_text(encoding="utf-8").replace("/opt/phlareweb/.venv/bin/python", sys.executable)
        assert "MemoryDenyWriteExecute=" not in text, "kernels are machine code made at run time"
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    names = [str(tmp_path / file.name.replace("@.", "@ingester-0.")) for file in UNITS]
    (tmp_path / "phlareweb-ingester@ingester-0.service").symlink_to("phlareweb-ingester@.service")
    done = subprocess.run([program, "verify", "--man=no", *names], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
