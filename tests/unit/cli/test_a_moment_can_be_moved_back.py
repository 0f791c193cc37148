"""--before counts from the range of the query."""

from __future__ import annotations

import click
import pytest

from ingest.cli.reading import earlier


@pytest.mark.parametrize(
    ("moment", "by", "expected"),
    [
        ("now", "1h", "now-1h"),
        ("now-1h", "1d", "now-90000s"),
        ("now-90s", "30m", "now-1890s"),
        ("1700000000000", "10s", "1699999990000"),
    ],
)
def test_so_much_earlier(moment: str, by: str, expected: str):
    assert earlier(moment, by) == expected


@pytest.mark.parametrize(("moment", "by"), [("yesterday", "1h"), ("now-x", "1h"), ("now-1h", "1"), ("now-1h", "h")])
def test_what_is_no_moment_or_duration_is_refused(moment: str, by: str):
    with pytest.raises(click.UsageError, match="write"):
        earlier(moment, by)
