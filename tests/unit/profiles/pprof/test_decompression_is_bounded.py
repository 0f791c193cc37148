"""Gzip is recognised by its content and decompressed no further than allowed."""

from __future__ import annotations

import gzip
import os

import pytest

from ingest.profiles.pprof.gunzip import gunzip_bounded
from ingest.profiles.reasons import Reason, Rejection

TEXT = os.urandom(500) * 4


def refused(data: bytes, max_bytes: int, max_ratio: int = 256) -> Reason | None:
    result = gunzip_bounded(data, max_bytes, max_ratio)
    return result.reason if isinstance(result, Rejection) else None


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(TEXT, id="plain bytes pass as they are"),
        pytest.param(gzip.compress(TEXT), id="one member"),
        pytest.param(gzip.compress(TEXT, 0), id="one member that is stored"),
        pytest.param(gzip.compress(TEXT[:700]) + gzip.compress(b"") + gzip.compress(TEXT[700:]), id="several members"),
    ],
)
def test_the_content_comes_back_when_it_just_fits(data: bytes) -> None:
    assert gunzip_bounded(data, len(TEXT)) == TEXT
    assert refused(data, len(TEXT) - 1) is Reason.DECOMPRESSED_TOO_LARGE


def test_empty_gzip_is_empty() -> None:
    assert gunzip_bounded(gzip.compress(b""), 0) == b""


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(gzip.compress(TEXT) + b"garbage", id="a short tail"),
        pytest.param(gzip.compress(TEXT) + b"\0" * 64, id="a long tail"),
        pytest.param(gzip.compress(TEXT) + gzip.compress(TEXT)[:-1], id="a second member that is cut"),
        pytest.param(gzip.compress(TEXT, 0).replace(TEXT[:9], TEXT[1:10]), id="damaged content"),
        pytest.param(gzip.compress(TEXT)[:-8] + b"\0" * 8, id="a wrong checksum"),
        pytest.param(b"\x1f\x8b\x09" + gzip.compress(TEXT)[3:], id="an unknown method"),
        pytest.param(gzip.compress(b"") * 1100, id="members without end"),
    ],
)
def test_damaged_gzip_is_refused(data: bytes) -> None:
    assert refused(data, 1 << 20) is Reason.BAD_GZIP


def test_gzip_cut_at_any_byte_is_refused() -> None:
    whole = gzip.compress(TEXT)
    for size in range(2, len(whole)):
        assert refused(whole[:size], 1 << 20) is Reason.BAD_GZIP, size


def test_a_bomb_stops_at_the_ratio_and_small_repetition_passes() -> None:
    bomb = gzip.compress(b"\0" * (1 << 24))
    assert refused(bomb, 1 << 30) is Reason.DECOMPRESSED_TOO_LARGE
    assert refused(bomb, 1 << 30, 1032) is None
    assert refused(gzip.compress(b"\0" * (1 << 20)), 1 << 30) is None
