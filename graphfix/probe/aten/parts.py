"""A program of calls in the edge dialect, of which parts are lowered by ExecuTorch, run, and compared.

The worker loads this file where graphfix is not installed: it imports torch, ExecuTorch, and files of graphfix that do the same.
"""

from __future__ import annotations

import copy
import importlib
import itertools
import logging
import os
from collections.abc import Sequence
from typing import Any

import torch

from graphfix.backends import aten_program, executorch
from graphfix.backends.asking import compare
from graphfix.probe.aten.module import Calls
from graphfix.tables.evidence import DELEGATE

program_module = importlib.import_module("executorch.exir.program._program")
exir = importlib.import_module("executorch.exir")

Answer = dict[str, Any]


def output_nodes(program: Any) -> list[Any]:
    """Return what the output of a program's graph lists, without the buffers that it changes."""
    results = next(node for node in program.graph.nodes if node.op == "output").args[0]
    return list(results)


class Part:
    """A program in the edge dialect, of which parts are lowered and run."""

    def __init__(self, program: Any, parts: Sequence[Any], partitioner: str, module: Calls, expected: Any, spans: Any) -> None:
        """Convert the program; raises StageError where that fails, which says nothing of single calls of several."""
        self.parts, self.partitioner = list(parts), partitioner
        self.inputs, self.expected, self.spans = list(module.inputs), expected, spans
        try:
            self.manager = program_module._gen_edge_manager_for_partitioners(
                {"forward": self.parts}, {"forward": program}, exir.EdgeCompileConfig(), None
            )
        except Exception as error:
            raise StageError("convert", error) from error

    def verdicts(self, wanted: list[int]) -> dict[int, Answer]:
        """Return the verdicts on these calls; those that a delegate takes wholly, or all where there is none, are run."""
        whole = [at for one in wanted for at in self.spans[one]]
        found: dict[int, Answer] = {}
        if self.parts:
            found = self._left(part_of(self.manager, whole), wanted)
        taken = [one for one in wanted if one not in found]
        return found | (self._run(self.manager, list(range(len(self.spans))), taken) if taken else {})

    def _left(self, manager: Any, wanted: list[int]) -> dict[int, Answer]:
        """Return the verdicts on the calls that the partitioners leave, wholly or in part."""
        reasons = Reasons()
        with reasons:
            for part in self.parts:
                for tag in part.partition(manager.exported_program()).partition_tags:
                    reasons.tags.add(tag)
        results, found, at = output_nodes(manager.exported_program()), dict[int, Answer](), 0
        for one in wanted:
            nodes = [node for result in results[at : at + len(self.spans[one])] for node in untagged(result, reasons.tags)]
            if nodes:
                found[one] = left_answer(nodes, reasons)
            at += len(self.spans[one])
        return found

    def _run(self, manager: Any, held: list[int], wanted: list[int]) -> dict[int, Answer]:
        """Lower the part of a program that some of the calls in it are, and run it; go on with its halves where that fails."""
        sizes = {one: len(self.spans[one]) for one in held}
        starts = dict(zip(held, itertools.accumulate(sizes.values(), initial=0), strict=False))
        try:
            got = self._outputs(part_of(manager, [starts[one] + at for one in wanted for at in range(sizes[one])]))
        except StageError as error:
            if len(wanted) == 1:
                return {wanted[0]: refused(error.stage, error)}
            middle = len(wanted) // 2
            return self._run(manager, held, wanted[:middle]) | self._run(manager, held, wanted[middle:])
        answers, at = {}, 0
        for one in wanted:
            answers[one] = compared(None if got is None else got[at : at + sizes[one]], self.expected[one])
            at += sizes[one]
        return answers

    def _outputs(self, manager: Any) -> list[Any] | None:
        """Return what a program gives; None where it does not run on this machine."""
        stage = "convert"
        try:
            for part in self.parts:
                manager = manager.to_backend({"forward": part})
            stage = "compile"
            made = manager.to_executorch()
        except Exception as error:
            raise StageError(stage, error) from error
        return run_apart(made.buffer, self.inputs) if self.partitioner in executorch.RUN_HERE else None


class StageError(Exception):
    """A step of the lowering failed."""

    def __init__(self, stage: str, error: object) -> None:
        """Keep the step."""
        super().__init__(str(error))
        self.stage = stage


