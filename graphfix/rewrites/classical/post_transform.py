"""What models of classical machine learning do to their scores at the end, as operators of ONNX itself."""

from __future__ import annotations

from graphfix.rewriting.replacement import ReplacementBuilder

TRANSFORMS = ("NONE", "LOGISTIC", "SOFTMAX")
"""The values of `post_transform` that have an operator."""


def transformed(draft: ReplacementBuilder, scores: str, after: str) -> str:
    """Return a matrix of scores, a row for each row of the input, after the transform at the end."""
    if after == "NONE":
        return scores
    return draft.op("Sigmoid", scores) if after == "LOGISTIC" else draft.op("Softmax", scores, axis=1)
