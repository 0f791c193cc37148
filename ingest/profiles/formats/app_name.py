"""Application names as agents send them to ``/ingest``: ``app{key=value,key2=value2}``.

The grammar is Pyroscope's (api/model/labelset). Quotes are not part of it: a value in quotes keeps them. A value holds
no comma and no closing brace; it may hold an equals sign. What follows the closing brace is ignored, and so is a last
label that no brace closes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingest.profiles.labels import LABEL_SERVICE_NAME, LABEL_SESSION_ID
from ingest.profiles.reasons import Reason, Rejection

#: Longest name with its labels that is looked at; 30 labels of the longest values a series may have are shorter.
MAX_CHARS = 1 << 17

_APP = re.compile(r"[A-Za-z0-9_.\-/]+", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9_.]+", re.ASCII)
_PAIR = re.compile(r"([^=}]*)=([^,}]*)[,}]")
#: Of the labels in double underscores agents may send this one.
_PRIVATE, _ALLOWED = "__", LABEL_SESSION_ID
_LABEL_APP_NAME = "app_name"
_MESSAGE_CHARS = 100


@dataclass(frozen=True, slots=True)
class AppName:
    """A parsed name."""

    app: str  #: never empty
    labels: dict[str, str]  #: in the order sent; of a key that is sent twice the last value

    def series_labels(self, service: str) -> tuple[tuple[str, str], ...]:
        """Return the labels of a series of ``service``: those the user chose, without the server's own.

        A ``service_name`` of the user's stands, and what would have been the service becomes ``app_name``.
        """
        chosen = [pair for pair in self.labels.items() if not pair[0].startswith(_PRIVATE) or pair[0] == _ALLOWED]
        if LABEL_SERVICE_NAME not in self.labels:
            return ((LABEL_SERVICE_NAME, service), *chosen)
        return (*chosen,) if _LABEL_APP_NAME in self.labels else ((_LABEL_APP_NAME, service), *chosen)


def parse_app_name(text: str) -> AppName | Rejection:
    """Return the parts of a name, without the space around each."""
    if len(text) > MAX_CHARS:
        return Rejection(Reason.BAD_REQUEST, f"The name has {len(text)} characters, at most {MAX_CHARS} are allowed.")
    app, brace, rest = text.partition("{")
    app = app.strip()
    if _APP.fullmatch(app) is None:
        return Rejection(
            Reason.BAD_REQUEST,
            f"The application name {app[:_MESSAGE_CHARS]!r} needs one or more letters, digits or any of _ . - /"
            if app
            else "The parameter name is missing: it names the application.",
        )
    labels: dict[str, str] = {}
    position = 0
    while brace and (match := _PAIR.match(rest, position)):
        key = match[1].strip()
        if _KEY.fullmatch(key) is None:
            return Rejection(
                Reason.BAD_REQUEST,
                f"The label name {key[:_MESSAGE_CHARS]!r} in the application name needs one or more letters, digits "
                "or any of _ .",
            )
        labels[key] = match[2].strip()
        position = match.end()
        if rest[position - 1] == "}":
            break
    return AppName(app, labels)
