"""Operands that contradict each other, as wrong exports and edits by hand leave them: compilers may refuse them or fail later."""

from graphfix.analysis.operand_constraints import GATES
from graphfix.analysis.patterns.words import CONFLICT
from graphfix.probe.form import AGAIN, TextProbe

ELEMENTWISE = ("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Sum", "Mean", "PRelu")
COMPARED = ("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual")
PAIRS = (
    ("2,3,7", "2,3,6"), ("2,3,7", "4"), ("5,4", "5,3"), ("n,3,7", "1,2,7"), ("1,8,4,4", "3,1,1"), ("6", "5"), ("n,7", "n,6"),
    ("2,3,4,5", "2,3,5,4"), ("n,3,h,w", "4,1,1"),
)  # fmt: skip
HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g ({inputs}) => ({kind}[{dims}] Y) {held} {{ {body} }}'


def _rank(*shapes: str) -> int:
    return max(shape.count(",") + 1 for shape in shapes)


def _probe(
    op: str, label: str, inputs: str, body: str, rank: int, held: str = "", opset: int = 17, kind: str = "float"
) -> TextProbe:
    dims = ",".join(f"q{axis}" for axis in range(rank))
    text = HEAD.format(opset=opset, inputs=inputs, kind=kind, dims=dims, held=f"<{held}>" if held else "", body=body)
    return TextProbe(op, f"contradiction, {label}, opset={opset}", text, (CONFLICT, AGAIN))


def _behind(
    op: str, label: str, data: str, node: str, held: str = "", more: str = "", opset: int = 17, rank: int = 0
) -> TextProbe:
    """A node behind another one, so that its data is no input of the graph."""
    return _probe(op, label, f"float[{data}] X{more}", f"h = Neg(X) [probe] {node}", rank or _rank(data), held, opset)


def _elementwise(op: str, opset: int, kind: str = "float") -> list[TextProbe]:
    made = []
    for one, other in PAIRS:
        inputs, body = f"float[{one}] X, float[{other}] Z", f"h = Neg(X) [probe] Y = {op}(h, Z)"
        made.append(_probe(op, f"[{one}] and [{other}]", inputs, body, _rank(one, other), "", opset, kind))
    held = "float[5] w = {1, 1, 1, 1, 1}"
    made.append(_probe(op, "a constant", "float[2,4] X", f"[probe] Y = {op}(X, w)", 2, held, opset, kind))
    return made


SIZED = {
    "Reshape": (
        ("2,3,7", (4, 5)), ("2,3,7", (5, -1)), ("6", (4,)), ("1,8,4,4", (1, 8, 12)), ("1,8,4,4", (3, -1)), ("2,6", (2, 3, 3)),
        ("4,4", (0, 3)), ("2,3,4", (0, 0, 5)), ("3,5", (16,)),
    ),
    "Expand": (
        ("3", (4,)), ("2,3", (2, 4)), ("5,2", (3, 5, 3)), ("n,4", (1, 3)), ("2,2", (3, 2)), ("1,4", (2, 5)), ("7", (2, 6)),
        ("2,1,3", (2, 4, 4)),
    ),
    "Split": (
        ("1,7", (3, 3)), ("2,8", (3, 3)), ("n,9", (4, 4)), ("1,6,4", (2, 5)), ("3,10", (5, 4)), ("1,5", (2, 2)),
        ("n,12,3", (4, 4)), ("2,4", (1, 1)),
    ),
    "Squeeze": (
        ("2,3,7", (1,)), ("2,3", (0,)), ("n,4,1", (1,)), ("1,5", (1,)), ("1,3,4,4", (2,)), ("6,1", (0,)), ("2,1,2", (2,)),
        ("n,2,h", (1,)),
    ),
}  # fmt: skip
"""By operator: its data, and the constant that does not fit it."""
BLOCKS = (("1,6,4,4", 2), ("n,9,4,4", 2), ("1,10,2,2", 2), ("1,12,3,3", 3), ("2,5,4,4", 2), ("1,7,8,8", 2), ("n,6,3,3", 2),
          ("1,15,2,2", 4))  # fmt: skip
PRODUCTS = (("2,3,7", "6,4"), ("3,7", "8,4"), ("n,3,7", "5,4"), ("2,2,3,7", "2,2,6,4"), ("1,7", "8,8"), ("7,3", "7,4"),
            ("n,16", "8,16"), ("2,3,4", "2,3,4"), ("2,3,7", "3,7,4"), ("4,2,3,7", "4,3,7,4"), ("5,1,7", "4,7,2"),
            ("2,2,3,7", "3,2,7,4"))  # fmt: skip
TURNED = (("3,7", "6,4", ""), ("3,7", "4,6", "<transB = 1>"), ("7,3", "6,4", "<transA = 1>"), ("n,7", "8,4", ""))
KERNELS = (("1,3,8,8", "2,4,1,1", "5,4,1,1", 1), ("n,6,8,8", "4,2,3,3", "5,2,3,3", 2), ("1,3,16", "2,2,3", "5,2,3", 1),
           ("n,3,h,w", "5,1,3,3", "4,1,3,3", 1))  # fmt: skip
