"""API tokens: what they look like, how they are kept, and how one is recognised.

A token is ``phl_<8 letters and digits>_<43 characters>``. The first part is its name in lists and logs. The second is
256 random bits, which nobody can guess and which therefore need no slow hash: what is kept is the SHA-256 of the whole
text. A password hash costs a quarter of a second, on a path where a push takes milliseconds.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ingest.access.types import Scope

TOKEN_START = "phl_"
_NAME_BYTES = 5
_SECRET_BYTES = 32
#: Random bytes that one token takes.
RANDOM_BYTES = _NAME_BYTES + _SECRET_BYTES
#: Longest text that is taken for a token, in characters; real ones have 56.
MAX_TOKEN_CHARS = 128


_PREFIX = re.compile(r"phl_[a-z2-7]{8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made; its text is shown once and kept nowhere."""

    text: str
    prefix: str  #: ``phl_`` and its name, which may be shown
    digest: str  #: SHA-256 of the text, 64 hexadecimal digits


@dataclass(frozen=True, slots=True)
class KnownToken:
    """What is kept of a token that works."""

    id: int
    prefix: str
    tenant: str
    scopes: frozenset[Scope]
    expires_at_ms: int | None = None  #: Unix time; None = never

    def is_expired(self, now_ms: int) -> bool:
        """Whether it worked once and does no more."""
        return self.expires_at_ms is not None and now_ms >= self.expires_at_ms


def new_token(random_bytes: bytes) -> NewToken:
    """Return the token made of :data:`RANDOM_BYTES` random bytes. Raises ValueError for another number of them."""
    if len(random_bytes) != RANDOM_BYTES:
        raise ValueError(f"a token takes {RANDOM_BYTES} random bytes, not {len(random_bytes)}")
    name = base64.b32encode(random_bytes[:_NAME_BYTES]).decode("ascii").lower()
    secret = base64.urlsafe_b64encode(random_bytes[_NAME_BYTES:]).decode("ascii").rstrip("=")
    text = f"{TOKEN_START}{name}_{secret}"
    return NewToken(text, TOKEN_START + name, digest_of(text))


def is_prefix(text: str) -> bool:
    """Whether this can be what a token is called."""
    return _PREFIX.fullmatch(text) is not None


def looks_like_token(text: str) -> bool:
    """Whether a password is meant as a token."""
    return text.startswith(TOKEN_START)


def digest_of(text: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def find_token(tokens: Mapping[str, KnownToken], text: str, now_ms: int) -> KnownToken | None:
    """Return the token with this text; None for one that is not known or has expired.

    ``tokens`` has them by digest. What is looked up is a hash of what was sent, so the time it takes says nothing about
    any token.
    """
    if len(text) > MAX_TOKEN_CHARS:
        return None
    found = tokens.get(digest_of(text))
    return None if found is None or found.is_expired(now_ms) else found
