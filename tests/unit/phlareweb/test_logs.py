"""Lines of the log."""

import io
import json
import logging

import pytest
import structlog

from phlareweb import logs


@pytest.fixture(params=["ours", "foreign"])
def emit(request):
    """Return how an event is logged: by structlog, or by a library through the standard module."""
    if request.param == "ours":
        return lambda event: structlog.stdlib.get_logger("some.module").warning(event)
    return lambda event: logging.getLogger("some.module").warning(event)


@pytest.fixture
def line_of(request):
    """Return a function that logs through a handler with our formatter and returns the text."""

    def capture(render: str, act) -> str:
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(logs.formatter(render))
        logger = logging.getLogger("some.module")
        logger.addHandler(handler)
        try:
            act()
        finally:
            logger.removeHandler(handler)
        return stream.getvalue()

    return capture


def test_a_line_for_people_carries_tenant_and_push(line_of, emit):
    with structlog.contextvars.bound_contextvars(tenant="acme", push_id="p 1"):
        line = line_of("console", lambda: emit("push_refused"))
    assert line[12:] == ' WARNING push_refused push_id="p 1" tenant=acme\n'


def test_a_line_for_machines_carries_the_same(line_of, emit):
    with structlog.contextvars.bound_contextvars(tenant="acme", push_id="p1"):
        event = json.loads(line_of("json", lambda: emit("push_refused")))
    assert event.pop("time").endswith("Z")
    assert event == {
        "event": "push_refused",
        "level": "warning",
        "logger": "some.module",
        "push_id": "p1",
        "tenant": "acme",
    }


def test_an_exception_follows_on_its_own_lines(line_of):
    def fail() -> None:
        try:
            raise ValueError("broken")
        except ValueError:
            logging.getLogger("some.module").exception("it_failed")

    first, *rest = line_of("console", fail).splitlines()
    assert first.endswith("it_failed")
    assert rest[-1] == "ValueError: broken"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param("plain", "plain", id="a word"),
        pytest.param("two words", '"two words"', id="words are quoted"),
        pytest.param('a"b', '"a\\"b"', id="quotes are escaped"),
        pytest.param("a\nb", '"a\\nb"', id="a value cannot begin a line of its own"),
        pytest.param("", '""', id="nothing is visible"),
        pytest.param(3.5, "3.5", id="a number"),
        pytest.param(None, "None", id="none"),
    ],
)
def test_values_stay_on_their_line_and_can_be_told_apart(value, shown):
    line = logs.render_console(None, "info", {"event": "e", "level": "info", "time": "", "key": value})
    assert line.endswith(f"e key={shown}")


def test_the_configuration_is_data_that_fits_a_file():
    config = logs.logging_config("json", "info")
    assert json.loads(json.dumps(config)) == config


@pytest.mark.parametrize(
    ("logger", "message", "extra", "is_news"),
    [
        pytest.param("django.request", "Service Unavailable", {"status_code": 503}, False, id="a considered refusal"),
        pytest.param("django.request", "Internal Server Error", {"status_code": 500}, True, id="an error"),
        pytest.param("_granian", "Configuration allows spawning up to 16", {}, False, id="advice that does not fit"),
        pytest.param("_granian", "Listening at", {}, True, id="another line of the web server"),
        pytest.param("ingest", "Configuration allows spawning up to 16", {}, True, id="the same words from elsewhere"),
    ],
)
def test_lines_of_libraries_that_tell_nothing_are_left_out(logger, message, extra, is_news):
    record = logging.makeLogRecord({"name": logger, "msg": message, **extra})
    assert logs.is_news(record) is is_news
