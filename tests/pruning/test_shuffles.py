"""Channels are followed through shuffles, which stay shuffles where that is possible."""

from __future__ import annotations

import numpy as np
import pytest
from small_networks import network, shapes, weights

from graphfix.pruning.prune import PruneOptions, prune_model
from graphfix.pruning.shuffles import regular
from graphfix.verify.sample_runs import run_samples

TEXT = """shuffled (float[N, 3, 4, 4] x) => (float[N, 2, 4, 4] y) {
    a = Conv(x, w)
    r = Relu(a)
    s = Reshape(r, split)
    t = Transpose<perm = [0, 2, 1, 3, 4]>(s)
    m = Reshape(t, merge)
    y = Conv(m, u)
}"""
FEEDS = [{"x": np.random.default_rng(seed).standard_normal((2, 3, 4, 4)).astype(np.float32)} for seed in range(2)]


@pytest.mark.parametrize(
    ("dead", "operators"),
    [
        ([], ["Conv", "Relu", "Reshape", "Transpose", "Reshape", "Conv"]),
        ([1, 7], ["Conv", "Relu", "Reshape", "Transpose", "Reshape", "Conv"]),
        ([1, 6], ["Conv", "Relu", "Reshape", "Transpose", "Reshape", "Conv"]),
        ([1, 2], ["Conv", "Relu", "Gather", "Conv"]),
        ([0, 1, 2, 3, 4, 5], ["Conv", "Relu", "Conv"]),
    ],
)
def test_single_channels_go_through_a_shuffle(dead: list[int], operators: list[str]) -> None:
    held = weights(w=(12, 3, 1, 1), u=(2, 12, 1, 1))
    held["w"][dead] = 0
    held |= {"split": np.asarray([-1, 2, 6, 4, 4], np.int64), "merge": np.asarray([-1, 12, 4, 4], np.int64)}
    model = network(TEXT, held)
    found = prune_model(model, FEEDS, PruneOptions())
    assert sum(layer.removed for layer in found.layers) == len(dead)
    assert shapes(found.model)["w"][0] == shapes(found.model)["u"][1] == 12 - len(dead)
    made = [node.op_type for node in found.model.graph.node]
    assert made == operators
    for old, new in zip(run_samples(model, FEEDS), run_samples(found.model, FEEDS), strict=True):
        assert np.allclose(old[0], new[0], rtol=1e-5, atol=1e-6)


def test_channels_that_are_read_twice_in_between_are_no_shuffle() -> None:
    held = weights(w=(12, 3, 1, 1), u=(2, 12, 1, 1))
    held["w"][[1, 6]] = 0
    held |= {"split": np.asarray([-1, 2, 6, 4, 4], np.int64), "merge": np.asarray([-1, 12, 4, 4], np.int64)}
    text = TEXT.replace("=> (float[N, 2, 4, 4] y)", "=> (float[N, 2, 4, 4] y, float[N, 6, 2, 4, 4] t)")
    assert not prune_model(network(text, held), FEEDS, PruneOptions()).layers


def test_channels_of_a_constant_order_are_followed() -> None:
    held = weights(w=(5, 3, 1, 1), u=(2, 5, 1, 1))
    held["w"][3] = 0
    text = """ordered (float[N, 3, 4, 4] x) => (float[N, 2, 4, 4] y) {
        a = Conv(x, w)
        g = Gather<axis = 1>(a, order)
        y = Conv(g, u)
    }"""
    for order, gone in (([4, 3, 0, 2, 1], 1), ([4, 3, 0, 2, 2], 0)):
        model = network(text, {**held, "order": np.asarray(order, np.int64)})
        found = prune_model(model, FEEDS, PruneOptions())
        assert sum(layer.removed for layer in found.layers) == gone
        for old, new in zip(run_samples(model, FEEDS), run_samples(found.model, FEEDS), strict=True):
            assert np.allclose(old[0], new[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("order", "groups"),
    [([0, 3, 1, 4, 2, 5], 2), ([0, 2, 4, 1, 3, 5], 3), ([0, 1, 2, 3], None), ([1, 0], None), ([0, 2, 1, 4, 3], None)],
)
def test_regular_orders_are_told(order: list[int], groups: int | None) -> None:
    assert regular(np.asarray(order)) == groups
