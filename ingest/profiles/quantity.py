"""Values of profiles as a person reads them: three digits and the unit that fits, as format.js does on the pages."""

from __future__ import annotations

_DURATIONS = ((3600e9, "h"), (60e9, "min"), (1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns"))
_BYTES = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))
_COUNTS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""))
_SCALES = {"nanoseconds": _DURATIONS, "bytes": _BYTES}


def quantity(value: int, unit: str) -> str:
    """Return ``value`` of a pprof ``unit``, such as ``1.25 s`` or ``3.4 MiB``; units without a scale are counts."""
    scale = _SCALES.get(unit, _COUNTS)
    size, name = next((step for step in scale if abs(value) >= step[0]), scale[-1])
    number = value / size
    # Four digits before the point stay, as in "1023 KiB".
    text = f"{number:.0f}" if abs(number) >= 999.5 else f"{number:.3g}"
    return f"{text} {name}".rstrip()


def share(part: int, whole: int) -> str:
    """Return ``part`` of ``whole`` in percent; nothing of nothing is 0 %."""
    fraction = part / whole if whole else 0.0
    return f"{100 * fraction:.3f} %" if 0 < abs(fraction) < 0.001 else f"{100 * fraction:.1f} %"
