"""Powers of a number by a list of fractions, from which models compute the frequencies of positions."""

from graphfix.probe.form import AGAIN, TextProbe

HEAD = (
    "z = Constant<value = int64 {{0}}>() two = Constant<value = int64 {{2}}>() s = Shape(X) i = Constant<value = int64 {{1}}>() "
)
LISTS = {
    "of a dim": "n = Gather(s, i) r = Range(z, n, two) l = Cast<to = {code}>(r) d = Cast<to = {code}>(n) y = Div(l, d)",
    "of a number": "n = Constant<value = int64 {{8}}>() r = Range(z, n, two) l = Cast<to = {code}>(r) "
                   "d = Constant<value = {word} {{8}}>() y = Div(l, d)",
    "of a size": "n = Gather(s, i) m = Unsqueeze(n, u) l = Cast<to = {code}>(m) y = Reciprocal(l)",
    "of all sizes": "l = Cast<to = {code}>(s) y = Reciprocal(l)",
    "of a dim, negative": "n = Gather(s, i) r = Range(z, n, two) l = Cast<to = {code}>(r) d = Cast<to = {code}>(n) "
                          "q = Div(l, d) y = Neg(q)",
}  # fmt: skip
BASES = {"a number": "b = Constant<value = {word} {{10000}}>()", "a list of one": "b = Constant<value = {word}[1] {{10000}}>()",
         "a row": "b = Constant<value = {word}[1,1] {{10000}}>()", "data": "b = Identity(B)"}  # fmt: skip
CODES = {"float": 1, "float16": 10, "double": 11}


def power(base: str, exponents: str, dims: str, word: str = "float", opset: int = 17) -> TextProbe:
    """The power of a base by exponents that are computed from the dims of an input."""
    given = f", {word} B" if base == "data" else ""
    body = (HEAD + BASES[base] + " " + LISTS[exponents]).format(code=CODES[word], word=word)
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{dims}] X{given}) => ({word}[] Y) <int64[1] u = {{0}}>'
        f" {{ {body} [probe] p = Pow(b, y) Y = ReduceSum<keepdims = 0>(p) }}"
    )
    return TextProbe("Pow", f"{base} by a list {exponents} of [{dims}], {word} opset={opset}", text, (AGAIN,))


FORMS = [
    *(power(base, exponents, dims) for base in BASES for exponents in LISTS for dims in ("2,8", "n,8", "n,t")),
    *(
        power("a number", exponents, dims, word)
        for exponents in LISTS
        for dims in ("2,8", "n,t")
        for word in ("float16", "double")
    ),
    *(power("a number", "of a dim", dims, opset=opset) for dims in ("2,8", "n,8", "n,t") for opset in (13, 20)),
]
