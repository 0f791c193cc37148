"""The tokens of an instance in a file, for a start that does not find them in the ring any more."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ring.core.tokens import normalised


def tokens_path(folder: str | os.PathLike[str], ring_name: str, instance_id: str) -> Path:
    """Return where the tokens of an instance are kept."""
    return Path(folder) / f"{ring_name}.{instance_id}.tokens.json"


def read_tokens(path: Path) -> tuple[int, ...]:
    """Return the tokens in order; none if there is no such file.

    Raises ValueError for a file that holds something else, OSError for one that cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    content = json.loads(text)
    if not isinstance(content, dict) or not isinstance(content.get("tokens"), list):
        raise ValueError(f"{path} is not a tokens file")
    if not all(isinstance(token, int) for token in content["tokens"]):
        raise ValueError(f"{path} holds a token that is not a whole number")
    return normalised(content["tokens"])


def write_tokens(path: Path, tokens: tuple[int, ...]) -> None:
    """Replace the file: at any moment it holds the old tokens or the new ones, whole. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump({"tokens": list(tokens)}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
