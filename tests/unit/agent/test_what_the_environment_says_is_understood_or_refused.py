"""One variable switches profiling on; a value that cannot be used is a problem with a name."""

from __future__ import annotations

import pytest

from phlareweb.agent.config import AgentConfig, Clock, Start, agent_config
from phlareweb.env import Environment

URL = "http://127.0.0.1:4040"


def read(**variables: str) -> tuple[AgentConfig, list[str]]:
    env = Environment({f"PHLARE_AGENT_{name}": value for name, value in variables.items()})
    return agent_config(env, "shop"), [problem.variable for problem in env.problems]


def test_without_an_address_nothing_is_profiled():
    assert read() == (AgentConfig(application="shop"), [])


def test_the_address_is_all_that_is_needed():
    config, problems = read(URL=URL)

    assert (config.url, config.application, config.clock, config.start, problems) == (
        URL,
        "shop",
        Clock.CPU,
        Start.FIRST_USE,
        [],
    )


def test_everything_else_can_be_said():
    config, problems = read(
        URL=URL, APPLICATION="till", TOKEN="t", TENANT="team-a", RELEASE="1.2", ENVIRONMENT="test", CLOCK="wall",
        MEMORY="1", SAMPLE_RATE="50", UPLOAD_SECONDS="5", START="at-once",
    )  # fmt: skip

    assert problems == []
    assert config == AgentConfig(
        URL,
        "till",
        "t",
        "team-a",
        (("release", "1.2"), ("environment", "test")),
        Clock.WALL,
        True,
        50,
        5,
        Start.AT_ONCE,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("URL", "127.0.0.1:4040"),
        ("URL", "ftp://host"),
        ("URL", "http://"),
        ("CLOCK", "monotonic"),
        ("SAMPLE_RATE", "0"),
        ("SAMPLE_RATE", "1001"),
        ("UPLOAD_SECONDS", "0"),
        ("START", "never"),
        ("MEMORY", "perhaps"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name: str, value: str):
    config, problems = read(**{"URL": URL, name: value})

    assert problems == [f"PHLARE_AGENT_{name}"]
    assert config.url == ("" if name == "URL" else URL)
