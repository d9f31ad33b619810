"""Opening of torch sources: factories in Python, TorchScript, ExportedPrograms and pickles, with files of weights.

A pickle can run code: without `trust` files may hold tensors and plain values alone.
"""

from __future__ import annotations

import contextlib
import importlib
import pickle
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy
import torch

from graphfix.lowering.factory import RequestError, load_object
from graphfix.lowering.inspection import NATIVE, TRUST, UNSAFE, inspect_exported, is_plain_arithmetic


@dataclass(slots=True)
class OpenedModel:
    """An opened source: the module, its ExportedProgram where it is one, example inputs where it has some, bytes of weights.

    `delegated` is what a converter says of the operators that a delegate runs, once it has converted the model. `kept` are
    the operators that are not decomposed into core ATen.
    """

    model: Any
    program: Any = None
    examples: Any = None
    bytes: int = 0
    delegated: dict[str, Any] | None = None
    kept: Sequence[str] = ()


def open_source(request: Mapping[str, Any]) -> OpenedModel:
    """Open the source of a request; RequestError where that needs trust, or it is no torch model."""
    kind, path = request["kind"], request["path"]
    if kind == "factory":
        opened = open_factory(request)
    elif kind == "torchscript":
        opened = OpenedModel(torch.jit.load(path, map_location="cpu"))
    elif kind == "exported-program":
        if not request["trust"]:
            inspect_exported(path)
        with restricted_loading(trust=request["trust"]):
            program = torch.export.load(path)
        opened = OpenedModel(program.module(), program, program.example_inputs)
    else:
        if request["trust"]:
            sys.path.insert(0, request["cwd"])  # for the classes that the pickle names
        opened = OpenedModel(unpickle(path, trust=request["trust"]))
    model = opened.model
    if not isinstance(model, torch.nn.Module):
        if "tensorflow" in sys.modules or "keras" in sys.modules:
            raise RequestError("not torch", stage="elsewhere")
        raise RequestError(*explain_not_a_model(model, kind))
    if request["weights"]:
        load_weights(model, request["weights"], trust=request["trust"])
    opened.bytes = sum(tensor.nbytes for tensor in model.state_dict().values() if isinstance(tensor, torch.Tensor))
    return opened


def explain_not_a_model(found: Any, kind: str) -> tuple[str, str]:
    """Return why an object is no model, and the next step."""
    if isinstance(found, Mapping) and kind == "pickle":
        return (
            "it holds weights and no model: the program they belong to is elsewhere",
            "name the program and hand it the weights, `package.module:factory --weights FILE`",
        )
    return (
        f"it is a {type(found).__name__}, not a torch.nn.Module",
        "name a module, a class of modules, or a function that returns one",
    )


def open_factory(request: Mapping[str, Any]) -> OpenedModel:
    """Open what `package.module:factory` names."""
    found, given = load_object(request)
    if isinstance(found, torch.export.ExportedProgram):
        return OpenedModel(found.module(), found, given if given is not None else found.example_inputs)
    return OpenedModel(found, examples=given)


@contextlib.contextmanager
def restricted_loading(*, trust: bool) -> Iterator[None]:
    """Unless trusted, restrict torch to loading tensors, plain values and plain sizes inside this context.

    torch.export.load falls back to unpickling anything, evaluates sizes and loads native libraries. It reads archives by
    code of its own, which may see other content in a file than `inspection` did; hence these checks while it loads.
    """
    if trust:
        yield
        return
    load, sympify = torch.load, sympy.sympify

    def load_weights_only(*args: Any, **options: Any) -> Any:
        try:
            return load(*args, **{**options, "weights_only": True})
        except Exception as error:
            raise RequestError(UNSAFE, f"{named_global(error)}{TRUST}", "refused") from None

    def sympify_plain(text: Any, *args: Any, **options: Any) -> Any:
        if isinstance(text, str) and not is_plain_arithmetic(text):
            raise RequestError(f"a size in it is `{text[:60]}`, which would run as Python when it is opened", TRUST, "refused")
        return sympify(text, *args, **options)

    def refuse_unpickling(*_: Any, **__: Any) -> Any:
        raise RequestError(UNSAFE, TRUST, "refused")

    def refuse_library(*_: Any, **__: Any) -> Any:
        raise RequestError(NATIVE, TRUST, "refused")

    libraries = None
    with contextlib.suppress(ImportError):  # older releases have no such archives
        libraries = importlib.import_module("torch.export.pt2_archive._package")
    with contextlib.ExitStack() as stack:
        for owner, name, replacement in (
            (torch, "load", load_weights_only), (sympy, "sympify", sympify_plain),
            (torch._C, "_pickle_load_obj", refuse_unpickling), (pickle, "loads", refuse_unpickling),
            (pickle, "load", refuse_unpickling), (libraries, "_load_aoti", refuse_library),
        ):  # fmt: skip
            if hasattr(owner, name):
                stack.callback(setattr, owner, name, getattr(owner, name))
                setattr(owner, name, replacement)
        yield


def unpickle(path: str, *, trust: bool) -> Any:
    """Return what torch.load gives; without `trust` tensors and plain values alone."""
    with restricted_loading(trust=trust):
        return torch.load(path, map_location="cpu", weights_only=not trust)


def load_weights(model: Any, path: str, *, trust: bool) -> None:
    """Load a state dict, plain or under a checkpoint's usual keys, into a module; RequestError if it does not fit."""
    if path.endswith(".safetensors"):
        from safetensors.torch import load_file

        held: Any = load_file(path)
    else:
        held = load_state(path, trust=trust)
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(held, Mapping) and isinstance(held.get(key), Mapping):
            held = held[key]
    try:
        model.load_state_dict(held)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise RequestError(
            f"the weights in {path} do not fit: {shortened(error)}", "name the file that belongs to this module"
        ) from None


def load_state(path: str, *, trust: bool) -> Any:
    """Return what a file of weights holds; of a TorchScript program its state dict."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(name.endswith("/constants.pkl") for name in archive.namelist()):
                return torch.jit.load(path, map_location="cpu").state_dict()
    return unpickle(path, trust=trust)


def named_global(error: BaseException) -> str:
    """Return which global a refused pickle names, where torch's message tells it."""
    found = re.search(r"GLOBAL `?([\w.]+)", str(error))
    return f"it names {found[1]}; " if found else ""


def shortened(error: BaseException) -> str:
    """Return the beginning of an exception's message on one line."""
    return " ".join(str(error).split())[:200]
