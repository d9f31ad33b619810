"""Graphs in quantised operators, as post-training quantisation writes them, for fixes that rewrite them as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.probe.form import TextProbe

MS = "com.microsoft."
IMAGE, ROWS = "[{dims},2,5,5]", "[{dims},4]"
LAYERS = {
    "QLinearConv": (IMAGE, "QLinearConv<pads = [1, 1, 1, 1]>({x}, s, z, K, w, v, s, z)"),
    "QLinearMatMul": (ROWS, "QLinearMatMul({x}, s, z, M, w, v, s, z)"),
    f"{MS}QGemm": (ROWS, f"{MS}QGemm({{x}}, s, z, M, w, v, , s, z)"),
    **{f"{MS}QLinear{op}": (IMAGE, f"{MS}QLinear{op}({{x}}, s, z, {{x}}, s, z, s, z)") for op in ("Add", "Mul")},
    f"{MS}QLinearConcat": (IMAGE, f"{MS}QLinearConcat<axis = 2>(s, z, {{x}}, s, z, {{x}}, s, z)"),
    f"{MS}QLinearSigmoid": (IMAGE, f"{MS}QLinearSigmoid({{x}}, s, z, s, z)"),
    f"{MS}QLinearLeakyRelu": (IMAGE, f"{MS}QLinearLeakyRelu<alpha = 0.1>({{x}}, s, z, s, z)"),
    f"{MS}QLinearAveragePool": (IMAGE, f"{MS}QLinearAveragePool<kernel_shape = [2, 2]>({{x}}, s, z, s, z)"),
    f"{MS}QLinearGlobalAveragePool": (IMAGE, f"{MS}QLinearGlobalAveragePool<channels_last = 0>({{x}}, s, z, s, z)"),
}
"""The shape of the data, and the node of each quantised operator."""
ROUNDINGS = ("QuantizeLinear", "DequantizeLinear")
HEAD = '<ir_version: 8, opset_import: ["": 13, "com.microsoft": 1]> g (float{shape} X) => (float[] Y) <{held}> {{ {body} }}'
BODY = "{q} a = QuantizeLinear(X, s, z) {n} b = {first} {m} c = {second} {d} Y = DequantizeLinear(c, s, z)"
ALONE = "{q} a = QuantizeLinear(X, s, z) {n} b = {first} {d} Y = DequantizeLinear(b, s, z)"


def in_quantised_graph(op: str) -> Iterator[TextProbe]:
    """Yield graphs in which a quantised operator, or what quantises its data or reads its result back, is the probe."""
    for layer, (shape, node) in LAYERS.items():
        if op == layer or (op in ROUNDINGS and layer in ("QLinearConv", "QLinearMatMul")):
            for at, (dims, dtype, zero) in enumerate(
                (dims, dtype, zero)
                for dims in ("2", "N")
                for dtype, zero in (("uint8", 15), ("uint8", 128), ("int8", 0), ("int8", -42))
            ):
                twice = at % 2 == 0 and "M" not in node
                yield _graph(op, layer, (shape.format(dims=dims), node, dtype, zero), twice=twice)


def _graph(op: str, layer: str, form: tuple[str, str, str, int], *, twice: bool) -> TextProbe:
    shape, node, dtype, zero = form
    kernel = ", ".join(str(at % 9 - 4) for at in range(2 * 2 * 9))
    matrix = ", ".join(str(at % 9 - 4) for at in range(4 * 5))
    held = (
        f"float s = {{0.05}}, {dtype} z = {{{zero}}}, float w = {{0.02}}, int8 v = {{0}}, "
        f"int8[2,2,3,3] K = {{{kernel}}}, int8[4,5] M = {{{matrix}}}"
    )
    marks = {"q": "QuantizeLinear", "n": layer, "d": "DequantizeLinear"}
    marked = {name: "[probe]" if op == whose else "" for name, whose in marks.items()}
    body = (BODY if twice else ALONE).format(first=node.format(x="a"), second=node.format(x="b"), m="", **marked)
    name = f"{layer} {shape} {dtype} zero point {zero}{' twice' if twice else ''}"
    return TextProbe(op, name, HEAD.format(shape=shape, held=held, body=body))
