"""Which references of a request hold: everything a sample leads to must be in the tables.

A profile that leads anywhere else is refused rather than mended: nobody can say what it meant, and it may be one that
was read by the numbers of another revision.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ingest.profiles.columns import I64
from ingest.profiles.formats.otlp.decode import Dictionary

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Stacks:
    """The stacks without the locations that are not set (index 0)."""

    offsets: I64  #: int64[K + 1], offsets into ``locations``
    locations: I64  #: indexes of locations, leaf first
    is_sound: Bools  #: bool[K], everything that the stack leads to is there


def sound_stacks(dictionary: Dictionary) -> Stacks:
    """Follow every reference of the dictionary once, and return its stacks."""
    string_count = len(dictionary.strings)
    functions = _all_below(dictionary.functions[:, :3], string_count)
    mappings = _all_below(dictionary.mappings[:-1, 3:4], string_count)
    lines = _leads_to(dictionary.lines[:, 0], functions)
    locations = _leads_to(dictionary.locations[:-1, 0], mappings, none_is_sound=True)
    locations &= _all_of(dictionary.locations[:, 2], lines)
    stacks = _all_of(dictionary.stacks, _leads_to(dictionary.stack_refs, locations))
    is_set = dictionary.stack_refs != 0
    kept = np.concatenate((np.zeros(1, np.int64), np.cumsum(is_set, dtype=np.int64)))
    return Stacks(kept[dictionary.stacks], dictionary.stack_refs[is_set], stacks)


def _all_below(columns: I64, bound: int) -> Bools:
    """Whether all numbers of each row are indexes below ``bound``; 0 always is, it means: not set."""
    sound: Bools = np.logical_and.reduce((columns >= 0) & (columns < max(bound, 1)), axis=1)
    return sound


def _leads_to(references: I64, targets: Bools, none_is_sound: bool = False) -> Bools:
    """Whether each reference leads to a target that is sound; without any targets 0 may still mean: not set."""
    if not len(targets):
        targets = np.full(1, none_is_sound, np.bool_)
    inside = (references >= 0) & (references < len(targets))
    sound: Bools = inside & targets[np.where(inside, references, 0)]
    return sound


def _all_of(offsets: I64, items: Bools) -> Bools:
    """Whether all items of each list are sound."""
    unsound = np.concatenate((np.zeros(1, np.int64), np.cumsum(~items, dtype=np.int64)))
    sound: Bools = unsound[offsets[1:]] == unsound[offsets[:-1]]
    return sound
