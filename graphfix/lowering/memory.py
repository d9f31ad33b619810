"""Lowering of model objects in this process, by the same steps that a worker takes with a file.

The model and the exporter run without the limits of a worker: no deadline, no memory limit, network access. Training
modes, buffers and the state of torch's random numbers are restored afterwards.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphfix.errors import UsageError
from graphfix.lowering.instructions import Instructions
from graphfix.lowering.lower import choose_best, exporters_for, try_exporters
from graphfix.lowering.lowered import Lowered
from graphfix.lowering.source import Kind, Source


def framework_of(model: Any) -> str | None:
    """Return the framework that an object is a model of, or None; no framework is imported for it."""
    torch, tensorflow = sys.modules.get("torch"), sys.modules.get("tensorflow") or sys.modules.get("keras")
    if torch is not None:
        classes = [torch.nn.Module]
        if (exported := sys.modules.get("torch.export")) is not None:
            classes.append(exported.ExportedProgram)
        if isinstance(model, tuple(classes)):
            return "torch"
    if tensorflow is not None:
        keras = sys.modules.get("keras")
        if (keras is not None and isinstance(model, keras.Model)) or hasattr(model, "get_concrete_function"):
            return "tensorflow"
    return None


def save_inputs(inputs: Any, path: Path) -> Path:
    """Save tensors or arrays, alone, in a tuple or by name, as the .npz that a worker reads; UsageError for anything else."""
    import numpy as np

    named = inputs if isinstance(inputs, Mapping) else {
        f"arr_{at}": one for at, one in enumerate(inputs if isinstance(inputs, tuple | list) else (inputs,))
    }  # fmt: skip
    arrays = {name: np.asarray(one.detach().cpu() if hasattr(one, "detach") else one) for name, one in named.items()}
    wrong = next((name for name, array in arrays.items() if array.dtype.kind not in "biufc"), None)
    if wrong is not None:
        raise UsageError(f"input `{wrong}` is no array of numbers", hint="give tensors or arrays, in order or by name")
    with path.open("wb") as sink:
        np.savez(sink, allow_pickle=False, **arrays)
    return path


def lower_object(model: Any, inputs: Any, instructions: Instructions, folder: Path, *, targets: Sequence[str] = ()) -> Lowered:
    """Lower a torch.nn.Module, ScriptModule, ExportedProgram, Keras model or tf.function in this process, into `folder`.

    `inputs` are the example inputs: a tensor, a tuple, a mapping by argument name, or a tuple of both; None for the model's
    own `example_inputs`.

    Raises:
        UsageError: the object is no such model, or there are no inputs.
    """
    framework = framework_of(model)
    if framework is None:
        message = f"a {type(model).__name__} is no model of PyTorch or TensorFlow"
        raise UsageError(message, hint="give a torch.nn.Module, an ExportedProgram, a Keras model, a tf.function, or a SOURCE")
    if inputs is None:
        inputs = getattr(model, "example_inputs", None)
        inputs = inputs() if callable(inputs) else inputs
    source = Source(type(model).__name__, _kind_of(model, framework))

    def ask(request: Mapping[str, Any]) -> dict[str, Any]:
        with tempfile.TemporaryDirectory(prefix="graphfix-") as scratch:
            complete = {**request, "scratch": scratch, "trust": True, "network": True}
            steps = (
                _torch_answers(model, inputs, complete) if framework == "torch" else _tensorflow_answers(model, inputs, complete)
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # advice of exporters to their own developers
                *_, answer = steps
            return {"seconds": answer.get("export_seconds", 0.0), **answer}

    attempts = try_exporters(source, instructions, folder, exporters_for(source, instructions, framework), ask, targets=targets)
    return choose_best(source, attempts or [], _versions(framework), targets)


def _kind_of(model: Any, framework: str) -> Kind:
    if framework == "tensorflow":
        return Kind.KERAS
    torch = sys.modules["torch"]
    if isinstance(model, torch.nn.Module):
        return Kind.TORCHSCRIPT if isinstance(model, torch.jit.ScriptModule) else Kind.FACTORY
    return Kind.EXPORTED


def _torch_answers(model: Any, inputs: Any, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    from graphfix.lowering import opening, steps, torch_lowering

    program = model if not isinstance(model, sys.modules["torch"].nn.Module) else None
    module = model if program is None else program.module()
    given = inputs if inputs is not None or program is None else program.example_inputs
    size = sum(tensor.nbytes for tensor in module.state_dict().values() if hasattr(tensor, "nbytes"))
    opened, remarks = opening.OpenedModel(module, program, given, size), steps.Remarks()
    with _restored_on_exit(module):
        yield from steps.with_remarks(remarks, torch_lowering.lower(opened, request, remarks))


@contextlib.contextmanager
def _restored_on_exit(module: Any) -> Iterator[None]:
    """Restore training modes, buffers and the state of random numbers on exit."""
    torch = sys.modules["torch"]
    modes = {one: one.training for one in module.modules()}
    buffers = [(buffer, buffer.detach().clone()) for buffer in module.buffers()]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        try:
            yield
        finally:
            for one, mode in modes.items():
                one.training = mode
            with torch.no_grad():
                for buffer, saved in buffers:
                    buffer.copy_(saved)


def _tensorflow_answers(model: Any, inputs: Any, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    from graphfix.lowering import steps, tensorflow_lowering, tensorflow_opening, tensorflow_signatures

    remarks = steps.Remarks()

    def open_model() -> tensorflow_signatures.OpenedModel:
        return tensorflow_opening.open_object(model, inputs, request)

    yield from steps.with_remarks(
        remarks, steps.open_and_lower(open_model, lambda model: tensorflow_lowering.lower(model, request, remarks))
    )


def _versions(framework: str) -> dict[str, str]:
    from graphfix.lowering.workshop import installed_versions

    return installed_versions(framework)
