"""f(c1, c2, ...) = c: values that depend on constants and fixed dims alone are computed once, by onnxruntime."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from onnx import ModelProto, helper

from graphfix.analysis.cache import facts_of
from graphfix.analysis.facts import DTYPES
from graphfix.ir.operator_set import is_standard
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.imported_tensors import fetch
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety

KEPT = "Constant (kept)"
"""Operator name of a Constant node during folding; graphsurgeon would turn it into an initializer of another dtype."""

CODES = {name: code for code, name in DTYPES.items() if name}
GROWTH = 1 << 20
"""Bytes that a folded result may exceed its inputs by; beyond that the node stays."""

RANDOM = frozenset({"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"})
QUANTISED = frozenset({"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"})
LISTS = re.compile("Sequence|Optional")
"""Operators whose result is not a tensor, so cannot be an initializer."""

UNBOUNDED = frozenset({"ConstantOfShape", "Expand", "Tile", "Range", "Resize", "Upsample", "Pad", "OneHot", "EyeLike", "Loop"})
"""Operators whose result can be far larger than their operands."""


class FoldConstants(GraphRewrite):
    """Fold values that depend on constants and fixed dims alone, shape arithmetic included.

    Why: compilers need axes, shapes, pads and sizes as constants, and exporters write them as chains of Shape,
    Gather and Concat. Random operators and quantise pairs stay, and so does a result over 1 MiB larger than its
    operands. Constant nodes inside branches become initializers of the main graph.
    """

    name = "fold-constants"
    safety = Safety.EXACT
    everywhere = True
    tidies = True
    fixes = (FixRule("*", kinds=("operand",)),)
    before = """sizes = Shape(x)
                y = Reshape(w, sizes)"""
    after = "y = Reshape(w, folded)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3] x, float[6] w) => (float[2, 3] y) {
                 sizes = Shape(x)
                 y = Reshape(w, sizes) }""",
            ops=("Reshape",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3] x) => (float[N, 3] y)
               <float[3] a = {1, 2, 3}, float[3] b = {0.5, -1, 2}> {
                 c = Add(a, b)
                 y = Mul(x, c) }""",
            ops=("Mul",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (bool p, float[N] x) => (float[N] y) {
                 y = If (p) <
                   then_branch = t () => (float[N] a) { c = Constant<value_float = 2.0>()  a = Mul(x, c) },
                   else_branch = e () => (float[N] b) { b = Neg(x) }> }""",
            ops=("If",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3] x) => (int64[2] y) { y = Shape(x) }""",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1000, 1000] x) => (float[1000, 1000] y)
               <int64[2] size = {1000, 1000}> {
                 big = ConstantOfShape(size)
                 y = Add(x, big) }""",
            because="its result of 4000000 bytes would be stored in the model",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3] x) => (float[3] y) {
                 noise = RandomNormal<shape = [3]>()
                 y = Add(x, noise) }""",
        ),
    )

    def idle(self, model: ModelProto) -> bool:
        if model.functions:
            return False
        for node in facts_of(model).nodes:
            if node.op == "Constant" and not node.scope:
                continue
            if any(value is not None and value.source in ("constant", "folded") for value in node.outputs):
                return False
        return True

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        refused: dict[str, Declined] = {}
        for graph in surgery.graphs():
            if surgery.is_dead(graph):
                continue
            inner = graph is not surgery.top
            before = [node for node in graph.nodes if inner or node.op != "Constant"]
            addresses = [surgery.key(node) for node in before]
            outputs = [surgery.imported.results(node) for node in before]
            kept = []
            for node in [n for n in graph.nodes if n.op == "Constant"]:
                if any(node.outputs[0] is output for output in graph.outputs) or not surgery.lower(node):
                    node.op = KEPT
                    kept.append(node)
            _shapes(surgery, graph, wanted)
            for node in graph.nodes:  # graphsurgeon runs constant nodes, and needs the values for it
                read = surgery.imported.read(node)
                if read and all(surgery.is_constant(value) for value in read):
                    for tensor in node.inputs:
                        fetch(tensor)
            if any(_depends_on_constants(surgery, node) for node in graph.nodes):  # it copies the graph first
                _fold(graph, functools.partial(_keep, surgery, graph, wanted, refused))
            for node in kept:
                node.op = "Constant"
            for address, results in zip(addresses, outputs, strict=True):
                if _is_folded(surgery, results):
                    yield address
        yield from refused.values()


def _fold(graph: Any, keep: Callable[[Any], bool]) -> None:
    """Compute all constants of a graph in one session; where that fails, each in one of its own, which copies the graph."""
    options = dict.fromkeys(("fold_shapes", "recurse_subgraphs", "flatten_subgraphs", "recurse_functions"), False)
    try:
        graph.fold_constants(**options, error_ok=False, should_exclude_node=keep)
    except Exception:  # onnxruntime has exceptions of its own
        graph.fold_constants(**options, partitioning="recursive", should_exclude_node=keep)


def _name(value: Any) -> str:
    return value if isinstance(value, str) else str(value.name)


def _is_folded(surgery: GraphEditor, results: Sequence[Any]) -> bool:
    """Whether all that a node made is a constant now, or made by no node; what was never looked at is neither."""
    made = [surgery.imported.tensors.get(each, each) if isinstance(each, str) else each for each in results]
    made = [each for each in made if _name(each)]
    return bool(made) and not any(
        isinstance(each, str) or not (isinstance(each, surgery.gs.Constant) or not each.inputs) for each in made
    )


def _depends_on_constants(surgery: GraphEditor, node: Any) -> bool:
    """Whether a node has no operand that is computed when the model runs, and may be folded."""
    if node.op == KEPT or node.op in RANDOM | QUANTISED:
        return False
    return all(surgery.is_constant(value) or not _name(value) for value in surgery.imported.read(node))


def _shapes(surgery: GraphEditor, graph: Any, wanted: frozenset[Key] | None) -> None:
    """Replace integer values that shape inference has already computed: shape arithmetic over fixed dims."""
    for node in graph.nodes:
        if wanted is not None and surgery.key(node) not in wanted:
            continue
        if not any(_is_computed(surgery, each) for each in surgery.imported.results(node)):
            continue
        for tensor in list(node.outputs):
            value = surgery.value(tensor)
            if value is None or value.source != "folded" or value.constant is None or value.constant.dtype.kind not in "iub":
                continue
            if any(tensor is output for output in graph.outputs) or isinstance(tensor, surgery.gs.Constant):
                continue
            tensor.to_constant(np.ascontiguousarray(value.constant).reshape(value.constant.shape))
            tensor.inputs.clear()


def _is_computed(surgery: GraphEditor, result: Any) -> bool:
    """Whether inference has computed a result, a tensor or a name."""
    value = surgery.facts.value(result) if isinstance(result, str) else surgery.value(result)
    return value is not None and value.source == "folded" and value.constant is not None


def _keep(surgery: GraphEditor, graph: Any, wanted: frozenset[Key] | None, refused: dict[str, Declined], node: Any) -> bool:
    """Whether a foldable node, which graphsurgeon passes as a copy, stays."""
    first = next((tensor.name for tensor in node.outputs if tensor.name), "")
    if wanted is not None and (surgery.scope(graph), first) not in wanted:
        return True
    if node.op in RANDOM | QUANTISED or node.op == KEPT or LISTS.search(node.op) or not is_standard(node):
        return True
    if any(isinstance(value, surgery.gs.Graph) for value in node.attrs.values()):
        return True
    ends = {output.name for output in graph.outputs}
    if any(tensor.name in ends for tensor in node.outputs):
        return True
    made = given = 0
    for tensor in node.outputs:
        size = _bytes(surgery, tensor.name, graph)
        if size is None and node.op in UNBOUNDED:
            return True
        made += size or 0
    for tensor in node.inputs:
        if isinstance(tensor, surgery.gs.Constant):
            given += int(np.prod(tensor.shape)) * np.dtype(tensor.dtype).itemsize if not isinstance(tensor.dtype, int) else 0
    if made > given + GROWTH:
        name = node.name or node.outputs[0].name
        refused[name] = Declined(f"its result of {made} bytes would be stored in the model", at=name)
        return True
    return False


def _bytes(surgery: GraphEditor, name: str, graph: Any) -> int | None:
    """Return the size of a value of the graph in bytes; None when its shape or dtype is unknown."""
    value = surgery.facts.value(name, surgery.scope(graph))
    if value is None or value.shape is None or value.dtype not in CODES:
        return None
    width = np.dtype(helper.tensor_dtype_to_np_dtype(CODES[value.dtype])).itemsize
    return math.prod(dim for dim in value.shape if isinstance(dim, int)) * width if value.fixed else None