"""Data, the kernels of a Conv and of a ConvTranspose, and the groups."""
JOINED = (("2,3,7", "2,4,6", 1), ("2,3", "4,3", 1), ("n,3,7", "n,4,7", 2), ("5,2", "4,3", 0), ("1,8,4,4", "1,8,4,5", 1),
          ("1,8,6,4", "1,8,4,4", 1), ("n,3,h", "n,2,h", 2), ("2,2,2", "2,3,4", 2))  # fmt: skip
CHOSEN = (("3", "4", "4"), ("2,3", "2,4", "1"), ("n,3", "n,3", "n,4"), ("5", "1", "4"), ("2,3,4", "3,4", "3,5"),
          ("1,3,4", "2,3,4", "4,3,4"), ("4,4", "4,3", "4,1"), ("n,2,3", "1,2,4", "1,1,1"))  # fmt: skip
NORMALIZED = {
    "BatchNormalization": ("w, w, w, w", ("1,3,4,4", "n,3,8,8", "2,5,6", "1,2,4,4,4")),
    "InstanceNormalization": ("w, w", ("1,3,4,4", "n,3,8,8", "2,5,6", "1,2,4,4,4")),
    "LayerNormalization": ("w", ("2,3,7", "n,5", "1,4,4,6", "2,8", "n,t,3")),
}
OPSETS = (13, 17)


def _products(opset: int) -> list[TextProbe]:
    made = [
        _behind("MatMul", f"[{a}] by [{b}]", a, "Y = MatMul(h, Z)", "", f", float[{b}] Z", opset) for a, b in PRODUCTS
    ]
    return made + [
        _behind("Gemm", f"[{a}] by [{b}] {how}", a, f"Y = Gemm{how}(h, W)", "", f", float[{b}] W", opset) for a, b, how in TURNED
    ]


def _layers(opset: int) -> list[TextProbe]:
    made = []
    for data, forward, back, group in KERNELS:
        for op, kernel in (("Conv", forward), ("ConvTranspose", back)):
            node = f"Y = {op}<group = {group}>(h, W)"
            made.append(_behind(op, f"[{data}] by [{kernel}]", data, node, "", f", float[{kernel}] W", opset))
    for op, (words, shapes) in NORMALIZED.items():
        for data in shapes if opset == max(OPSETS) or op != "LayerNormalization" else ():
            made.append(_behind(op, f"[{data}]", data, f"Y = {op}(h, {words})", "float[4] w = {1, 1, 1, 1}", "", opset))
    return made


def _recurrent(opset: int) -> list[TextProbe]:
    made = []
    for op, gates in GATES.items():
        for steps, batch in (("5", "1"), ("t", "2"), ("5", "n"), ("t", "n")):
            for size, deep in ((4, 2), (3, 3)):
                inputs = f"float[{steps},{batch},3] X, float[1,{2 * gates},{size}] W, float[1,{2 * gates},{deep}] R"
                label = f"[{steps},{batch},3], W of {size}, R of {deep}"
                made.append(_probe(op, label, inputs, f"[probe] Y = {op}<hidden_size = 2>(X, W, R)", 4, "", opset))
    return made


def _sized(opset: int) -> list[TextProbe]:
    made = []
    for op, pairs in SIZED.items():
        node = "Y, Z = Split<axis = 1>(h, s)" if op == "Split" else f"Y = {op}(h, s)"
        for data, numbers in pairs:
            listed = ", ".join(map(str, numbers))
            held = f"int64[{len(numbers)}] s = {{{listed}}}"
            rank = {"Reshape": len(numbers), "Expand": max(_rank(data), len(numbers)), "Squeeze": _rank(data) - 1}.get(op, 0)
            made.append(_behind(op, f"[{data}] to {listed}", data, node, held, "", opset, rank))
    for data, size in BLOCKS:
        node = f"Y = DepthToSpace<blocksize = {size}>(h)"
        made.append(_behind("DepthToSpace", f"[{data}] by {size}", data, node, "", "", opset))
    for one, other, axis in JOINED:
        node = f"Y = Concat<axis = {axis}>(h, Z)"
        made.append(_behind("Concat", f"[{one}] and [{other}] along {axis}", one, node, "", f", float[{other}] Z", opset))
    for c, a, b in CHOSEN:
        inputs = f"bool[{c}] C, float[{a}] A, float[{b}] B"
        made.append(_probe("Where", f"[{c}], [{a}] and [{b}]", inputs, "[probe] Y = Where(C, A, B)", _rank(c, a, b), "", opset))
    return made


FORMS = [
    *(probe for op in ELEMENTWISE for probe in _elementwise(op, 17)),
    *(probe for op in COMPARED for probe in _elementwise(op, 17, "bool")),
    *(probe for opset in OPSETS for made in (_products, _layers, _recurrent, _sized) for probe in made(opset)),
]
