"""Fix-ups for profiles of Go programs, between the checks and normalisation. The rules are Pyroscope's.

**Type parameters.** The compiler makes one body of a generic function for each shape of its type arguments and names it
``f[go.shape.int]``. The bracket is taken out of the name, whatever is nested in it, so that the bodies count as one
function.

**Truncated stacks.** Go cuts the stacks of CPU profiles at 64 frames and, before 1.23, those of heap profiles at 32,
at the root. Where that may have happened the frames that are missing are looked for in the other stacks of the profile:
stacks of more than 24 frames are grouped by the 24 nearest the root; each group has eight windows of 16 frames, at 1 to
8 frames from the root; a group whose own 16 frames at the root are a window of another group lacks the frames between
that window and the root. This is followed from group to group, at most 56 times. A window that lies equally far from
the root in several groups which end differently would be a guess, and repairs nothing; so do groups that refer to
each other in a circle. The result depends on the content of the stacks alone, and a repaired profile stays as it is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ingest.profiles.columns import I64, U64, SampleType
from ingest.profiles.pprof import go_kernels as kernels
from ingest.profiles.pprof.decode import Decoded
from ingest.profiles.pprof.digest_kernels import digest_strings
from ingest.profiles.pprof.tree_kernels import location_digests

_BRACKET = b"[go.shape."

#: Depths of the deepest stack between which stacks of the heap may have been cut, and from which on those of the CPU.
_HEAP_DEPTHS = range(28, 33)
_CPU_DEPTH = 60


def without_type_parameters(decoded: Decoded, string_digests: U64) -> tuple[Decoded, U64]:
    """Return a checked profile whose function names have no instantiation brackets, and the digests of its strings."""
    if decoded.raw.tobytes().find(_BRACKET) < 0:
        return decoded, string_digests
    data, rows = kernels.without_type_parameters(decoded.raw, decoded.strings, decoded.functions)
    if not len(rows):
        return decoded, string_digests
    raw = np.concatenate((decoded.raw, data))
    raw.flags.writeable = False
    digests = np.empty((len(rows), 2), np.uint64)
    digest_strings(raw, rows, digests)
    mended = replace(decoded, raw=raw, strings=np.concatenate((decoded.strings, rows)))
    return mended, np.concatenate((string_digests, digests))


def with_whole_stacks(
    decoded: Decoded, kept: I64, sample_types: tuple[SampleType, ...], string_digests: U64, seed: np.uint64
) -> Decoded:
    """Return a profile that has been through ``select_samples`` with the cut stacks of its kept samples repaired."""
    if not _may_be_cut(kernels.deepest_stack(kept, decoded.samples), sample_types):
        return decoded
    locations = location_digests(decoded.mappings, decoded.locations, decoded.lines, decoded.functions, string_digests)
    refs, offsets = kernels.repair_stacks(kept, decoded.samples, decoded.refs, locations, seed)
    decoded.samples[:, 0] = offsets
    return replace(decoded, refs=refs)


def _may_be_cut(deepest: int, sample_types: tuple[SampleType, ...]) -> bool:
    """Return whether the runtime may have cut stacks of a profile with these types and this deepest stack."""
    if any(kind.name.startswith(("alloc_", "inuse_")) for kind in sample_types):
        return deepest in _HEAP_DEPTHS
    return deepest >= _CPU_DEPTH and any(kind.name == "cpu" for kind in sample_types)
