"""How every process logs: one line an event, ``event key=value`` for people or one JSON object for machines.

Events come from structlog; records of Django, Celery and Granian pass through the same formatter, and the values that
:mod:`structlog.contextvars` holds (tenant, push_id) are added to both. Imports nothing of the project and no framework,
so that the web server's parent process can use it too.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any

import structlog

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("console", "json")

Event = MutableMapping[str, Any]

_PLAIN = re.compile(r"[^\s\"=]+")

#: Applied to every event, ours and foreign, before it is rendered.
_SHARED: Sequence[Any] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%S.%fZ", utc=True, key="time"),
)


def render_console(_logger: Any, _method: str, event: Event) -> str:
    """Render one event as ``time LEVEL event key=value ...``; an exception follows on lines of its own."""
    event = dict(event)
    exception = event.pop("exception", None)
    stack = event.pop("stack", None)
    time = str(event.pop("time", ""))
    head = f"{time[11:23]} {str(event.pop('level', '')).upper():7} {event.pop('event', '')}"
    event.pop("logger", None)
    pairs = "".join(f" {key}={_value(event[key])}" for key in sorted(event))
    return "\n".join(part for part in (head + pairs, stack, exception) if part)


def _value(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def formatter(render: str) -> logging.Formatter:
    """Return the formatter of all handlers: ``render`` is one of :data:`FORMATS`. Named by :func:`logging_config`."""
    renderer: Any = render_console if render == "console" else structlog.processors.JSONRenderer(default=str)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_SHARED, structlog.stdlib.ExtraAdder(["push_id", "tenant"])],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            renderer,
        ],
    )


def is_news(record: logging.LogRecord) -> bool:
    """Whether a record of a library tells the operator anything: the filter of all handlers.

    An answer of 503 is the server's considered word (not ready yet, no quorum), and what lies behind it is logged where
    it is known. Granian's advice on threads is for work that never waits, while a push waits for its quorum.
    """
    if record.name == "django.request":
        return getattr(record, "status_code", None) != 503 or record.exc_info is not None
    return not (record.name == "_granian" and record.getMessage().startswith("Configuration allows spawning"))


def news_filter() -> Callable[[logging.LogRecord], bool]:
    """Return :func:`is_news`, in the form that :func:`logging_config` can name."""
    return is_news


def configure_structlog(level: str) -> None:
    """Send structlog's events to the standard library's handlers. Events below ``level`` cost a comparison."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def logging_config(render: str, level: str) -> dict[str, Any]:
    """Return the configuration of :mod:`logging` for every process: plain JSON data, so that it fits a file too."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "phlareweb.logs.formatter", "render": render}},
        "filters": {"news": {"()": "phlareweb.logs.news_filter"}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["news"],
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"handlers": ["stderr"], "level": level.upper()},
        "loggers": {
            # Granian's own configuration would print its lines in another format, or twice.
            "_granian": {"handlers": [], "propagate": True, "level": level.upper()},
            "granian.access": {"handlers": [], "propagate": True, "level": level.upper()},
            # Requests that were refused are events of ours with their reasons; Django's lines would repeat them.
            "django.request": {"level": "ERROR"},
            # A line for every task received and done is two lines a push.
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "kombu": {"level": "WARNING"},
        },
    }
