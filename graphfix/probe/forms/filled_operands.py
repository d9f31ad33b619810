"""Products of tensors that one number, or one row, is filled into, of fixed and of dynamic dims."""

from graphfix.probe.form import AGAIN, TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g (float[{data}] X) => (float[{out}] Y) {{ {body} }}'
VALUES = {"one": "<value = float[1] {1}>", "two": "<value = float[1] {2}>", "zero": "<value = float[1] {0}>"}
"""What a ConstantOfShape fills with."""
FILLS = {
    **{f"filled with {name}": f"A = ConstantOfShape{value}(t)" for name, value in VALUES.items()},
    "an expanded number": "e = Constant<value = float {3}>() A = Expand(e, t)",
    "an expanded row": "e = Constant<value = float[1,4] {1, 2, 3, 4}>() A = Expand(e, t)",
    "an expanded column": "e = Constant<value = float[5,1] {1, 2, 3, 4, 5}>() A = Expand(e, t)",
    "an expanded matrix": "e = Constant<value = float[5,4] {1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2}>() A = Expand(e, t)",
    "filled and scaled": "e = Constant<value = float {3}>() c = ConstantOfShape<value = float[1] {1}>(t) A = Mul(c, e)",
    "filled, then Exp": "c = ConstantOfShape<value = float[1] {1}>(t) A = Exp(c)",
    "filled, then Softmax": "c = ConstantOfShape<value = float[1] {1}>(t) A = Softmax(c)",
    "filled, then Cast": "c = ConstantOfShape<value = int64[1] {1}>(t) A = Cast<to = 1>(c)",
    "filled and shaped": "c = ConstantOfShape<value = float[1] {1}>(t) A = Reshape(c, t)",
    "scaled by data": "c = ConstantOfShape<value = float[1] {1}>(t) s = ReduceMean<keepdims = 1>(X) A = Mul(c, s)",
}
"""How a factor of 5, 4 is made, its batch as that of the data."""
PRODUCTS = {
    "MatMul": ("[probe] Y = MatMul(A, X)", "4,6"),
    "MatMul behind": ("[probe] Y = MatMul(X, A)", "6,5"),
    "MatMul with a constant": ("w = Constant<value = float[4,2] {1,2,3,4,5,6,7,8}>() [probe] Y = MatMul(A, w)", "4,6"),
    "MatMul with itself": ("B = Transpose<perm = [0, 2, 1]>(A) [probe] Y = MatMul(A, B)", "4,6"),
    "Einsum": ('[probe] Y = Einsum<equation = "bij,bjk->bik">(A, X)', "4,6"),
    "Gemm": ("w = Constant<value = float[4,2] {1,2,3,4,5,6,7,8}>() [probe] Y = Gemm(A, w)", ""),
    "Gemm and a bias": ("w = Constant<value = float[4,2] {1,2,3,4,5,6,7,8}>() b = Constant<value = float[2] {1, 2}>() "
                        "[probe] Y = Gemm(A, w, b)", ""),
    "Gemm turned and a bias": ("w = Constant<value = float[2,4] {1,2,3,4,5,6,7,8}>() b = Constant<value = float[2] {1, 2}>() "
                               "[probe] Y = Gemm<transB = 1>(A, w, b)", ""),
    "Gemm behind": ("[probe] Y = Gemm<transA = 1>(X, A)", ""),
}
"""The products and the last dims of the data."""
READERS = {
    "another product": "Z = MatMul({A}, v)", "Relu": "Z = Relu({A})", "a difference": "Z = Sub({A}, k)",
    "a maximum": "Z = ReduceMax({A})", "Concat": "Z = Concat<axis = -1>({A}, {A})", "a sum": "Z = Add({A}, k)",
    "a product of entries": "Z = Mul({A}, k)", "an output": "Z = Identity({A})",
    "a sum with data": "Z = Add({A}, X)", "a product with data": "Z = Mul({A}, X)", "a difference from data": "Z = Sub(X, {A})",
    "a quotient of data": "Z = Div(X, {A})",
}
"""What else reads the filled tensor; some of the last five are dropped, by the number that is filled in."""
WAYS = {"": ("", "A", "A"), "behind Exp": ("B = Exp(A)", "B", "B"), "before Exp": ("B = Exp(A)", "B", "A"),
        "before Transpose": ("B = Transpose(A)", "B", "A"), "before Neg": ("B = Neg(A)", "B", "A")}  # fmt: skip
