"""``python -m ingest.cli``: the same as ``phlare``."""

from __future__ import annotations

from ingest.cli.main import cli

if __name__ == "__main__":
    cli(prog_name="phlare")
