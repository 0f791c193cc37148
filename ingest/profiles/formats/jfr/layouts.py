"""How the values of a class lie in the bytes, compiled from the metadata into steps that a kernel follows.

JFR describes itself: each chunk names its classes and their fields, and a reader has to go by that. A class becomes a
list of steps in the order of its fields, with the fields of nested classes in place. Fields that are wanted go into
slots of a row; all others are gone past.

A step is three numbers, (operation, slot or -1, argument):

=========  =========================================================================
operation  argument
=========  =========================================================================
INTEGER    bytes it takes when plain: 2, 4 or 8
BYTES      bytes it always takes: 1 (boolean, byte), 4 (float) or 8 (double)
STRING     nothing; the slot gets the position of the string
ARRAY      the step of its END. A length as ``int`` comes first
END        the step of its ARRAY; with slot 0 each turn writes a row of the frames
=========  =========================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from enum import Enum, auto

INTEGER, BYTES, STRING, ARRAY, END = range(5)

#: Fields that are gone through for all classes of a chunk together, those of nested classes with each use: so many, and
#: so many for each field that is described. In practice it is one for each.
_FREE_FIELDS, _FIELDS_PER_FIELD = 1024, 8
#: Classes inside of classes, in practice 2.
MAX_NESTING = 16
#: Arrays inside of arrays, in practice 1.
MAX_ARRAYS = 4

_INTEGERS = {"short": 2, "char": 2, "int": 4, "long": 8}
_BYTES = {"boolean": 1, "byte": 1, "float": 4, "double": 8}
_STRING = "java.lang.String"

Step = tuple[int, int, int]


class Want(Enum):
    """What a slot takes; a field of another kind leaves it 0."""

    NUMBER = auto()  #: an integer
    REFERENCE = auto()  #: the key of a value in a constant pool
    TEXT = auto()  #: the position of a string
    ROWS = auto()  #: an array of nested values, each of which is a row of its own


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a wanted field goes."""

    index: int
    want: Want


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a class."""

    name: str
    type_id: int
    is_reference: bool  #: the value is the key of a value in the constant pool of the type
    is_array: bool


@dataclass(frozen=True, slots=True)
class JfrClass:
    """One class of the metadata. It lists all its fields itself, those of its super type as well."""

    type_id: int
    name: str
    super_type: str
    fields: Sequence[Field]


class LayoutError(ValueError):
    """A class refers to a type that is not there, or to itself, or there are too many fields together."""


class Budget:
    """The fields that may still be gone through: classes inside of classes can double and double."""

    def __init__(self, classes: Mapping[int, JfrClass]) -> None:
        """Allow for some times as many as the classes describe."""
        self._left = _FREE_FIELDS + _FIELDS_PER_FIELD * sum(len(one.fields) for one in classes.values())

    def take(self, kind: JfrClass) -> None:
        """Count one field of a class."""
        self._left -= 1
        if self._left < 0:
            raise LayoutError(f"there is no room for the fields of class {kind.name!r}")


def compile_class(
    classes: Mapping[int, JfrClass], type_id: int, slots: Mapping[str, Slot], first_step: int, budget: Budget
) -> list[Step]:
    """Return the steps of a value of class ``type_id``, numbered from ``first_step``; LayoutError when it has none.

    ``slots`` names wanted fields, nested ones with dots, as ``frames.method``; the value itself is ``""``.
    """
    compiler = _Compiler(classes, slots, first_step, budget)
    _add_value(compiler, type_id, "", slots.get(""), 0, 0)
    return compiler.steps


@dataclass(frozen=True, slots=True)
class _Compiler:
    classes: Mapping[int, JfrClass]
    slots: Mapping[str, Slot]
    first_step: int
    budget: Budget
    steps: list[Step] = dataclass_field(default_factory=list)

    def add(self, operation: int, slot: int, argument: int) -> None:
        self.steps.append((operation, slot, argument))


def _add_value(compiler: _Compiler, type_id: int, path: str, slot: Slot | None, nesting: int, arrays: int) -> None:
    """Add the steps of one value."""
    kind = compiler.classes.get(type_id)
    if kind is None:
        raise LayoutError(f"there is no class {type_id}")
    if kind.name in _INTEGERS:
        compiler.add(INTEGER, _index(slot, Want.NUMBER), _INTEGERS[kind.name])
    elif kind.name in _BYTES:
        compiler.add(BYTES, -1, _BYTES[kind.name])
    elif kind.name == _STRING:
        compiler.add(STRING, _index(slot, Want.TEXT), 0)
    else:
        if nesting == MAX_NESTING:
            raise LayoutError(f"class {kind.name!r} is nested more than {MAX_NESTING} deep")
        for field in kind.fields:
            compiler.budget.take(kind)
            _add_field(compiler, field, f"{path}{field.name}", nesting + 1, arrays)


def _add_field(compiler: _Compiler, field: Field, path: str, nesting: int, arrays: int) -> None:
    """Add the steps of one field."""
    slot = compiler.slots.get(path)
    if not field.is_array:
        _add_element(compiler, field, path, slot, nesting, arrays)
        return
    if arrays == MAX_ARRAYS:
        raise LayoutError(f"arrays are nested more than {MAX_ARRAYS} deep")
    start = len(compiler.steps)
    compiler.add(ARRAY, -1, 0)
    _add_element(compiler, field, path, None, nesting, arrays + 1)
    compiler.steps[start] = (ARRAY, -1, compiler.first_step + len(compiler.steps))
    compiler.add(END, _index(slot, Want.ROWS), compiler.first_step + start)


def _add_element(compiler: _Compiler, field: Field, path: str, slot: Slot | None, nesting: int, arrays: int) -> None:
    """Add the steps of a field, or of one element of it when it is an array."""
    if field.is_reference:
        compiler.add(INTEGER, _index(slot, Want.REFERENCE), 8)
    else:
        _add_value(compiler, field.type_id, f"{path}.", slot, nesting, arrays)


def _index(slot: Slot | None, want: Want) -> int:
    return slot.index if slot is not None and slot.want is want else -1
