"""Reading configuration from environment variables: each reader parses one variable, and none ever raises.

What is wrong with a value is remembered as a :class:`Problem` and the default takes its place, so that one start shows
all mistakes at once. The problems come out as Django system checks (:mod:`phlareweb.checks`); no process serves while
there is one.

Every variable that is read is remembered as a :class:`Declared`, against which the documentation is tested and
misspelt names are found.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from ingest.profiles.quantities import format_bytes, format_duration, parse_bytes, parse_duration

Value = TypeVar("Value")

PREFIX = "PHLARE_"
#: A file with a secret is one line; more than this is a mistake in the path.
MAX_SECRET_FILE_BYTES = 64 * 1024

#: What stands for a secret, and what is one in an address: who signs in, and parameters.
_SET, _HIDDEN = "(set)", "(hidden)"
_SIGN_IN = re.compile(r"(?<=://)[^\s/?#]*(?=@)")
_PARAMETER = re.compile(r"(?<=[?&])([^=&\s]*(?:pass|secret|token|key|auth)[^=&\s]*=)[^&#\s]*", re.IGNORECASE)

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


class ProblemId(StrEnum):
    """Identifiers of the system checks about variables. Never reused for another meaning."""

    NOT_A_BOOLEAN = "phlare.E001"
    NOT_A_NUMBER = "phlare.E002"
    NOT_A_SIZE = "phlare.E003"
    NOT_A_DURATION = "phlare.E004"
    NOT_A_CHOICE = "phlare.E005"
    OUT_OF_RANGE = "phlare.E006"
    SECRET_UNREADABLE = "phlare.E007"
    NOT_A_URL = "phlare.E008"
    CONFLICT = "phlare.E009"
    DATA_DIR_UNUSABLE = "phlare.E010"
    UNKNOWN_VARIABLE = "phlare.W001"
    OPEN_TO_OTHERS = "phlare.W002"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one variable. Never holds the value of a secret."""

    id: ProblemId
    variable: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Declared:
    """One variable that the project reads: its name, default and unit as the documentation has to give them."""

    name: str
    default: str
    unit: str


@dataclass(frozen=True, slots=True)
class InForce:
    """One variable as a person may see it: without what is secret."""

    name: str
    value: str
    default: str
    is_set: bool


