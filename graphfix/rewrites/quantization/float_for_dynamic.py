"""DynamicQuantizeLinear(x) ~ (x, 1, 0): with x itself for its whole numbers, MatMulInteger is MatMul and its scale one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety

INTEGER = {"MatMulInteger": "MatMul", "ConvInteger": "Conv"}


class FloatForDynamic(GraphRewrite):
    """Run a dynamically quantised layer in floats, with the weights that are stored.

    Why: quantising activations while running is one runtime's way; few compilers support its operators. The weights keep
    the rounding they have, activations lose theirs, so numbers come nearer to the float model's.
    """

    name = "float-for-dynamic"
    safety = Safety.APPROXIMATE
    needs_opset = 11
    rtol = 0.1
    atol = 0.1
    fixes = tuple(FixRule(op) for op in ("DynamicQuantizeLinear", *INTEGER))
    before = """q, s, z = DynamicQuantizeLinear(x)
                m = MatMulInteger(q, w, z, wz)
                y = Cast<to = 1>(m)"""
    after = "y = MatMul(x, fw)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 3] x) => (float[N, 2] y)
               <uint8[3, 2] w = {1, 2, 3, 4, 5, 250}, uint8 wz = {4}, float ws = {0.01}> {
                 q, s, z = DynamicQuantizeLinear(x)
                 m = MatMulInteger(q, w, z, wz)
                 f = Cast<to = 1>(m)
                 t = Mul(s, ws)
                 y = Mul(f, t) }""",
            ops=("MatMul", "Mul", "Mul"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 1, 4] x) => (float[N, 2, 3] y, float[N, 1, 3] u)
               <int8[2, 1, 2] w = {1, -2, 3, 4}, int8[1, 1, 2] v = {5, -6}, float ws = {0.02}> {
                 q, s, z = DynamicQuantizeLinear(x)
                 m = ConvInteger(q, w, z)
                 f = Cast<to = 1>(m)
                 t = Mul(s, ws)
                 y = Mul(f, t)
                 n = ConvInteger(q, v, z)
                 g = Cast<to = 1>(n)
                 u = Mul(g, t) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[3] x) => (uint8[3] q) {
                 q, s, z = DynamicQuantizeLinear(x) }""",
            because="its whole numbers are read by something else than MatMulInteger or ConvInteger",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (uint8[2, 3] q, int8[3, 2] w) => (int32[2, 2] y) {
                 y = MatMulInteger(q, w) }""",
            because="`q` was not quantised while running",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[2, 3] x, int8[3, 2] w) => (int32[2, 2] y) {
                 q, s, z = DynamicQuantizeLinear(x)
                 y = MatMulInteger(q, w, z) }""",
            because="`y` is read as whole numbers",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        def in_place(graph: Any, node: Any, readers: list[Any]) -> None:
            for reader in readers:
                in_floats(surgery, graph, node.inputs[0], reader)
            _forget(surgery, node)

        yield from at_dynamic(surgery, wanted, refusal, in_place)


def at_dynamic(
    surgery: GraphEditor,
    wanted: frozenset[Key] | None,
    refuse: Callable[[GraphEditor, Any, Any, list[Any]], str | None],
    write: Callable[[Any, Any, list[Any]], None],
) -> Iterator[Key | Declined]:
    """Write each wanted DynamicQuantizeLinear and the layers that read it in another way, or say why it is refused."""
    for graph in surgery.graphs():
        for node in [n for n in graph.nodes if n.op == "DynamicQuantizeLinear"]:
            key, readers = surgery.key(node), readers_of(node)
            if wanted is not None and not wanted & {key, *map(surgery.key, readers)}:
                continue
            reason = refuse(surgery, graph, node, readers)
            if reason is not None:
                yield Declined(reason, at=surgery.label(key))
                continue
            write(graph, node, readers)
            yield key
        for node in [n for n in graph.nodes if n.op in INTEGER]:
            if (wanted is None or surgery.key(node) in wanted) and not _is_dynamic(node):
                yield Declined(f"`{node.inputs[0].name}` was not quantised while running", at=surgery.label(surgery.key(node)))


def _is_dynamic(node: Any) -> bool:
    makers = node.inputs[0].inputs
    return bool(makers) and makers[0].op == "DynamicQuantizeLinear"


def readers_of(node: Any) -> list[Any]:
    """What reads the whole numbers, or their zero point, each once."""
    found: dict[int, Any] = {}
    for made in (node.outputs[0], node.outputs[2]):
        found.update((id(reader), reader) for reader in made.outputs)
    return list(found.values())


def refusal(surgery: GraphEditor, graph: Any, node: Any, readers: list[Any]) -> str | None:
    """Why the layers that read a DynamicQuantizeLinear cannot run on floats in place of its whole numbers."""
    reason = misread(surgery, graph, node, readers)
    if reason is not None:
        return reason
    whole = next((reader.outputs[0] for reader in readers if not is_cast(graph, reader)), None)
    return None if whole is None else f"`{whole.name}` is read as whole numbers"


def is_cast(graph: Any, reader: Any) -> bool:
    """Whether a layer's whole numbers are turned into float32 wherever they are read."""
    made = reader.outputs[0]
    if any(made is output for output in graph.outputs):
        return False
    return all(other.op == "Cast" and other.attrs["to"] in (1, np.float32) for other in made.outputs)


