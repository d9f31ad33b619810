"""Einsum(a, b) = Transpose(MatMul(a', b')): a' has axes batch, left, joint, and b' batch, joint, right.

Batch labels are in both operands and in the result, joint labels in both operands only, left and right labels in one
operand. An axis whose label occurs nowhere else is summed first, a repeated label selects the diagonal, and without a
joint label the product is Mul. All labels of one kind form one axis of MatMul. Where dynamic dims rule out the Reshape,
and where neither operand has a label of its own (`i,i->`), Mul and ReduceSum replace MatMul.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety

Sizes = dict[str, int | None]


@dataclass(frozen=True, slots=True)
class Term:
    """A value and the labels of its axes."""

    name: str
    labels: str


class DecomposeEinsum(BuiltRewrite):
    """Write Einsum as transposes, sums and matrix products, two operands at a time.

    Why: compilers support some equations only, one dtype, or constant operands; the operators that an equation is made of
    have none of these limits.
    """

    name = "decompose-einsum"
    safety = Safety.EXACT
    needs_opset = 12
    ulps = 64
    dtypes = (*FLOATS, "int32", "int64", "uint32", "uint64", "int16", "uint8", "int8", "uint16")
    fixes = (FixRule("Einsum"),)
    before = """y = Einsum<equation = "bij,bkj->bik">(a, b)"""
    after = """turned = Transpose<perm = [0, 2, 1]>(b)
               y = MatMul(a, turned)"""
    fires: ClassVar[tuple[Case, ...]] = tuple(
        Case(
            f"""<ir_version: 8, opset_import: ["" : 13]> g ({inputs}) => ({output} y) {{
                 y = Einsum<equation = "{equation}">({operands}) }}""",
            ops=ops,
        )
        for equation, inputs, operands, output, ops in (
            ("bij,bkj->bik", "float[N, 3, 4] a, float[N, M, 4] b", "a, b", "float[N, 3, M]", ("Transpose", "MatMul")),
            ("...ij,jk->...ik", "float[2, N, 4] a, float[4, 5] b", "a, b", "float[2, N, 5]", ("Reshape", "MatMul", "Reshape")),
            ("bhid,bjhd->bihj", "float[2, 3, N, 4] a, float[2, M, 3, 4] b", "a, b", "float[2, N, 3, M]",
             ("Transpose", "MatMul", "Transpose")),
            ("bnm,nmk->bk", "float[B, 3, 4] a, float[3, 4, 5] b", "a, b", "float[B, 5]", ("Reshape", "Reshape", "MatMul")),
            ("i,j->ij", "float[N] a, float[M] b", "a, b", "float[N, M]", ("Unsqueeze", "Mul")),
            ("bij->b", "float[N, 3, 4] a", "a", "float[N]", ("ReduceSum",)),
            ("ii->i", "float[4, 4] a", "a", "float[4]", ("Where", "ReduceSum")),
            ("ij,jk,kl->il", "float[2, 3] a, float[3, 4] b, float[4, 5] c", "a, b, c", "float[2, 5]", ("MatMul", "MatMul")),
            ("i,i->", "float[5] a, float[5] b", "a, b", "float", ("Mul", "ReduceSum")),
            ("ij,ij->", "int32[N, 3] a, int32[N, 3] b", "a, b", "int32", ("Mul", "ReduceSum")),
        )
    )  # fmt: skip
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, N] a) => (float[N] y) {
                 y = Einsum<equation = "ii->i">(a) }""",
            because="the diagonal `i` has no fixed length",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[] a) => (float[] y) {
                 y = Einsum<equation = "...i->...">(a) }""",
            because="the rank of `a` is unknown",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        equation = str(draft.attribute("equation")).replace(" ", "")
        ranks = []
        for index, tensor in enumerate(draft.node.inputs):
            dims = draft.shape(index)
            if dims is None:
                return f"the rank of `{tensor.name}` is unknown"
            ranks.append(len(dims))
        read = labelled(equation, ranks)
        if isinstance(read, str):
            return read
        terms, output = read
        drawing = _Drawing(draft, terms)
        twice = next((x for term in terms for x in term if term.count(x) > 1 and drawing.sizes[x] is None), None)
        if twice is not None:
            return f"the diagonal `{twice}` has no fixed length"
        drawing.draw(output)
        return None


def labelled(equation: str, ranks: Sequence[int]) -> tuple[list[str], str] | str:
    """Return the labels of each operand and of the output, with capitals for the axes of an ellipsis; or why there are none."""
    left, arrow, output = equation.partition("->")
    terms = left.split(",")
    extra = [rank - len(term.replace("...", "")) if "..." in term else 0 for term, rank in zip(terms, ranks, strict=True)]
    spare = [chr(c) for c in range(0x391, 0x391 + max(extra, default=0))]
    if any(len(term) != rank for term, rank in zip(terms, ranks, strict=True) if "..." not in term) or min(extra) < 0:
        return f"equation `{equation}` does not fit its operands"
    terms = [term.replace("...", "".join(spare[len(spare) - count :])) for term, count in zip(terms, extra, strict=True)]
    every = "".join(terms)
    if not arrow:
        output = ("..." if "..." in left else "") + "".join(
            x for x in sorted(set(every)) if x not in spare and every.count(x) == 1
        )
    if "..." in left and "..." not in output and spare:
        return f"equation `{equation}` sums over its ellipsis"
    return terms, output.replace("...", "".join(spare))


class _Drawing:
    """The emission of one equation's nodes."""

    def __init__(self, draft: ReplacementBuilder, terms: Sequence[str]) -> None:
        self.draft, self.terms = draft, terms
        self.sizes: Sizes = {}
        for index, term in enumerate(terms):
            for label, dim in zip(term, draft.shape(index) or (), strict=True):
                size = dim if isinstance(dim, int) else None
                if self.sizes.get(label) in (None, 1):  # an ellipsis may broadcast a dim of one
                    self.sizes[label] = size

    def draw(self, output: str) -> None:
        """Emit the nodes of the whole equation."""
        draft, term = self.draft, self._single(0)
        for index in range(1, len(self.terms)):
            other = self._single(index)
            term = self._pair(term, other, set(output).union(*self.terms[index + 1 :]))
        term = self._summed(term, set(output))
        draft.give(draft.transpose(term.name, [term.labels.index(x) for x in output]))

    def _single(self, index: int) -> Term:
        """Return an operand in which no label is repeated."""
        draft, term = self.draft, Term(self.draft.inputs[index], self.terms[index])
        while twice := next((x for x in term.labels if term.labels.count(x) > 1), None):
            first, last, rank = term.labels.index(twice), term.labels.rindex(twice), len(term.labels)
            size = self.sizes[twice] or 0
            eye = np.eye(size, dtype=bool).reshape([size if axis in (first, last) else 1 for axis in range(rank)])
            kept = draft.op("Where", draft.constant(eye), term.name, draft.number(0))
            name = draft.op("ReduceSum", kept, axes=[last], keepdims=0)
            term = Term(name, term.labels[:last] + term.labels[last + 1 :])
        return term

    def _summed(self, term: Term, kept: set[str]) -> Term:
        """Return the value summed over the axes whose labels occur nowhere else."""
        axes = [axis for axis, label in enumerate(term.labels) if label not in kept]
        if not axes:
            return term
        name = self.draft.op("ReduceSum", term.name, axes=axes, keepdims=0)
        return Term(name, "".join(x for x in term.labels if x in kept))

    def _pair(self, a: Term, b: Term, later: set[str]) -> Term:
        """Return the product of two values, summed over the labels that occur only in these two."""
        a, b = self._summed(a, later | set(b.labels)), self._summed(b, later | set(a.labels))
        batch = "".join(x for x in a.labels if x in b.labels and x in later)
        joint = "".join(x for x in a.labels if x in b.labels and x not in later)
        left = "".join(x for x in a.labels if x not in b.labels)
        right = "".join(x for x in b.labels if x not in a.labels)
        floats = self.draft.dtype() in FLOATS
        if joint and (left or right) and floats and all(self._merges(g) for g in ((left, joint), (joint, right), (left, right))):
            rows = self._matrix(a, (batch, left, joint))
            columns = self._matrix(b, (batch, joint, right))
            made = self.draft.op("MatMul", rows, columns)
            return Term(self._spread(made, batch, left, right), batch + left + right)
        wide = batch + left + joint + right
        product = self.draft.op("Mul", self._aligned(a, wide), self._aligned(b, wide))
        return self._summed(Term(product, wide), later)

    def _merges(self, groups: tuple[str, str]) -> bool:
        """Whether the axes of each of two groups can be merged into one: at most one of several axes may be dynamic."""
        if all(len(group) == 1 for group in groups):
            return True
        return sum(self.sizes[label] is None for label in "".join(groups)) < 2

    def _order(self, term: Term, labels: str) -> str:
        return self.draft.transpose(term.name, [term.labels.index(x) for x in labels])

    def _matrix(self, term: Term, groups: tuple[str, str, str]) -> str:
        """Return the value with its batch axes first, followed by one merged axis for each of two groups."""
        name = self._order(term, "".join(groups))
        if all(len(group) == 1 for group in groups[1:]):
            return name
        return self.draft.reshape(name, [0] * len(groups[0]) + [self._length(group) for group in groups[1:]])

    def _length(self, group: str) -> int:
        sizes = [self.sizes[label] for label in group]
        return -1 if None in sizes else prod(size for size in sizes if size is not None)

    def _spread(self, name: str, batch: str, left: str, right: str) -> str:
        """Return the product with its merged axes split into one axis per label."""
        if len(left) == len(right) == 1:
            return name
        return self.draft.reshape(name, [0] * len(batch) + [self._length(label) for label in left + right])

    def _aligned(self, term: Term, wide: str) -> str:
        """Return the value with dims of 1 for the labels it lacks."""
        name = self._order(term, "".join(x for x in wide if x in term.labels))
        axes = [axis for axis, label in enumerate(wide) if label not in term.labels]
        first = next((axis for axis, label in enumerate(wide) if label in term.labels), len(wide))
        axes = [axis for axis in axes if axis > first]  # broadcasting puts the dims of one in front
        return self.draft.op("Unsqueeze", name, axes=axes) if axes else name
