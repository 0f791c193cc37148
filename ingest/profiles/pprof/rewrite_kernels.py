"""A kernel that copies a protobuf message without one of its fields."""

from __future__ import annotations

import numpy as np

from ingest.profiles.columns import U8
from ingest.profiles.jit import checked_kernel
from ingest.profiles.pprof.varint_kernels import LOW, read_tag, skip_field


@checked_kernel
def copy_without(raw: U8, field_number: int, out: U8) -> int:
    """Copy every field of ``raw`` but ``field_number`` to ``out``, of the same size; return the bytes written.

    Stops at the first damage: the message has been decoded before, so there is none.
    """
    position, written = 0, 0
    while position < len(raw):
        tag = read_tag(raw, position, len(raw))
        if tag < 0:
            break
        end = skip_field(raw, tag >> 32, len(raw), tag & 7)
        if end < 0:
            break
        if (tag & LOW) >> 3 != field_number:
            for index in range(position, end):
                out[written] = raw[index]
                written += 1
        position = end
    return written


def warm_up() -> None:
    """Compile the kernel for the dtypes of real use."""
    raw = np.frombuffer(b"\x08\x01", np.uint8)
    copy_without(raw, 2, np.zeros(2, np.uint8))
