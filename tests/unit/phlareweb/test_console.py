"""Lines of many processes on one terminal."""

import pytest

from phlareweb.up.console import MAX_LINE_BYTES, Console


@pytest.fixture
def written():
    return bytearray()


@pytest.fixture
def console(written):
    return Console(written.extend, ["web", "ingester-0"], use_colour=False)


def test_each_line_stands_behind_the_name_of_its_process(console, written):
    console.output("web", b"one\ntwo\n")
    console.output("ingester-0", b"three\n")
    assert written == b"web        | one\nweb        | two\ningester-0 | three\n"


def test_parts_of_a_line_are_joined_and_never_mixed_with_another_process(console, written):
    console.output("web", b"hel")
    console.output("ingester-0", b"other\n")
    console.output("web", b"lo\r\n")
    assert written == b"ingester-0 | other\nweb        | hello\n"


def test_the_end_of_a_process_brings_out_its_unfinished_line(console, written):
    console.output("web", b"last words")
    console.output("web", b"")
    console.output("web", b"")
    assert written == b"web        | last words\n"


def test_a_line_without_end_is_cut_so_that_memory_stays_bounded(console, written):
    console.output("web", b"x" * MAX_LINE_BYTES)
    assert len(written) > MAX_LINE_BYTES
    console.output("web", b"y\n")
    assert written.endswith(b"web        | y\n")


def test_colours_go_around_the_name_only(written):
    Console(written.extend, ["web"], use_colour=True).output("web", b"text\n")
    assert written == b"\x1b[36mweb | \x1b[0mtext\n"


def test_empty_lines_are_left_out(console, written):
    console.output("web", b"\none\n\r\n\n")
    assert written == b"web        | one\n"
