"""Dead heads of fused attention go, with the projections that lead to them, and what is left computes the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from small_networks import Weights, network, shapes, weights

from graphfix.pruning.prune import PruneOptions, prune_model
from graphfix.verify.sample_runs import run_samples

HEADS, WIDTH = 4, 3
SIZE = HEADS * WIDTH
FEEDS = [{"x": np.random.default_rng(seed).standard_normal((2, 5, 6)).astype(np.float32)} for seed in range(2)]
PROJECTED = "q = MatMul(x, wq)\n k = MatMul(x, wk)\n v0 = MatMul(x, wv)\n v = Add(v0, bv)\n"
HEADED = "".join(
    f"{one}r = Reshape({one}, split)\n {one}h = Transpose<perm = [0, 2, 1, 3]>({one}r)\n" for one in "qkv"
)  # fmt: skip
FORMS = {
    "onnx flat": (PROJECTED + f"a = Attention<q_num_heads = {HEADS}, kv_num_heads = {HEADS}>(q, k, v)", 23),
    "onnx heads": (
        PROJECTED + HEADED + "ah = Attention(qh, kh, vh)\n at = Transpose<perm = [0, 2, 1, 3]>(ah)\n a = Reshape(at, merge)", 23,
    ),
    "onnxruntime": (PROJECTED + f"a = com.microsoft.MultiHeadAttention<num_heads = {HEADS}>(q, k, v)", 17),
    "onnxruntime, biases": (PROJECTED + f"a = com.microsoft.MultiHeadAttention<num_heads = {HEADS}>(q, k, v, b3)", 17),
    "onnxruntime, packed": (f"a = com.microsoft.Attention<num_heads = {HEADS}>(x, w3, b3)", 17),
}  # fmt: skip


def attending(form: str) -> tuple[onnx.ModelProto, Weights]:
    """A model with an attention in a form, whose head 1 has constant values and whose head 3 is not read."""
    body, opset = FORMS[form]
    text = f"attending (float[2, 5, 6] x) => (float[2, 5, 2] y) {{ {body}\n p = MatMul(a, wo)\n y = Add(p, bo) }}"
    held = weights(wq=(6, SIZE), wk=(6, SIZE), wv=(6, SIZE), bv=(SIZE,), b3=(3 * SIZE,), w3=(6, 3 * SIZE), wo=(SIZE, 2), bo=(2,))
    held["wv"][:, WIDTH : 2 * WIDTH] = 0
    held["w3"][:, 2 * SIZE + WIDTH : 2 * SIZE + 2 * WIDTH] = 0
    held["wo"][3 * WIDTH :] = 0
    held |= {"split": np.asarray([2, 5, HEADS, WIDTH], np.int64), "merge": np.asarray([2, 5, SIZE], np.int64)}
    header = f'<ir_version: 9, opset_import: ["": {opset}, "com.microsoft": 1]>'
    model = onnx.parser.parse_model(f"{header}\n{text}")
    used = {name for node in model.graph.node for name in node.input}
    plain = network("none (float[1] x) => (float[1] y) { y = Relu(x) }", {key: held[key] for key in held if key in used})
    model.graph.initializer.extend(plain.graph.initializer)
    return model, held


@pytest.mark.parametrize("form", FORMS)
def test_dead_heads_go_with_their_projections(form: str) -> None:
    model, _ = attending(form)
    found = prune_model(model, FEEDS, PruneOptions())
    assert [(layer.removed, layer.total, layer.kind) for layer in found.layers] == [(2, 4, "heads")]
    left = shapes(found.model)
    names = ("w3",) if "packed" in form else ("wq", "wk", "wv")
    assert [left[name][1] for name in names] == [SIZE // 2 * (3 if "packed" in form else 1)] * len(names)
    assert left["wo"] == (SIZE // 2, 2)
    for old, new in zip(run_samples(model, FEEDS), run_samples(found.model, FEEDS), strict=True):
        assert np.allclose(old[0], new[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("form", ["onnx flat", "onnxruntime", "onnxruntime, packed"])
def test_heads_that_are_told_apart_stay(form: str) -> None:
    model, _ = attending(form)
    node = next(node for node in model.graph.node if "Attention" in node.op_type)
    place = 3 if not node.domain else 5
    node.input.extend([""] * (place - len(node.input)))
    node.input.append("mask")
    mask = np.random.default_rng(2).standard_normal((1, HEADS, 5, 5)).astype(np.float32)
    model.graph.initializer.append(onnx.numpy_helper.from_array(mask, "mask"))
    assert not prune_model(model, FEEDS, PruneOptions()).layers
    model.graph.initializer[-1].CopyFrom(onnx.numpy_helper.from_array(mask[:, :1], "mask"))
    found: Any = prune_model(model, FEEDS, PruneOptions())
    assert [layer.removed for layer in found.layers] == [2]
