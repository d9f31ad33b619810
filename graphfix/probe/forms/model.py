"""Traits of whole models, as small models around one Relu."""

from graphfix.probe.form import AGAIN, TextProbe

PLAIN = "Y = Relu(X)"


def model(
    label: str,
    inputs: str = "float[2,3] X",
    output: str = "float[2,3] Y",
    body: str = PLAIN,
    *,
    opset: int = 17,
    ir: int = 8,
    extra: str = "",
    varied: tuple[str, ...] = (),
    functions: str = "",
    names: tuple[tuple[str, str], ...] = (),
) -> TextProbe:
    """A probe of the whole model."""
    text = f'<ir_version: {ir}, opset_import: ["": {opset}{extra}]> g ({inputs}) => ({output}) {{ {body} }} {functions}'
    return TextProbe("@model", label, text, varied or (label.partition(" ")[0],), names)


IRS = {
    7: 3,
    8: 3,
    9: 4,
    10: 5,
    11: 6,
    12: 7,
    13: 7,
    14: 7,
    15: 8,
    16: 8,
    17: 8,
    18: 8,
    19: 9,
    20: 9,
    21: 10,
    22: 10,
    23: 11,
    24: 11,
    25: 12,
    26: 13,
    27: 13,
    28: 13,
    1: 3,
    2: 3,
    3: 3,
    4: 3,
    5: 3,
    6: 3,
}
SIZES = {
    "as they are": "Z = Shape(X)",
    "doubled": "k = Constant<value = int64 {2}>() s = Shape(X) Z = Mul(s, k)",
    "cast": "c = Cast<to = 7>(X) k = Constant<value = int64[1] {0}>() Z = ReduceSum<keepdims = 0>(c, k)",
    "passed": "s = Shape(X) Z = Identity(s)",
    "idle": "i = ArgMax<axis = 0, keepdims = 0>(X) Z = Cast<to = 7>(i)",
    "idle and computed": "i = ArgMax<axis = 0, keepdims = 0>(X) c = Cast<to = 7>(i) Z = Neg(c)",
    "idle beside": "i = ArgMax<axis = 0, keepdims = 0>(X) c = Cast<to = 7>(i) d = Neg(c) Z = Sub(i, d)",
}
"""Ways to make an output of two sizes."""
OPEN = {
    "batch": "float[n,3] X",
    "spatial": "float[n,3,h,w] X",
    "sequence": "float[n,t,3] X",
    "dynamic": "float[n,m] X",
    "vector": "float[n] X",
}
SYMBOLS = (
    "batch_size",
    "unk__749",
    "?",
    "a.b",
    "DynamicDimension.0",
    "a b",
    "-1",
    "a-b",
    "a/b",
    "floor(h/2)",
    "2*n",
    "s77",
    "",
    "batch:0",
    "x0",
    "N",
    "None",
    "_d0",
    "éa",
)
NAMES = (
    "387",
    "serving_default_input_2:0",
    "a b",
    "é",
    "x|y",
    "a.b",
    "a/b",
    "x:0",
    "input.1",
    "onnx::Conv_3",
    "-x",
    "save_infer_model/scale_0.tmp_1",
    "a;b",
    "x,y",
    "x@y",
    "StatefulPartitionedCall/model/x;y",
)
DTYPES = (
    "float",
    "float16",
    "double",
    "int64",
    "int32",
    "int8",
    "uint8",
    "bool",
    "bfloat16",
    "uint16",
    "int16",
    "uint32",
    "uint64",
)
SMALL = (
    "float8e4m3fn",
    "float8e4m3fnuz",
    "float8e5m2",
    "float8e5m2fnuz",
    "int4",
    "uint4",
    "float8e8m0",
    "float4e2m1",
    "int2",
    "uint2",
)
CAST = "Y = Cast<to = 1>(X)"
UNCAST = (
    ("transposed", "{}[2,3] X", "3,2", "Y = Transpose(X)"),
    ("repeated", "{}[2,3] X", "4,3", "Y = Concat<axis = 0>(X, X)"),
    ("side by side", "{0}[2,3] X, {0}[2,3] A", "2,6", "Y = Concat<axis = 1>(X, A)"),
    ("on each other", "{0}[2,3] X, {0}[2,3] A", "4,3", "Y = Concat<axis = 0>(X, A)"),
)
"""Models that take a dtype where a compiler has no Cast from it."""
PAIR = "Constant<value = float[2] {1, 2}>()"
CHOICE = "Y = If(c) <then_branch = t () => (float[2,3] a) { %s }, else_branch = e () => (float[2,3] b) { %s }>"
BRANCH = f"c = Constant<value = bool {{1}}>() {CHOICE}"


