"""Tables and amounts, and names that would move a terminal's cursor."""

from __future__ import annotations

import pytest

from ingest.cli.output import amount, printable, share, table


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0, "nanoseconds", "0 ns"),
        (1_500, "nanoseconds", "1.50 µs"),
        (2_000_000_000, "nanoseconds", "2.00 s"),
        (90_000_000_000, "nanoseconds", "90.0 s"),
        (512, "bytes", "512 B"),
        (3 << 20, "bytes", "3.00 MiB"),
        (17, "count", "17"),
        (1_234_567, "count", "1.23 M"),
        (-1_500, "nanoseconds", "-1.50 µs"),
        (4, "frogs", "4 frogs"),
    ],
)
def test_amounts_have_a_unit_that_fits(value: float, unit: str, shown: str):
    assert amount(value, unit) == shown


def test_columns_are_aligned_and_numbers_stand_on_the_right():
    assert table(["name", "self"], [["main", "1"], ["run", "100"]], right=(1,)) == "name  self\nmain     1\nrun    100"


def test_a_name_cannot_give_orders_to_the_terminal():
    assert printable("\x1b[2Jmain\nrun") == "\\x1b[2Jmain\\x0arun"
    assert "\x1b" not in table(["name"], [["\x1b]0;title\x07"]])


def test_a_share_of_nothing_is_no_number():
    assert (share(1, 4), share(0, 0)) == ("25.0 %", "-")
