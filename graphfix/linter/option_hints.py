"""Command-line options that fix the inputs and dims that a value depends on, for messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphfix.analysis.facts import Facts
    from graphfix.analysis.provenance import Root


def binding(facts: Facts, roots: Iterable[Root]) -> str:
    """Return the options that bind or fix these roots: `--set sr=16000 --shape x=Nx3x224x224`, dynamic dims by name."""
    options: list[str] = []
    wanted = list(roots)
    bound = {root.input for root in wanted if root.dim is None}
    for value in sorted(facts.inputs, key=lambda value: value.name not in bound or value.rank != 0):
        if value.rank == 0 and value.name in bound:
            options.append(f"--set {value.name}={compared_with(facts, value.name) or 'VALUE'}")
        elif any(root.input == value.name for root in wanted) and value.shape:
            options.append(_sized(value.name, value.shape))
    return " ".join(options)


def sizes(facts: Facts) -> str:
    """Return the options that fix every input's dynamic dims: `--shape x=<N>x3x224x224`; empty where all are fixed."""
    dynamic = (value for value in facts.inputs if not all(isinstance(dim, int) for dim in value.shape or ()))
    return " ".join(_sized(value.name, value.shape or ()) for value in dynamic)


def _sized(name: str, dims: Sequence[int | str | None]) -> str:
    words = [str(dim) if isinstance(dim, int) else f"<{dim or f'd{i}'}>" for i, dim in enumerate(dims)]
    return f"--shape {name}={'x'.join(words)}"


def compared_with(facts: Facts, name: str) -> str | None:
    """Return the constant that an Equal node compares an input with, which is one of its possible values; else None."""
    for node in facts.nodes:
        if node.op == "Equal" and name in node.proto.input:
            for value in node.inputs:
                if value is not None and value.constant is not None and value.constant.size == 1:
                    return str(value.constant.reshape(-1)[0].item())
    return None
