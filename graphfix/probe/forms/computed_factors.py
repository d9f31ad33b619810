"""Einsums of tensors that are computed from constants, as exporters write tables of positions, and of tensors of high rank."""

from graphfix.probe.form import Change, Form, Tensor, data

EQUATIONS = (
    ("td,dnh->tnh", (5, 4), (4, 2, 3)), ("ij,jk->ik", (3, 4), (4, 5)), ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)),
    ("binh,tnh->bnit", (2, 3, 2, 4), (5, 2, 4)), ("i,j->ij", (4,), (5,)), ("...i,ij->...j", (2, 3, 4), (4, 5)),
    ("bhid,bhjd->bhij", (2, 2, 3, 4), (2, 2, 5, 4)), ("ij,ij->i", (3, 4), (3, 4)),
)  # fmt: skip
SOURCES = (("folded", "constant"), ("folded", "folded"), ("folded", "runtime"), ("runtime", "folded"), ("constant", "folded"),
           ("fixed-shape", "runtime"), ("constant", "constant"))  # fmt: skip
CHANGES: list[Change] = [
    {"Inputs": [Tensor(first, source), Tensor(second, other)], "equation": equation}
    for equation, first, second in EQUATIONS
    for source, other in SOURCES
]
WIDE: list[tuple[str, tuple[tuple[int, ...], ...]]] = [
    ("nhwpqc->nchpwq", ((2, 2, 3, 2, 2, 3),)), ("abcdef->acebdf", ((1, 2, 3, 2, 2, 2),)), ("abcde->acbed", ((2, 2, 3, 2, 4),)),
    ("abcdefg->aebfcgd", ((1, 2, 2, 2, 2, 2, 2),)), ("abcdef->abc", ((2, 2, 2, 2, 2, 2),)),
    ("abcdef,fg->abcdeg", ((2, 2, 2, 2, 2, 3), (3, 4))), ("abcdef,abcdgf->abcdeg", ((1, 2, 2, 2, 3, 4), (1, 2, 2, 2, 5, 4))),
    ("abcde,abcfe->abcdf", ((2, 2, 2, 3, 4), (2, 2, 2, 5, 4))), ("...ab->...ba", ((2, 2, 2, 2, 3, 4),)),
]  # fmt: skip
"""Equations over tensors of rank 5 and more, such as those that put patches together."""
CHANGES += [
    {"Inputs": [data(*shape) for shape in shapes], "equation": equation, "dims": dims}
    for equation, shapes in WIDE
    for dims in ("static", "batch", "spatial", "dynamic")
]
FORMS = [Form("Einsum", {"Inputs": [data(2, 3, 4), data(2, 4, 5)]}, {"equation": "bij,bjk->bik"}, empties=(), changes=CHANGES)]
