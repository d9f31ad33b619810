"""Verification has teeth: every exact rewrite is broken on purpose, and must be caught."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator

import numpy as np
import onnx
import pytest
from onnx import ModelProto, numpy_helper

from graphfix.rewriting.registry import registry
from graphfix.rewriting.rewrite import Case, Rewrite, Safety
from graphfix.verify.reference import Tolerance

from .fired import fired, verified

SWAPS = {"Relu": "Neg", "Mul": "Add", "Add": "Mul", "Abs": "Neg", "Neg": "Abs", "Exp": "Relu", "Or": "And", "Tanh": "Relu"}

HARMLESS = {
    ("stable-topk", "v/constant_3"),  # a step between runs of equal values: any that is at least their number
    ("decompose-linear-model", "label/constant_1"),  # a number added to all scores alike, before a Softmax and an ArgMax
    ("decompose-normalizer", "y/constant_1"),  # what rows of zeros are divided by
    ("expand-grouped-attention", "y/constant_7"),  # the positions of entries that a mask hides
    ("gather-nd-by-gather", "y/constant_1"),  # what is added to negative positions, of which TopK gives none
    ("gather-nd-by-gather", "y/gather-nd-by-gather_3"),
    ("mask-nonzero", "n"),  # positions of which only the number is read
    ("small-integers-by-int32", "y/constant_1"),  # added and subtracted again: what is beyond the dtype, the cast wraps too
    ("mask-nonzero", "t/first"),  # the element that is read for entries that a mask hides
    ("mask-nonzero", "y/spare"),  # the number in the place that is cut off
}
"""Tensors and nodes of a result that other numbers do not change."""

EXACT = [
    pytest.param(rewrite, case, id=f"{rewrite.name}-{i}")
    for rewrite in registry().values()
    if rewrite.safety is Safety.EXACT
    for i, case in enumerate(rewrite.fires)
]


def sabotages(before: ModelProto, after: ModelProto, harmless: Collection[str] = ()) -> Iterator[ModelProto]:
    """Copies of a result with one new constant, one attribute or one operator changed, but for what is harmless."""
    old = {tensor.name for tensor in before.graph.initializer}
    ends = {node.input[2] for node in after.graph.node if node.op_type == "Slice" and len(node.input) > 2}
    for i, tensor in enumerate(after.graph.initializer):
        if tensor.name not in old and tensor.name not in harmless and np.prod(tensor.dims) > 0:
            made = copy(after)
            array = numpy_helper.to_array(tensor).copy()
            if array.dtype == np.int64 and np.all((array == -(2**63)) | (array == 2**63 - 1)):
                continue  # the open end of a slice: one more is as far
            change = np.asarray(-1 if tensor.name in ends else 1).astype(array.dtype)  # an end behind the last is as far
            if array.dtype.kind == "f":
                # what hides a score hides it as well when it is one more
                change = np.where(np.isfinite(array), np.maximum(np.abs(array), change), change)
            changed = ~array if array.dtype == bool else array + change
            array = np.zeros_like(array) if np.array_equal(changed, array) else changed  # nothing is added to infinity
            made.graph.initializer[i].CopyFrom(numpy_helper.from_array(array, tensor.name))
            yield made
    for i, node in enumerate(after.graph.node):
        if node.op_type in SWAPS and node.name not in harmless:
            made = copy(after)
            made.graph.node[i].op_type = SWAPS[node.op_type]
            yield made
        if node.op_type == "Cast" and i == len(after.graph.node) - 1:
            made = copy(after)
            made.graph.node[i].attribute[0].i = onnx.TensorProto.INT8 if node.attribute[0].i == 9 else onnx.TensorProto.BOOL
            yield made
        for position in range(len(node.input) if node.op_type in ("Squeeze", "Reshape", "ReduceMean", "ReduceMax") else 0):
            for attribute in node.attribute:
                if attribute.name == "axes" and position == 0:
                    made = copy(after)
                    target = next(a for a in made.graph.node[i].attribute if a.name == "axes")
                    del target.ints[-1]
                    yield made
    if after.graph.node[0].op_type == "If":
        made = copy(after)
        branches = made.graph.node[0].attribute
        branches[0].name, branches[1].name = branches[1].name, branches[0].name
        yield made


def copy(model: ModelProto) -> ModelProto:
    made = ModelProto()
    made.CopyFrom(model)
    return made


@pytest.mark.parametrize(("rewrite", "case"), EXACT)
def test_a_broken_exact_rewrite_is_caught(rewrite: Rewrite, case: Case) -> None:
    model, after, reference = fired(rewrite, case).model, fired(rewrite, case).after, fired(rewrite, case).reference
    tolerance = Tolerance(ulps=rewrite.ulps)
    assert verified(rewrite, case).passed
    harmless = {name for of, name in HARMLESS if of == rewrite.name}
    broken = list(itertools.islice(sabotages(model, after, harmless), 12))
    if not broken:
        node = after.graph.node[-1]
        broken = [copy(after)]
        broken[0].graph.node[-1].op_type = {"Squeeze": "Identity"}.get(node.op_type, "Relu")
        if node.op_type == "Squeeze":
            del broken[0].graph.node[-1].input[1:]
            del broken[0].graph.node[-1].attribute[:]
    for sabotaged in broken:
        found = reference.check(sabotaged, tolerance)
        assert not found.passed, onnx.printer.to_text(sabotaged)
        assert found.reason
