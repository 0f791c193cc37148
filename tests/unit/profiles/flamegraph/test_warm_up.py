"""The warm-up compiles exactly what requests run: a kernel never meets a second kind of argument."""

from __future__ import annotations

from types import ModuleType

import pytest
from numba.core.dispatcher import Dispatcher

from ingest.profiles import flamegraph_kernels, pgo_kernels, projection_kernels, symbol_kernels, tree_encoding_kernels
from ingest.profiles.diff import build_diff
from ingest.profiles.dot import call_graph
from ingest.profiles.flamegraph import build_flamegraph, collapsed, top_functions
from ingest.profiles.go_pgo import nearest_the_leaf
from ingest.profiles.projection import below_call_site_nodes, prune, subset
from ingest.profiles.symbols import merge_profiles
from ingest.profiles.tree_encoding import decode_tree, encode_tree
from tests.unit.profiles.stack_model import Location, build_profile, plain


@pytest.mark.parametrize(
    "module", [symbol_kernels, projection_kernels, flamegraph_kernels, pgo_kernels, tree_encoding_kernels]
)
def test_real_use_after_the_warm_up_compiles_nothing(module: ModuleType) -> None:
    module.warm_up()
    kernels = {
        name: kernel
        for name, kernel in vars(module).items()
        if isinstance(kernel, Dispatcher) and kernel.py_func.__module__ == module.__name__
    }
    warm = {name: list(kernel.signatures) for name, kernel in kernels.items()}

    source = [((Location((("in", "f", 1), ("out", "f", 2)), 16, (4096, "bin")), *plain("other")), 2), (plain("b"), 1)]
    profile = merge_profiles([build_profile(source), build_profile([(plain(*(f"f{at}" for at in range(99))), 1)])])
    pruned = prune(profile.symbols, profile.node_self)
    subset(profile.symbols, profile.node_self > 0, depth_first=True)
    for answer in (build_flamegraph, encode_tree, call_graph):
        answer(pruned, 2)
    decode_tree(encode_tree(pruned, 2), 100)
    build_diff(pruned, profile, 2)
    for listing in (collapsed, top_functions):
        listing(profile)
    below_call_site_nodes(profile.symbols, ["out"])
    nearest_the_leaf(profile, 1, aggregate_callees=True)

    assert {name: list(kernel.signatures) for name, kernel in kernels.items()} == warm
    assert {name: len(signatures) for name, signatures in warm.items() if not name.startswith("_")} == {
        name: 1 for name in kernels if not name.startswith("_")
    }