FORMS = [
    model("usual"),
    *(
        model(f"opset {opset} ir {ir}", opset=opset, ir=max(ir, IRS[opset]), varied=("opset", "ir"))
        for opset in IRS
        for ir in (IRS[opset], 8, 10)
    ),
    *(model(f"opset {opset} ir 14", opset=opset, ir=14, varied=("opset", "ir")) for opset in (13, 17, 22, 28)),
    *(
        model(
            f"inputs.dims {name} opset {opset}",
            stated,
            stated.replace("X", "Y"),
            opset=opset,
            ir=max(8, IRS[opset]),
            varied=("inputs.dims",),
        )
        for name, stated in OPEN.items()
        for opset in (7, 9, 11, 12, 13, 15, 16, 17, 18, 20)
    ),
    *(model(f"inputs.dtypes {dtype}", f"{dtype}[2,3] X", "float[2,3] Y", CAST, varied=("inputs.dtypes",)) for dtype in DTYPES),
    *(
        model(
            f"inputs.dtypes {dtype} and float",
            f"float[2,3] A, {dtype}[2,3] X",
            "float[2,3] Y",
            "B = Cast<to = 1>(X) Y = Add(A, B)",
            varied=("inputs.dtypes",),
        )
        for dtype in DTYPES
    ),
    *(
        model(
            f"inputs.dtypes {dtype} scalar",
            f"float[2,3] A, {dtype} X",
            "float[2,3] Y",
            "B = Cast<to = 1>(X) Y = Add(A, B)",
            varied=("inputs.dtypes",),
        )
        for dtype in ("int64", "int32", "float")
    ),
    *(
        model(
            f"inputs.dtypes {dtype} opset 25", f"{dtype}[2,4] X", "float[2,4] Y", CAST, opset=25, ir=13, varied=("inputs.dtypes",)
        )
        for dtype in SMALL
    ),
    *(
        model(
            f"inputs.dtypes {dtype} {label}", stated.format(dtype), f"{dtype}[{result}] Y", body, varied=("inputs.dtypes", AGAIN)
        )
        for dtype in DTYPES
        for label, stated, result, body in UNCAST
    ),
    model("inputs.dtypes string", "string[2,3] X", "string[2,3] Y", "Y = Identity(X)", varied=("inputs.dtypes",)),
    model(
        "inputs.dtypes int64 and int32",
        "int64[2,3] A, int32[2,3] X",
        "float[2,3] Y",
        "B = Cast<to = 1>(X) C = Cast<to = 1>(A) Y = Add(B, C)",
        varied=("inputs.dtypes",),
    ),
    *(model(f"inputs.symbols {n or 'nameless'}", "float[n,3] X", "float[n,3] Y", names=(("n", n),)) for n in SYMBOLS),
    *(
        model(
            f"inputs.symbols {n or 'nameless'} twice",
            "float[n,3,h,h] X",
            "float[n,3,h,h] Y",
            names=(("n", n), ("h", n)),
            varied=("inputs.symbols", "inputs.repeat"),
        )
        for n in SYMBOLS
    ),
    *(
        model(
            f"inputs.symbols {n or 'nameless'} in two inputs",
            "float[n,3] A, float[n,3] X",
            "float[n,3] Y",
            "Y = Add(A, X)",
            names=(("n", n),),
            varied=("inputs.symbols", "inputs.repeat"),
        )
        for n in ("n", "", "?", "a.b")
    ),
    *(model(f"names {n}", names=(("X", n), ("Y", n + "_out"))) for n in NAMES),
    *(model(f"names {n} open", "float[n,3] X", "float[n,3] Y", names=(("X", n), ("Y", n + "_out"))) for n in ("387", "x:0")),
    *(
        model(f"ranks {shape or 'scalar'}", f"float{shape} X", f"float{shape} Y", varied=("inputs.ranks", "outputs.ranks"))
        for shape in ("", "[2]", "[1,2,1,2,1]", "[1,2,1,2,1,2]")
    ),
    model("inputs.ranks scalar beside", "float X, float[2,3] A", body="Y = Add(A, X)"),
    model("outputs.ranks scalar", output="float Y", body="Y = ReduceMean<keepdims = 0>(X)"),
    model("inputs.dims empty", "float[0,3] X", "float[0,3] Y"),
    model(
        "inputs.dims empty beside", "float[0] A, float[2] X", "float[2] Y", "Y = Concat<axis = 0>(A, X)", varied=("inputs.dims",)
    ),
    *(
        model(f"inputs.dims empty {how}", f"{inputs}[0] A, float[2] X", outputs, body, varied=("inputs.dims", AGAIN))
        for how, inputs, outputs, body in (
            ("gathered", "int64", "float[0] Y", "Y = Gather(X, A)"),
            ("summed", "float", "float[2] Y", "s = ReduceSum<keepdims = 0>(A) Y = Add(X, s)"),
            ("apart", "float", "float[2] Y, float[0] Z", "Y = Relu(X) Z = Neg(A)"),
            ("axes", "int64", "float[1] Y", "Y = ReduceSum(X, A)"),
            ("like", "float16", "float16[2] Y", "Y = CastLike(X, A)"),
        )
    ),
    model("inputs none", "", "float[2] Y", "X = Constant<value = float[2] {1, 2}>() Y = Relu(X)"),
    model("inputs several", "float[2,3] A, float[2,3] X", body="Y = Add(A, X)"),
    model("inputs several open", "float[n,3] A, float[n,3] X", "float[n,3] Y", "Y = Add(A, X)", varied=("inputs.repeat",)),
    model("inputs.repeat square", "float[n,n] X", "float[n,n] Y", varied=("inputs.repeat",)),
    model("inputs.unused", "float[2,3] X, float[2,3] Z"),
    model("inputs.unused int64", "float[2,3] X, int64[1] Z", varied=("inputs.unused",)),
    model("outputs several", output="float[2,3] Y, float[2,3] Z", body="Y = Relu(X) Z = Neg(X)"),
    model("outputs chained", output="float[2,3] Y, float[2,3] Z", body="Y = Relu(X) Z = Neg(Y)", varied=("outputs",)),
    model("outputs.direct input", output="float[2,3] Y, float[2,3] X", varied=("outputs.direct",)),
    model(
        "outputs.direct constant",
        output="float[2,3] Y, float[2] Z",
        body="Y = Relu(X) Z = Constant<value = float[2] {1, 2}>()",
        varied=("outputs.direct",),
    ),
    model("outputs.direct only input", output="float[2,3] X", body="", varied=("nodes",)),
    *(
        model(f"outputs.sizes {label}", f"{dims} X", "float[n,3] Y, int64[a] Z", f"Y = Relu(X) {body}", varied=varied)
        for dims in ("float[n,3]",)
        for label, body in SIZES.items()
        for varied in [("outputs.sizes", AGAIN) if label.startswith("idle") else ("outputs.sizes",)]
    ),
    model("domains ml", extra=', "ai.onnx.ml": 2', varied=("domains",)),
    model("domains other", extra=', "ai.onnx.ml": 2, "com.microsoft": 1, "ai.onnx.training": 1', varied=("domains",)),
    model("domains microsoft", extra=', "com.microsoft": 1', varied=("domains",)),
    model(
        "functions",
        body="Y = local.f(X)",
        extra=', "local": 1',
        functions='<domain: "local", opset_import: ["": 17]> f (p) => (q) { q = Relu(p) }',
        varied=("functions",),
    ),
    model("subgraphs capturing", body=BRANCH % ("a = Relu(X)", "b = Neg(X)"), varied=("subgraphs",)),
    model("subgraphs decided at run time", "bool c, float[2,3] X", body=CHOICE % ("a = Relu(X)", "b = Neg(X)"),
        varied=("subgraphs",)),
    model(
        "subgraphs plain",
        output="float[2] Y",
        body=BRANCH.replace("[2,3]", "[2]") % (f"a = {PAIR}", f"b = {PAIR}"),
        varied=("branch-constants",),
    ),
    model("branch-constants", body=BRANCH % ("k = Constant<value = float {1}>() a = Add(X, k)", "b = Neg(X)")),
]
