"""The compilers' own verdicts as findings that `fix` goes on working at: whom each blames in the model as it stands."""

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
Mark = tuple[object, ...]
"""A node as a compiler saw it: where it is, what is written of it, and what its operands are."""


@dataclass(slots=True)
class Witnessed:
    """What compilers said of nodes: it holds for a later model as long as the node stands in it unchanged."""

    told: list[tuple[Finding, Mark | None]] = field(default_factory=list)

    def add(self, findings: Sequence[Finding], model: ModelProto) -> bool:
        """Remember findings about a model; False when nothing about it is new."""
        nodes = {(node.scope, _first(node)): node for node in facts_of(model).nodes}
        fresh = False
        for finding in findings:
            node = nodes.get((tuple(finding.scope), finding.output))
            entry = finding, None if node is None else _mark(node)
            if all((f.target, mark, f.message) != (finding.target, entry[1], finding.message) for f, mark in self.told):
                self.told.append(entry)
                fresh = True
        return fresh

    def joined(self, results: Sequence[Result], model: ModelProto) -> list[Result]:
        """The Results with the findings that still hold for the model."""
        if not self.told:
            return list(results)
        marks = {_mark(node) for node in facts_of(model).nodes}
        for result in results:
            held = [f for f, mark in self.told if f.target == result.target and mark in marks]
            known = {(f.scope, f.output) for f in result.findings if f.severity is Severity.ERROR}
            result.findings[:0] = [f for f in held if (f.scope, f.output) not in known]
        return list(results)


def _first(node: NodeFacts) -> str:
    return next((name for name in node.proto.output if name), "")


def _mark(node: NodeFacts) -> Mark:
    operands = tuple(None if v is None else (v.dtype, v.shape, v.source) for v in node.inputs)
    return node.scope, node.proto.SerializeToString(deterministic=True), operands


@contextlib.contextmanager
def consulting(
    targets: Sequence[str], note: Callable[[str], None], shapes: Mapping[str, Any], values: Mapping[str, Any]
) -> Iterator[tuple[Ask, Callable[[Sequence[Result], ModelProto], None]]]:
    """Two functions about a model in memory: the findings of the installed compilers, and their word put into Results.

    `note` is told of a compiler that is not installed. BackendError when none of them is.
    """
    from graphfix.backends.base import backend
    from graphfix.confirm import Case, confirm, open_target, prepared
    from graphfix.model import save_model

    with contextlib.ExitStack() as stack:
        sessions = {}
        for target in targets:
            try:
                sessions[target] = stack.enter_context(open_target(target))
            except BackendError as error:
                note(f"{target} is not asked: {error.line()}")
        if not sessions:
            raise BackendError("no compiler is here to confirm with", cure=f"graphfix backends install {targets[0]}")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="graphfix-")))

        def tell(results: Sequence[Result], model: ModelProto) -> None:
            path = folder / "model.onnx"
            held = ModelProto()
            held.CopyFrom(model)
            save_model(whole(held), path, force=True)
            del held
            free = {name: dims for name, dims in shapes.items() if name in {info.name for info in model.graph.input}}
            with prepared(Case(path, free, {})) as ready:
                for target, result in zip(targets, results, strict=True):
                    if target in sessions:
                        confirm(result, ready, sessions[target], backend(result.target))

        def ask(model: ModelProto) -> list[Finding]:
            results = [Result("", target.partition("@")[0], target.partition("@")[2]) for target in targets]
            tell(results, model)
            rejected = {r.target for r in results if r.compiler is not None and not r.compiler["accepted"]}
            return [
                f for r in results if r.target in rejected for f in r.findings
                if f.severity is Severity.ERROR and f.kind == "rejection"
            ]  # fmt: skip

        yield ask, tell
