"""Weak units go by ratio or within a budget, units that are silent on data go exactly, and both are measured."""

from __future__ import annotations

import numpy as np
import pytest
from small_networks import Weights, network, shapes, weights

import graphfix.pruning.taylor
from graphfix.errors import GraphfixError, UsageError
from graphfix.pruning.activity import measure_activity
from graphfix.pruning.components import components
from graphfix.pruning.dead_units import sums_by_axis
from graphfix.pruning.preparation import prepared
from graphfix.pruning.prune import PruneOptions, prune_model
from graphfix.pruning.relating import axis_graph
from graphfix.pruning.sparsity import sparsity
from graphfix.pruning.taylor import taylor_scores
from graphfix.verify.budget import Budget
from graphfix.verify.sample_runs import run_samples

TEXT = """layers (float[N, 6] x) => (float[N, 3] y) {
    a = Gemm<transB = 1>(x, w, b)
    r = Relu(a)
    y = Gemm<transB = 1>(r, v, c)
}"""


def held() -> Weights:
    """Weights of 10 units, of which three are a thousandth of the others."""
    found = weights(w=(10, 6), b=(10,), v=(3, 10), c=(3,))
    for name, axis in (("w", 0), ("b", 0), ("v", 1)):
        np.moveaxis(found[name], axis, 0)[[1, 4, 8]] *= 1e-3
    return found


FEEDS = [{"x": np.random.default_rng(seed).standard_normal((4, 6)).astype(np.float32)} for seed in range(3)]


@pytest.mark.parametrize("score", ["l2", "l1", "activation", "taylor"])
def test_a_ratio_removes_the_units_of_the_lowest_scores(score: str) -> None:
    model = network(TEXT, held())
    found = prune_model(model, FEEDS, PruneOptions(ratio=0.3, score=score))
    assert [(layer.removed, layer.total, layer.reason) for layer in found.layers] == [(3, 10, "weak")]
    kept = np.frombuffer(next(one for one in found.model.graph.initializer if one.name == "w").raw_data, np.float32).reshape(
        -1, 6
    )
    assert np.abs(kept).max(1).min() > 0.1
    told = found.metrics["y"].to_json()
    assert 0 < (told["max_abs"] or 0) < 1e-2


def test_the_taylor_score_is_the_derivative_of_the_outputs_along_removal() -> None:
    found = held()
    found["v"][:, 2] *= 1e-4  # strong in weights and activity, and hardly read
    found["w"][2] *= 30
    model = prepared(network(TEXT, found)).model
    axes = axis_graph(model)
    parts = [one for one in components(axes) if one.prunable and one.count > 1]
    sums = sums_by_axis(axes)
    activity = measure_activity(model, [axis for one in parts for axis in one.units if axis in sums], FEEDS)
    (told,) = taylor_scores(model, axes, parts, sums, activity, FEEDS, lambda _: None)
    hidden = [np.maximum(feed["x"] @ found["w"].T.astype(np.float32) + found["b"], 0) for feed in FEEDS]
    mean = np.concatenate(hidden).mean(0)
    size = np.sqrt(sum(np.square(rows @ found["v"].T + found["c"]).sum() for rows in hidden))
    wanted = [
        np.sqrt(sum(np.square(np.outer(rows[:, unit] - mean[unit], found["v"][:, unit])).sum() for rows in hidden)) / size
        for unit in range(10)
    ]  # the model is linear in each unit
    units = parts[0].units[("r", 1)]
    assert np.allclose([told[units[unit]] for unit in range(10)], wanted, rtol=1e-3, atol=1e-6)
    assert 2 in np.argsort(wanted)[:4]


