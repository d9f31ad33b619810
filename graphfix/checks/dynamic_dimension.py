"""GF106: the compiler requires fixed dims where the model has dynamic ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from graphfix.check import Look, TableCheck
from graphfix.diagnostic import Finding
from graphfix.example import Example
from graphfix.option_hints import sizes


class DynamicDimension(TableCheck):
    """Dims that this backend's compiler needs to know, and the model leaves free.

    Why: a symbol for the batch or the sequence length is no problem in onnxruntime, and is one where buffers are
    laid out ahead of time.
    Instead: fix the input's dims for the export, or judge and fix the model as it will be used: `--shape x=1x3x224x224`.
    """

    code = "GF106"
    name = "dynamic-dimension"
    kinds = frozenset({"dynamic"})
    valid = (Example("y = Softmax(x)"),)
    invalid = (Example("y = Softmax(x)", inputs="float[n,m] x", says="not fixed", evidence="input-dims-dynamic"),)

    def check(self, look: Look) -> Iterator[Finding]:
        """Yield a finding for every node whose dims the compiler requires to be fixed, with the option that fixes them."""
        options = sizes(look.facts)
        for finding in super().check(look):
            yield dataclasses.replace(finding, cure=options)
