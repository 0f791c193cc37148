"""The output of all processes on one terminal: each line behind the name of its process, never two mixed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

#: A line that is longer is cut in pieces: bounds what a process without line ends can make us hold.
MAX_LINE_BYTES = 64 * 1024
#: ANSI colours given to the processes in turn; red is left for what goes wrong.
_COLOURS = (36, 32, 35, 34, 33, 96, 92, 95, 94, 93)
_SUPERVISOR_COLOUR = 1


@dataclass(slots=True)
class Console:
    """Writes prefixed lines through ``write``, which must write everything it is given."""

    write: Callable[[bytes], object]
    names: Iterable[str]
    use_colour: bool
    _width: int = field(init=False)
    _prefixes: dict[str, bytes] = field(init=False)
    _rests: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = list(self.names)
        self._width = max((len(name) for name in names), default=0)
        self._prefixes = {name: self._prefix(name, _COLOURS[i % len(_COLOURS)]) for i, name in enumerate(names)}

    def say(self, text: str) -> None:
        """Write a line of the supervisor's own."""
        self.write(self._prefix("up", _SUPERVISOR_COLOUR) + text.encode() + b"\n")

    def output(self, name: str, data: bytes) -> None:
        """Take in what a process wrote; whole lines come out, the rest waits for its end, which is empty ``data``.

        Empty lines are left out: they only spread the lines of others apart.
        """
        if not data:
            data = b"\n" if self._rests.get(name) else b""
        *lines, rest = (self._rests.get(name, b"") + data).split(b"\n")
        if len(rest) >= MAX_LINE_BYTES:
            lines.append(rest)
            rest = b""
        self._rests[name] = rest
        lines = [line.rstrip(b"\r") for line in lines]
        prefix = self._prefixes[name]
        if text := b"".join(prefix + line + b"\n" for line in lines if line):
            self.write(text)

    def _prefix(self, name: str, colour: int) -> bytes:
        label = f"{name:<{self._width}} | "
        return (f"\x1b[{colour}m{label}\x1b[0m" if self.use_colour else label).encode()