@pytest.mark.parametrize(("operator", "gates"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
def test_the_taylor_score_of_a_recurrent_unit_counts_what_the_layer_reads_of_its_own_state(operator: str, gates: int) -> None:
    hidden = 6
    text = f"""recurrent (float[8, 2, 4] x, float[1, 2, 3] z) => (float[8, 2, 5] y) {{
        start = MatMul(z, first)
        h = {operator}<hidden_size = {hidden}>(x, w, r, b, , start)
        f = Squeeze(h, one)
        y = MatMul(f, out)
    }}"""
    found = weights(w=(1, gates * hidden, 4), r=(1, gates * hidden, hidden), b=(1, 2 * gates * hidden), out=(hidden, 5))
    found |= weights(1, first=(3, hidden))
    found = {**{name: value * 0.2 for name, value in found.items()}, "one": np.asarray([1])}
    found["r"][:, :, 2] *= 10  # read by the layer itself alone
    found["out"][2] = 0
    found["r"][:, :, 4] = 0  # read by nothing but the layer behind
    found["out"][4] *= 1e-3
    original = network(text, found)
    random = np.random.default_rng(7)
    shapes_of = {"x": (8, 2, 4), "z": (1, 2, 3)}
    feeds = [{name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes_of.items()} for _ in range(3)]
    model = prepared(original).model
    axes = axis_graph(model)
    parts = [one for one in components(axes) if one.prunable and one.count > 1]
    sums = sums_by_axis(axes)
    activity = measure_activity(model, [axis for one in parts for axis in one.units if axis in sums], feeds)
    (told,) = taylor_scores(model, axes, parts, sums, activity, feeds, lambda _: None)
    units = parts[0].units[("h", 3)]
    assert np.argmax([told[units[unit]] for unit in range(hidden)]) == 2
    assert np.argmin([told[units[unit]] for unit in range(hidden)]) == 4
    lowered = {**found, "r": found["r"] * np.where(np.arange(hidden) == 2, 1 - graphfix.pruning.taylor.STEP, 1.0)}
    old, new = (np.asarray([outputs[0] for outputs in run_samples(one, feeds)]) for one in (original, network(text, lowered)))
    wanted = np.sqrt(np.square(new - old).sum() / np.square(old).sum()) / graphfix.pruning.taylor.STEP
    assert told[units[2]] == pytest.approx(wanted, rel=1e-3)


def test_a_taylor_score_that_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphfix.pruning.taylor, "SECONDS", 1e-9)
    with pytest.raises(UsageError, match="once for each of 10 units"):
        prune_model(network(TEXT, held()), FEEDS, PruneOptions(ratio=0.3, score="taylor"))


def test_a_budget_finds_how_many_may_go() -> None:
    model = network(TEXT, held())
    found = prune_model(model, FEEDS, PruneOptions(budget=Budget(snr=45.0)))
    assert [layer.removed for layer in found.layers] == [3]
    nothing = prune_model(model, FEEDS, PruneOptions(budget=Budget(largest=0.0)))
    assert nothing.model is model
    assert nothing.ratio == 0


def test_a_ratio_beyond_the_budget_is_refused() -> None:
    with pytest.raises(GraphfixError, match=r"at a ratio of 0\.8 `y` has"):
        prune_model(network(TEXT, held()), FEEDS, PruneOptions(ratio=0.8, budget=Budget(snr=45.0)))


def test_units_that_are_never_active_on_the_data_are_dead_on_it_alone() -> None:
    found = held()
    found["w"] = np.abs(found["w"])
    found["w"][[0, 9]] = 0
    found["w"][[0, 9], 0] = -1.0
    found["b"][[0, 9]] = 0
    model = network(TEXT, found)
    feeds = [{"x": np.abs(feed["x"])} for feed in FEEDS]
    assert not prune_model(model, feeds, PruneOptions()).layers
    silent = prune_model(model, feeds, PruneOptions(active_on_data=True))
    assert [(layer.removed, layer.reason) for layer in silent.layers] == [(2, "dead")]
    assert silent.metrics["y"].largest < 1e-5


def test_removed_channels_leave_their_mean_in_the_bias() -> None:
    text = """layers (float[1, 2, 6, 6] x) => (float[1, 2, 6, 6] y) {
        a = Conv(x, w, b)
        s = Sigmoid(a)
        y = Conv(s, v, c)
    }"""
    found = weights(w=(8, 2, 1, 1), b=(8,), v=(2, 8, 1, 1), c=(2,))
    for name in ("w", "b"):
        found[name][3] *= 1e-3  # its sigmoid is nearly one half everywhere
    model = network(text, found)
    feeds = [{"x": np.random.default_rng(0).standard_normal((1, 2, 6, 6)).astype(np.float32)}]
    result = prune_model(model, feeds, PruneOptions(ratio=0.15))
    assert shapes(result.model)["w"] == (7, 2, 1, 1)
    assert result.metrics["y"].largest < 1e-2


def test_scattered_zeros_are_counted_and_who_profits_is_said() -> None:
    found = weights(w=(64, 64), b=(64,), v=(3, 64), c=(3,))
    text = TEXT.replace("N, 6", "N, 64")
    assert sparsity(network(text, found)).sentence is None
    found["w"][:, ::2] = 0
    told = sparsity(network(text, found))
    assert 0.4 < told.zeros < 0.6
    assert told.two_of_four > 0.9
    found["w"][:, 1::4] = 0
    assert "TensorRT's 2:4" in (sparsity(network(text, found)).sentence or "")
