"""What is wrong with the configuration, as Django system checks."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterable
from typing import Any

import structlog
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from phlareweb.env import Environment, Problem, ProblemId

log = structlog.get_logger(__name__)

#: Tag of our own checks, for commands that must not load the whole web side to run all.
TAG = "phlare"


@register(TAG)
def environment_is_understood(**_kwargs: Any) -> list[CheckMessage]:
    """Report every variable whose value could not be used, and every ``PHLARE_*`` name that is not a setting."""
    environment: Environment = settings.PHLARE_ENVIRONMENT
    return [_message(problem) for problem in (*environment.problems, *environment.unknown_variables())]


@register(TAG)
def access_is_controlled_where_others_can_reach_it(**_kwargs: Any) -> list[CheckMessage]:
    """Warn of a server that listens beyond this machine and asks nobody who they are."""
    return [_message(problem) for problem in _open_ports()]


def open_to_others(bind: str, access_enabled: bool) -> Problem | None:
    """Return what is wrong with listening on ``bind``; None on loopback, or with access control."""
    if access_enabled or _is_loopback(bind):
        return None
    return Problem(
        ProblemId.OPEN_TO_OTHERS,
        "PHLARE_BIND",
        f"The server listens on {bind} and access control is off: whoever reaches it reads and writes everything.",
        "Set PHLARE_ACCESS_ENABLED=1, see docs/access.md, or let a proxy ask who they are.",
    )


def warn_of_open_ports() -> None:
    """Log what the check would say, in a process that is about to serve."""
    for problem in _open_ports():
        log.warning("open_to_others", problem=problem.message, hint=problem.hint)


def _open_ports() -> list[Problem]:
    binds = {settings.BIND, *([settings.GRPC_BIND] if settings.GRPC_PORT else [])}
    found = [open_to_others(bind, settings.ACCESS_ENABLED) for bind in sorted(binds)]
    return [problem for problem in found if problem is not None]


def _is_loopback(bind: str) -> bool:
    if bind == "localhost":
        return True
    try:
        return ipaddress.ip_address(bind.strip("[]")).is_loopback
    except ValueError:
        return False  # a name, or nothing: it may stand for any address


def refuse_bad_environment(environment: Environment) -> None:
    """End a process that is about to serve, with a line for each problem: the system checks do not run in it.

    Raises :class:`SystemExit`.
    """
    if environment.problems:
        sys.exit("\n".join(_lines(environment.problems)))


def _message(problem: Problem) -> CheckMessage:
    kind = Warning if problem.id.startswith("phlare.W") else Error
    return kind(problem.message, hint=problem.hint or None, id=str(problem.id))


def _lines(problems: Iterable[Problem]) -> list[str]:
    return [f"({problem.id}) {problem.message} {problem.hint}".rstrip() for problem in problems]
