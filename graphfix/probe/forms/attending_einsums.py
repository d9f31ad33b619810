"""Einsums of attention, whose dynamic dims are the same in both operands, or fixed in one of them."""

from graphfix.probe.form import AGAIN, TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g (float[{left}] A, float[{right}] B) => (float[{made}] Y) {{ {body} }}'
SCORES = (
    ("bct,bcs->bts", "b,8,t", "b,8,t", "b,t,t"),
    ("bct,bcs->bts", "b,8,t", "b,8,s", "b,t,s"),
    ("bct,bcs->bts", "1,8,t", "1,8,t", "1,t,t"),
    ("bct,bcs->bts", "2,4,t", "2,4,5", "2,t,5"),
    ("bts,bcs->bct", "b,t,t", "b,8,t", "b,8,t"),
    ("bts,bcs->bct", "b,t,s", "b,8,s", "b,8,t"),
    ("bid,bjd->bij", "b,n,8", "b,m,8", "b,n,m"),
    ("bij,bjd->bid", "b,n,m", "b,m,8", "b,n,8"),
    ("bhid,bhjd->bhij", "b,2,n,8", "b,2,m,8", "b,2,n,m"),
    ("bhij,bhjd->bhid", "b,2,n,m", "b,2,m,8", "b,2,n,8"),
    ("bnhd,bmhd->bhnm", "b,n,2,8", "b,m,2,8", "b,2,n,m"),
    ("bhnm,bmhd->bnhd", "b,2,n,m", "b,m,2,8", "b,n,2,8"),
    ("bchw,bkc->bkhw", "b,8,h,w", "b,5,8", "b,5,h,w"),
    ("bqc,bchw->bqhw", "b,5,8", "b,8,h,w", "b,5,h,w"),
    ("nc,kc->nk", "n,8", "5,8", "n,5"),
    ("bd,bd->b", "b,8", "b,8", "b"),
)
"""Equations with the dims of both operands and of the result: dims that fit."""
CLASHING = (
    ("bct,bcs->bts", "b,2,t", "b,c,s", "b,t,s"),
    ("bct,bcs->bts", "b,8,t", "2,8,s", "2,t,s"),
    ("bij,bjd->bid", "b,n,2", "b,m,8", "b,n,8"),
    ("bhid,bhjd->bhij", "b,2,n,2", "b,2,m,d", "b,2,n,m"),
    ("nc,kc->nk", "n,c", "5,2", "n,5"),
    ("bhij,bhjd->bhid", "b,2,n,m", "b,2,2,8", "b,2,n,8"),
)
"""Equations whose operands fit where the dynamic dims are 2."""


def _einsum(equation: str, left: str, right: str, made: str, *, opset: int = 17, behind: bool = False) -> TextProbe:
    node = f'Einsum<equation = "{equation}">(A, B)'
    body = f"[probe] y = {node} Y = Relu(y)" if behind else f"[probe] Y = {node}"
    text = HEAD.format(opset=opset, left=left, right=right, made=made, body=body)
    label = f"{equation} of [{left}] and [{right}]{' behind it Relu' if behind else ''} opset={opset}"
    return TextProbe("Einsum", label, text, ("letters", "Inputs.dims", AGAIN))


FORMS = [
    *(_einsum(*one) for one in SCORES),
    *(_einsum(*one, opset=opset) for one in SCORES[::3] for opset in (13, 21)),
    *(_einsum(*one, behind=True) for one in SCORES[::2]),
    *(_einsum(*one, opset=opset) for one in CLASHING for opset in (13, 17)),
]
