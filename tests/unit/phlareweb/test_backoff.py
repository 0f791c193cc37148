"""Pauses before a restart."""

import pytest

from phlareweb.up.backoff import Backoff


@pytest.mark.parametrize(
    ("failures", "draw", "expected"),
    [
        pytest.param(1, 0.0, 1.0, id="the first pause is the base"),
        pytest.param(2, 0.0, 2.0, id="the second is twice as long"),
        pytest.param(4, 0.0, 8.0, id="and so on"),
        pytest.param(5, 0.0, 10.0, id="up to the maximum"),
        pytest.param(10**9, 0.0, 10.0, id="a process that fails for ever overflows nothing"),
        pytest.param(1, 0.5, 1.25, id="chance makes it longer"),
        pytest.param(5, 0.5, 12.5, id="beyond the maximum too, or all would wait equally long"),
    ],
)
def test_the_pause_after_failures_in_a_row(failures, draw, expected):
    backoff = Backoff(base_seconds=1.0, factor=2.0, max_seconds=10.0, jitter=0.5)
    assert backoff.delay_seconds(failures, draw) == expected
