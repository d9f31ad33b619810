"""ONNX's constraints on a model, checked of every model that is read and after every rewrite.

Constraints on one graph are in `scoping`, those on one tensor in `tensors`; this module has those on the model as a
whole. An operator that does not exist in the imported opset is not a violation: the linter judges it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from functools import cache
from pathlib import Path

import onnx
from onnx import ModelProto, NodeProto, OperatorSetIdProto

from graphfix.errors import ModelError
from graphfix.ir.budgets import DEEPEST_CALL, VARIABLE, call_depth, expanded_nodes, most_nodes
from graphfix.ir.graph_verifier import UNSORTED, GraphVerifier, Violation, find_cycle
from graphfix.ir.schemas import NEWEST

__all__ = ["Violation", "check", "violations"]


def check(model: ModelProto, path: str | Path | None = None) -> None:
    """Check a model or a skeleton against all constraints but the order of nodes, which runtimes and compilers find themselves.

    Raises:
        ModelError: for the first violation; its `path` is the one given here.
    """
    for violation in violations(model):
        if violation.law == UNSORTED:
            continue
        where = f" (in {', '.join(violation.scope)})" if violation.scope else ""
        raise ModelError(f"{violation.message}{where}", path=path, hint=violation.cure)


def violations(model: ModelProto) -> Iterator[Violation]:
    """Iterate over all violations of a constraint in a model or a skeleton, in linear time, header first."""
    yield from _versions(model)
    imported = yield from _imports(model.opset_import, ())
    yield from GraphVerifier(imported).graph(model.graph)
    yield from _functions(model)


def _versions(model: ModelProto) -> Iterator[Violation]:
    if model.ir_version < 1:
        yield Violation("ir-version", "has no IR version")
    elif model.ir_version > onnx.IR_VERSION:
        yield Violation(
            "ir-version",
            f"IR version {model.ir_version} is newer than {onnx.IR_VERSION}, the newest that onnx {onnx.__version__} knows",
            cure="upgrade onnx, or export the model at an older IR version",
        )
    if not model.opset_import:
        yield Violation("opset", "imports no opset")


def _imports(imports: Iterable[OperatorSetIdProto], scope: tuple[str, ...]) -> Generator[Violation, None, set[str]]:
    """Check opset imports, and return the names of the imported domains as nodes may write them."""
    versions: dict[str, int] = {}
    for entry in imports:
        domain = "" if entry.domain == "ai.onnx" else entry.domain
        shown = domain or "ai.onnx"
        newest = _newest().get(domain)
        if not isinstance(domain, str):
            yield Violation("encoding", f"the domain {domain!r} is not UTF-8", scope)
        if versions.get(domain, entry.version) != entry.version:
            yield Violation("opset", f"domain `{shown}` is imported at two versions", scope)
        versions[domain] = entry.version
        if not 1 <= entry.version <= NEWEST:
            yield Violation("opset", f"domain `{shown}` is imported at opset {entry.version}", scope)
        elif newest is not None and entry.version > newest:
            yield Violation(
                "opset",
                f"opset {entry.version} of `{shown}` is newer than {newest}, the newest that onnx {onnx.__version__} knows",
                scope,
                "upgrade onnx, or export the model at an older opset",
            )
    return {*versions, "ai.onnx"} if "" in versions else {*versions}


@cache
def _newest() -> dict[str, int]:
    """Return the newest opset of each domain that onnx itself defines."""
    return {domain: newest for domain, (_, newest) in onnx.defs.C.schema_version_map().items()}


def _functions(model: ModelProto) -> Iterator[Violation]:
    calls: dict[str, list[str]] = {}
    for function in model.functions:
        key = _key(function.domain, function.name, function.overload)
        if key in calls:
            yield Violation("duplicate", f"function `{key}` is defined twice")
        calls[key] = [_key(node.domain, node.op_type, node.overload) for node in _all_nodes(function.node)]
        imported = yield from _imports(function.opset_import, (f"function {function.name}",))
        yield from GraphVerifier(imported).function(function)
    if not calls:
        return
    if cycle := find_cycle({key: {*called} & calls.keys() for key, called in calls.items()}):
        chain = " -> ".join(f"`{key}`" for key in cycle)
        yield Violation("recursion", f"functions call each other in a circle: {chain}")
        return
    if (depth := call_depth(calls)) > DEEPEST_CALL:
        yield Violation("budget", f"its functions call each other in a chain of {depth:,}, more than {DEEPEST_CALL}")
        return
    called = (_key(node.domain, node.op_type, node.overload) for node in _all_nodes(model.graph.node))
    if (count := expanded_nodes(called, calls)) > (most := most_nodes()):
        message = f"its functions call each other so often that {count:,} nodes result, more than {most:,}"
        yield Violation("budget", message, cure=f"allow more with the environment variable {VARIABLE}=N")


def _all_nodes(nodes: Iterable[NodeProto]) -> Iterator[NodeProto]:
    """Iterate over nodes and the nodes of their subgraphs, at any depth."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for graph in [attribute.g, *attribute.graphs]:
                yield from _all_nodes(graph.node)


def _key(domain: str, name: str, overload: str) -> str:
    return f"{domain}::{name}" + (f":{overload}" if overload else "")
