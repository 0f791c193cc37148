"""What is wrong with the configuration, as Django system checks."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from phlareweb.env import Environment, Problem

#: Tag of our own checks, for commands that must not load the whole web side to run all.
TAG = "phlare"


@register(TAG)
def environment_is_understood(**_kwargs: Any) -> list[CheckMessage]:
    """Report every variable whose value could not be used, and every ``PHLARE_*`` name that is not a setting."""
    environment: Environment = settings.PHLARE_ENVIRONMENT
    return [_message(problem) for problem in (*environment.problems, *environment.unknown_variables())]


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
