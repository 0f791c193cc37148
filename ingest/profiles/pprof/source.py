"""Where the source of a program is, kept with its mappings.

Pyroscope's source view takes the repository from the build id of a mapping: where a series carries any of the labels
``service_repository``, ``service_git_ref`` and ``service_root_path``, each build id becomes a JSON object with the keys
``repository``, ``git_ref``, ``build_id`` and ``root_path``. The labels stay.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from ingest.profiles.columns import U64, Labels
from ingest.profiles.pprof.decode import Decoded
from ingest.profiles.pprof.digest_kernels import digest_strings

_REPOSITORY, _GIT_REF, _ROOT_PATH = "service_repository", "service_git_ref", "service_root_path"
_BUILD_ID_COLUMN = 5

#: Different build ids of a profile beyond which they are left as they are: a program maps some hundred files at most.
MAX_BUILD_IDS = 1024


def with_source(decoded: Decoded, string_digests: U64, series_labels: Labels) -> tuple[Decoded, U64]:
    """Return a checked profile whose build ids say where the source is, and the digests of its strings."""
    source = {name: value for name, value in series_labels if name in (_REPOSITORY, _GIT_REF, _ROOT_PATH)}
    if not source or not len(decoded.mappings):
        return decoded, string_digests
    build_ids, places = np.unique(decoded.mappings[:, _BUILD_ID_COLUMN], return_inverse=True)
    if len(build_ids) > MAX_BUILD_IDS:
        return decoded, string_digests
    documents = [_document(source, decoded.string(index)) for index in build_ids.tolist()]
    sizes = np.array([len(document) for document in documents], np.int64)
    raw = np.concatenate((decoded.raw, np.frombuffer(b"".join(documents), np.uint8)))
    raw.flags.writeable = False
    rows = np.column_stack((len(decoded.raw) + np.cumsum(sizes) - sizes, sizes))
    decoded.mappings[:, _BUILD_ID_COLUMN] = len(decoded.strings) + places
    digests = np.empty((len(rows), 2), np.uint64)
    digest_strings(raw, rows, digests)
    told = replace(decoded, raw=raw, strings=np.concatenate((decoded.strings, rows)))
    return told, np.concatenate((string_digests, digests))


def _document(source: dict[str, str], build_id: str) -> bytes:
    fields = {
        "repository": source.get(_REPOSITORY, ""),
        "git_ref": source.get(_GIT_REF, ""),
        "build_id": build_id,
        "root_path": source.get(_ROOT_PATH, ""),
    }
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
