"""GF106: the compiler requires fixed dims where the model has dynamic ones."""

from __future__ import annotations

from graphfix.linter.check import TableCheck
from graphfix.linter.example import Example


class DynamicDimension(TableCheck):
    """Dims that are dynamic in the model, and that this backend's compiler requires to be fixed.

    Why: a symbolic batch or sequence length is no problem in onnxruntime, but is one for a compiler that allocates
    buffers ahead of time.
    Instead: fix the input's dims for the export, or lint and fix the model at the sizes of its use: `--shape x=1x3x224x224`.
    """

    code = "GF106"
    name = "dynamic-dimension"
    kinds = frozenset({"dynamic"})
    valid = (Example("y = Softmax(x)"),)
    invalid = (
        Example(
            "y = Softmax(x)", inputs="float[n,m] x", says="dynamic dims in `input` (`x`: [n, m])", evidence="input-dims-dynamic"
        ),
    )