@dataclass(slots=True)
class Environment:
    """The environment variables of the process and what was learnt while reading them.

    An empty value counts as unset, because that is what ``PHLARE_X=`` in a unit file or a compose file means.
    """

    variables: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    declared: dict[str, Declared] = field(default_factory=dict)

    def env_bool(self, name: str, default: bool) -> bool:
        """Return 1/true/yes/on as True and 0/false/no/off as False, in any case."""
        self._declare(name, "1" if default else "0", "boolean")
        return self._read(name, default, self._parse_bool)

    def env_int(self, name: str, default: int, *, unit: str, minimum: int = 0, maximum: int | None = None) -> int:
        """Return a whole number from ``minimum`` to ``maximum``, both included."""
        self._declare(name, str(default), unit)

        def parse(text: str) -> int | Problem:
            try:
                value = int(text)
            except ValueError:
                return Problem(ProblemId.NOT_A_NUMBER, name, f"{text!r} is not a whole number.", f"Unit: {unit}.")
            return self._in_range(name, value, minimum, maximum, unit)

        return self._read(name, default, parse)

    def env_bytes(self, name: str, default: int, *, minimum: int = 0, maximum: int | None = None) -> int:
        """Return a size in bytes. Suffixes count in powers of 1024: ``64MiB``, ``64MB`` and ``64M`` are the same."""
        self._declare(name, format_bytes(default), "bytes")

        def parse(text: str) -> int | Problem:
            value = parse_bytes(text)
            if value is None:
                return Problem(ProblemId.NOT_A_SIZE, name, f"{text!r} is not a size.", "Write 65536, 64KiB or 2GiB.")
            return self._in_range(name, value, minimum, maximum, "bytes")

        return self._read(name, default, parse)

    def env_duration(self, name: str, default: float, *, minimum: float = 0.0, maximum: float | None = None) -> float:
        """Return a duration in seconds; ``90``, ``90s``, ``1m30s``, ``250ms``, ``1h``, ``7d`` and ``2w`` are read."""
        self._declare(name, format_duration(default), "duration")

        def parse(text: str) -> float | Problem:
            value = parse_duration(text)
            if value is None:
                return Problem(
                    ProblemId.NOT_A_DURATION, name, f"{text!r} is not a duration.", "Write 90, 90s or 1h30m."
                )
            return self._in_range(name, value, minimum, maximum, "seconds")

        return self._read(name, default, parse)

    def env_choice(self, name: str, default: str, choices: Collection[str]) -> str:
        """Return one of ``choices``, in lower case."""
        self._declare(name, default, " / ".join(choice for choice in choices if choice))

        def parse(text: str) -> str | Problem:
            if text.lower() in choices:
                return text.lower()
            hint = "Choose one of: " + ", ".join(sorted(choice for choice in choices if choice)) + "."
            return Problem(ProblemId.NOT_A_CHOICE, name, f"{text!r} is not a choice.", hint)

        return self._read(name, default, parse)

    def env_text(self, name: str, default: str = "", *, unit: str = "text") -> str:
        """Return any text, without the white space around it."""
        self._declare(name, default, unit)
        return self._read(name, default, lambda text: text)

    def env_list(self, name: str, default: Collection[str] = ()) -> list[str]:
        """Return the parts of a comma-separated list, without empty ones."""
        self._declare(name, ",".join(default), "comma-separated")
        return self._read(name, list(default), lambda text: [part.strip() for part in text.split(",") if part.strip()])

    def env_path(self, name: str, default: Path, shown_default: str) -> Path:
        """Return an absolute path; a relative one counts from the directory the process was started in."""
        self._declare(name, shown_default, "path")
        return self._read(name, default, lambda text: Path(text).expanduser()).absolute()

    def env_secret(self, name: str) -> str:
        """Return the value of ``name``, or the content of the file that ``name``\\ ``_FILE`` names; else ``""``.

        Both at once is a problem, and so is a file that cannot be read: a server must not run on a default key because
        of a slip in a mount.
        """
        file_name = f"{name}_FILE"
        self._declare(name, "", "secret")
        self._declare(file_name, "", "path")
        value, file = self._get(name), self._get(file_name)
        if value and file:
            message = f"{name} and {file_name} are both set."
            self.problems.append(Problem(ProblemId.CONFLICT, name, message, "Keep one of the two."))
            return ""
        if not file:
            return value
        try:
            with open(file, encoding="utf-8") as stream:
                return stream.read(MAX_SECRET_FILE_BYTES).strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            self.problems.append(Problem(ProblemId.SECRET_UNREADABLE, file_name, f"{file!r} cannot be read: {reason}."))
            return ""

    def in_force(self) -> tuple[InForce, ...]:
        """Return every variable that was read. Of a secret only whether it is set, of an address no password."""
        found = []
        for one in self.declared.values():
            text = self._get(one.name)
            shown = (_SET if text else "") if one.unit == "secret" else _without_passwords(text or one.default)
            found.append(InForce(one.name, shown, one.default, bool(text)))
        return tuple(found)

    def unknown_variables(self) -> Iterator[Problem]:
        """Yield a warning for each ``PHLARE_*`` variable that nothing read, with the name it resembles."""
        for name in sorted(self.variables):
            if name.startswith(PREFIX) and name not in self.declared:
                near = difflib.get_close_matches(name, self.declared, n=1)
                hint = f"Did you mean {near[0]}?" if near else "docs/configuration.md lists every variable."
                yield Problem(ProblemId.UNKNOWN_VARIABLE, name, f"{name} is not a setting and has no effect.", hint)

    def _declare(self, name: str, default: str, unit: str) -> None:
        self.declared[name] = Declared(name, default, unit)

    def _get(self, name: str) -> str:
        return self.variables.get(name, "").strip()

    def _read(self, name: str, default: Value, parse: Callable[[str], Value | Problem]) -> Value:
        text = self._get(name)
        if not text:
            return default
        value = parse(text)
        if isinstance(value, Problem):
            problem = Problem(value.id, name, f"{name}: {value.message}", value.hint)
            self.problems.append(problem)
            return default
        return value

    def _parse_bool(self, text: str) -> bool | Problem:
        if text.lower() in _TRUE:
            return True
        if text.lower() in _FALSE:
            return False
        return Problem(ProblemId.NOT_A_BOOLEAN, "", f"{text!r} is neither on nor off.", "Write 1 or 0.")

    @staticmethod
    def _in_range(name: str, value: Value, minimum: float, maximum: float | None, unit: str) -> Value | Problem:
        number = float(value)  # type: ignore[arg-type]
        if number < minimum or (maximum is not None and number > maximum):
            allowed = f"at least {minimum:g}" if maximum is None else f"from {minimum:g} to {maximum:g}"
            return Problem(ProblemId.OUT_OF_RANGE, name, f"{value} is out of range.", f"Must be {allowed} {unit}.")
        return value


def _without_passwords(text: str) -> str:
    return _PARAMETER.sub(rf"\1{_HIDDEN}", _SIGN_IN.sub(_HIDDEN, text))
