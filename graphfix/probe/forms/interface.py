"""Model inputs and outputs other than tensors, and properties of the file: sequences, optional values, functions, IR versions."""

from graphfix.probe.form import AGAIN, TextProbe
from graphfix.probe.forms.model import DTYPES, IRS, model

THRICE = "Y = Concat<axis = 0>(X, X, X)"
AT = "i = Constant<value = int64 {0}>() Y = SequenceAt(S, i)"
BEHIND = (
    ("int64", "float[1] Y", "Y = ReduceSum(X, A)"),
    ("int64", "float Y", "Y = ReduceSum<keepdims = 0>(X, A)"),
    ("int64", "float[2] Y", "Y = ReduceSum<noop_with_empty_axes = 1>(X, A)"),
    ("float16", "float16[2] Y", "Y = CastLike(X, A)"),
)
"""Operands without elements that are given behind the data: compilers may need no more than that they are there."""

FORMS = [
    *(
        model(f"inputs.dims empty behind {output}", f"float[2] X, {kind}[0] A", output, body, varied=("inputs.dims", AGAIN))
        for kind, output, body in BEHIND
    ),
    *(
        model(f"inputs.dims empty {kind} unread", f"float[2] X, {kind}[0] A", "float[2] Y", varied=("inputs.dims", AGAIN))
        for kind in ("float16", "int64", "double")
    ),
    *(model(f"ir {ir} opset {opset}", opset=opset, ir=ir, varied=("ir",)) for ir in range(3, 14) for opset in (11, 13, 17, 21)),
    *(
        model(f"inputs.dtypes {dtype}", f"{dtype}[2,3] X", f"{dtype}[2,3] Y", "Y = Identity(X)", varied=("inputs.dtypes",))
        for dtype in ("complex64", "complex128")
    ),
    *(
        model(f"inputs.dtypes {dtype} three times", f"{dtype}[2,3] X", f"{dtype}[6,3] Y", THRICE, varied=("inputs.dtypes", AGAIN))
        for dtype in DTYPES
    ),
    *(
        model(
            f"inputs.dtypes {kind} {label} opset {opset}",
            f"{kind} S",
            output,
            body,
            opset=opset,
            ir=IRS[opset],
            varied=("inputs.dtypes", "outputs.kinds"),
        )
        for opset in (13, 16, 17, 18, 21)
        for kind, label, output, body in (
            *((f"seq({inner})", "read", f"{inner} Y", AT) for inner in ("float[2,3]", "int64[2,3]", "float[n,3]", "float[3]")),
            ("seq(float[2,3])", "measured", "int64 Y", "Y = SequenceLength(S)"),
            ("seq(float[2,3])", "joined", "float[4,3] Y", "Y = ConcatFromSequence<axis = 0>(S)"),
            ("seq(float[2,3])", "given back", "seq(float[2,3]) Y", "Y = Identity(S)"),
            (
                "seq(int64[2,3])",
                "grown",
                "seq(int64[2,3]) Y",
                "i = Constant<value = int64 {0}>() t = SequenceAt(S, i) Y = SequenceInsert(S, t)",
            ),
            ("optional(float[2,3])", "read", "float[2,3] Y", "Y = OptionalGetElement(S)"),
            ("optional(float[2,3])", "asked", "bool Y", "Y = OptionalHasElement(S)"),
            ("optional(float[2,3])", "given back", "optional(float[2,3]) Y", "Y = Identity(S)"),
            ("optional(seq(float[2,3]))", "read", "float[2,3] Y", "R = OptionalGetElement(S) " + AT.replace("(S", "(R")),
            ("optional(seq(float[2,3]))", "given back", "optional(seq(float[2,3])) Y", "Y = Identity(S)"),
        )
    ),
    *(
        model(f"outputs.kinds {label} opset {opset}", inputs, output, body, opset=opset, ir=IRS[opset], varied=("outputs.kinds",))
        for opset in (13, 17, 24)
        for label, inputs, output, body in (
            ("constructed", "float[2,3] X", "seq(float[2,3]) Y", "Y = SequenceConstruct(X, X)"),
            (
                "constructed beside a tensor",
                "float[2,3] X",
                "float[2,3] Z, seq(float[2,3]) Y",
                "Z = Relu(X) Y = SequenceConstruct(X, Z)",
            ),
            ("split", "float[4,3] X", "seq(float[]) Y", "Y = SplitToSequence<axis = 0>(X)"),
            (
                "split evenly",
                "float[4,3] X",
                "seq(float[]) Y",
                "k = Constant<value = int64 {2}>() Y = SplitToSequence<axis = 0>(X, k)",
            ),
            (
                "split at sizes",
                "float[4,3] X",
                "seq(float[]) Y",
                "k = Constant<value = int64[2] {1, 3}>() Y = SplitToSequence<axis = 0>(X, k)",
            ),
            ("split open", "float[n,3] X", "seq(float[]) Y", "Y = SplitToSequence<axis = 1>(X)"),
            ("grown", "float[2,3] X", "seq(float[2,3]) Y", "E = SequenceEmpty() Y = SequenceInsert(E, X)"),
            ("erased", "float[2,3] X", "seq(float[2,3]) Y", "E = SequenceConstruct(X, X) Y = SequenceErase(E)"),
        )
    ),
    *(
        model(
            f"outputs.kinds optional {label}", "float[2,3] X", output, body, opset=opset, ir=IRS[opset], varied=("outputs.kinds",)
        )
        for opset in (16, 18)
        for label, output, body in (
            ("tensor", "optional(float[2,3]) Y", "Y = Optional(X)"),
            ("sequence", "optional(seq(float[2,3])) Y", "R = SequenceConstruct(X, X) Y = Optional(R)"),
        )
    ),
    model(
        "functions two",
        body="t = local.f(X) Y = local.h(t)",
        extra=', "local": 1',
        varied=("functions",),
        functions='<domain: "local", opset_import: ["": 17]> f (p) => (q) { q = Relu(p) } '
        '<domain: "local", opset_import: ["": 17]> h (p) => (q) { q = Neg(p) }',
    ),
    model(
        "functions nested",
        body="Y = local.h(X)",
        extra=', "local": 1',
        varied=("functions",),
        functions='<domain: "local", opset_import: ["": 17]> f (p) => (q) { q = Relu(p) } '
        '<domain: "local", opset_import: ["": 17, "local": 1]> h (p) => (q) { q = local.f(p) }',
    ),
    model(
        "functions unused",
        extra=', "local": 1',
        varied=("functions",),
        functions='<domain: "local", opset_import: ["": 17]> f (p) => (q) { q = Relu(p) }',
    ),
    model(
        "functions with attribute",
        body="Y = local.f<slope = 0.5>(X)",
        extra=', "local": 1',
        varied=("functions",),
        functions='<domain: "local", opset_import: ["": 17]> f <slope> (p) => (q) { q = LeakyRelu<alpha: float = @slope>(p) }',
    ),
    *(
        TextProbe(
            "@model",
            f"overridable ir {ir} opset {opset}",
            f'<ir_version: {ir}, opset_import: ["": {opset}]> g (float[2,3] X, float[3] W) => '
            "(float[2,3] Y) <float[3] W = {1, 2, 3}> { Y = Add(X, W) }",
            ("overridable",),
        )
        for ir, opset in ((3, 7), (3, 8), (4, 9), (7, 13), (8, 17), (10, 21))
    ),
]
