"""Models with `value_info` that is correct, out of date, or a formula."""

from graphfix.probe.form import TextProbe

CHAIN = "t = Relu(X) Y = Neg(t)"
POOL = "t = AveragePool<kernel_shape = [2, 2], strides = [2, 2]>(X) Y = Relu(t)"
PADDED = "t = AveragePool<kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]>(X) Y = Relu(t)"
IMAGE = "float[n,3,h,w] X"
INSIDE = """c = Constant<value = bool {1}>()
    Y = If(c) <then_branch = f () => (float[%s] a) <float[%s] t> { t = Relu(X) a = Neg(t) },
    else_branch = e () => (float[%s] b) { b = Neg(X) }>"""


def annotated(label: str, inputs: str, output: str, said: str, body: str, *names: tuple[str, str], opset: int = 17) -> TextProbe:
    """A small model whose value `t` is annotated; `names` puts formulas where the text holds plain symbols."""
    text = f'<ir_version: 8, opset_import: ["": {opset}]> g ({inputs}) => (float[{output}] Y) <{said} t> {{ {body} }}'
    return TextProbe("@model", f"annotations {label}", text, ("annotations",), names)


def formulas(label: str, height: str, body: str, opset: int = 17) -> TextProbe:
    """A pooled image whose annotated height and width are formulas in `h` and `w`."""
    names = ("p", height), ("q", height.replace("h", "w"))
    return annotated(label, IMAGE, "n,3,a,b", "float[n,3,p,q]", body, *names, opset=opset)


FORMS = [
    *(annotated(f"{label} opset {opset}", inputs, output, said, CHAIN, opset=opset)
        for opset in (12, 17, 20)
        for label, inputs, output, said in (
            ("agreeing", "float[2,3] X", "2,3", "float[2,3]"),
            ("agreeing open", "float[n,3] X", "n,3", "float[n,3]"),
            ("agreeing dynamic", IMAGE, "n,3,h,w", "float[n,3,h,w]"),
            ("other size", "float[2,3] X", "2,3", "float[4,3]"),
            ("symbol for a size", "float[2,3] X", "2,3", "float[b,3]"),
            ("size for a symbol", "float[n,3] X", "n,3", "float[2,3]"),
            ("other symbols", IMAGE, "n,3,h,w", "float[n,3,c,d]"),
            ("other rank", "float[2,3,4] X", "2,3,4", "float[2,3]"),
            ("other dtype", "float[2,3,4,5] X", "2,3,4,5", "double[2,3,4,5]"),
        )),
    annotated("made up", IMAGE, "n,3,a,b", "float[n,3,p,q]", POOL, ("p", "unk__71"), ("q", "unk__72")),
    annotated("made up for a size", "float[2,3] X", "2,3", "float[b,3]", CHAIN, ("b", "unk__71")),
    annotated("symbols for what is computed", IMAGE, "n,3,a,b", "float[n,3,p,q]", POOL),
    formulas("formula", "floor(h/2)", POOL),
    formulas("formula opset 12", "floor(h/2)", POOL, 12),
    formulas("formula rounded", "floor(h/2 - 1/2) + 1", PADDED, 20),
    formulas("formula that is wrong for some sizes", "floor(h/2 - 1/2)", POOL),
    annotated("agreeing inside", "float[n,3] X", "n,3", "float[n,3]", INSIDE % ("n,3", "n,3", "n,3")),
    annotated("other symbol inside", "float[n,3] X", "n,3", "float[n,3]", INSIDE % ("n,3", "m,3", "n,3")),
    annotated("symbol for a size inside", "float[2,3] X", "2,3", "float[2,3]", INSIDE % ("2,3", "b,3", "2,3")),
    *(TextProbe("@model", f"placeholders {name} rank {len(dims)}",
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{",".join(dims)}] X) => (float[{",".join(dims)}] Y) '
        "{ Y = Relu(X) }", ("placeholders",), (("n", name), ("h", name), ("w", name)))
        for name, opset in (("?", 13), ("?", 11), ("None", 13), ("*", 13))
        for dims in (("n", "3", "h", "w"), ("n", "h", "4"), ("n", "h"))),
]  # fmt: skip
