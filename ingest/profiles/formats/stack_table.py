"""Stacks of named frames, collected one by one: what formats of text come down to."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

import numpy as np

from ingest.profiles.columns import MAPPING_HAS_FUNCTIONS, SampleType
from ingest.profiles.pprof.message import (
    FunctionColumns,
    LocationColumns,
    MappingColumns,
    PprofMessage,
    SampleColumns,
    StringTable,
)

_NO_TYPE = SampleType("", "")

#: Values are kept as int64.
MAX_VALUE = (1 << 63) - 1


class StackTable:
    """Collects samples whose frames have a name, and a file and a line where the format knows them.

    Equal frames are kept once, equal stacks as often as they are added: pushing sums them. What the table takes is
    proportional to what is added.
    """

    def __init__(self, sample_types: Sequence[SampleType]) -> None:
        """Make an empty table for samples of one value for each of ``sample_types``."""
        self._types = tuple(sample_types)
        self._strings: dict[str, int] = {"": 0}
        self._functions: dict[tuple[int, int, int], int] = {}
        self._locations: dict[tuple[int, int], int] = {}
        self._named: dict[str, int] = {}
        self._offsets = array("q", [0])
        self._refs = array("I")
        self._values = array("q")
        self._label_offsets = array("q", [0])
        self._labels = array("I")

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self._offsets) - 1

    def frame(self, name: str, filename: str = "", line: int = 0, start_line: int = 0) -> int:
        """Return the index of a frame for :meth:`add`; ``line`` and ``start_line`` are int64, 0 = not known."""
        key = (self._string(name), self._string(filename), start_line)
        function = self._functions.setdefault(key, len(self._functions))
        return self._locations.setdefault((function, line), len(self._locations))

    def named(self, name: str) -> int:
        """Return the index of a frame of which only the name is known."""
        index = self._named.get(name)
        if index is None:
            index = self._named[name] = self.frame(name)
        return index

    def add(self, leaf_first: Iterable[int], values: Sequence[int], labels: Iterable[tuple[str, str]] = ()) -> None:
        """Add a sample of frames from the leaf to the root; ``values`` are int64, one for each sample type.

        Raises ValueError when there are more or fewer, OverflowError when one is no int64.
        """
        if len(values) != len(self._types):
            raise ValueError(f"{len(values)} values for {len(self._types)} sample types")
        self._values.extend(array("q", values))
        self._refs.extend(leaf_first)
        self._offsets.append(len(self._refs))
        for name, value in labels:
            self._labels.extend((self._string(name), self._string(value)))
        self._label_offsets.append(len(self._labels) // 2)

    def message(
        self, period_type: SampleType = _NO_TYPE, period: int = 0, time_ns: int = 0, duration_ns: int = 0
    ) -> PprofMessage:
        """Return the samples as a message with one mapping, which says that the functions are known."""
        functions = np.array(list(self._functions), np.int64).reshape(-1, 3)
        locations = np.array(list(self._locations), np.int64).reshape(-1, 2)
        labels = np.array(self._labels, np.uint32).reshape(-1, 2)
        u32, u64, count = np.uint32, np.uint64, len(locations)
        return PprofMessage(
            sample_types=self._types,
            period_type=period_type,
            period=period,
            time_ns=time_ns,
            duration_ns=duration_ns,
            strings=StringTable.of(list(self._strings)),
            functions=FunctionColumns(
                name=functions[:, 0].astype(u32),
                system_name=functions[:, 0].astype(u32),
                filename=functions[:, 1].astype(u32),
                start_line=np.ascontiguousarray(functions[:, 2]),
            ),
            mappings=MappingColumns(
                start=np.zeros(1, u64),
                limit=np.zeros(1, u64),
                offset=np.zeros(1, u64),
                filename=np.zeros(1, u32),
                build_id=np.zeros(1, u32),
                flags=np.full(1, MAPPING_HAS_FUNCTIONS, u32),
            ),
            locations=LocationColumns(
                mapping=np.ones(count, u32),
                address=np.zeros(count, u64),
                line_offsets=np.arange(count + 1, dtype=np.int64),
                line_function=locations[:, 0].astype(u32),
                line_number=np.ascontiguousarray(locations[:, 1]),
            ),
            samples=SampleColumns(
                location_offsets=np.array(self._offsets, np.int64),
                location=np.array(self._refs, np.uint32),
                values=np.ascontiguousarray(np.array(self._values, np.int64).reshape(-1, len(self._types)).T),
                label_offsets=np.array(self._label_offsets, np.int64),
                label_key=np.ascontiguousarray(labels[:, 0]),
                label_str=np.ascontiguousarray(labels[:, 1]),
            ),
        )

    def _string(self, text: str) -> int:
        return self._strings.setdefault(text, len(self._strings))
