"""Convolutions in groups lose whole groups, and single channels, as many from each group."""

from __future__ import annotations

import pytest
from small_networks import network, pruned, removed, shapes, weights


def test_groups_go_whole() -> None:
    text = """grouped (float[1, 3, 6, 6] x) => (float[1, 2, 6, 6] y) {
        a = Conv(x, w)
        g = Conv<group = 4>(a, k)
        r = Relu(g)
        y = Conv(r, u)
    }"""
    held = weights(w=(8, 3, 1, 1), k=(12, 2, 1, 1), u=(2, 12, 1, 1))
    held["k"][3:5] = 0
    assert not removed(network(text, held))
    held["k"][5] = 0
    found = pruned(network(text, held))
    assert (shapes(found.model)["w"], shapes(found.model)["k"], shapes(found.model)["u"]) == (
        (6, 3, 1, 1),
        (9, 2, 1, 1),
        (2, 9, 1, 1),
    )
    assert [(layer.removed, layer.total, layer.kind) for layer in found.layers] == [(1, 4, "channel groups")]


GROUPED = """grouped (float[1, 3, 6, 6] x) => (float[1, 2, O, O] y) {
    a = Conv(x, w)
    s = Sigmoid(a)
    g = CONVOLUTION<group = 2, pads = PADS>(s, k, b)
    r = Relu(g)
    y = Conv(r, u)
}"""


@pytest.mark.parametrize("pads", [0, 1])
@pytest.mark.parametrize("operator", ["Conv", "ConvTranspose"])
def test_groups_lose_as_many_channels_each(operator: str, pads: int) -> None:
    transposed = operator == "ConvTranspose"
    held = weights(w=(8, 3, 1, 1), k=(8, 6, 3, 3) if transposed else (12, 4, 3, 3), b=(12,), u=(2, 12, 1, 1))
    size = 6 + (2 if transposed else -2) * (1 - pads)
    text = GROUPED.replace("CONVOLUTION", operator).replace("PADS", str([pads] * 4)).replace("O", str(size))
    read, made = [0, 1, 6], [1, 7, 9]
    for channel in read:
        if transposed:
            held["k"][channel] = 0
        else:
            held["k"][channel // 4 * 6 : channel // 4 * 6 + 6, channel % 4] = 0
    for channel in made:
        if transposed:
            held["k"][channel // 6 * 4 : channel // 6 * 4 + 4, channel % 6] = 0
        else:
            held["k"][channel] = 0
        held["b"][channel] = -1
    found = pruned(network(text, held))
    assert [(layer.kind, layer.removed, layer.total) for layer in found.layers] == [("channels", 2, 8), ("channels", 2, 12)]
    told = shapes(found.model)
    assert (told["w"], told["k"]) == ((6, 3, 1, 1), (6, 5, 3, 3) if transposed else (10, 3, 3, 3))
    assert (told["b"], told["u"]) == ((10,), (2, 10, 1, 1))


def test_constant_channels_go_into_the_bias_behind_groups() -> None:
    text = GROUPED.replace("CONVOLUTION", "Conv").replace("PADS", "[0, 0, 0, 0]").replace("O", "4")
    held = weights(w=(8, 3, 1, 1), k=(12, 4, 3, 3), b=(12,), u=(2, 12, 1, 1))
    held["w"][[2, 5]] = 0
    found = pruned(network(text, held))
    assert shapes(found.model)["k"] == (12, 3, 3, 3)
    assert not removed(network(text.replace("[0, 0, 0, 0]", "[1, 1, 1, 1]").replace("4, 4] y", "6, 6] y"), held))


def test_a_channel_that_only_one_group_could_lose_stays() -> None:
    text = GROUPED.replace("CONVOLUTION", "Conv").replace("PADS", "[0, 0, 0, 0]").replace("O", "4")
    held = weights(w=(8, 3, 1, 1), k=(12, 4, 3, 3), b=(12,), u=(2, 12, 1, 1))
    held["k"][:6, 1] = held["u"][:, 3] = 0
    assert not removed(network(text, held))
