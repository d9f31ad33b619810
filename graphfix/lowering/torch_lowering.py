"""Lowering of an opened torch model: run it on examples, export it, and collect findings on the program.

Workers load this file where graphfix is not installed: of graphfix it imports files of this folder that do the same.
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
from graphfix.lowering.steps import SIZES, Answer, Remarks, Request, attempted, failed_answer

DYNAMO_OPSET = 18
"""The oldest opset that the dynamo exporter writes."""
STACK, SCOPES = "pkg.torch.onnx.stack_trace", "pkg.torch.onnx.name_scopes"
"""The metadata keys under which the dynamo exporter writes a node's stack trace and its modules."""
SUFFIX = re.compile(r"_split_\d+$")


def lower(opened: Any, request: Request, remarks: Remarks) -> Iterator[Answer]:
    """Run, export and save feeds; the last answer has stage `ok`, or `run` or `export` with the failure."""
    yield {"stage": "run"}
    ran, failed = attempted("run", lambda: run_for_inference(opened, request, remarks))
    if failed is not None:
        yield failed
        return
    example, runs = ran
    yield {"stage": "export"}
    program = os.path.join(request["folder"], "model.onnx")
    started = time.monotonic()
    printed = os.path.join(request["scratch"], "printed")
    try:
        with torch.no_grad(), capture_stdout(printed), without_fused_attention():
            remarks.notes += EXPORTERS[request["exporter"]](opened, example, request, program) or ()
        seconds = time.monotonic() - started
        feeding.save_feeds(runs, program, example.names, os.path.join(request["folder"], "feeds.npz"))
    except factory.RequestError:
        raise
    except (Exception, SystemExit) as error:
        with open(printed, errors="replace") as lines:  # TorchScript prints the details of a failure
            yield failed_answer("export", error, lines.read())
        return
    labels = [one.label for one in runs]
    yield {"stage": "ok", "runs": labels, "steady": feeding.is_deterministic(runs), "export_seconds": seconds, "last": True}


def run_for_inference(opened: Any, request: Request, remarks: Remarks) -> tuple[Any, list[Any]]:
    """Note what training left in the program, switch it to inference, and return the example inputs and the runs on them."""
    remarks.leftovers += leftovers.find_leftovers(opened.model, switch_to_eval(opened.model))
    return run_example(request, opened)


def switch_to_eval(model: Any) -> frozenset[str]:
    """Call a module's `eval`; return the paths of dropouts and normalisations that were in training mode before."""
    before = leftovers.modules_in_training(model)
    with contextlib.suppress(NotImplementedError):  # raised by ExportedProgram.module()
        model.eval()
    return before


def run_example(request: Request, opened: Any) -> tuple[Any, list[Any]]:
    """Return the example inputs and the model's runs on them; generated sizes grow until the model runs."""
    first: BaseException | None = None
    for size in SIZES:
        example = examples.build_example(request, opened, size)
        if example is None:
            raise factory.RequestError("there is nothing to run it on", inputs_hint(opened.model))
        try:
            return example, feeding.run_variations(opened, example)
        except Exception as error:
            first = first or error
            if not (example.generated and example.dynamic):
                break
    assert first is not None
    raise first


def inputs_hint(model: Any) -> str:
    """Return the options that would state the model's inputs."""
    required = [one.name for one in examples.forward_parameters(model) if one.required]
    if len(required) < 2:
        return "describe its inputs: --input 1x3x224x224, --input 1x16:int64, or an attribute `example_inputs`"
    return f"describe its inputs: {' '.join(f'--input {name}=1x16' for name in required)}, each with its dims and dtype"


@contextlib.contextmanager
def capture_stdout(path: str) -> Iterator[None]:
    """Redirect standard output, also that of native code, to a file inside this context."""
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
def without_fused_attention() -> Iterator[None]:
    """Disable torch's fused attention kernel inside this context: exporters know only its single operators."""
    usual = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(usual)


def export_dynamo(opened: Any, example: Any, request: Request, path: str) -> list[str]:
    """Export by torch.export; return notes on dynamic dims that the code fixes."""
    if (request["opset"] or DYNAMO_OPSET) < DYNAMO_OPSET:
        raise ValueError(f"this exporter writes no opset below {DYNAMO_OPSET}")  # it would silently write that opset
    subject = opened.program if opened.program is not None else opened.model
    dynamic_dims = None if opened.program is not None else feeding.dynamic_shapes(opened, example)

    def export(dims: Any) -> Any:
        more = {} if dims is None else {"dynamic_shapes": dims}
        return torch.onnx.export(
            subject, example.args, kwargs=example.kwargs, dynamo=True, opset_version=request["opset"], verbose=False, **more
        )

    try:
        exported = export(dynamic_dims)
    except Exception as error:
        if dynamic_dims is None or "dynamic" not in str(error).lower():
            raise
        exported = export(
            feeding.to_export_dims(dynamic_dims)
        )  # the exporter may fix a Dim to the example's size, but not a named dim
    add_missing_stack_traces(exported)
    exported.save(path, external_data=opened.bytes > 1 << 30)
    return feeding.notes_on_fixed_dims(exported, example)


def add_missing_stack_traces(exported: Any) -> None:
    """Copy the stack trace of the fx node that a node's outputs are named after, where the exporter left none.

    It writes none where one node of the program becomes several, such as a Split for the parts of `chunk`: `split_1_split_0`.
    """
    steps = {step.name: step for step in exported.exported_program.graph.nodes} if exported.exported_program is not None else {}
    for node in exported.model.graph:
        if STACK not in node.metadata_props:
            names = (SUFFIX.sub("", output.name or "") for output in node.outputs)
            step = next((steps[name] for name in names if name in steps), None)
            if step is not None and step.meta.get("stack_trace"):
                modules = [path for path, _ in (step.meta.get("nn_module_stack") or {}).values()]
                node.metadata_props[STACK] = step.meta["stack_trace"]
                node.metadata_props[SCOPES] = repr([*modules, step.name])


def export_trace(opened: Any, example: Any, request: Request, path: str) -> None:
    """Export by the TorchScript exporter from a trace of one run."""
    torch.onnx.export(
        opened.model, example.args, path, kwargs=example.kwargs or None, dynamo=False, opset_version=request["opset"],
        input_names=example.names, dynamic_axes=example.dynamic or None, verbose=True,
    )  # fmt: skip


def export_script(opened: Any, example: Any, request: Request, path: str) -> None:
    """Export by the TorchScript exporter from the compiled source with its branches and loops."""
    if not isinstance(opened.model, torch.jit.ScriptModule):
        opened.model = torch.jit.script(opened.model)
    export_trace(opened, example, request, path)


EXPORTERS = {"dynamo": export_dynamo, "trace": export_trace, "script": export_script}
