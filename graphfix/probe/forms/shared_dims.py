"""Operators with several operands whose dims have one symbol, different symbols, or a symbol and a number.

The forms of these operators give every dynamic dim a symbol of its own; models do not.
"""

from itertools import product
from math import prod

from graphfix.probe.form import TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g ({inputs}) => (float[{out}] Y) {weights} {{ {body} }}'


def _numbers(*shape: int) -> str:
    """Small numbers of both signs, as the text format writes the values of a tensor of this shape."""
    return f"{{{', '.join(map(str, ((at * 7 % 11 - 5) / 8 for at in range(prod(shape)))))}}}"


def weight(name: str, shape: tuple[int, ...]) -> str:
    """An initializer with small numbers, as the text format writes it."""
    return f"float[{','.join(map(str, shape))}] {name} = {_numbers(*shape)}"


def named(count: int) -> str:
    """Symbols for the dims of an output of this rank."""
    return ",".join(f"out{at}" for at in range(count))


BATCHED = ("n,m,4", "m,4", "1,m,4", "2,m,4", "n,2,m,4", "n,n,m,4", "1,2,m,4", "1,2,1,4", "n,2,1,4", "2,3,5,4", "n,3,5,4")
OTHERS = ("n,4,k", "4,k", "1,4,k", "2,4,k", "o,4,k", "n,2,4,k", "1,2,4,k", "o,2,4,k", "1,2,4,5", "2,4,5", "n,4,5", "2,3,4,k")


def _matmul(first: str, second: str, opset: int) -> TextProbe:
    """A product of tensors of these shapes."""
    ranks = max(first.count(","), second.count(",")) + 1
    text = HEAD.format(
        opset=opset,
        inputs=f"float[{first}] A, float[{second}] B",
        out=named(ranks),
        weights="",
        body="[probe] Y = MatMul(A, B)",
    )
    return TextProbe("MatMul", f"[{first}] by [{second}] opset={opset}", text, ("batches", "A.dims"))


def _gemm(first: str, bias: str, turned: str, opset: int) -> TextProbe:
    """A Gemm by a constant with a third operand of this shape."""
    shape = (5, 4) if "transB" in turned else (4, 5)
    text = HEAD.format(
        opset=opset,
        inputs=f"float[{first}] X, float[{bias}] C",
        out="out0,out1",
        weights=f"<{weight('W', shape)}>",
        body=f"[probe] Y = Gemm<{turned}>(X, W, C)",
    )
    return TextProbe("Gemm", f"[{first}] and [{bias}] {turned} opset={opset}", text, ("C.dims", "A.dims"))


EQUATIONS = {
    "ij,jkl->ikl": (("n,4", "4,2,3"), ("2,4", "4,m,3"), ("n,m", "m,2,3"), ("n,m", "k,2,3"), ("n,4", "k,2,3")),
    "bij,bjk->bik": (("n,3,4", "n,4,2"), ("n,3,4", "k,4,2"), ("n,i,4", "n,4,j"), ("n,3,4", "2,4,2"), ("n,3,j", "n,j,2")),
    "bhqd,bhkd->bhqk": (("n,2,q,4", "n,2,k,4"), ("n,2,q,4", "m,2,k,4"), ("1,2,q,4", "1,2,k,4"), ("n,2,3,4", "n,2,3,4")),
    "bhqk,bhkd->bhqd": (("n,2,q,k", "n,2,k,4"), ("n,2,q,m", "n,2,k,4")),
    "bchw,bkc->bkhw": (("n,4,h,w", "n,2,4"), ("n,4,h,w", "k,2,4"), ("n,4,3,3", "n,2,4")),
    "bnd,d->bn": (("n,m,4", "4"), ("n,m,k", "k"), ("n,m,k", "j")),
    "i,j->ij": (("n", "m"), ("n", "4"), ("n", "n")),
    "bn,bn->b": (("n,4", "n,4"), ("n,4", "m,4"), ("n,k", "n,k"), ("2,4", "n,4")),
    "bqd,bkd,bk->bq": (("n,q,4", "n,k,4", "n,k"), ("n,q,4", "m,k,4", "n,k")),
}


def _einsum(equation: str, shapes: tuple[str, ...], constant: int | None) -> TextProbe:
    """An Einsum over tensors of these shapes, of which one may be constant."""
    names = "ABC"[: len(shapes)]
    fixed = {} if constant is None else {names[constant]: tuple(map(int, shapes[constant].split(",")))}
    text = HEAD.format(
        opset=17,
        inputs=", ".join(f"float[{shape}] {name}" for name, shape in zip(names, shapes, strict=True) if name not in fixed),
        out=named(len(equation.partition("->")[2])),
        weights=f"<{', '.join(weight(name, shape) for name, shape in fixed.items())}>" if fixed else "",
        body=f'[probe] Y = Einsum<equation = "{equation}">({", ".join(names)})',
    )
    return TextProbe("Einsum", f"{equation} of {' and '.join(shapes)} constant={constant}", text, ("batches", "Inputs.dims"))


def _sampled(data: str, grid: str, mode: str, opset: int) -> TextProbe:
    """A GridSample of data of this shape at the places in a grid of this shape."""
    text = HEAD.format(
        opset=opset,
        inputs=f"float[{data}] X, float[{grid}] G",
        out=named(4),
        weights="",
        body=f'[probe] Y = GridSample<mode = "{mode}">(X, G)',
    ).replace("8,", "9,", 1)
    return TextProbe("GridSample", f"[{data}] at [{grid}] {mode} opset={opset}", text, ("batches", "X.dims"))


FORMS = [
    *(_matmul(first, second, 17) for first, second in product(BATCHED, OTHERS)),
    *(_gemm(first, bias, turned, opset) for first, bias, turned, opset in product(
        ("n,4", "2,4", "1,4"), ("n,5", "k,5", "2,5", "1,5", "n,1", "k,1", "5", "1"), ("transB = 0", "transB = 1"), (8, 17))),
    *(_einsum(equation, shapes, None) for equation, several in EQUATIONS.items() for shapes in several),
    *(
        _einsum(equation, shapes, constant)
        for equation, several in EQUATIONS.items() for shapes in several for constant in range(len(shapes))
        if all(size.isdigit() for size in shapes[constant].split(","))
    ),
    *(_sampled(data, grid, mode, opset) for (data, grid), (mode, opset) in product(
        product(("n,3,h,w", "n,3,6,5", "1,3,h,w", "2,3,h,w"), ("n,4,5,2", "n,p,q,2", "k,4,5,2", "2,p,q,2", "n,p,q,r")),
        (("bilinear", 17), ("nearest", 17), ("linear", 20)))),
]  # fmt: skip
