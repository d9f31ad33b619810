"""The core ATen operators of an exported program of torch, as its converters see them, for the workers that import torch.

Workers load this file where graphfix is not installed: it imports the standard library and a file that does the same, and torch
where it is used.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from typing import Any

from graphfix.analysis.facets.aten import Facets, node_facets, operator_name, sources

__all__ = [
    "all_facets", "computing_nodes", "decomposed", "held_values", "is_computing", "operator_name", "sources",
]  # fmt: skip
ASSERTIONS = ("_assert", "sym_constrain_range")
"""How operators begin that only state what holds, which converters drop."""


def decomposed(program: Any, kept: Sequence[str]) -> Any:
    """Return an ExportedProgram in core ATen operators; those of `kept`, such as `aten.linear.default`, are not decomposed."""
    import torch
    from torch._decomp import get_decompositions

    table = torch.export.default_decompositions()
    table.update(get_decompositions([torch.ops.aten.linalg_vector_norm.default]))
    for name in kept:
        space, op, overload = name.split(".")
        if hasattr(getattr(torch.ops, space), op):
            table.pop(getattr(getattr(getattr(torch.ops, space), op), overload), None)
    return program.run_decompositions(table)


def held_values(program: Any) -> set[str]:
    """Return the names of the nodes that stand for weights, buffers and constants."""
    signature = program.graph_signature
    return {*signature.inputs_to_parameters, *signature.inputs_to_buffers, *signature.inputs_to_lifted_tensor_constants}


def computing_nodes(program: Any) -> list[Any]:
    """Return the nodes that compute tensors by an operator, in order."""
    return [node for node in program.graph.nodes if is_computing(node)]


def is_computing(node: Any) -> bool:
    """Whether a node calls an operator on tensors, rather than on sizes, or to take one of several outputs."""
    if node.op != "call_function" or not hasattr(node.target, "_schema") or node.target is operator.getitem:
        return False
    if node.target._schema.name.partition("::")[2].startswith(ASSERTIONS):
        return False
    value = node.meta.get("val")
    return any(hasattr(one, "dtype") for one in (value if isinstance(value, (list, tuple)) else [value]))


def all_facets(program: Any) -> Iterator[tuple[Any, Facets]]:
    """Yield every node that computes tensors with its facets."""
    known = sources(program.graph, held_values(program))
    for node in computing_nodes(program):
        yield node, node_facets(node, known)
