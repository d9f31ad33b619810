"""DFT(x) = MatMul(x, w), w holding the cosines and sines of every time and bin; long transforms take two products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphfix.rewrites.signal.fourier import (
    MOST_CONSTANTS,
    ONE_PRODUCT,
    Floats,
    one_sided_inverse,
    product_matrix,
    split_size,
    split_transform,
    waves,
)
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


@dataclass(frozen=True, slots=True)
class Transform:
    """What a DFT computes: its axis and length, the length of the operand's axis (None where dynamic), and its direction."""

    dims: Sequence[int | str | None]
    axis: int
    length: int
    given: int | None
    parts: int
    inverse: bool
    one_sided: bool

    @property
    def read(self) -> int:
        """The number of elements along the axis that the result depends on."""
        most = self.length // 2 + 1 if self.inverse and self.one_sided else self.length
        return most if self.given is None else min(most, self.given)

    @property
    def bins(self) -> int:
        """The length of the result's axis."""
        return self.length // 2 + 1 if self.one_sided and not self.inverse else self.length

    @property
    def made(self) -> int:
        """The result's last dim: 1 where it is real, else 2."""
        return 1 if self.inverse and self.one_sided else 2

    @property
    def matrix_size(self) -> int:
        """The number of elements of the transform's matrix."""
        return self.read * self.parts * self.bins * self.made

    def matrix(self) -> Floats:
        """Return the transform's matrix, from times and parts to bins and parts."""
        if self.inverse and self.one_sided:
            return one_sided_inverse(self.read, self.length)[: self.read * self.parts]
        wave = waves(self.read, self.bins, self.length, 1 if self.inverse else -1)
        return product_matrix(wave / (self.length if self.inverse else 1), self.parts, 2)


