"""Einsum of data and constant weights: the layers of experts, heads and groups, with fixed and dynamic dims."""

from graphfix.probe.form import AGAIN, TextProbe

HEAD = (
    '<ir_version: 8, opset_import: ["": {opset}]> g (float[{dims}] X) => (float[{out}] Y) '
    '{{ [probe] Y = Einsum<equation = "{eq}">({operands}) }}'
)
CASES = {
    "nd,edf->nef": ([4, 6, 5], {"n,6": "n,4,5", "3,6": "3,4,5", "1,6": "1,4,5"}),
    "nd,def->nef": ([6, 4, 5], {"n,6": "n,4,5", "3,6": "3,4,5"}),
    "nef,efd->ned": ([4, 5, 6], {"n,4,5": "n,4,6", "3,4,5": "3,4,6"}),
    "nd,fd->nf": ([5, 6], {"n,6": "n,5", "3,6": "3,5"}),
    "nd,df->nf": ([6, 5], {"n,6": "n,5", "3,6": "3,5"}),
    "btd,dhk->bthk": ([6, 2, 3], {"b,t,6": "b,t,2,3", "1,t,6": "1,t,2,3", "b,4,6": "b,4,2,3", "2,4,6": "2,4,2,3"}),
    "btd,dhk->bhtk": ([6, 2, 3], {"b,t,6": "b,2,t,3", "1,t,6": "1,2,t,3", "b,4,6": "b,2,4,3", "2,4,6": "2,2,4,3"}),
    "bthk,hkd->btd": ([2, 3, 6], {"b,t,2,3": "b,t,6", "1,t,2,3": "1,t,6", "b,4,2,3": "b,4,6", "2,4,2,3": "2,4,6"}),
    "bhtk,hkd->btd": ([2, 3, 6], {"b,2,t,3": "b,t,6", "1,2,t,3": "1,t,6", "b,2,4,3": "b,4,6", "2,2,4,3": "2,4,6"}),
    "btgd,gde->btge": ([2, 3, 5], {"b,t,2,3": "b,t,2,5", "1,t,2,3": "1,t,2,5", "2,4,2,3": "2,4,2,5"}),
    "bchw,oc->bohw": ([5, 3], {"b,3,h,w": "b,5,h,w", "1,3,h,w": "1,5,h,w", "1,3,4,4": "1,5,4,4"}),
    "nd,kd->nk": ([7, 6], {"n,6": "n,7"}),
}
FACETS = ("Inputs.dims", "Inputs.rank", "constants", "equation.contracts", AGAIN)


def _weighted(equation: str, dims: str, opset: int, *, first: bool = False) -> TextProbe:
    """Data by weights, or with `first` weights by data."""
    shape, outs = CASES[equation]
    left, _, rest = equation.partition(",")
    right, _, result = rest.partition("->")
    eq = f"{right},{left}->{result}" if first else equation
    text = HEAD.format(opset=opset, dims=dims, out=outs[dims], eq=eq, operands="w, X" if first else "X, w")
    weights = [("w", "float32", shape, -1.0, 1.0)]
    return TextProbe("Einsum", f"{eq} of {dims} and weights opset={opset}", text, FACETS, weights=weights)


FORMS = [
    *(_weighted(equation, dims, opset) for equation, (_, outs) in CASES.items() for dims in outs for opset in (12, 17)),
    *(_weighted(equation, dims, 17, first=True) for equation, (_, outs) in CASES.items() for dims in outs),
]
