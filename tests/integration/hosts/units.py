"""The unit files of ``deploy/systemd``, read as far as starting a process by hand needs: what is deployed is tested."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "deploy" / "systemd"
#: Where the unit files expect the program.
_INSTALLED = "/opt/phlareweb"


@dataclass(frozen=True, slots=True)
class Unit:
    """What a unit file says about its process."""

    command: tuple[str, ...]  #: with this interpreter in place of the installed one
    environment: dict[str, str]
    stop_seconds: float | None  #: None where the unit does not say


def read_unit(name: str, instance: str = "", host: str = "localhost") -> Unit:
    """Return a unit; ``instance`` is what stands behind the @ of a template."""
    lines = settings_of(FOLDER / name)
    (start,) = lines["ExecStart"]
    environment: dict[str, str] = {}
    for line in lines.get("Environment", []):
        for assignment in shlex.split(line):
            variable, _, value = assignment.partition("=")
            environment[variable] = _filled(value, instance, host)
    words = [_filled(word, instance, host) for word in shlex.split(start)]
    assert words[0] == f"{_INSTALLED}/.venv/bin/python"
    stop = lines.get("TimeoutStopSec")
    return Unit((sys.executable, *words[1:]), environment, float(stop[0]) if stop else None)


def settings_of(file: Path) -> dict[str, list[str]]:
    """Return the values of each setting of a unit file, in order; section names do not matter here."""
    found: dict[str, list[str]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith(("#", "[")):
            found.setdefault(name.strip(), []).append(value.strip())
    return found


def environment_file(name: str) -> dict[str, str]:
    """Return the variables of an environment file."""
    return {name: values[-1] for name, values in settings_of(FOLDER / name).items()}


def _filled(word: str, instance: str, host: str) -> str:
    filled = word.replace("%i", instance).replace("%H", host)
    assert "%" not in filled.replace("%%", ""), f"{word} has a specifier that this reader does not know"
    return filled
