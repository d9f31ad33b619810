"""The installed compilers' verdicts as findings on a model in memory, which `fix` uses beside those of the tables."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onnx import ModelProto

from graphfix.diagnostic import Finding, Result, Severity
from graphfix.errors import BackendError
from graphfix.facts import NodeFacts
from graphfix.sharing import facts_of
from graphfix.shelf import whole

Ask = Callable[[ModelProto], list[Finding]]
NodeKey = tuple[object, ...]
"""A node's scope, its serialized NodeProto, and the dtypes, shapes and sources of its operands."""


@dataclass(slots=True)
class CompilerFindings:
    """Findings from compilers on nodes; they apply to a later model as long as it contains the node unchanged."""

    entries: list[tuple[Finding, NodeKey | None]] = field(default_factory=list)

    def add(self, findings: Sequence[Finding], model: ModelProto) -> bool:
        """Add findings on a model; returns False when all of them were known."""
        nodes = {(node.scope, _first_output(node)): node for node in facts_of(model).nodes}
        added = False
        for finding in findings:
            node = nodes.get((tuple(finding.scope), finding.output))
            entry = finding, None if node is None else _node_key(node)
            if all((f.target, key, f.message) != (finding.target, entry[1], finding.message) for f, key in self.entries):
                self.entries.append(entry)
                added = True
        return added

    def merged(self, results: Sequence[Result], model: ModelProto) -> list[Result]:
        """Return the Results with the findings that still apply to the model added."""
        if not self.entries:
            return list(results)
        keys = {_node_key(node) for node in facts_of(model).nodes}
        for result in results:
            applicable = [f for f, key in self.entries if f.target == result.target and key in keys]
            known = {(f.scope, f.output) for f in result.findings if f.severity is Severity.ERROR}
            result.findings[:0] = [f for f in applicable if (f.scope, f.output) not in known]
        return list(results)


def _first_output(node: NodeFacts) -> str:
    return next((name for name in node.proto.output if name), "")


def _node_key(node: NodeFacts) -> NodeKey:
    operands = tuple(None if v is None else (v.dtype, v.shape, v.source) for v in node.inputs)
    return node.scope, node.proto.SerializeToString(deterministic=True), operands


@contextlib.contextmanager
def consult_compilers(
    targets: Sequence[str], warn: Callable[[str], None], shapes: Mapping[str, Any], values: Mapping[str, Any]
) -> Iterator[tuple[Ask, Callable[[Sequence[Result], ModelProto], None]]]:
    """Yield two functions: one returns the compilers' findings on a model, one adds their verdicts to its Results.

    `warn` is called with a line for each compiler that is not installed. Raises BackendError when none of them is.
    """
    from graphfix.backends.base import backend
    from graphfix.confirm import Case, confirm, open_target, prepare
    from graphfix.model import save_model

    with contextlib.ExitStack() as stack:
        sessions = {}
        for target in targets:
            try:
                sessions[target] = stack.enter_context(open_target(target))
            except BackendError as error:
                warn(f"{target} is not asked: {error.line()}")
        if not sessions:
            raise BackendError("no compiler is here to confirm with", hint=f"graphfix backends install {targets[0]}")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="graphfix-")))

        def confirm_results(results: Sequence[Result], model: ModelProto) -> None:
            path = folder / "model.onnx"
            copy = ModelProto()
            copy.CopyFrom(model)
            save_model(whole(copy), path, force=True)
            del copy
            bound_shapes = {name: dims for name, dims in shapes.items() if name in {info.name for info in model.graph.input}}
            with prepare(Case(path, bound_shapes, {})) as prepared:
                for target, result in zip(targets, results, strict=True):
                    if target in sessions:
                        confirm(result, prepared, sessions[target], backend(result.target))

        def ask(model: ModelProto) -> list[Finding]:
            results = [Result("", target.partition("@")[0], target.partition("@")[2]) for target in targets]
            confirm_results(results, model)
            rejected = {r.target for r in results if r.compiler is not None and not r.compiler["accepted"]}
            return [
                f for r in results if r.target in rejected for f in r.findings
                if f.severity is Severity.ERROR and f.kind == "rejection"
            ]  # fmt: skip

        yield ask, confirm_results
