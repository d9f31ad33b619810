"""Opening what torch users keep models in: a factory in Python, TorchScript, an ExportedProgram, a file of weights.

A pickle is code. Without `trust` files are opened so that they can hold tensors and plain values alone.
"""

from __future__ import annotations

import contextlib
import importlib
import pickle
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy
import torch

from graphfix.lowering.factory import Refused, made
from graphfix.lowering.inspection import NATIVE, TRUST, UNSAFE, arithmetic, inspect_exported


@dataclass(slots=True)
class Opened:
    """An opened source: the module, the ExportedProgram where it was one, example inputs that came along, bytes of weights."""

    model: Any
    program: Any = None
    examples: Any = None
    bytes: int = 0


def opened(request: Mapping[str, Any]) -> Opened:
    """The source of a request, opened; Refused when it may not be, or is not a model."""
    kind, path = request["kind"], request["path"]
    if kind == "factory":
        found = from_factory(request)
    elif kind == "torchscript":
        found = Opened(torch.jit.load(path, map_location="cpu"))
    elif kind == "exported-program":
        if not request["trust"]:
            inspect_exported(path)
        with guarded(trust=request["trust"]):
            program = torch.export.load(path)
        found = Opened(program.module(), program, program.example_inputs)
    else:
        if request["trust"]:
            sys.path.insert(0, request["cwd"])  # where the classes that it names may be
        found = Opened(unpickled(path, trust=request["trust"]))
    model = found.model
    if not isinstance(model, torch.nn.Module):
        if "tensorflow" in sys.modules or "keras" in sys.modules:
            raise Refused("not torch", stage="elsewhere")
        raise Refused(*not_a_model(model, kind))
    if request["weights"]:
        load_weights(model, request["weights"], trust=request["trust"])
    found.bytes = sum(tensor.nbytes for tensor in model.state_dict().values() if isinstance(tensor, torch.Tensor))
    return found


def not_a_model(found: Any, kind: str) -> tuple[str, str]:
    """Why something is no model, and the next step."""
    if isinstance(found, Mapping) and kind == "pickle":
        return (
            "it holds weights and no model: the program they belong to is elsewhere",
            "name the program and hand it the weights, `package.module:factory --weights FILE`",
        )
    return (
        f"it is a {type(found).__name__}, not a torch.nn.Module",
        "name a module, a class of modules, or a function that returns one",
    )


def from_factory(request: Mapping[str, Any]) -> Opened:
    """What `package.module:factory` names."""
    found, given = made(request)
    if isinstance(found, torch.export.ExportedProgram):
        return Opened(found.module(), found, given if given is not None else found.example_inputs)
    return Opened(found, examples=given)


@contextlib.contextmanager
def guarded(*, trust: bool) -> Iterator[None]:
    """While it lasts torch opens tensors, plain values and plain sizes alone, whatever the archive makes it ask for.

    torch.export.load falls back to unpickling anything, evaluates sizes and loads native libraries. It reads archives by
    code of its own, which may see another content in a file than `inspection` did.
    """
    if trust:
        yield
        return
    load, sympify = torch.load, sympy.sympify

    def careful(*args: Any, **options: Any) -> Any:
        try:
            return load(*args, **{**options, "weights_only": True})
        except Exception as error:
            raise Refused(UNSAFE, f"{named(error)}{TRUST}", "refused") from None

    def plain(text: Any, *args: Any, **options: Any) -> Any:
        if isinstance(text, str) and not arithmetic(text):
            raise Refused(f"a size in it is `{text[:60]}`, which opening it would run as Python", TRUST, "refused")
        return sympify(text, *args, **options)

    def never(*_: Any, **__: Any) -> Any:
        raise Refused(UNSAFE, TRUST, "refused")

    def native(*_: Any, **__: Any) -> Any:
        raise Refused(NATIVE, TRUST, "refused")

    libraries = None
    with contextlib.suppress(ImportError):  # older releases have no such archives
        libraries = importlib.import_module("torch.export.pt2_archive._package")
    with contextlib.ExitStack() as stack:
        for place, name, instead in (
            (torch, "load", careful), (sympy, "sympify", plain), (torch._C, "_pickle_load_obj", never),
            (pickle, "loads", never), (pickle, "load", never), (libraries, "_load_aoti", native),
        ):  # fmt: skip
            if hasattr(place, name):
                stack.callback(setattr, place, name, getattr(place, name))
                setattr(place, name, instead)
        yield


def unpickled(path: str, *, trust: bool) -> Any:
    """What torch.load gives; without `trust` tensors and plain values alone."""
    with guarded(trust=trust):
        return torch.load(path, map_location="cpu", weights_only=not trust)


def load_weights(model: Any, path: str, *, trust: bool) -> None:
    """Put a state dict, plain or under a checkpoint's usual keys, into a module; Refused where it does not fit."""
    if path.endswith(".safetensors"):
        from safetensors.torch import load_file

        held: Any = load_file(path)
    else:
        held = state(path, trust=trust)
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(held, Mapping) and isinstance(held.get(key), Mapping):
            held = held[key]
    try:
        model.load_state_dict(held)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise Refused(f"the weights in {path} do not fit: {first(error)}", "name the file that belongs to this module") from None


def state(path: str, *, trust: bool) -> Any:
    """What a file of weights holds; a program of TorchScript is opened as one for its own."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(name.endswith("/constants.pkl") for name in archive.namelist()):
                return torch.jit.load(path, map_location="cpu").state_dict()
    return unpickled(path, trust=trust)


def named(error: BaseException) -> str:
    """What a refused pickle names, where torch says it."""
    found = re.search(r"GLOBAL `?([\w.]+)", str(error))
    return f"it names {found[1]}; " if found else ""


def first(error: BaseException) -> str:
    """The first lines of what an exception says, as one."""
    return " ".join(str(error).split())[:200]
