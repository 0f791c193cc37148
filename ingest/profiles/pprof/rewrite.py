"""Small changes to a pprof message that leave the rest of its bytes as they came."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ingest.profiles.pprof import encode_kernels, rewrite_kernels
from ingest.profiles.pprof.decode import Decoded
from ingest.profiles.pprof.encode import scalar_fields

_FUNCTION_FIELD, _FUNCTION_TAG = 5, 0x2A
_NAME, _FILENAME = 1, 3
#: Most bytes of a string's tag and length, and of a function: its tag and length and five numbers with their tags.
_STRING_FRAME, _FUNCTION_BYTES = 11, 6 * 11


def with_time(data: bytes, time_ns: int) -> bytes:
    """Return the message with another time: of a field that comes twice the last one holds."""
    return data + scalar_fields(time_ns, 0, 0)


def with_function_names(data: bytes, decoded: Decoded, rename: Callable[[str, str], str]) -> bytes:
    """Return the message with ``rename(name, filename)`` as the name of each function.

    ``decoded`` is what ``data`` decodes to. New names are put behind the string table.
    """
    functions = decoded.functions.copy()
    fresh: dict[str, int] = {}
    cache: dict[tuple[int, int], int] = {}
    for row in range(len(functions)):
        key = (int(functions[row, _NAME]), int(functions[row, _FILENAME]))
        if key not in cache:
            old = decoded.string(key[0])
            new = rename(old, decoded.string(key[1]))
            cache[key] = key[0] if new == old else fresh.setdefault(new, len(decoded.strings) + len(fresh))
        functions[row, _NAME] = cache[key]
    texts = [text.encode("utf-8", "replace") for text in fresh]
    offsets = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(text) for text in texts], out=offsets[1:])
    joined = np.frombuffer(b"".join(texts), np.uint8)
    size = len(data) + len(functions) * _FUNCTION_BYTES + len(joined) + len(texts) * _STRING_FRAME
    out = np.empty(size, np.uint8)
    position = rewrite_kernels.copy_without(decoded.raw, _FUNCTION_FIELD, out[: len(data)])
    records = np.ascontiguousarray(functions).view(np.uint64)
    position = encode_kernels.write_records(out, position, _FUNCTION_TAG, records)
    position = encode_kernels.write_strings(out, position, offsets, joined)
    return out[:position].tobytes()
