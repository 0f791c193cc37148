"""Writes the labels that go with a recording."""

from __future__ import annotations

from collections.abc import Mapping

from tests.unit.profiles.pprof.pprof_model import message, number


def labels_snapshot(contexts: Mapping[int, Mapping[str, str]], names: Mapping[int, str]) -> bytes:
    """Return a LabelsSnapshot message; ``names`` are further strings by number."""
    numbers: dict[str, int] = {}
    out = bytearray()
    for context, labels in contexts.items():
        content = b""
        for pair in labels.items():
            key, value = (numbers.setdefault(text, 1000 + len(numbers)) for text in pair)
            content += message(1, number(1, key) + number(2, value))
        out += message(1, number(1, context) + message(2, content))
    for text, key in numbers.items():
        out += message(2, number(1, key) + message(2, text.encode()))
    for key, text in names.items():
        out += message(2, number(1, key) + message(2, text.encode()))
    return bytes(out)
