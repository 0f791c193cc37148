"""The sampler of this process."""

from __future__ import annotations

import os
from importlib import import_module

from phlareweb.agent.config import AgentConfig, agent_config
from phlareweb.agent.sampler import Sampler
from phlareweb.env import Environment, Problem

_parts: dict[str, Sampler] = {}


def configuration(application: str) -> tuple[AgentConfig, list[Problem]]:
    """Return what the environment says, and what is wrong with it."""
    env = Environment(os.environ)
    return agent_config(env, application), env.problems


def install(config: AgentConfig) -> Sampler:
    """Make the sampler of this process; it samples nothing yet. Raises ImportError without pyroscope-io."""
    return _parts.setdefault("sampler", Sampler(config, import_module("pyroscope")))


def sampler() -> Sampler | None:
    """Return the sampler of this process; None when it has none."""
    return _parts.get("sampler")


def start() -> bool:
    """Profile this process from now on, for programs that serve neither requests nor tasks; returns whether it is."""
    one = sampler()
    if one is None:
        return False
    one.ensure_started()
    return one.is_running
