"""Booleans from comparisons of sizes, and positions divided by a constant: what exporters write between other integers."""

from graphfix.probe.form import AGAIN, TextProbe

TEXT = (
    '<ir_version: 8, opset_import: ["": {opset}]> g (float[n,m] X) => (float[a] Y) '
    "{{ s = Shape(X) "
    "k = Constant<value = int64[2] {{1, 2}}>() j = Constant<value = int64[2] {{9, 9}}>() "
    "a1 = {first}(s, k) b1 = {second}(s, j) [probe] c = {op}(a1, b1) d = Cast<to = 1>(c) "
    "z = ReduceSum<keepdims = 0>(X) Y = Add(z, d) }}"
)

POSITIONS = (
    '<ir_version: 8, opset_import: ["": {opset}]> g (float[{dims}] X) => (float[{out}] Y) {{ '
    "k = Constant<value = int64[1] {{3}}>() n = Constant<value = int64 {{2}}>() v, i = TopK(X, k) "
    "[probe] d = Div(i, n) Y = Cast<to = 1>(d) }}"
)


FORMS = [
    *(
        TextProbe(
            "Div",
            f"positions in {dims} by a constant, opset={opset}",
            POSITIONS.format(opset=opset, dims=dims, out=out),
            ("T", AGAIN),
        )
        for opset in (11, 13, 17)
        for dims, out in (("8", "3"), ("2,8", "2,3"), ("2,4,8", "2,4,3"))
    ),
    *(
        TextProbe(
            op,
            f"{op} of {first} and {second} of sizes opset={opset}",
            TEXT.format(opset=opset, op=op, first=first, second=second),
            ("foldable",),
        )
        for op in ("And", "Or", "Xor")
        for opset in (13, 17)
        for first, second in (("Greater", "Less"), ("Less", "Greater"))
    ),
]
