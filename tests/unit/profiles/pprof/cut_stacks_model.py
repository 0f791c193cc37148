"""The repair of stacks that Go has cut, in plain Python, to hold the kernel against."""

from __future__ import annotations

from collections.abc import Sequence

#: A stack from the root to the leaf.
Stack = tuple[str, ...]


def repaired(stacks: Sequence[Stack]) -> list[Stack]:
    """Return the stacks with the frames at the root that others show to be missing."""
    groups = {stack[:24] for stack in stacks if len(stack) > 24}
    farthest: dict[Stack, int] = {}
    holders: dict[Stack, set[Stack]] = {}
    for group in groups:
        for away in range(1, 9):
            window = group[away : away + 16]
            if away > farthest.get(window, 0):
                farthest[window], holders[window] = away, set()
            if away == farthest[window]:
                holders[window].add(group)
    above: dict[Stack, tuple[Stack, int]] = {}
    for group in groups:
        away = farthest.get(group[:16], 0)
        found = holders.get(group[:16], set())
        if found and len({holder[:away] for holder in found}) == 1:
            holder = min(found)
            if holder[:16] != group[:16]:
                above[group] = holder, away
    missing: dict[Stack, Stack] = {}
    for group in groups:
        frames: Stack = ()
        at, hops = group, 0
        while at in above and hops <= 56:
            holder, away = above[at]
            frames = holder[:away] + frames
            at, hops = holder, hops + 1
        missing[group] = frames if hops <= 56 else ()
    return [missing.get(stack[:24], ()) + stack for stack in stacks]