class DftByMatmul(BuiltRewrite):
    """Write a DFT of known length as a product with constant cosines and sines.

    Why: few compilers have Fourier transforms, all have matrix products. A transform whose matrix has over 2^21 elements
    is split by two factors of its length into two products with factors between them. Where one transform calls for it all are
    written so: a compiler that gives one of them another rank rejects what another one makes of it.
    """

    name = "dft-by-matmul"
    safety = Safety.EXACT
    everywhere = True
    needs_opset = 17
    ulps = 64
    dtypes = FLOATS
    differs_at = ("nan", "inf")
    fixes = (FixRule("DFT"),)
    before = "y = DFT<axis = 1>(x)"
    after = """flat = Reshape(x, dims)
               product = MatMul(flat, waves)
               y = Reshape(product, bins)"""
    fires: ClassVar[tuple[Case, ...]] = (
        *(
            Case(
                f"""<ir_version: 8, opset_import: ["" : 17]> g (float[{taken}] x) => (float[{made}] y) {{
                     y = DFT<{settings}>(x) }}""",
                ops=ops,
            )
            for taken, made, settings, ops in (
                ("N, 10, 1", "N, 10, 2", "axis = 1", ("Reshape", "MatMul", "Reshape")),
                ("2, 9, 1", "2, 5, 2", "axis = -2, onesided = 1", ("Reshape", "MatMul", "Reshape")),
                ("2, 6, M, 2", "2, 6, M, 2", "axis = 1, inverse = 1",
                 ("Transpose", "Reshape", "MatMul", "Reshape", "Transpose")),
                ("2, 3, 4, 5, 2", "2, 3, 4, 8, 1", "axis = 3, onesided = 1, inverse = 1", ("Reshape", "MatMul", "Reshape")),
                ("1, 2048, 1", "1, 1025, 2", "axis = 1, onesided = 1", ("*",)),
                ("2, 1500, 2", "2, 1500, 2", "axis = 1, inverse = 1", ("*",)),
            )
        ),
        *(
            Case(
                f"""<ir_version: 8, opset_import: ["" : 20]> g (float[{taken}] x) => (float[{made}] y)
                   <int64 n = {{{length}}}, int64 axis = {{{axis}}}> {{ y = DFT<{settings}>(x, n, axis) }}""",
                ops=ops,
            )
            for taken, made, length, axis, settings, ops in (
                ("2, 10, 1", "2, 7, 2", 12, 1, "onesided = 1", ("Reshape", "MatMul", "Reshape")),
                ("2, 10, 3, 2", "2, 7, 3, 2", 7, -3, "onesided = 0", ("*",)),
                ("A, B, 1", "A, 8, 2", 8, 1, "onesided = 0", ("Pad", "Slice", "Reshape", "MatMul", "Reshape")),
                ("2, 4, 2", "2, 9, 1", 9, -2, "onesided = 1, inverse = 1", ("Reshape", "MatMul", "Reshape")),
            )
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 20]> g (float16[3, 8, 1] x) => (float16[3, 8, 2] y) { y = DFT(x) }""",
            ops=("Reshape", "MatMul", "Reshape"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 20]> g (double[3, 7, 2] x) => (double[3, 7, 2] y) { y = DFT(x) }""",
            ops=("Reshape", "MatMul", "Reshape"),
        ),
    )  # fmt: skip
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, N, 1] x) => (float[1, N, 2] y) { y = DFT<axis = 1>(x) }""",
            because="the length of axis 1 of `x` is not fixed, and none is given",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 20]> g (float[2, 8, 1] x, int64 n) => (float[2, M, 2] y) {
                 y = DFT(x, n) }""",
            because="its length `n` is not known",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 20]> g (float[2, 8, 1] x, int64 axis) => (float[A, B, 2] y) {
                 y = DFT(x, , axis) }""",
            because="its axis `axis` is not known",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 10007, 2] x) => (float[2, 10007, 2] y) {
                 y = DFT<axis = 1>(x) }""",
            because=f"a transform of length 10007 takes constants of over {MOST_CONSTANTS} elements",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 9, 2] x) => (float[2, 8, 1] y) <int64 n = {8}> {
                 y = DFT<axis = 1, inverse = 1, onesided = 1>(x, n) }""",
            because="it is given 9 bins for a real signal of length 8, which has 5",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        transform = _transform(draft)
        if isinstance(transform, str):
            return transform
        halved = transform.inverse and transform.one_sided
        split = transform.matrix_size > ONE_PRODUCT
        most = split_size(transform.length, 2 if halved else transform.parts) if split else transform.matrix_size
        if split and most > MOST_CONSTANTS and transform.matrix_size <= MOST_CONSTANTS:
            split = False
        elif most > MOST_CONSTANTS:
            return f"a transform of length {transform.length} takes constants of over {MOST_CONSTANTS} elements"
        last = len(transform.dims) - 2
        order = [axis for axis in range(last + 2) if axis != transform.axis]
        order.insert(last, transform.axis)
        moved = draft.transpose(_fitted(draft, transform), order)
        lead = [transform.dims[axis] for axis in order[:last]]
        stated = [dim if isinstance(dim, int) else 0 for dim in lead]
        if split:
            bins = _in_two(draft, transform, moved, lead)
        else:
            flat = draft.reshape(moved, [*(stated or [1]), transform.read * transform.parts])
            product = draft.op("MatMul", flat, draft.number(transform.matrix()))
            bins = draft.reshape(product, [*stated, transform.bins, transform.made])
        draft.give(draft.transpose(bins, [order.index(axis) for axis in range(last + 2)]))
        return None


def _transform(draft: ReplacementBuilder) -> Transform | str:
    """Return what the node computes, or why that is not known."""
    dims, name = draft.shape(), draft.node.inputs[0].name
    if dims is None or len(dims) < 2:
        return f"the rank of `{name}` is unknown"
    parts = dims[-1]
    if not isinstance(parts, int) or parts not in (1, 2):
        return f"the last dim of `{name}` is not known to be 1 or 2"
    axis, length = (draft.known(place) for place in (2, 1))
    for place, value, said in ((2, axis, "axis"), (1, length, "length")):
        if draft.has(place) and (value is None or value.size != 1):
            return f"its {said} `{draft.node.inputs[place].name}` is not known"
    default = draft.attribute("axis", 1) if draft.surgery.opset < 20 else -2
    at = int(default if axis is None else axis.reshape(-1)[0]) % len(dims)
    inverse, one_sided = bool(draft.attribute("inverse", 0)), bool(draft.attribute("onesided", 0))
    given = dims[at]
    if not isinstance(given, int):
        given = None
    if one_sided and (parts == 2) != inverse:
        return "it is one-sided, which " + ("takes pairs" if inverse else "takes a real signal")
    if length is None and given is None:
        return f"the length of axis {at} of `{name}` is not fixed, and none is given"
    usual = 2 * ((given or 0) - 1) if inverse and one_sided else given or 0
    size = usual if length is None else int(length.reshape(-1)[0])
    if size < 1 or at == len(dims) - 1:
        return f"a transform of length {size} on axis {at} has no result"
    if inverse and one_sided and given is not None and given > size // 2 + 1:
        return f"it is given {given} bins for a real signal of length {size}, which has {size // 2 + 1}"
    return Transform(dims, at, size, given, parts, inverse, one_sided)


def _fitted(draft: ReplacementBuilder, transform: Transform) -> str:
    """Return the operand with as many elements along the axis as the matrix has rows for."""
    if transform.given == transform.read:
        return "in0"
    name, rank = "in0", len(transform.dims)
    if transform.given is None:  # at least as long for certain, and then cut
        pads = np.zeros(2 * rank, np.int64)
        pads[rank + transform.axis] = transform.read
        name = draft.op("Pad", name, pads=pads.tolist())
    return draft.op("Slice", name, starts=[0], ends=[transform.read], axes=[transform.axis])


def _in_two(draft: ReplacementBuilder, transform: Transform, name: str, lead: Sequence[int | str | None]) -> str:
    """Return the transform in two products, with axes lead, bins, parts."""
    dynamic = sum(not isinstance(dim, int) for dim in lead)
    stated = [dim if isinstance(dim, int) else (0 if dynamic > 1 else -1) for dim in lead]
    rows = stated if dynamic > 1 else [-1 if dynamic else int(np.prod(stated))]
    parts, read = transform.parts, transform.read
    if transform.inverse and transform.one_sided:
        # the bins that are left out are the conjugates of those given, in reverse
        name = _padded(draft, name, len(lead), transform.length // 2 + 1 - read)
        mirrored = np.arange((transform.length - 1) // 2, 0, -1)
        rest = draft.op("Gather", name, draft.constant(mirrored), axis=len(lead))
        name = draft.op("Concat", name, draft.op("Mul", rest, draft.number([1, -1])), axis=len(lead))
    else:
        name = _padded(draft, name, len(lead), transform.length - read)
    made = split_transform(draft, name, rows, transform.length, parts, 1 if transform.inverse else -1)
    if transform.bins < transform.length:
        made = draft.op("Slice", made, starts=[0], ends=[transform.bins], axes=[len(rows)])
    if transform.made == 1:
        made = draft.op("Slice", made, starts=[0], ends=[1], axes=[len(rows) + 1])
    return made if rows == stated else draft.reshape(made, [*stated, transform.bins, transform.made])


def _padded(draft: ReplacementBuilder, name: str, axis: int, count: int) -> str:
    """Return the value with zeros appended along its last axis but one."""
    return draft.op("Pad", name, pads=[0] * (axis + 2) + [0] * axis + [count, 0]) if count else name
