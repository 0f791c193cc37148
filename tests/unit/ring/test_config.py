"""Settings that cannot work, and readiness."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ring.config import RingConfig
from ring.core.desc import Instance, RingDesc
from ring.core.readiness import why_not_ready
from tests.unit.ring.rings import NOW_MS, instance


def test_the_defaults_work() -> None:
    assert RingConfig().validate() == []
    assert RingConfig().rules.heartbeat_timeout_ms == 60_000


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": ""}, "ring name"),
        ({"name": "a:b"}, "ring name"),
        ({"replication_factor": 0}, "replication factor"),
        ({"tokens_per_instance": 0}, "tokens an instance"),
        ({"tokens_per_instance": 5000}, "tokens an instance"),
        ({"heartbeat_period_seconds": 0.0}, "period must be above 0"),
        ({"heartbeat_timeout_seconds": 0.0}, "timeout must be above 0"),
        ({"heartbeat_timeout_seconds": 5.0}, "longer than its period"),
        ({"join_after_seconds": -1.0}, "join_after_seconds must not be negative"),
        ({"final_sleep_seconds": -1.0}, "final_sleep_seconds must not be negative"),
        ({"can_join_timeout_seconds": -1.0}, "can_join_timeout_seconds must not be negative"),
        ({"auto_forget_seconds": 60.0}, "longer than the heartbeat timeout"),
        ({"token_strategy": "lucky"}, "neither"),
        ({"token_strategy": "spread-minimizing"}, "1 to 8 different zones"),
        ({"token_strategy": "spread-minimizing", "spread_zones": ("a", "a")}, "1 to 8 different zones"),
        (
            {"token_strategy": "spread-minimizing", "spread_zones": ("a",), "tokens_file_dir": "/x"},
            "leave tokens_file_dir empty",
        ),
        (
            {"token_strategy": "spread-minimizing", "spread_zones": ("a",), "tokens_per_instance": 600},
            "at most 512 tokens",
        ),
    ],
)
def test_each_mistake_is_named(fields: dict[str, object], problem: str) -> None:
    (found,) = replace(RingConfig(), **fields).validate()  # type: ignore[arg-type]
    assert problem in found


def test_all_mistakes_are_named_at_once() -> None:
    assert len(RingConfig(replication_factor=0, tokens_per_instance=0, heartbeat_period_seconds=0).validate()) == 3


WELL = instance("me", (1, 2))


@pytest.mark.parametrize(
    ("entries", "alone", "with_ring"),
    [
        pytest.param([], "is not in the ring", "is not in the ring", id="no entry"),
        pytest.param([instance("me")], "me has no tokens", "me has no tokens", id="no tokens"),
        pytest.param([instance("me", (1,), "J")], "me is in state JOINING", "me is in state JOINING", id="joining"),
        pytest.param([instance("me", (1,), "S")], "past its heartbeat", "past its heartbeat", id="silent"),
        pytest.param([WELL], None, None, id="well and alone"),
        pytest.param([WELL, instance("b", (), "P")], None, "b is in state PENDING", id="another is not active"),
        pytest.param([WELL, instance("b", (3,), "S")], None, "b is past its heartbeat", id="another is silent"),
    ],
)
def test_what_keeps_an_instance_from_being_ready(
    entries: list[Instance], alone: str | None, with_ring: str | None
) -> None:
    for check_ring, expected in ((False, alone), (True, with_ring)):
        reason = why_not_ready(RingDesc.of(entries), "me", NOW_MS, 60_000, check_ring)
        assert (reason is None) if expected is None else (reason is not None and expected in reason)
