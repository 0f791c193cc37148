"""What a profiled Django project says of itself: ``PHLARE_AGENT_*`` variables, of which only the address is needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from phlareweb.env import Environment, Problem, ProblemId

#: Samples a second beyond which the sampler costs more than what it shows is worth.
MAX_SAMPLE_RATE_HZ = 1000


class Clock(StrEnum):
    """What a sample counts."""

    CPU = "cpu"  #: threads that run on a processor
    WALL = "wall"  #: all threads, those that wait as well


class Start(StrEnum):
    """When a process begins to be profiled."""

    FIRST_USE = "first-use"  #: with its first request or task: masters that only fork are left alone
    AT_ONCE = "at-once"  #: when Django is set up; right for scripts and loops of one's own


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """How a process is profiled; without an address it is not."""

    url: str = ""
    application: str = ""
    token: str = field(default="", repr=False)
    tenant: str = ""
    labels: tuple[tuple[str, str], ...] = ()  #: of every profile
    clock: Clock = Clock.CPU
    memory: bool = False
    sample_rate_hz: int = 100
    upload_seconds: int = 10
    start: Start = Start.FIRST_USE


def agent_config(env: Environment, application: str) -> AgentConfig:
    """Read the variables. ``application`` is the name of the service unless one is set."""
    url = env.env_text("PHLARE_AGENT_URL", unit="URL")
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname):
        message = "PHLARE_AGENT_URL: not an address of a server."
        env.problems.append(Problem(ProblemId.NOT_A_URL, "PHLARE_AGENT_URL", message, "Write http://host:4040."))
        url = ""
    labels = {
        "release": env.env_text("PHLARE_AGENT_RELEASE"),
        "environment": env.env_text("PHLARE_AGENT_ENVIRONMENT"),
    }
    return AgentConfig(
        url=url,
        application=env.env_text("PHLARE_AGENT_APPLICATION") or application,
        token=env.env_secret("PHLARE_AGENT_TOKEN"),
        tenant=env.env_text("PHLARE_AGENT_TENANT"),
        labels=tuple((name, value) for name, value in labels.items() if value),
        clock=Clock(env.env_choice("PHLARE_AGENT_CLOCK", Clock.CPU, list(Clock))),
        memory=env.env_bool("PHLARE_AGENT_MEMORY", False),
        sample_rate_hz=env.env_int(
            "PHLARE_AGENT_SAMPLE_RATE", 100, unit="samples a second", minimum=1, maximum=MAX_SAMPLE_RATE_HZ
        ),
        upload_seconds=env.env_int("PHLARE_AGENT_UPLOAD_SECONDS", 10, unit="seconds", minimum=1, maximum=300),
        start=Start(env.env_choice("PHLARE_AGENT_START", Start.FIRST_USE, list(Start))),
    )
