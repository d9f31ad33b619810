"""Words for the domains of operators that ONNX does not define: see tables/unknown_operators.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphfix.analysis.values import Facet

DOMAINS: Mapping[Facet, str] = {
    "standard": "ONNX's own domain", "other": "a domain that nobody publishes", "aten": "a domain of PyTorch's exporter",
    "aten-call": "an ATen call of PyTorch's exporter", "openmmlab": "a domain of OpenMMLab", "qonnx": "a domain of QONNX or FINN",
    "extensions": "the domain of onnxruntime-extensions", "torchvision": "the domain of torchvision",
}  # fmt: skip
"""By the kind of domain, with an article."""
