"""GF104: the compiler supports the operator, but not on tensors of this rank."""

from __future__ import annotations

from graphfix.linter.check import TableCheck
from graphfix.linter.example import Example


class UnsupportedRank(TableCheck):
    """A tensor rank that the backend's compiler rejected on this operator when measured.

    Why: compilers for mobile and embedded devices are designed for 4-D images; 1-D and 3-D forms are often missing.
    Instead: add or drop dims of size 1 around the node (Unsqueeze, Squeeze, Reshape).
    """

    code = "GF104"
    name = "unsupported-rank"
    kinds = frozenset({"rank"})
    valid = (Example("y = Conv(x, w)", inputs="float[1,2,8,8] x, float[2,2,3,3] w"),)
    invalid = (
        Example(
            "y = Conv(x, w)",
            inputs="float[1,2,8,8,8] x, float[2,2,3,3,3] w",
            says="rank 5 of `X` (`x`: [1, 2, 8, 8, 8])",
            evidence="rank-5",
        ),
    )
