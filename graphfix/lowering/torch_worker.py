"""PyTorch, as a worker sees it: open a source, run it on examples, export it, and answer with what was found.

A worker loads this file by path in an interpreter that has torch. Of graphfix only files of this folder are there, and
of those only the ones that import nothing else of it. Every answer is one forked child, which may be lost alone.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

if "graphfix" not in sys.modules:  # the name alone, for the files of this folder: graphfix need not be installed here
    sys.modules["graphfix"] = types.ModuleType("graphfix")
    sys.modules["graphfix"].__path__ = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]

from graphfix.lowering import factory, failure, feeding, isolation, leftovers, opening

DISTRIBUTIONS = ("torch", "onnxscript", "onnx")
DYNAMO_OPSET = 18
"""The oldest opset that the dynamo exporter writes."""
Request = dict[str, Any]
Answer = dict[str, Any]


warnings.simplefilter("ignore")


@dataclass(slots=True)
class Told:
    """What is said along with an answer: notes, the leftovers of training, names."""

    notes: list[str] = field(default_factory=list)
    leftovers: list[dict[str, Any]] = field(default_factory=list)


def respond(request: Request) -> Iterator[Answer]:
    """The one answer to a request, whatever happens."""
    told = Told()
    if not request["network"] and not isolation.cut_network():
        told.notes.append("the network could not be cut off on this system")
    try:
        answer = lowered(request, told)
    except factory.Refused as refused:
        answer = {"stage": refused.stage, "message": str(refused), "cure": refused.cure}
    yield {"notes": told.notes, "leftovers": told.leftovers, **answer, "last": True}


def lowered(request: Request, told: Told) -> Answer:
    """Open, run, export, and save feeds: stage `ok`, or `load`, `run` or `export` with the failure."""
    torch.manual_seed(0)
    try:
        opened = opening.opened(request)
    except factory.Refused:
        raise
    except Exception as error:
        return {"stage": "load", **failure.failure(error)}
    model = opened.model
    if isinstance(model, torch.nn.Module):
        told.leftovers += leftovers.leftovers(model)
        with contextlib.suppress(NotImplementedError):  # what ExportedProgram.module() gives
            model.eval()
    example = feeding.example(request, opened)
    if example is None:
        names = ", ".join(feeding.parameters(model))
        takes = f"say what it takes{f' ({names})' if names else ''}"
        cure = f"{takes}: --input 1x3x224x224, --input ids=1x16:int64, or an attribute `example_inputs`"
        raise factory.Refused("there is nothing to run it on", cure)
    try:
        runs = feeding.runs(opened, example, request["dynamic"])
    except Exception as error:
        return {"stage": "run", **failure.failure(error)}
    program = os.path.join(request["folder"], "model.onnx")
    started = time.monotonic()
    printed = os.path.join(request["scratch"], "printed")
    try:
        with torch.no_grad(), kept(printed):
            told.notes += EXPORTS[request["exporter"]](opened, example, request, program) or ()
    except Exception as error:
        with open(printed, errors="replace") as lines:  # TorchScript prints what the failure was about
            return {"stage": "export", **failure.failure(error, text=lines.read())}
    seconds = time.monotonic() - started
    try:
        feeding.saved(runs, program, example.names, os.path.join(request["folder"], "feeds.npz"))
    except feeding.Unmatched as error:
        return {"stage": "export", "message": str(error)}
    labels = [run.label for run in runs]
    steady = feeding.steady(runs)
    return {"stage": "ok", "message": "", "runs": labels, "steady": steady, "export_seconds": seconds, "unsaid": example.invented}


@contextlib.contextmanager
def kept(path: str) -> Iterator[None]:
    """While it lasts what is printed, by native code too, goes to a file."""
    saved = os.dup(1)
    with open(path, "wb") as sink:
        os.dup2(sink.fileno(), 1)
        try:
            yield
        finally:
            sys.stdout.flush()
            os.dup2(saved, 1)
            os.close(saved)


def by_dynamo(opened: Any, example: Any, request: Request, path: str) -> list[str]:
    """torch.onnx.export by way of torch.export; notes on dims that the code fixes."""
    if (request["opset"] or DYNAMO_OPSET) < DYNAMO_OPSET:
        raise ValueError(f"this exporter writes no opset below {DYNAMO_OPSET}")  # it would write that one unasked
    subject = opened.program if opened.program is not None else opened.model
    free = None if opened.program is not None else feeding.dynamic_shapes(opened, example, request["dynamic"])

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
    made.save(path, external_data=opened.bytes > 1 << 30)
    return feeding.fixed(made, example, request["dynamic"])


def by_trace(opened: Any, example: Any, request: Request, path: str) -> None:
    """The TorchScript exporter, on a trace of one run."""
    axes = feeding.dynamic_axes(example, request["dynamic"])
    torch.onnx.export(
        opened.model, example.args, path, kwargs=example.kwargs or None, dynamo=False, opset_version=request["opset"],
        input_names=example.names, dynamic_axes=axes or None, verbose=True,
    )  # fmt: skip


def by_script(opened: Any, example: Any, request: Request, path: str) -> None:
    """The TorchScript exporter, on the compiled source with its branches and loops."""
    if not isinstance(opened.model, torch.jit.ScriptModule):
        opened.model = torch.jit.script(opened.model)
    by_trace(opened, example, request, path)


EXPORTS = {"dynamo": by_dynamo, "trace": by_trace, "script": by_script}
