"""What is told of profiles that break no rule and are of no use."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingest.profiles.limits import HOUR_NS, MINUTE_NS, SECOND_NS
from ingest.profiles.prepare import Prepared, prepare_profile
from ingest.profiles.suspects import Suspect, suspect_time
from tests.unit.profiles.pprof.pprof_model import ANY_TIME, NOW_NS, SERIES, Profile, Sample, message, number, packed

GOOD = Profile([Sample((("main", "a.py", 1),), (1,))])
UNNAMED = Profile([], extra=message(4, number(1, 1) + number(3, 4096)) + message(2, packed(1, [1]) + packed(2, [5])))
HEAP = (("inuse_space", "bytes"),)


def suspects(profile: Profile) -> tuple[Suspect, ...]:
    result = prepare_profile(profile.encode(), "alice", SERIES, ANY_TIME, NOW_NS)
    assert isinstance(result, Prepared), result
    return result.suspects


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        pytest.param(GOOD, (), id="nothing"),
        pytest.param(replace(GOOD, samples=[]), (Suspect.NO_SAMPLES,), id="no samples"),
        pytest.param(replace(GOOD, samples=[Sample((("f", "", 1),), (0,))] * 3), (Suspect.ALL_ZERO,), id="only zeros"),
        pytest.param(
            replace(GOOD, samples=[Sample((("f", "", 1),), (-1,))]), (), id="negative values are another matter"
        ),
        pytest.param(UNNAMED, (Suspect.NO_SYMBOLS,), id="frames without names"),
        pytest.param(replace(GOOD, duration_ns=0), (Suspect.NO_DURATION,), id="time without a duration"),
        pytest.param(replace(GOOD, duration_ns=0, types=HEAP), (), id="memory needs no duration"),
        pytest.param(replace(GOOD, time_ns=0), (), id="no time is now"),
        pytest.param(replace(GOOD, time_ns=NOW_NS // SECOND_NS), (Suspect.TIME_1970,), id="seconds for nanoseconds"),
        pytest.param(replace(GOOD, time_ns=NOW_NS // 10**6), (Suspect.TIME_1970,), id="milliseconds for nanoseconds"),
        pytest.param(replace(GOOD, time_ns=NOW_NS + 2 * MINUTE_NS), (Suspect.CLOCK_SKEW,), id="from the future"),
        pytest.param(
            replace(GOOD, samples=[], time_ns=1), (Suspect.NO_SAMPLES, Suspect.TIME_1970), id="more than one thing"
        ),
    ],
)
def test_a_sign(profile: Profile, expected: tuple[Suspect, ...]) -> None:
    assert suspects(profile) == expected


@pytest.mark.parametrize(
    ("age_ns", "duration_ns", "is_odd"),
    [
        pytest.param(-MINUTE_NS, 0, False, id="a minute ahead is right"),
        pytest.param(-MINUTE_NS - 1, 0, True, id="more is not"),
        pytest.param(10 * MINUTE_NS, 0, False, id="ten minutes behind is right"),
        pytest.param(10 * MINUTE_NS + 1, 0, True, id="more is not either"),
        pytest.param(HOUR_NS, 50 * MINUTE_NS, False, id="it counts from the end of the profile"),
        pytest.param(HOUR_NS, -50 * MINUTE_NS, True, id="a negative duration is none"),
    ],
)
def test_clocks_may_differ_a_little(age_ns: int, duration_ns: int, is_odd: bool) -> None:
    assert suspect_time(NOW_NS - age_ns, duration_ns, NOW_NS) is (Suspect.CLOCK_SKEW if is_odd else None)
