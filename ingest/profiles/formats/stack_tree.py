"""Stacks as a tree: equal stacks are summed while a file is read, so that memory follows what differs.

A node is a number, the root is 0. A stack is the path from the root to a node. The bounds are those a profile has
anyway, applied before it is built: deeper frames are cut on the leaf side as pushing would cut them.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingest.profiles.columns import SampleType
from ingest.profiles.formats.refused import Refused, malformed, too_large
from ingest.profiles.formats.stack_table import MAX_VALUE, StackTable
from ingest.profiles.limits import Limits
from ingest.profiles.pprof.message import PprofMessage, encode_message
from ingest.profiles.reasons import Reason, Rejection

ROOT = 0

#: Most nodes of one profile. A node takes about 150 bytes; 16 000 stacks of 60 frames that share nothing are fewer.
MAX_NODES = 1 << 20
_MAX_INDEX = (1 << 32) - 1
_NO_TYPE = SampleType("", "")


class StackTree:
    """Sums the values of equal stacks. Frames and nodes are interned, so each costs its memory once."""

    def __init__(self, sample_types: Sequence[SampleType], limits: Limits) -> None:
        """Make an empty tree for stacks of one value for each of ``sample_types``."""
        self._types = tuple(sample_types)
        self._limits = limits
        self._frames = StackTable(sample_types)
        self._string_bytes = 0
        self._children: dict[int, int] = {}
        self._parents = [ROOT]
        self._frame_of = [0]
        self._depths = [0]
        self._values: dict[int, list[int]] = {}
        self._known: dict[tuple[str, str, int, int], int] = {}

    def frame(self, name: str, filename: str = "", line: int = 0, start_line: int = 0) -> int:
        """Return the index of a frame; lines out of bounds are not known lines."""
        key = (name, filename, line, start_line)
        index = self._known.get(key)
        if index is None:
            self._string_bytes += len(name) + len(filename)
            if self._string_bytes > self._limits.max_profile_size_bytes:
                raise too_large(
                    f"the names in the file have more than {self._limits.max_profile_size_bytes} characters "
                    "(max_profile_size_bytes)"
                )
            bounded = (one if 0 <= one <= _MAX_INDEX else 0 for one in (line, start_line))
            index = self._known[key] = self._frames.frame(name, filename, *bounded)
        return index

    def child(self, node: int, frame: int) -> int:
        """Return the node of ``frame`` called by ``node``; ``node`` itself at the greatest depth."""
        key = node << 32 | frame
        found = self._children.get(key)
        if found is None:
            depth = self._depths[node] + 1
            if depth > self._limits.max_profile_stacktrace_depth:
                return node
            found = len(self._parents)
            if found > MAX_NODES:
                raise too_large(f"the stacks in the file have more than {MAX_NODES} different callers")
            self._children[key] = found
            self._parents.append(node)
            self._frame_of.append(frame)
            self._depths.append(depth)
        return found

    def named_child(self, node: int, name: str) -> int:
        """Return the node of a frame of which only the name is known."""
        return self.child(node, self.frame(name))

    def parent(self, node: int) -> int:
        """Return the caller of a node; the root's is the root."""
        return self._parents[node]

    def add(self, node: int, *values: int) -> None:
        """Add values to the stack that ends in ``node``; refuses negative ones."""
        sums = self._values.get(node)
        if sums is None:
            if not any(values):
                return
            if len(self._values) >= self._limits.max_profile_stacktrace_samples:
                limit = self._limits.max_profile_stacktrace_samples
                message = (
                    f"the file has more than {limit} different stacks; at most that many are allowed "
                    "(max_profile_stacktrace_samples)"
                )
                raise Refused(Rejection(Reason.SAMPLES_LIMIT, message))
            sums = self._values[node] = [0] * len(self._types)
        for index, value in enumerate(values):
            if value < 0:
                raise malformed(f"the file has the negative value {value}")
            sums[index] += value
            if sums[index] > MAX_VALUE:
                raise malformed("the values of the file are above the range of 64 bits")

    def pprof(
        self, period_type: SampleType = _NO_TYPE, period: int = 0, time_ns: int = 0, duration_ns: int = 0
    ) -> bytes:
        """Return the profile as a pprof message."""
        return encode_message(self.message(period_type, period, time_ns, duration_ns))

    def message(
        self, period_type: SampleType = _NO_TYPE, period: int = 0, time_ns: int = 0, duration_ns: int = 0
    ) -> PprofMessage:
        """Return the profile as columns."""
        references = sum(self._depths[node] for node in self._values)
        if references > self._limits.max_profile_size_bytes:
            # Each takes a byte at least.
            raise too_large(
                f"the stacks of the file have {references} frames together, more than the "
                f"{self._limits.max_profile_size_bytes} bytes that a profile may have (max_profile_size_bytes)"
            )
        for node, values in self._values.items():
            self._frames.add(self._leaf_first(node), values)
        return self._frames.message(period_type, period, time_ns, duration_ns)

    def _leaf_first(self, node: int) -> list[int]:
        path = []
        while node != ROOT:
            path.append(self._frame_of[node])
            node = self._parents[node]
        return path
