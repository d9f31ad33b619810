"""Cast(Gather(c, i)) = Gather(Cast(c), i) for a constant c, also where the result is reshaped in between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from graphfix.ir.dtypes import NAMES
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety

HEAD = '<ir_version: 8, opset_import: ["" : 17]> g'
MOVING = frozenset({"Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})
"""Operators between the Gather and a Cast, of one reader each, that change no number but by casting it."""
CHOOSING = {("Gather", ""), ("ArrayFeatureExtractor", "ai.onnx.ml")}
"""Operators that give some elements of their first operand, with their domains."""
DTYPES = frozenset({"float32", "float64", "int32", "int64"})
"""The dtypes between which constants are cast here."""


class CastBeforeGather(GraphRewrite):
    """Cast the constant that a Gather reads, at once, instead of the numbers that it gives.

    Why: a compiler with symbolic sizes may take what is cast to int64 for one, and not give it out. The converters of
    scikit-learn look up the label of a class, cast it to float and back.
    """

    name = "cast-before-gather"
    safety = Safety.EXACT
    needs_opset = 9
    everywhere = True
    fixes = (FixRule("", traits=("outputs.sizes",)),)
    before = """g = Gather(classes, i)
                y = Cast<to = 7>(g)"""
    after = "y = Gather(classes_in_int64, i)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 3] x) => (int64[M] y) <int32[3] classes = {{4, 7, 9}}, int64[1] all = {{-1}}> {{
                 i = ArgMax<axis = 1>(x)
                 g = Gather(classes, i)
                 f = Cast<to = 1>(g)
                 r = Reshape(f, all)
                 y = Cast<to = 7>(r) }}""",
            ops=("ArgMax", "Gather", "Reshape"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]> g (float[N, 3] x) => (int64[1, N] y)
               <int32[3] classes = {4, 7, 9}> {
                 i = ArgMax<axis = 1, keepdims = 0>(x)
                 g = ai.onnx.ml.ArrayFeatureExtractor(classes, i)
                 y = Cast<to = 7>(g) }""",
            ops=("ArgMax", "ArrayFeatureExtractor"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(f"{HEAD} (float[N, 3] x) => (int64[N, 3] y) {{ y = Cast<to = 7>(x) }}", because=""),
        Case(
            f"""{HEAD} (float[N, 3] x) => (int64[N, 1] y, int32[N, 1] g) <int32[3] classes = {{4, 7, 9}}> {{
                 i = ArgMax<axis = 1>(x)
                 g = Gather(classes, i)
                 y = Cast<to = 7>(g) }}""",
            because="what it gives is read as it is, too",
        ),
        Case(
            f"""{HEAD} (float[N, 3] x) => (int64[N, 1] y, int32[N, 1] z) <int32[3] classes = {{4, 7, 9}}> {{
                 i = ArgMax<axis = 1>(x)
                 g = Gather(classes, i)
                 y = Cast<to = 7>(g)
                 z = Neg(g) }}""",
            because="what it gives is read as it is, too",
        ),
        Case(
            f"""{HEAD} (float[N, 3] x) => (int64[N, 1] y) <float[3] classes = {{1.5, nan, 2}}> {{
                 i = ArgMax<axis = 1>(x)
                 g = Gather(classes, i)
                 y = Cast<to = 7>(g) }}""",
            because="a number of the constant has no counterpart in int64",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in [each for each in graph.nodes if (each.op, each.domain or "") in CHOOSING]:
                array = surgery.known(node.inputs[0])
                if array is None or str(array.dtype) not in DTYPES:
                    continue
                followers = list(_followers(node, graph))
                casts = [each for each in followers if each.op == "Cast"]
                if not casts:
                    if any(each.op == "Cast" for each in node.outputs[0].outputs):
                        yield Declined("what it gives is read as it is, too", at=surgery.label(surgery.key(node)))
                    continue
                made = _cast(array, [NAMES[each.attrs["to"]] for each in casts])
                if made is None:
                    dtype = NAMES[casts[-1].attrs["to"]]
                    yield Declined(f"a number of the constant has no counterpart in {dtype}", at=surgery.label(surgery.key(node)))
                    continue
                key = surgery.key(casts[-1])
                node.inputs[0] = surgery.constant(f"{node.inputs[0].name}/cast", made)
                for each in (node, *followers):
                    each.outputs[0].dtype = made.dtype
                for each in casts:
                    _skip(surgery, each, graph)
                yield key


def _followers(node: Any, graph: Any) -> Iterator[Any]:
    """Yield the nodes behind one that only move or cast what it gives, as long as each has one reader."""
    while True:
        given = node.outputs[0]
        if len(given.outputs) != 1 or any(given is output for output in graph.outputs):
            return
        node = given.outputs[0]
        if node.op not in MOVING or node.domain or node.inputs[0] is not given:
            return
        if node.op == "Cast" and NAMES.get(node.attrs.get("to")) not in DTYPES:
            return
        yield node


def _cast(array: Any, dtypes: list[str]) -> Any:
    """Return a constant cast to these dtypes, one after the other; None where a number does not fit."""
    for dtype in dtypes:
        whole = np.dtype(dtype).kind == "i"
        if whole and not (np.isfinite(array).all() and (np.abs(array.astype(np.float64)) < np.iinfo(dtype).max).all()):
            return None
        array = array.astype(dtype)
    return array


def _skip(surgery: GraphEditor, cast: Any, graph: Any) -> None:
    """Take a Cast out, its input in place of its output."""
    source, given = cast.inputs[0], cast.outputs[0]
    if any(given is output for output in graph.outputs):
        maker = source.inputs[0]
        cast.outputs.clear()
        maker.outputs[0] = given
    else:
        surgery.rewire(given, source)
        cast.outputs.clear()
    cast.inputs.clear()
    graph.nodes.remove(cast)
