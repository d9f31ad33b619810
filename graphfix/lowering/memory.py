"""Models in memory: lowered in this process, as the object lives here, by the steps that a worker takes with a file.

Nothing guards this process against what the model and the exporter do: no deadline, no bound on memory, no network cut
off. The model is put back as it was: training modes, buffers, and the state of torch's random numbers.
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
from graphfix.lowering.lower import chosen, roads, tried
from graphfix.lowering.lowered import Lowered
from graphfix.lowering.source import Kind, Source


def framework_of(model: Any) -> str | None:
    """The framework that an object is a model of, told without importing one; None where it is none."""
    torch, tensorflow = sys.modules.get("torch"), sys.modules.get("tensorflow") or sys.modules.get("keras")
    if torch is not None:
        kinds = [torch.nn.Module]
        if (exported := sys.modules.get("torch.export")) is not None:
            kinds.append(exported.ExportedProgram)
        if isinstance(model, tuple(kinds)):
            return "torch"
    if tensorflow is not None:
        keras = sys.modules.get("keras")
        if (keras is not None and isinstance(model, keras.Model)) or hasattr(model, "get_concrete_function"):
            return "tensorflow"
    return None


def saved_inputs(inputs: Any, path: Path) -> Path:
    """Tensors or arrays, alone, in a tuple or by name, as the .npz that a worker reads; UsageError for anything else."""
    import numpy as np

    named = inputs if isinstance(inputs, Mapping) else {
        f"arr_{at}": one for at, one in enumerate(inputs if isinstance(inputs, tuple | list) else (inputs,))
    }  # fmt: skip
    arrays = {name: np.asarray(one.detach().cpu() if hasattr(one, "detach") else one) for name, one in named.items()}
    wrong = next((name for name, array in arrays.items() if array.dtype.kind not in "biufc"), None)
    if wrong is not None:
        raise UsageError(f"input `{wrong}` is no array of numbers", cure="give tensors or arrays, in order or by name")
    with path.open("wb") as sink:
        np.savez(sink, allow_pickle=False, **arrays)
    return path


def lower_object(model: Any, inputs: Any, instructions: Instructions, folder: Path, *, targets: Sequence[str] = ()) -> Lowered:
    """Lower a torch.nn.Module, ScriptModule, ExportedProgram, Keras model or tf.function in this process, into `folder`.

    `inputs` are the example inputs: a tensor, a tuple, a mapping by argument name, or a tuple of both. None means those
    that the model has as `example_inputs`. Raises UsageError for anything else, and for inputs that are missing.
    """
    framework = framework_of(model)
    if framework is None:
        said = f"a {type(model).__name__} is no model of PyTorch or TensorFlow"
        raise UsageError(said, cure="give a torch.nn.Module, an ExportedProgram, a Keras model, a tf.function, or a SOURCE")
    if inputs is None:
        inputs = getattr(model, "example_inputs", None)
        inputs = inputs() if callable(inputs) else inputs
    source = Source(type(model).__name__, _kind(model, framework))

    def ask(request: Mapping[str, Any]) -> dict[str, Any]:
        with tempfile.TemporaryDirectory(prefix="graphfix-") as scratch:
            asked = {**request, "scratch": scratch, "trust": True, "network": True}
            steps = _by_torch(model, inputs, asked) if framework == "torch" else _by_tensorflow(model, inputs, asked)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what exporters say to their own developers
                *_, answer = steps
            return {"seconds": answer.get("export_seconds", 0.0), **answer}

    attempts = tried(source, instructions, folder, roads(source, instructions, framework), ask, targets=targets)
    return chosen(source, attempts or [], _versions(framework), targets)


def _kind(model: Any, framework: str) -> Kind:
    if framework == "tensorflow":
        return Kind.KERAS
    torch = sys.modules["torch"]
    if isinstance(model, torch.nn.Module):
        return Kind.TORCHSCRIPT if isinstance(model, torch.jit.ScriptModule) else Kind.FACTORY
    return Kind.EXPORTED


def _by_torch(model: Any, inputs: Any, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    from graphfix.lowering import opening, steps, torch_lowering

    program = model if not isinstance(model, sys.modules["torch"].nn.Module) else None
    module = model if program is None else program.module()
    given = inputs if inputs is not None or program is None else program.example_inputs
    size = sum(tensor.nbytes for tensor in module.state_dict().values() if hasattr(tensor, "nbytes"))
    opened, told = opening.Opened(module, program, given, size), steps.Told()
    with _as_it_was(module):
        yield from steps.answers(told, torch_lowering.lowered(opened, request, told))


@contextlib.contextmanager
def _as_it_was(module: Any) -> Iterator[None]:
    """Put training modes, buffers and the state of random numbers back afterwards."""
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
                for buffer, was in buffers:
                    buffer.copy_(was)


def _by_tensorflow(model: Any, inputs: Any, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    from graphfix.lowering import steps, tensorflow_lowering, tensorflow_opening

    told = steps.Told()

    def opened() -> tensorflow_opening.Opened:
        return tensorflow_opening.of_object(model, inputs, request)

    yield from steps.answers(told, steps.opened(opened, lambda found: tensorflow_lowering.lowered(found, request, told)))


def _versions(framework: str) -> dict[str, str]:
    from graphfix.lowering.workshop import installed_versions

    return installed_versions(framework)
