"""Dead channels, heads and recurrent units are found through every operator, removed, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from onnx import ModelProto
from small_networks import Weights, network, pruned, removed, shapes, weights


def convolutions(held: Weights) -> ModelProto:
    """Two convolutions with a normalisation between them."""
    text = """convolutions (float[1, 3, 8, 8] x) => (float[1, 4, 8, 8] y) {
        a = Conv<pads = [1, 1, 1, 1]>(x, w, b)
        n = BatchNormalization(a, scale, shift, mean, var)
        r = Relu(n)
        y = Conv<pads = [1, 1, 1, 1]>(r, v, c)
    }"""
    return network(text, held)


def convolution_weights() -> Weights:
    """The weights of `convolutions`, with 8 channels inside."""
    held = weights(w=(8, 3, 3, 3), b=(8,), scale=(8,), shift=(8,), mean=(8,), var=(8,), v=(4, 8, 3, 3), c=(4,))
    return {**held, "var": np.abs(held["var"])}


def test_nothing_is_removed_where_nothing_is_dead() -> None:
    model = convolutions(convolution_weights())
    found = pruned(model)
    assert found.model is model
    assert not found.layers


def test_channels_of_zero_filters_go_with_their_vectors() -> None:
    held = convolution_weights()
    for name in ("w", "b", "shift", "mean"):
        held[name][[2, 5]] = 0
    found = pruned(convolutions(held))
    assert shapes(found.model) == {
        **shapes(found.model),
        "w": (6, 3, 3, 3),
        "scale": (6,),
        "var": (6,),
        "v": (4, 6, 3, 3),
        "c": (4,),
    }
    assert [(layer.kind, layer.removed, layer.total, layer.reason) for layer in found.layers] == [("channels", 2, 8, "dead")]


def test_channels_that_no_filter_reads_are_dead() -> None:
    held = convolution_weights()
    held["v"][:, 3] = 0
    assert shapes(pruned(convolutions(held)).model)["w"] == (7, 3, 3, 3)


def test_a_constant_behind_padding_is_no_bias() -> None:
    held = convolution_weights()
    held["scale"][4] = 0
    held["shift"][4] = 3.0  # the channel is 3 inside, and 0 where the next convolution pads it
    assert not removed(convolutions(held))
    held["shift"][4] = -3.0  # behind the Relu it is 0
    assert removed(convolutions(held)) == {"channels": 1}


def test_a_constant_goes_into_the_next_bias() -> None:
    held = weights(w=(6, 5), b=(6,), v=(6, 4))
    held["w"][2] = 0
    text = """gemms (float[2, 5] x) => (float[2, 4] y) {
        a = Gemm<transB = 1>(x, w, b)
        s = Sigmoid(a)
        y = MatMul(s, v)
    }"""
    found = pruned(network(text, held))
    assert shapes(found.model)["v"] == (5, 4)
    assert [node.op_type for node in found.model.graph.node] == ["Gemm", "Sigmoid", "MatMul", "Add"]


def test_weights_that_nodes_move_first_are_followed() -> None:
    text = """moved (float[2, 5] x) => (float[2, 4] y) {
        t = Transpose<perm = [1, 0]>(w)
        a = MatMul(x, t)
        c = Reshape(b, sizes)
        s = Add(a, c)
        r = Relu(s)
        u = Transpose(v)
        y = MatMul(r, u)
    }"""
    held: Weights = {**weights(w=(6, 5), b=(1, 6), v=(4, 6)), "sizes": np.asarray([6])}
    held["w"][2] = held["b"][:, 2] = 0
    found = pruned(network(text, held))
    assert [(layer.removed, layer.total) for layer in found.layers] == [(1, 6)]
    assert sorted(shapes(found.model).values()) == [(5,), (5, 4), (5, 5)]


def test_a_weight_that_is_read_as_it_is_and_moved_is_held_once() -> None:
    text = """tied (float[2, 5] x) => (float[2, 5] y) {
        a = MatMul(x, w)
        t = Transpose(w)
        y = MatMul(a, t)
    }"""
    held = weights(w=(5, 6))
    held["w"][:, 2] = 0
    found = pruned(network(text, held))
    assert list(shapes(found.model).values()) in ([(5, 6)], [(5, 5)])


def test_a_bias_is_made_for_channels_that_go_as_well() -> None:
    held = weights(w=(6, 5), b=(6,), v=(6, 4), u=(4, 3))
    held["w"][2] = 0
    held["v"][:, 1] = 0
    held["u"][1] = 0
    text = """gemms (float[2, 5] x) => (float[2, 3] y) {
        a = Gemm<transB = 1>(x, w, b)
        s = Sigmoid(a)
        m = MatMul(s, v)
        t = Tanh(m)
        y = MatMul(t, u)
    }"""
    found = pruned(network(text, held))
    assert (shapes(found.model)["v"], shapes(found.model)["u"]) == ((5, 3), (3, 3))


RESIDUAL = """residual (float[1, 3, 6, 6] x) => (float[1, 2, 6, 6] y) {
    a = Conv<pads = [1, 1, 1, 1]>(x, w)
    b = Conv<pads = [1, 1, 1, 1]>(a, v)
    s = Add(a, b)
    y = Conv(s, u)
}"""


def test_a_channel_of_a_residual_sum_is_dead_where_all_that_write_it_are() -> None:
    held = weights(w=(6, 3, 3, 3), v=(6, 6, 3, 3), u=(2, 6, 1, 1))
    held["w"][1] = 0
    assert not removed(network(RESIDUAL, held))
    held["v"][1] = 0
    assert removed(network(RESIDUAL, held)) == {"channels": 1}


def test_depthwise_convolutions_and_gates_lose_the_same_channels() -> None:
    text = """gated (float[1, 3, 6, 6] x) => (float[1, 2, 6, 6] y) {
        a = Conv(x, w)
        h = HardSwish(a)
        d = Conv<group = 8, pads = [1, 1, 1, 1]>(h, k)
        g = GlobalAveragePool(d)
        f = Conv(g, down, e)
        r = Relu(f)
        q = Conv(r, up, i)
        s = HardSigmoid(q)
        m = Mul(d, s)
        y = Conv(m, u)
    }"""
    shaped = {
        "w": (8, 3, 1, 1),
        "k": (8, 1, 3, 3),
        "down": (4, 8, 1, 1),
        "e": (4,),
        "up": (8, 4, 1, 1),
        "i": (8,),
        "u": (2, 8, 1, 1),
    }
    held = weights(**shaped)
    held["w"][[0, 7]] = 0
    found = pruned(network(text, held))
    assert shapes(found.model)["k"] == (6, 1, 3, 3)
    assert shapes(found.model)["up"] == (6, 4, 1, 1)
    assert next(item.i for item in found.model.graph.node[2].attribute if item.name == "group") == 6


def test_transposed_convolutions_lose_channels_on_both_sides() -> None:
    text = """transposed (float[1, 3, 5, 5] x) => (float[1, 2, 10, 10] y) {
        a = Conv(x, w)
        t = ConvTranspose<strides = [2, 2]>(a, k, b)
        r = Relu(t)
        y = Conv(r, u)
    }"""
    held = weights(w=(6, 3, 1, 1), k=(6, 4, 2, 2), b=(4,), u=(2, 4, 1, 1))
    held["w"][1] = 0
    held["k"][:, 2] = 0
    held["b"][2] = 0
    found = pruned(network(text, held))
    assert (shapes(found.model)["k"], shapes(found.model)["u"]) == ((5, 3, 2, 2), (2, 3, 1, 1))


def test_joined_and_split_channels_are_followed() -> None:
    text = """joined (float[1, 3, 4, 4] x) => (float[1, 2, 4, 4] y) {
        a = Conv(x, w)
        b = Conv(x, v)
        c = Concat<axis = 1>(a, b)
        n = BatchNormalization(c, scale, shift, mean, var)
        p, q = Split<axis = 1>(n, sizes)
        s = Conv(p, k)
        t = Conv(q, l)
        y = Add(s, t)
    }"""
    shaped = {"w": (4, 3, 1, 1), "v": (6, 3, 1, 1), "k": (2, 5, 1, 1), "l": (2, 5, 1, 1)}
    held = weights(**shaped, **dict.fromkeys(("scale", "shift", "mean", "var"), (10,)))
    held |= {"var": np.abs(held["var"]), "sizes": np.asarray([5, 5])}
    held["w"][3] = 0
    held["v"][[0, 4]] = 0
    for place in (3, 4, 8):
        held["shift"][place] = held["mean"][place] = 0
    found = pruned(network(text, held))
    assert (shapes(found.model)["w"], shapes(found.model)["v"]) == ((3, 3, 1, 1), (4, 3, 1, 1))
    sizes = next(tensor for tensor in found.model.graph.initializer if tensor.name == "sizes")
    assert np.frombuffer(sizes.raw_data, np.int64).tolist() == [3, 4]


ATTENTION = """attention (float[2, 5, 12] x) => (float[2, 5, 12] y) {
    m = MatMul(x, qkv)
    i = Add(m, bias)
    r = Reshape(i, split)
    t = Transpose<perm = [2, 0, 3, 1, 4]>(r)
    q = Gather<axis = 0>(t, zero)
    k = Gather<axis = 0>(t, one)
    v = Gather<axis = 0>(t, two)
    j = Transpose<perm = [0, 1, 3, 2]>(k)
    s = MatMul(q, j)
    e = Mul(s, scale)
    p = Softmax<axis = -1>(e)
    o = MatMul(p, v)
    z = Transpose<perm = [0, 2, 1, 3]>(o)
    f = Reshape(z, merge)
    y = MatMul(f, out)
}"""


SLICED = "".join(
    f"    {name}s = Slice(t, {start}, {end}, zeros)\n    {name} = Squeeze({name}s, zeros)\n"
    for name, start, end in (("q", "zeros", "ones"), ("k", "ones", "twos"), ("v", "twos", "threes"))
)
"""The way in which torch.export takes queries, keys and values apart; its older exporter gathers them."""


@pytest.mark.parametrize("taken", ["gathered", "sliced"])
@pytest.mark.parametrize("plant", ["values", "output"])
def test_heads_go_from_all_three_projections(plant: str, taken: str) -> None:
    held: Weights = {
        **weights(qkv=(12, 36), bias=(36,), out=(12, 12)), "split": np.asarray([2, 5, 3, 3, 4]), "merge": np.asarray([2, 5, 12]),
        "zero": np.asarray(0), "one": np.asarray(1), "two": np.asarray(2), "scale": np.float32(0.5),
    }  # fmt: skip
    text = ATTENTION
    if taken == "sliced":
        lines = ATTENTION.splitlines(keepends=True)
        text = "".join([*(line for line in lines[:6] if "Gather" not in line), SLICED, *lines[8:]])
        held |= {name: np.asarray([number]) for number, name in enumerate(("zeros", "ones", "twos", "threes"))}
    if plant == "values":
        held["qkv"][:, 28:32] = 0
        held["bias"][28:32] = 0
    else:
        held["out"][4:8] = 0
    found = pruned(network(text, held))
    assert [(layer.kind, layer.removed, layer.total) for layer in found.layers] == [("heads", 1, 3)]
    assert (shapes(found.model)["qkv"], shapes(found.model)["out"]) == ((12, 24), (8, 12))


GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("operator", GATES)
def test_recurrent_units_go_from_every_gate(operator: str, directions: int) -> None:
    gates, hidden = GATES[operator], 5
    both = "bidirectional" if directions == 2 else "forward"
    text = f"""recurrent (float[3, 2, 4] x) => (float[3, 2, 6] y) {{
        h = {operator}<hidden_size = {hidden}, direction = "{both}">(x, w, r, b)
        t = Transpose<perm = [0, 2, 1, 3]>(h)
        f = Reshape(t, merge)
        y = MatMul(f, out)
    }}"""
    held = weights(w=(directions, gates * hidden, 4), r=(directions, gates * hidden, hidden), b=(directions, 2 * gates * hidden),
                   out=(directions * hidden, 6))  # fmt: skip
    held["merge"] = np.asarray([3, 2, directions * hidden])
    for direction in range(directions):
        row = (gates - 1) * hidden + 2  # what writes the state is the last gate
        held["w"][direction, row] = held["r"][direction, row] = 0
        held["b"][direction, [row, gates * hidden + row]] = 0
    found = pruned(network(text, held))
    assert [(layer.kind, layer.removed, layer.total) for layer in found.layers] == [("recurrent units", 1, hidden)]
    assert shapes(found.model)["r"] == (directions, gates * 4, 4)
    assert shapes(found.model)["out"] == (directions * 4, 6)


def means(held: Weights) -> ModelProto:
    """Channels whose mean is taken: a dead one counts in it."""
    text = """means (float[1, 3, 4, 4] x) => (float[1, 1, 4, 4] y) {
        a = Conv(x, w)
        y = ReduceMean<axes = [1]>(a)
    }"""
    return network(text, held)


def returned(held: Weights) -> ModelProto:
    """Channels that the model returns."""
    return network("returned (float[1, 3, 4, 4] x) => (float[1, 4, 4, 4] y) { y = Conv(x, w) }", held)


def softmaxed(held: Weights) -> ModelProto:
    """Channels over which a softmax is taken."""
    text = """softmaxed (float[1, 3, 4, 4] x) => (float[1, 2, 4, 4] y) {
        a = Conv(x, w)
        s = Softmax<axis = 1>(a)
        y = Conv(s, u)
    }"""
    return network(text, {**held, **weights(1, u=(2, 4, 1, 1))})


@pytest.mark.parametrize("build", [means, returned, softmaxed])
def test_channels_that_count_beside_their_values_stay(build: Callable[[Weights], ModelProto]) -> None:
    held = weights(w=(4, 3, 1, 1))
    held["w"][1] = 0
    assert not removed(build(held))


def test_one_channel_stays_where_all_are_dead() -> None:
    held = convolution_weights()
    held["v"][:] = 0
    assert shapes(pruned(convolutions(held)).model)["w"] == (1, 3, 3, 3)


def test_weights_that_layers_share_stay_shared() -> None:
    text = """shared (float[1, 3, 4, 4] x) => (float[1, 3, 4, 4] y) {
        a = Conv(x, w)
        b = Conv(a, v)
        c = Conv(b, w)
        y = Conv(c, v)
    }"""
    held = weights(w=(4, 3, 1, 1), v=(3, 4, 1, 1))
    held["w"][2] = 0
    found = pruned(network(text, held))
    assert shapes(found.model) == {"w": (3, 3, 1, 1), "v": (3, 3, 1, 1)}
    held["w"] = np.stack([held["w"][0]] * 4)
    assert not removed(network(text, held))
