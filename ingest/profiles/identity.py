"""The identity of a profile: sixteen bytes derived from its content.

The same profile sent twice, delivered twice or held by several replicas has one identity, so it is recognised
wherever it turns up: in a head, in a write-ahead log, in a block and in the merge of a query.
"""

from __future__ import annotations

import struct
from hashlib import blake2b

from ingest.profiles.columns import Labels

#: Bytes of a profile id.
PROFILE_ID_BYTES = 16

# Separates these digests from any other use of BLAKE2b and names the version of the field layout below.
_PERSON = b"profile-id-v1"
_TAIL = struct.Struct("<qQQ")
_LENGTH = struct.Struct("<I")


def profile_id(tenant: str, labels: Labels, time_ns: int, digest_hi: int, digest_lo: int) -> bytes:
    """Return the 16-byte id of the profile with this content.

    ``labels`` are the series labels without the server's private ones; ``digest_hi`` and ``digest_lo`` are the two
    unsigned 64-bit halves of a digest over the normalised samples of all sample types. Every text is prefixed by its
    length, so that no two different contents are the same bytes. Text must be valid UTF-8.
    """
    pack = _LENGTH.pack
    parts = [b"", pack(len(labels))]
    tenant_bytes = tenant.encode()
    parts[0] = pack(len(tenant_bytes)) + tenant_bytes
    for name, value in labels:
        name_bytes, value_bytes = name.encode(), value.encode()
        parts += (pack(len(name_bytes)), name_bytes, pack(len(value_bytes)), value_bytes)
    parts.append(_TAIL.pack(time_ns, digest_hi, digest_lo))
    return blake2b(b"".join(parts), digest_size=PROFILE_ID_BYTES, person=_PERSON).digest()
