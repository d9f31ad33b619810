"""The labels of targets in reports for people: what was measured, in which versions."""

from __future__ import annotations

from graphfix.linter.diagnostics import Result


def label(result: Result) -> str:
    """Return the target with what it was measured on: `tensorrt (TensorRT-RTX 1.7.1)`; like `judge` where that is not known."""
    if not result.measured_on:
        return result.judge
    stands_in = result.judge.partition(" (for ")[2].rstrip(")")
    return f"{result.target} ({result.measured_on}{f', for {stands_in}' if stands_in else ''})"
