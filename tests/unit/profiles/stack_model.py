"""A naive model of profiles for tests: stacks of frames as plain Python values, and trees as nested dictionaries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from ingest.profiles.columns import StackProfile, Symbols


@dataclass(frozen=True)
class Location:
    """A location spelled out; ``functions`` run from the innermost to the outermost, as (name, file, line number)."""

    functions: tuple[tuple[str, str, int], ...]
    address: int = 0
    mapping: tuple[int, str] = (0, "")
    folded: bool = False


#: A stack from the root down, with its value.
Stack = tuple[tuple[Location, ...], int]


def plain(*names: str) -> tuple[Location, ...]:
    """Return a stack of locations with one line each, from the root down."""
    return tuple(Location(((name, "", 0),)) for name in names)


@dataclass
class _Rows:
    index: dict[object, int] = field(default_factory=dict)

    def of(self, key: object) -> int:
        return self.index.setdefault(key, len(self.index))


def build_profile(stacks: Iterable[Stack], *, junk: str = "") -> StackProfile:
    """Return a profile of the given stacks; ``junk`` is an unused string that shifts the ids of all others."""
    strings, functions, mappings, locations = _Rows(), _Rows(), _Rows(), _Rows()
    strings.of("")
    if junk:
        strings.of(junk)
    mappings.of((0, 0))
    parents, node_locations, values = [0], [0], [0]
    nodes: dict[tuple[int, int], int] = {}
    for stack, value in stacks:
        node = 0
        for location in stack:
            lines = tuple(
                (functions.of((strings.of(name), strings.of(name), strings.of(file))), number)
                for name, file, number in location.functions
            )
            mapping = mappings.of((location.mapping[0], strings.of(location.mapping[1])))
            row = locations.of((mapping, location.address, int(location.folded), lines))
            if (node, row) not in nodes:
                nodes[node, row] = len(parents)
                parents.append(node)
                node_locations.append(row)
                values.append(0)
            node = nodes[node, row]
        values[node] += value
    symbols = _symbols(list(strings.index), list(functions.index), list(mappings.index), list(locations.index))
    symbols = _with_nodes(symbols, parents, node_locations)
    return StackProfile(symbols, np.array(values, np.int64))


def _symbols(
    strings: list[object], functions: list[object], mappings: list[object], locations: list[object]
) -> Symbols:
    encoded = [str(string).encode() for string in strings]
    name, system, file = (np.array([row[at] for row in functions], np.uint32) for at in range(3))  # type: ignore[index]
    start, filename = (np.array([row[at] for row in mappings]) for at in range(2))  # type: ignore[index]
    lines = [line for row in locations for line in row[3]]  # type: ignore[index]
    return Symbols(
        string_offsets=np.cumsum([0, *map(len, encoded)], dtype=np.int64),
        string_bytes=np.frombuffer(b"".join(encoded), np.uint8).copy(),
        function_name=name,
        function_system_name=system,
        function_filename=file,
        function_start_line=np.zeros(len(functions), np.int64),
        mapping_start=start.astype(np.uint64),
        mapping_limit=start.astype(np.uint64) * np.uint64(2),
        mapping_offset=np.zeros(len(mappings), np.uint64),
        mapping_filename=filename.astype(np.uint32),
        mapping_build_id=np.zeros(len(mappings), np.uint32),
        mapping_flags=np.zeros(len(mappings), np.uint32),
        location_mapping=np.array([row[0] for row in locations], np.uint32),  # type: ignore[index]
        location_address=np.array([row[1] for row in locations], np.uint64),  # type: ignore[index]
        location_folded=np.array([row[2] for row in locations], np.uint8),  # type: ignore[index]
        location_line_offsets=np.cumsum([0, *(len(row[3]) for row in locations)], dtype=np.int64),  # type: ignore[index]
        line_function=np.array([line[0] for line in lines], np.uint32),
        line_number=np.array([line[1] for line in lines], np.int64),
        node_parent=np.zeros(1, np.uint32),
        node_location=np.zeros(1, np.uint32),
    )


def _with_nodes(symbols: Symbols, parents: list[int], locations: list[int]) -> Symbols:
    columns = {name: getattr(symbols, name) for name in Symbols.__slots__}
    columns["node_parent"] = np.array(parents, np.uint32)
    columns["node_location"] = np.array(locations, np.uint32)
    return Symbols(**columns)


def location_of(symbols: Symbols, row: int) -> Location:
    """Return location ``row`` spelled out."""
    lines = range(int(symbols.location_line_offsets[row]), int(symbols.location_line_offsets[row + 1]))
    functions = [int(symbols.line_function[line]) for line in lines]
    mapping = int(symbols.location_mapping[row])
    return Location(
        tuple(
            (
                symbols.string(int(symbols.function_name[function])),
                symbols.string(int(symbols.function_filename[function])),
                int(symbols.line_number[line]),
            )
            for function, line in zip(functions, lines, strict=True)
        ),
        int(symbols.location_address[row]),
        (int(symbols.mapping_start[mapping]), symbols.string(int(symbols.mapping_filename[mapping]))),
        bool(symbols.location_folded[row]),
    )


def node_path(symbols: Symbols, node: int) -> tuple[Location, ...]:
    """Return the locations from the root down to ``node``."""
    path = []
    while node:
        path.append(location_of(symbols, int(symbols.node_location[node])))
        node = int(symbols.node_parent[node])
    return tuple(reversed(path))


def stack_sums(stacks: Iterable[Stack]) -> dict[tuple[Location, ...], int]:
    """Return the summed value of each different stack, zeros left out."""
    sums: dict[tuple[Location, ...], int] = {}
    for stack, value in stacks:
        sums[stack] = sums.get(stack, 0) + value
    return {stack: value for stack, value in sums.items() if value}


def read_profile(profile: StackProfile) -> dict[tuple[Location, ...], int]:
    """Return the stacks of ``profile`` with their values, zeros left out; two nodes of one stack are an error."""
    found: dict[tuple[Location, ...], int] = {}
    for node, value in enumerate(profile.node_self.tolist()):
        path = node_path(profile.symbols, node)
        if value:
            assert path not in found, "one stack has two nodes"
            found[path] = value
    return found


def named_sums(stacks: Iterable[Stack]) -> dict[tuple[str, ...], int]:
    """Return the summed value of each stack of function names, inlined lines spelled out."""
    sums: dict[tuple[str, ...], int] = {}
    for stack, value in stacks:
        names = tuple(name for location in stack for name, _, _ in reversed(location.functions))
        sums[names] = sums.get(names, 0) + value
    return {names: value for names, value in sums.items() if value}


def check_conventions(symbols: Symbols) -> None:
    """Assert what every consumer of symbols relies on."""
    assert symbols.string(0) == ""
    assert (
        symbols.mapping_start[0]
        == symbols.mapping_filename[0]
        == symbols.node_parent[0]
        == symbols.node_location[0]
        == 0
    )
    assert (symbols.node_parent[1:] < np.arange(1, symbols.node_count)).all()
    assert len(set(symbols.strings())) == symbols.string_count
    dtypes: Mapping[str, type] = {
        "string_offsets": np.int64, "string_bytes": np.uint8, "function_name": np.uint32,
        "function_system_name": np.uint32, "function_filename": np.uint32, "function_start_line": np.int64,
        "mapping_start": np.uint64, "mapping_limit": np.uint64, "mapping_offset": np.uint64,
        "mapping_filename": np.uint32, "mapping_build_id": np.uint32, "mapping_flags": np.uint32,
        "location_mapping": np.uint32, "location_address": np.uint64, "location_folded": np.uint8,
        "location_line_offsets": np.int64, "line_function": np.uint32, "line_number": np.int64,
        "node_parent": np.uint32, "node_location": np.uint32,
    }  # fmt: skip
    for name, dtype in dtypes.items():
        column = getattr(symbols, name)
        assert column.dtype == dtype, name
        assert column.flags.c_contiguous, name


_names = st.sampled_from(["a", "b", "c", "aa", "other", "total", "", "名前", "a function with a long name", "z"])
locations = st.builds(
    Location,
    st.lists(st.tuples(_names, st.sampled_from(["", "f.go"]), st.integers(0, 2)), max_size=3).map(tuple),
    st.sampled_from([0, 16, 2**64 - 1]),
    st.sampled_from([(0, ""), (4096, "bin"), (8192, "lib")]),
    st.booleans(),
)
_stacks_of = lambda frame: st.lists(  # noqa: E731
    st.tuples(st.lists(frame, max_size=6).map(tuple), st.integers(0, 9)), max_size=14
)
#: Stacks of locations of all kinds: inlined, without lines, folded, recursive.
stacks = _stacks_of(locations)
#: Stacks of plain frames from few names, so that trees overlap, repeat names and recurse.
plain_stacks = _stacks_of(_names.map(lambda name: Location(((name, "", 0),))))