class Reasons(logging.Handler):
    """What partitioners say of the nodes that they leave."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__(logging.DEBUG)
        self.said: dict[str, str] = {}
        self.tags: set[str] = set()

    def __enter__(self) -> Reasons:
        """Listen to the backends' loggers."""
        self.logger = logging.getLogger("executorch.backends")
        self.level_before = self.logger.level
        self.logger.setLevel(logging.DEBUG)
        self.logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no longer."""
        self.logger.removeHandler(self)
        self.logger.setLevel(self.level_before)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the reason for a node."""
        why: Any = record.msg
        if hasattr(why, "node") and getattr(why.node, "name", None):
            self.said.setdefault(why.node.name, str(why.reason))


def refused(stage: str, error: object) -> Answer:
    """Return the answer for a call that a step failed on."""
    return {"verdict": "rejected", "stage": stage, "said": " ".join(str(error).split())[:400]}


def left_answer(left: Sequence[Any], reasons: Reasons) -> Answer:
    """Return the answer for a call of which partitioners leave some operators."""
    said = next((reasons.said[node.name] for node in left if node.name in reasons.said), "")
    names = ", ".join(dict.fromkeys(executorch.name_of(node) for node in left))
    return {"verdict": "rejected", "stage": DELEGATE, "said": f"{names} is left" + (f": {said}" if said else "")}


def compared(got: Any, expected: Sequence[Any]) -> Answer:
    """Return the answer for a call that was lowered: how right its outputs are, where it was run."""
    if got is None:
        return {"verdict": "works", "stage": "ok", "said": ""}
    found = [compare(array(one), array(want)) for one, want in zip(got, expected, strict=True)]
    error = max((gap for _, gap in found), default=0.0)
    return {"verdict": "works" if all(same for same, _ in found) else "wrong", "stage": "ok", "said": "", "error": error}


def array(tensor: Any) -> Any:
    """Return a tensor as an array of numpy."""
    return (tensor.float() if tensor.dtype is torch.bfloat16 else tensor).contiguous().numpy()


def part_of(manager: Any, outputs: Sequence[int]) -> Any:
    """Return the program of a manager with some of its outputs alone; its inputs stay."""
    program = copy.copy(manager.exported_program())
    module = copy.deepcopy(program.graph_module)
    result = next(node for node in module.graph.nodes if node.op == "output")
    result.args = (tuple(result.args[0][at] for at in outputs),)
    module.graph.eliminate_dead_code()
    module.recompile()
    signature = copy.deepcopy(program.graph_signature)
    signature.output_specs = [signature.output_specs[at] for at in outputs]
    cut = torch.export.ExportedProgram(
        root=module, graph=module.graph, graph_signature=signature, state_dict=program.state_dict,
        range_constraints=program.range_constraints, module_call_graph=[], example_inputs=program.example_inputs,
        constants=program.constants, verifiers=program.verifiers,
    )  # fmt: skip
    kept = manager.compile_config._core_aten_ops_exception_list
    return exir.EdgeProgramManager({"forward": cut}, None, manager.compile_config, kept)


def untagged(result: Any, tags: set[str]) -> list[Any]:
    """Return the operators without a partition that an output depends on, of a graph that was partitioned."""
    found: list[Any] = []
    seen: set[Any] = set()
    waiting = [result]
    while waiting:
        node = waiting.pop()
        if node in seen or not hasattr(node, "all_input_nodes"):
            continue
        seen.add(node)
        waiting += node.all_input_nodes
        if aten_program.is_computing(node) and node.meta.get("delegation_tag") not in tags:
            found.append(node)
    return found


def run_apart(buffer: bytes, inputs: Sequence[Any]) -> list[Any]:
    """Run a program in a process of its own, as kernels abort on what they do not know; raises StageError where it fails."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        stage = "load"
        try:
            compute = executorch.loaded(buffer)
            stage = "runtime"
            torch.save(compute(inputs), "results.pt")
            told = b""
        except BaseException as error:
            told = f"{stage}|{error}".encode()
        os.write(writing, told[:4000] or b"done")
        os._exit(0)
    os.close(writing)
    told = b""
    while block := os.read(reading, 1 << 12):
        told += block
    os.close(reading)
    os.waitpid(child, 0)
    if told != b"done":
        stage, _, said = told.decode(errors="replace").partition("|")
        raise StageError(stage or "runtime", said or "the runtime aborts")
    return list(torch.load("results.pt"))