def misread(surgery: GraphEditor, graph: Any, node: Any, readers: list[Any]) -> str | None:
    """Why the whole numbers of a DynamicQuantizeLinear are not only the operand of integer layers."""
    whole, zero = node.outputs[0], node.outputs[2]
    given = any(tensor is output for tensor in node.outputs for output in graph.outputs)
    if given or any(reader.op not in INTEGER or reader.inputs[0] is not whole for reader in readers):
        return "its whole numbers are read by something else than MatMulInteger or ConvInteger"
    for reader in readers:
        places = [tensor for tensor in reader.inputs[1:] if tensor.name]
        if any(tensor is whole for tensor in places) or (len(reader.inputs) > 2 and reader.inputs[2] is not zero):
            return "it is read with another zero point"
        if len(reader.inputs) > 3 and reader.inputs[3].name:
            value = surgery.value(reader.inputs[3])
            if value is None or value.shape is None or (value.rank and value.shape != (1,) and reader.op == "ConvInteger"):
                return f"the zero points `{reader.inputs[3].name}` of its weights differ by channel"
    return None


def in_floats(surgery: GraphEditor, graph: Any, source: Any, reader: Any) -> None:
    """Put the float operator on `source` where an integer one stood, and in place of its casts where only they read it."""
    build = surgery.at(surgery.label(surgery.key(reader)))
    weight, zero = reader.inputs[1], reader.inputs[3] if len(reader.inputs) > 3 and reader.inputs[3].name else None
    at = next(i for i, other in enumerate(graph.nodes) if other is reader)
    known = surgery.known(weight)
    shift = np.zeros((), np.float32) if zero is None else surgery.known(zero)
    if known is not None and shift is not None:
        floats = surgery.constant(f"{weight.name}/floats", known.astype(np.float32) - shift.astype(np.float32))
    else:
        floats = build.op("Cast", weight, to=1)
        if zero is not None:
            floats = build.op("Sub", floats, build.op("Cast", zero, to=1))
    attrs, op, output = dict(reader.attrs), INTEGER[reader.op], reader.outputs[0]
    casts = list(output.outputs) if is_cast(graph, reader) else []
    reader.inputs.clear()
    reader.outputs.clear()
    made = build.op(op, source, floats, **attrs)
    if not casts:
        build.node("Cast", [made], [output], {"to": 6})
    graph.nodes[at : at + 1] = build.nodes
    for cast in casts:
        output = cast.outputs[0]
        if any(output is given for given in graph.outputs):
            cast.op, cast.attrs = "Identity", {}
            cast.inputs[0] = made
        else:
            cast.inputs.clear()
            surgery.rewire(output, made)


def _forget(surgery: GraphEditor, node: Any) -> None:
    """Let what reads the scale read one."""
    scale = node.outputs[1]
    if scale.outputs:
        surgery.rewire(scale, surgery.constant(f"{scale.name}/one", np.asarray(1, np.float32)))
    node.inputs.clear()
