"""GF106: the compiler requires fixed dims where the model has dynamic ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from graphfix.linter.check import LintContext, TableCheck
from graphfix.linter.diagnostics import Finding
from graphfix.linter.example import Example
from graphfix.linter.option_hints import sizes


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
    invalid = (Example("y = Softmax(x)", inputs="float[n,m] x", says="not fixed", evidence="input-dims-dynamic"),)

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield a finding for every node whose dims the compiler requires to be fixed, with the option that fixes them."""
        options = sizes(look.facts)
        for finding in super().check(look):
            yield dataclasses.replace(finding, cure=options)
