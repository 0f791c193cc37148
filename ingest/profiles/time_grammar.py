"""Times as agents and older query addresses write them: a number of unknown unit, a date, or ``now-1h``.

The grammar is Pyroscope's (pkg/og/util/attime): it has no errors, what it does not know means now. Addresses that are
our own are strict instead, see ``ingest/api/rest/time_range.py``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from ingest.profiles.limits import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS

_IGNORED = str.maketrans("", "", " ,_")
_DATE_DIGITS = 8
#: Nanoseconds of one, by the number of digits; any other number of digits is seconds.
_UNIT_OF_DIGITS = {13: 1_000_000, 16: 1_000, 19: 1}
_OFFSET = re.compile(r"([+-])([0-9]{1,18})([A-Za-z]+)", re.ASCII)
#: Units by how they begin, the longer ones first where one begins like another.
_OFFSET_UNITS_NS = (
    ("mon", 30 * DAY_NS),
    ("min", MINUTE_NS),
    ("M", 30 * DAY_NS),
    ("m", MINUTE_NS),
    ("s", SECOND_NS),
    ("h", HOUR_NS),
    ("d", DAY_NS),
    ("w", 7 * DAY_NS),
    ("y", 365 * DAY_NS),
)
_MAX_NS = (1 << 63) - 1


def parse_time_ns(text: str, now_ns: int) -> int:
    """Return Unix nanoseconds, between 0 and the largest int64.

    Only digits: 8 that are a date (YYYYMMDD, UTC), 13 milliseconds, 16 microseconds, 19 nanoseconds, else seconds.
    Otherwise the part before the first sign is a reference, all of which mean now, and the number and unit after it are
    an offset; what follows them is ignored, so ``now-3h30m`` is three hours ago.
    """
    text = text.translate(_IGNORED)
    if text.isascii() and text.isdigit():
        return _number_ns(text, now_ns)
    match = _OFFSET.search(text)
    # The first sign decides: ``now--3h`` has an offset without a number.
    if match is None or re.search(r"[+-]", text[: match.start()]):
        return now_ns
    unit_ns = next((ns for unit, ns in _OFFSET_UNITS_NS if match[3].startswith(unit)), 0)
    offset_ns = int(match[2]) * unit_ns
    return min(max(now_ns - offset_ns if match[1] == "-" else now_ns + offset_ns, 0), _MAX_NS)


def _number_ns(digits: str, now_ns: int) -> int:
    """Return the moment of a text of digits; one beyond int64 is not known and means now."""
    if len(digits) == _DATE_DIGITS:
        try:
            return int(datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC).timestamp()) * SECOND_NS
        except ValueError:
            pass  # not a date, so seconds
    if len(digits) > len(str(_MAX_NS)):
        return now_ns
    moment_ns = int(digits) * _UNIT_OF_DIGITS.get(len(digits), SECOND_NS)
    return moment_ns if moment_ns <= _MAX_NS else now_ns
