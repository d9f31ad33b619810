"""Lowering an opened torch model: run it on examples, export it, and tell what was found on the way.

It imports nothing of graphfix but files of this folder that do the same, since workers load it where graphfix is not.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Iterator
from typing import Any

import torch

from graphfix.lowering import examples, factory, feeding, leftovers
from graphfix.lowering.steps import SIZES, Answer, Request, Told, failed

DYNAMO_OPSET = 18
"""The oldest opset that the dynamo exporter writes."""
STACK, SCOPES = "pkg.torch.onnx.stack_trace", "pkg.torch.onnx.name_scopes"
"""The metadata in which the dynamo exporter tells where a node comes from."""
SUFFIX = re.compile(r"_split_\d+$")


def lowered(opened: Any, request: Request, told: Told) -> Iterator[Answer]:
    """Run, export, and save feeds: stage `ok` in the end, or `run` or `export` with the failure."""
    yield {"stage": "run"}
    try:
        told.leftovers += leftovers.leftovers(opened.model, put_in_inference(opened.model))
        example, runs = run(request, opened)
    except factory.Refused:
        raise
    except (Exception, SystemExit) as error:
        yield failed("run", error)
        return
    yield {"stage": "export"}
    program = os.path.join(request["folder"], "model.onnx")
    started = time.monotonic()
    printed = os.path.join(request["scratch"], "printed")
    try:
        with torch.no_grad(), kept(printed), unfused():
            told.notes += EXPORTS[request["exporter"]](opened, example, request, program) or ()
        seconds = time.monotonic() - started
        feeding.saved(runs, program, example.names, os.path.join(request["folder"], "feeds.npz"))
    except factory.Refused:
        raise
    except (Exception, SystemExit) as error:
        with open(printed, errors="replace") as lines:  # TorchScript prints what the failure was about
            yield failed("export", error, lines.read())
        return
    labels = [one.label for one in runs]
    yield {"stage": "ok", "runs": labels, "steady": feeding.steady(runs), "export_seconds": seconds, "last": True}


def put_in_inference(model: Any) -> frozenset[str]:
    """Call a module's `eval`; the paths of dropouts and normalisations that were in training mode before."""
    before = leftovers.in_training(model)
    with contextlib.suppress(NotImplementedError):  # what ExportedProgram.module() gives
        model.eval()
    return before


def run(request: Request, opened: Any) -> tuple[Any, list[Any]]:
    """The example inputs and what the model makes of them; sizes that were made up grow until it runs."""
    first: BaseException | None = None
    for size in SIZES:
        example = examples.example(request, opened, size)
        if example is None:
            raise factory.Refused("there is nothing to run it on", wanting(opened.model))
        try:
            return example, feeding.runs(opened, example)
        except Exception as error:
            first = first or error
            if not (example.invented and example.free):
                break
    assert first is not None
    raise first


def wanting(model: Any) -> str:
    """How to say what a model takes."""
    takes = [one.name for one in examples.parameters(model) if one.needed]
    if len(takes) < 2:
        return "say what it takes: --input 1x3x224x224, --input 1x16:int64, or an attribute `example_inputs`"
    return f"say what it takes: {' '.join(f'--input {name}=1x16' for name in takes)}, each with its dims and dtype"


@contextlib.contextmanager
def kept(path: str) -> Iterator[None]:
    """While it lasts what is printed, by native code too, goes to a file."""
    sys.stdout.flush()
    saved = os.dup(1)
    with open(path, "wb") as sink:
        os.dup2(sink.fileno(), 1)
        try:
            yield
        finally:
            sys.stdout.flush()
            os.dup2(saved, 1)
            os.close(saved)


@contextlib.contextmanager
def unfused() -> Iterator[None]:
    """While it lasts torch.nn's attention is made of operators that exporters know, not of one kernel for inference."""
    usual = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(usual)


def by_dynamo(opened: Any, example: Any, request: Request, path: str) -> list[str]:
    """torch.onnx.export by way of torch.export; notes on dims that the code fixes."""
    if (request["opset"] or DYNAMO_OPSET) < DYNAMO_OPSET:
        raise ValueError(f"this exporter writes no opset below {DYNAMO_OPSET}")  # it would write that one unasked
    subject = opened.program if opened.program is not None else opened.model
    free = None if opened.program is not None else feeding.dynamic_shapes(opened, example)

    def export(dims: Any) -> Any:
        more = {} if dims is None else {"dynamic_shapes": dims}
        return torch.onnx.export(
            subject, example.args, kwargs=example.kwargs, dynamo=True, opset_version=request["opset"], verbose=False, **more
        )

    try:
        made = export(free)
    except Exception as error:
        if free is None or "dynamic" not in str(error).lower():
            raise
        made = export(feeding.as_dims(free))  # which the code may fix to the example's size, where a name may not
    tell_lines(made)
    made.save(path, external_data=opened.bytes > 1 << 30)
    return feeding.fixed(made, example)


def tell_lines(made: Any) -> None:
    """Give nodes that the exporter left without a stack trace that of the step which their outputs are named after.

    It writes none where it puts one node for several, such as a Split for the parts of `chunk`: `split_1_split_0`.
    """
    steps = {step.name: step for step in made.exported_program.graph.nodes} if made.exported_program is not None else {}
    for node in made.model.graph:
        if STACK not in node.metadata_props:
            names = (SUFFIX.sub("", output.name or "") for output in node.outputs)
            step = next((steps[name] for name in names if name in steps), None)
            if step is not None and step.meta.get("stack_trace"):
                modules = [path for path, _ in (step.meta.get("nn_module_stack") or {}).values()]
                node.metadata_props[STACK] = step.meta["stack_trace"]
                node.metadata_props[SCOPES] = repr([*modules, step.name])


def by_trace(opened: Any, example: Any, request: Request, path: str) -> None:
    """The TorchScript exporter, on a trace of one run."""
    torch.onnx.export(
        opened.model, example.args, path, kwargs=example.kwargs or None, dynamo=False, opset_version=request["opset"],
        input_names=example.names, dynamic_axes=example.free or None, verbose=True,
    )  # fmt: skip


def by_script(opened: Any, example: Any, request: Request, path: str) -> None:
    """The TorchScript exporter, on the compiled source with its branches and loops."""
    if not isinstance(opened.model, torch.jit.ScriptModule):
        opened.model = torch.jit.script(opened.model)
    by_trace(opened, example, request, path)


EXPORTS = {"dynamo": by_dynamo, "trace": by_trace, "script": by_script}
