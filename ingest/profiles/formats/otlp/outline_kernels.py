"""Where the profiles of a request are, with the resource and the scope that each belongs to."""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import I64, U8
from ingest.profiles.jit import checked_kernel
from ingest.profiles.pprof.varint_kernels import BAD_WIRE_TYPE, BYTES, LOW, OK, read_length, read_tag, skip_field

#: Columns of the outline: the spans of resource, scope and profile.
OUTLINE_COLUMNS = 6
RESOURCE, SCOPE, PROFILE = 0, 2, 4


@checked_kernel
def outline(raw: U8, rows: I64, dictionaries: I64, counts: I64) -> Any:
    """Find all profiles with their resource and scope, and all dictionaries; return a status.

    raw: uint8[n]. rows: int64[P, OUTLINE_COLUMNS] and dictionaries: int64[D, 2], or both with no rows: then they are
    only counted, into counts: int64[2]. A resource or scope that is not there has the span (0, 0).
    """
    fill = len(rows) > 0 or len(dictionaries) > 0
    profiles = found = 0
    row = np.zeros(OUTLINE_COLUMNS, np.int64)
    position, end = 0, len(raw)
    while position < end:
        tag = read_tag(raw, position, end)
        if tag < 0:
            return -tag
        field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
        if field > 2 or field == 0:
            position = skip_field(raw, position, end, wire_type)
            if position < 0:
                return -position
            continue
        if wire_type != BYTES:
            return BAD_WIRE_TYPE
        span = read_length(raw, position, end)
        if span < 0:
            return -span
        start, position = span & LOW, span >> 32
        if field == 2:
            if fill:
                dictionaries[found, 0] = start
                dictionaries[found, 1] = position
            found += 1
            continue
        profiles = _outline_resource(raw, start, position, rows, profiles, fill, row)
        if profiles < 0:
            return -profiles
    counts[0], counts[1] = profiles, found
    return OK


@checked_kernel
def _outline_resource(raw: U8, begin: int, end: int, rows: I64, profiles: int, fill: Any, row: I64) -> Any:
    """Go through one ResourceProfiles; return the profiles found so far, or a negative status."""
    row[RESOURCE] = row[RESOURCE + 1] = 0
    for scopes in range(2):  # the resource may come behind its scopes
        position = begin
        while position < end:
            tag = read_tag(raw, position, end)
            if tag < 0:
                return tag
            field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
            if field != 1 + scopes:
                position = skip_field(raw, position, end, wire_type)
                if position < 0:
                    return position
                continue
            if wire_type != BYTES:
                return -BAD_WIRE_TYPE
            span = read_length(raw, position, end)
            if span < 0:
                return span
            start, position = span & LOW, span >> 32
            if scopes == 0:
                row[RESOURCE] = start
                row[RESOURCE + 1] = position
                continue
            profiles = _outline_scope(raw, start, position, rows, profiles, fill, row)
            if profiles < 0:
                return profiles
    return profiles


@checked_kernel
def _outline_scope(raw: U8, begin: int, end: int, rows: I64, profiles: int, fill: Any, row: I64) -> Any:
    """Go through one ScopeProfiles; return the profiles found so far, or a negative status."""
    row[SCOPE] = row[SCOPE + 1] = 0
    for inside in range(2):
        position = begin
        while position < end:
            tag = read_tag(raw, position, end)
            if tag < 0:
                return tag
            field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
            if field != 1 + inside:
                position = skip_field(raw, position, end, wire_type)
                if position < 0:
                    return position
                continue
            if wire_type != BYTES:
                return -BAD_WIRE_TYPE
            span = read_length(raw, position, end)
            if span < 0:
                return span
            start, position = span & LOW, span >> 32
            if inside == 0:
                row[SCOPE] = start
                row[SCOPE + 1] = position
                continue
            if fill:
                row[PROFILE] = start
                row[PROFILE + 1] = position
                rows[profiles] = row
            profiles += 1
    return profiles


def warm_up() -> None:
    """Compile the kernels for the dtypes of real use."""
    raw, nothing = np.frombuffer(b"\x0a\x00", np.uint8), np.zeros((0, OUTLINE_COLUMNS), np.int64)
    outline(raw, nothing, nothing, np.zeros(2, np.int64))
