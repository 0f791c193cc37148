"""All benchmarks in turn: ``python -m tests.bench [module ...]``. One JSON line a figure, with ``met`` where it has a
goal; a summary of the goals at the end.

A goal is written with its comparison, as ``<= 0.8``; a plain number is a bound from above. Figures of one run belong
together: the machine may be slower the next time.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

MODULES = ("decode", "jfr", "symbols", "wal", "head_block", "ring", "ring_traffic", "scale", "end_to_end", "access")
ROOT = Path(__file__).resolve().parents[2]
_GOAL = re.compile(r"(<=|>=|<|>)? *([0-9.]+)")
_RATIO_GOAL = re.compile(r"ratio *>= *([0-9.]+)")


def is_met(figure: dict[str, Any]) -> bool | None:
    """Return whether a figure meets its goal; None when it has none."""
    goal = str(figure.get("goal") or "")
    ratio = _RATIO_GOAL.search(goal)
    verdicts = [] if ratio is None else [float(figure["ratio_to"]) >= float(ratio[1])]
    bound = _GOAL.match(goal)
    if bound is not None:
        value, limit = float(figure["value"]), float(bound[2])
        verdicts.append(value >= limit if (bound[1] or "<=").startswith(">") else value <= limit)
    return all(verdicts) if verdicts else None


def run(module: str) -> tuple[list[dict[str, Any]], int]:
    """Run one module, printing its figures as they come; returns them and its exit code."""
    command = [sys.executable, "-m", f"tests.bench.bench_{module}"]
    figures = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if not line.startswith("{"):
                print(line, end="", flush=True)
                continue
            figure = {"bench": module, **json.loads(line)}
            met = is_met(figure)
            if met is not None:
                figure["met"] = met
            figures.append(figure)
            print(json.dumps(figure), flush=True)
    return figures, running.returncode


def main() -> int:
    """Run the modules named on the command line, or all; returns 1 when one of them could not be run to its end."""
    failed, with_goal = [], []
    for module in sys.argv[1:] or MODULES:
        figures, code = run(module)
        with_goal += [figure for figure in figures if "met" in figure]
        failed += [module] if code else []
    missed = [figure["name"] for figure in with_goal if not figure["met"]]
    print(json.dumps({"goals": len(with_goal), "met": len(with_goal) - len(missed), "missed": missed}))
    if failed:
        print(f"did not run to the end: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
