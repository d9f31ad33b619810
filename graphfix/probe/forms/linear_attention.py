"""Einsums of three operands: the product of queries, states and a scale, in any letters, and others that models have."""

from itertools import product

from graphfix.probe.form import AGAIN, TextProbe

SCALED = ("nlhd,nhdv,nlh->nlhv", "bthd,bhde,bth->bthe", "bqhc,bhcv,bqh->bqhv", "abcd,acde,abc->abce")
OTHERS = ("bld,bln,bld->bldn", "bhn,bhp,bh->bhpn", "bte,btd,edf->btf", "bhqk,bkhd,bhq->bqhd", "nlh,nlhd,nhdv->nlhv",
          "nhld,nhdv,nhl->nhlv", "bi,bj,ij->b", "bi,ij,bj->b", "ij,jk,kl->il")  # fmt: skip
SIZES = {"first": ("2", "b"), "second": ("6", "t")}
ORDERS = (17, 12)


def _three(equation: str, batch: str, length: str, opset: int, behind: bool = False) -> TextProbe:
    """An Einsum whose first letter is the batch, and whose second letter is a length; all other dims are fixed."""
    terms, _, made = equation.partition("->")
    names = dict.fromkeys(terms.replace(",", ""))
    dims = {name: ("", batch, length)[at] if at in (1, 2) else str(at + 1) for at, name in enumerate(names, 1)}
    shapes = [",".join(dims[one] for one in term) for term in terms.split(",")]
    given = ", ".join(f"float[{shape}] {name}" for shape, name in zip(shapes, "ABC", strict=True))
    node = f'[probe] y = Einsum<equation = "{equation}">(A, B, C)'
    inputs = given if not behind else given.replace("] A", "] A0", 1)
    before = "A = Relu(A0) " if behind else ""
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g ({inputs}) => (float[{",".join(dims[one] for one in made)}] Y)'
        f" {{ {before}{node} Y = Relu(y) }}"
    )
    label = f"{equation} with [{batch},{length}]{' behind Relu' if behind else ''} opset={opset}"
    return TextProbe("Einsum", label, text, ("letters", "inputs", AGAIN))


FORMS = [
    *(_three(equation, batch, length, opset) for equation, batch, length, opset in product(
        SCALED, SIZES["first"], SIZES["second"], ORDERS)),
    *(_three(equation, batch, length, 17) for equation, batch, length in product(OTHERS, SIZES["first"], SIZES["second"])),
    *(_three(equation, "b", "t", 17, behind=True) for equation in SCALED),
]  # fmt: skip
