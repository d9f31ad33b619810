"""tract: Sonos' inference engine, through its `tract` Python package."""

from __future__ import annotations

import ctypes
import functools
import math
import os
import re
from collections.abc import Callable
from typing import Any, NamedTuple

NAME = "tract"
TITLE = "tract"
DISTRIBUTIONS = ("tract",)
INSTALL = "pip install 'graphfix[tract]'"
REQUIRES = ("tract==0.23.9",)
PYTHONS = ((3, 9), (3, 14))
RUNS_HERE = True
ARTIFACT = ".nnef.tgz"
RUNS_UNWRITTEN = True
"""tract runs models for which it has no NNEF notation."""

NODE = re.compile(r'node #\d+ "([^"]+)"|Building node +(?:(\S+) )?\((\w+)\)')


DATUM = {"bool": 0x01, "u": 0x10, "i": 0x20, "f": 0x30}
"""What the older packages' C interface calls a dtype: its kind, and for all but bool its size in bytes added."""


def blamed(message: str) -> list[str]:
    """Nodes named in tract's chain of causes, innermost last; a nameless one by its operator."""
    return list(dict.fromkeys(next(filter(None, found)) for found in NODE.findall(message)))


class PackageApi(NamedTuple):
    """What one version of the package calls the steps from a file to a typed model, to one that runs, and to NNEF.

    `value` makes of an array what a model takes, `array` makes one of what it gives.
    """

    load: Callable[[str], Any]
    typed: Callable[[Any], Any]
    runnable: Callable[[Any], Any]
    nnef: Callable[[], Any]
    value: Callable[[Any], Any]
    array: Callable[[Any], Any]


def package_api(tract: Any) -> PackageApi:
    """The steps of an imported package: since 0.23 typing declutters and running optimises, before both were to be asked for."""
    loader = tract.onnx()

    def nnef() -> Any:
        found = tract.nnef()
        if hasattr(found, "with_tract_core"):
            found = found.with_tract_core()  # later versions have it unless told otherwise
        return found.with_onnx().with_tract_extra().with_extended_identifier_syntax()

    if hasattr(tract.InferenceModel, "into_model"):
        return PackageApi(
            loader.load,
            lambda model: model.into_model(),
            lambda typed: typed.into_runnable(),
            nnef,
            lambda array: array,
            lambda value: value.to_numpy(),
        )
    return PackageApi(
        loader.model_for_path,
        lambda model: model.into_typed().into_decluttered(),
        lambda typed: typed.into_optimized().into_runnable(),
        nnef,
        lambda array: _value(tract, array),
        lambda value: _array(tract, value),
    )


def _value(tract: Any, array: Any) -> Any:
    """An array as the older packages' `Value`; their own way gives a scalar a dim."""
    import numpy as np

    flat = np.require(array, requirements="C")
    kind = flat.dtype.kind
    code = DATUM["bool"] if kind == "b" else DATUM[kind] + flat.dtype.itemsize
    shape = (ctypes.c_size_t * flat.ndim)(*flat.shape)
    pointer = ctypes.c_void_p()
    rank, data = ctypes.c_size_t(flat.ndim), ctypes.c_void_p(flat.ctypes.data)
    tract.bindings.check(tract.bindings.lib.tract_value_from_bytes(code, rank, shape, data, ctypes.byref(pointer)))
    return tract.Value(pointer)


def _array(tract: Any, value: Any) -> Any:
    """The array in an older package's `Value`; their own way reads every dtype as float32."""
    import numpy as np

    datum, rank = ctypes.c_int(), ctypes.c_size_t()
    shape, data = ctypes.POINTER(ctypes.c_size_t)(), ctypes.c_void_p()
    found = tract.bindings.lib.tract_value_as_bytes(value.ptr, *map(ctypes.byref, (datum, rank, shape, data)))
    tract.bindings.check(found)
    family, size = divmod(datum.value, 16)
    kinds = {code >> 4: kind for kind, code in DATUM.items()}
    dtype = np.dtype("bool" if family == 0 else f"{kinds[family]}{size}")
    dims = shape[: rank.value]
    return np.frombuffer(ctypes.string_at(data, math.prod(dims) * dtype.itemsize), dtype).reshape(dims)


def start() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Import the engine; the function answers one request."""
    os.environ["RUST_LIB_BACKTRACE"] = "0"  # a backtrace costs 0.3 s a rejection and drowns the reason
    import tract

    return functools.partial(ask, package_api(tract))


def ask(api: PackageApi, request: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Load, type and optimise the request's model."""
    try:
        model = api.load(request["model"])
    except Exception as error:
        return rejected("load", error)
    try:
        typed = api.typed(fixed(model, request["shapes"]))
    except Exception as error:
        return rejected("convert", error)
    try:
        names = [typed.input_name(at) for at in range(typed.input_count())]
        results = [typed.output_name(at) for at in range(typed.output_count())]
        runnable = api.runnable(typed)
    except Exception as error:
        return rejected("compile", error)
    return {
        "stage": "ok",
        "write": functools.partial(write, api, request),
        "run": functools.partial(run, api, runnable, names, results),
        "runs_unwritten": RUNS_UNWRITTEN,
    }


def rejected(stage: str, error: Exception) -> dict[str, Any]:
    """The answer about a model that a step refused."""
    return {"stage": stage, "message": str(error), "nodes": blamed(str(error))}


def fixed(model: Any, shapes: dict[str, Any]) -> Any:
    """The model with these shapes for its inputs."""
    for at in range(model.input_count()):
        shape = shapes.get(model.input_name(at))
        if shape:
            dtype = str(model.input_fact(at)).split(",")[-1]
            model.set_input_fact(at, ",".join([*map(str, shape), dtype]))
    return model


def write(api: PackageApi, request: dict[str, Any], path: str) -> None:
    """Write the request's model as NNEF, loaded anew: the model that was compiled is used up."""
    again = api.typed(fixed(api.load(request["model"]), request["shapes"]))
    api.nnef().write_model_to_tar_gz(again, path)


def run(
    api: PackageApi, runnable: Any, names: list[str], results: list[str], given: dict[str, Any], expected: dict[str, Any]
) -> list[tuple[str, Any]]:
    """The outputs of a runnable model, by name."""
    found = runnable.run([api.value(given[name]) for name in names])
    return [(name, api.array(value)) for name, value in zip(results, found, strict=True)]
