"""The worker that measures ATen operators: it exports many calls as one program, and lowers and runs its parts by ExecuTorch.

A session loads this file by path in the interpreter that has ExecuTorch, where graphfix is not installed.
"""

from __future__ import annotations

import importlib
import os
import sys
import types
import warnings
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import torch

if "graphfix" not in sys.modules:  # an empty package, so that files of it can be imported
    sys.modules["graphfix"] = types.ModuleType("graphfix")
    sys.modules["graphfix"].__path__ = [os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))]

from graphfix.backends import aten_program, executorch
from graphfix.probe.aten.module import ExportError, Spec, exported, operator_of, runnable
from graphfix.probe.aten.parts import Answer, Part, StageError, output_nodes, refused

DISTRIBUTIONS = executorch.DISTRIBUTIONS
warnings.simplefilter("ignore")
verification = importlib.import_module("executorch.exir.verification.verifier")
for known in executorch.PARTITIONERS:  # once here rather than in every child
    executorch.partitioners(known)


def known_operators(partitioner: str) -> list[str]:
    """Return the operators that a partitioner can take at all, by their names in the edge dialect, where it tells."""
    (found,) = executorch.partitioners(partitioner)
    return sorted(getattr(found, "target_partitioner_configs", ()))


def kept_operators(partitioner: str) -> list[str]:
    """Return the operators of torch that a partitioner asks not to decompose."""
    (found,) = executorch.partitioners(partitioner)
    return sorted(name for name in map(str, found.ops_to_not_decompose(None)[0]) if name.startswith("aten."))


def respond(request: dict[str, Any]) -> Iterator[Answer]:
    """Answer for each call of a request: dropped, or its facets and what became of it."""
    torch.set_grad_enabled(False)
    if "calls" not in request:
        known, kept = known_operators(request["partitioner"]), kept_operators(request["partitioner"])
        yield {"stage": "ok", "message": "", "known": known, "kept": kept, "last": True}
        return
    answers = answered(request["calls"], request["partitioner"])
    yield {"stage": "ok", "message": "", "answers": answers, "last": True}


def answered(specs: Sequence[Spec], partitioner: str, *, export: bool = False) -> list[Answer]:
    """Return the answers for calls, those that torch does not run, or with `export` does not export alone, being dropped."""
    answers: list[Answer] = [{"dropped": runnable(spec, export=export)} for spec in specs]
    left = [at for at, answer in enumerate(answers) if not answer["dropped"]]
    try:
        found = measured([specs[at] for at in left], partitioner) if left else []
    except ExportError as error:
        if not export:
            return answered(specs, partitioner, export=True)
        if len(specs) == 1:
            return [{"dropped": str(error)}]
        middle = len(specs) // 2
        return answered(specs[:middle], partitioner) + answered(specs[middle:], partitioner)
    for at, answer in zip(left, found, strict=True):
        answers[at] = answer
    return answers


def measured(specs: Sequence[Spec], partitioner: str) -> list[Answer]:
    """Return the answers for calls that run in torch."""
    try:
        program, module = exported(specs)
    except Exception as error:
        raise ExportError from error
    expected = module.results(module.inputs)
    spans, first = [], 0
    for found in expected:
        spans.append(range(first, first + len(found)))
        first += len(found)
    parts = executorch.partitioners(partitioner)
    kept = {op for part in parts for op in part.ops_to_not_decompose(program)[0]}
    view = aten_program.decomposed(program, sorted(map(str, kept)))
    facets = {node.name: found for node, found in aten_program.all_facets(view)}
    known = aten_program.sources(view.graph, aten_program.held_values(view))
    results = output_nodes(view)
    answers = [found_facets([results[at] for at in span], spec, facets, known) for span, spec in zip(spans, specs, strict=True)]
    verifier = verification.EXIRATenDialectVerifier(preserve_ops=list(kept))
    refusals = [outside_core(verifier, spec["op"]) for spec in specs]
    wanted = [at for at, answer in enumerate(answers) if "facets" in answer and not refusals[at]]
    if any(refusals) and wanted:  # what is refused at once would hide the others
        rest = iter(measured([spec for spec, refusal in zip(specs, refusals, strict=True) if not refusal], partitioner))
        answers = [answer if refusal else next(rest) for answer, refusal in zip(answers, refusals, strict=True)]
    elif wanted:
        try:
            verdicts = Part(program, parts, partitioner, module, expected, spans).verdicts(wanted)
        except StageError as error:
            if len(specs) > 1:
                middle = len(specs) // 2
                return measured(specs[:middle], partitioner) + measured(specs[middle:], partitioner)
            verdicts = {0: refused(error.stage, error)}
        for at, verdict in verdicts.items():
            answers[at] |= verdict
    return [answer | refusal if "facets" in answer else answer for answer, refusal in zip(answers, refusals, strict=True)]


def outside_core(verifier: Any, name: str) -> Answer:
    """Return the answer about an operator that ExecuTorch does not take into a program, empty for all others."""
    try:
        verifier.check_valid_op(without_views(operator_of(name)))
    except Exception as error:
        return refused("convert", str(error).strip().partition("There are a few")[0])
    return {}


def without_views(op: Any) -> Any:
    """Return an operator, or the one that copies where it gives a view, which it becomes before ExecuTorch looks at it."""
    space, _, name = op._schema.name.partition("::")
    copies = getattr(getattr(torch.ops, space), f"{name}_copy", None) if op.is_view else None
    return getattr(copies, op._overloadname, op)


def found_facets(results: Sequence[Any], spec: Spec, facets: dict[str, Any], known: Collection[str]) -> Answer:
    """Return the facets of the one operator that a call with these results became, or that it became none or others.

    `known` are the nodes that hold constants, or are computed from them alone.
    """
    nodes: dict[Any, None] = {}
    waiting = [one for one in results if hasattr(one, "all_input_nodes")]
    while waiting:
        node = waiting.pop()
        if node not in nodes and node.name not in known:
            nodes[node] = None
            waiting += node.all_input_nodes
    found = [node for node in nodes if node.name in facets]
    if len(found) != 1 or str(found[0].target) != spec["op"]:
        return {"dropped": f"it becomes {', '.join(str(node.target) for node in found[:4]) or 'nothing'}"}
    return {"facets": facets[found[0].name]}