"""What stands between the fill and the product, the operand of the product, and the tensor that the others read."""
MULTIPLIED = {
    "MatMul": "[probe] Y = MatMul({A}, w)", "Gemm": "[probe] Y = Gemm({A}, w)", "Gemm and a bias": "[probe] Y = Gemm({A}, w, b)",
    "Einsum": '[probe] Y = Einsum<equation = "ij,jk->ik">({A}, w)',
}
BATCHES = {"dynamic": ("n",), "fixed": ("2",), "dynamic of rank 4": ("n", "3"), "only the last dims": ("n",)}


def _product(name: str, filling: str, batch: str, opset: int = 17) -> TextProbe:
    product, tail = PRODUCTS[name]
    dims = BATCHES[batch]
    if tail:
        data, rank = [*dims, *tail.split(",")], len(dims) + 2
        keep = 0 if batch == "only the last dims" else len(dims)
    else:
        data, rank, keep = ["5", "6"] if name == "Gemm behind" else ["5", "4"], 2, 0
        data[0] = dims[0]
    own = "5, 4" if tail else "4"
    held = f"own = Constant<value = int64[{2 if tail else 1}] {{{own}}}>() at = Constant<value = int64[1] {{0}}>() "
    held += f"to = Constant<value = int64[1] {{{keep if tail else 1}}}>() sh = Shape(X) front = Slice(sh, at, to) "
    body = held + f"t = Concat<axis = 0>(front, own) {FILLS[filling]} {product}"
    if len(dims) == 2 and tail:
        body = body.replace("perm = [0, 2, 1]", "perm = [0, 1, 3, 2]").replace("bij,bjk->bik", "abij,abjk->abik")
    out = ",".join("abcd"[: rank])
    text = HEAD.format(opset=opset, data=",".join(data), out=out, body=body)
    return TextProbe(name.partition(" ")[0], f"{name}, {filling}, {batch} batch, opset={opset}", text, ("filled", AGAIN))


def _shared(product: str, reader: str, way: str = "", fill: int = 1, opset: int = 17) -> TextProbe:
    step, operand, other = WAYS[way]
    turned = way == "before Transpose"
    body = (
        "own = Constant<value = int64[1] {4}>() at = Constant<value = int64[1] {0}>() to = Constant<value = int64[1] {1}>() "
        "sh = Shape(X) front = Slice(sh, at, to) "
        f"t = Concat<axis = 0>({'own, front' if turned else 'front, own'}) k = Constant<value = float {{3}}>() "
        "w = Constant<value = float[4,2] {1,2,3,4,5,6,7,8}>() b = Constant<value = float[2] {1, 2}>() "
        "v = Constant<value = float[4,3] {1,2,3,4,5,6,7,8,9,8,7,6}>() "
        f"A = ConstantOfShape<value = float[1] {{{fill}}}>(t) {step} "
        f"{MULTIPLIED[product].replace('{A}', operand)} {READERS[reader].replace('{A}', other)}"
    )
    text = HEAD.format(opset=opset, data="n,4", out="a,b", body=body).replace("Y) {", "Y, float[c,d] Z) {", 1)
    words = f"{product}, filled with {fill}, read by {reader}{', ' + way if way else ''}, opset={opset}"
    return TextProbe(product.partition(" ")[0], words, text, ("filled", AGAIN))


def _rows(filling: str, first: str) -> bool:
    """Whether a matrix of `first` rows can be filled so."""
    return first == "5" or filling not in ("an expanded column", "an expanded matrix")


FORMS = [
    *(_product(name, filling, batch)
      for name in PRODUCTS for filling in FILLS for batch in BATCHES
      if (not name.startswith("Gemm") and _rows(filling, "5") and (batch != "only the last dims" or name != "MatMul with itself"))
      or (name.startswith("Gemm") and batch in ("dynamic", "fixed") and _rows(filling, "n"))),
    *(_product(name, filling, "dynamic", opset)
      for opset in (11, 13) for name in ("MatMul", "MatMul behind") for filling in ("filled with one", "an expanded row")),
    *(_shared(product, reader, fill=fill) for product in MULTIPLIED for reader in READERS for fill in (0, 1)),
    *(_shared(product, reader, way) for product in MULTIPLIED for reader in ("a difference", "Relu") for way in WAYS if way),
    *(_shared(product, reader, opset=13) for product in MULTIPLIED for reader in READERS),
]  # fmt: skip
