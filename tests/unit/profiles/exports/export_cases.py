"""A small profile, where it comes from, and names that try to be more than names."""

from __future__ import annotations

from ingest.profiles.exports.caption import Caption
from ingest.profiles.profile_type import ProfileType
from tests.unit.profiles.stack_model import plain

CAPTION = Caption(
    '{service_name="web"}',
    ProfileType("process_cpu", "cpu", "nanoseconds", "cpu", "nanoseconds"),
    1_700_000_000_000,
    1_700_000_060_000,
)
STACKS = [
    (plain("main", "net/http.serve", "app.handle"), 2_000_000_000),
    (plain("main", "net/http.serve"), 500_000_000),
    (plain("main", "app.idle"), 1_000_000_000),
    (plain("main"), 5_000_000),
]
HOSTILE = [
    "</script><script>alert(1)</script>", "<!--", "]]>", "&lt;", "a\x00b\x1b", "\ufffe\U0001f525", 'quote" onload="x',
    "a;b", "line\nend\r", "  spaces  ", "=cmd|' /C calc'!A0", "@SUM(1)", "", "\u2028", "{{7*7}}", "@DATA@",
]  # fmt: skip
