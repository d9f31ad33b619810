"""Models with `value_info` that is correct, out of date, or a formula."""

from graphfix.probe.form import AGAIN, TextProbe

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


FOUND = {"direct": ("", "1,{0}", "1,p"), "turned": ("k = Transpose<perm = [1, 0]>(t)", "{0},1", "p,1"),
         "squeezed": ("k = Squeeze(t, a)", "{0}", "p"), "cast": ("k = Cast<to = 6>(t)", "1,{0}", "1,p")}  # fmt: skip
"""What follows a NonZero `t`, the dims of its result, and those of the output."""
BOXES = "float[1,6,4] X, float[1,1,6] S"


def counted(how: str, name: str, *, named: bool = True) -> TextProbe:
    """A NonZero, whose count of elements the annotation of what follows gives a name; without `named` there is no annotation."""
    node, dims, output = FOUND[how]
    kind = "int32" if how == "cast" else "int64"
    said = f"{kind}[{dims.format('u0')}] {'k' if node else 't'}"
    held = ", ".join([*([said] if named else []), *(["int64[1] a = {0}"] if how == "squeezed" else [])])
    text = (
        f'<ir_version: 8, opset_import: ["": 18]> g (float[n] X) => ({kind}[{output}] Y) {f"<{held}>" if held else ""}'
        f" {{ t = NonZero(X) {node} Y = Neg({'k' if node else 't'}) }}"
    )
    return TextProbe("@model", f"annotations count of {how} {name if named else 'without'}", text, ("counts.named", AGAIN),
                     (("u0", name),) if name != "u0" else ())  # fmt: skip


def suppressed(how: str, name: str) -> TextProbe:
    """A NonMaxSuppression, whose count of boxes the annotation of its result gives a name."""
    turned = how == "turned"
    node = "b = NonMaxSuppression(X, S, k) a = Transpose(b)" if turned else "a = NonMaxSuppression(X, S, k)"
    dims, made = ("3,u0", "3,p") if turned else ("u0,3", "p,3")
    text = (
        f'<ir_version: 8, opset_import: ["": 18]> g ({BOXES}) => (int64[{made}] Y) <int64[{dims}] a, int64[1] k = {{3}}>'
        f" {{ {node} Y = Neg(a) }}"
    )
    return TextProbe(
        "@model", f"annotations boxes {how} {name}", text, ("counts.named", AGAIN), (("u0", name),) if name != "u0" else ()
    )


RANGES = {"": "R = Range(z, n, o) t = Add(R, o)", "cast": "R = Range(z, n, o) c = Cast<to = 6>(R) t = Cast<to = 7>(c)"}
"""What follows the length of a Range by a number of the data, by a word."""


def ranged(how: str, name: str, *, of_data: bool = True) -> TextProbe:
    """A Range by a number of the data or by a dim, whose length the annotation of what follows gives a name."""
    number = "n = Gather(X, i)" if of_data else "s = Shape(X) n = Gather(s, z)"
    text = (
        f'<ir_version: 8, opset_import: ["": 18]> g (int64[k] X) => (int64[p] Y) <int64[{"u0" if of_data else "k"}] t, '
        f"int64 z = {{0}}, int64 o = {{1}}, int64 i = {{2}}> {{ {number} {RANGES[how]} Y = Neg(t) }}"
    )
    label = f"annotations length {how} {name}{'' if of_data else ' of a dim'}"
    return TextProbe("@model", label, text, ("counts.named", AGAIN), (("u0", name),) if of_data and name != "u0" else ())


FORMS = [
    *(ranged(how, name) for how in RANGES for name in ("u0", "found", "unk__3")),
    *(ranged(how, "k", of_data=False) for how in RANGES),
    *(counted(how, name) for how in FOUND for name in ("u0", "found", "unk__3")),
    *(counted(how, "", named=False) for how in FOUND),
    *(suppressed(how, name) for how in ("direct", "turned") for name in ("u0", "boxes", "unk__3")),
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
