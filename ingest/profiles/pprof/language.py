"""Which language a profile is of: told by the agent that sent it, else guessed from its strings.

The agents' names are Pyroscope's. What strings look like: file names end, and names begin, in a way of their language;
the one with the most such strings wins, so that a few foreign files decide nothing and neither does their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from itertools import accumulate

import numpy as np

from ingest.profiles.columns import I64, U8, Labels
from ingest.profiles.labels import label_value
from ingest.profiles.pprof.decode import Decoded
from ingest.profiles.pprof.language_kernels import count_marks

LABEL_SPY = "pyroscope_spy"


class Language(StrEnum):
    """A language whose profiles are told apart; of two equally likely the first here is taken."""

    GO = "go"
    PYTHON = "python"
    JAVA = "java"
    NODEJS = "nodejs"
    RUBY = "ruby"
    DOTNET = "dotnet"
    RUST = "rust"
    PHP = "php"
    UNKNOWN = "unknown"


_OF_SPY = {
    "gospy": Language.GO,
    "pyspy": Language.PYTHON,
    "rbspy": Language.RUBY,
    "nodespy": Language.NODEJS,
    "dotnetspy": Language.DOTNET,
    "phpspy": Language.PHP,
    "javaspy": Language.JAVA,
    "grafana-agent.java": Language.JAVA,
    "pyroscope-rs": Language.RUST,
}

#: What file names of a language end in, and what its names begin with.
_SUFFIXES = {
    Language.GO: (b".go",),
    Language.PYTHON: (b".py",),
    Language.JAVA: (b".java", b".kt", b".scala"),
    Language.NODEJS: (b".js", b".mjs", b".cjs", b".ts"),
    Language.RUBY: (b".rb",),
    Language.DOTNET: (b".cs", b".fs"),
    Language.RUST: (b".rs",),
    Language.PHP: (b".php",),
}
_PREFIXES = {
    Language.JAVA: (b"java/", b"java.", b"jdk/", b"sun/"),
    Language.NODEJS: (b"node:",),
    Language.DOTNET: (b"System.", b"Microsoft.", b"lm:System."),
    Language.RUST: (b"core::", b"std::", b"alloc::"),
}


def _table(marks: Mapping[Language, tuple[bytes, ...]]) -> tuple[tuple[Language, ...], U8, I64]:
    """Return the language of each mark, the marks in one, and where each begins."""
    flat = [(language, mark) for language, of_language in marks.items() for mark in of_language]
    offsets = np.array([0, *accumulate(len(mark) for _, mark in flat)], np.int64)
    texts = np.frombuffer(b"".join(mark for _, mark in flat), np.uint8).copy()
    return tuple(language for language, _ in flat), texts, offsets


_SUFFIX_LANGUAGES, _SUFFIX_TEXTS, _SUFFIX_OFFSETS = _table(_SUFFIXES)
_PREFIX_LANGUAGES, _PREFIX_TEXTS, _PREFIX_OFFSETS = _table(_PREFIXES)


def language_of(decoded: Decoded, series_labels: Labels) -> Language:
    """Return the language of a checked profile."""
    told = _OF_SPY.get(label_value(series_labels, LABEL_SPY))
    if told is not None:
        return told
    endings, beginnings = np.zeros(len(_SUFFIX_LANGUAGES), np.int64), np.zeros(len(_PREFIX_LANGUAGES), np.int64)
    count_marks(
        decoded.raw,
        decoded.strings,
        _SUFFIX_TEXTS,
        _SUFFIX_OFFSETS,
        _PREFIX_TEXTS,
        _PREFIX_OFFSETS,
        endings,
        beginnings,
    )
    votes = dict.fromkeys(Language, 0)
    languages = (*_SUFFIX_LANGUAGES, *_PREFIX_LANGUAGES)
    for language, count in zip(languages, (*endings.tolist(), *beginnings.tolist()), strict=True):
        votes[language] += count
    likely = max(votes, key=lambda language: votes[language])
    return likely if votes[likely] else Language.UNKNOWN
