"""Running flatbuffers in LiteRT: inputs and outputs in onnx2tf's layouts, at the sizes they have and at others.

The worker loads this file beside the adapter, in an interpreter without graphfix.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Outputs = list[tuple[str, Any]]
Compute = Callable[[Sequence[Any]], Outputs | None]

MOST_CHOICES = 16
"""The largest number of combinations of layouts that are tried where sizes do not tell the layout."""


def layouts(array: Any, *, given: bool) -> Iterator[Any]:
    """The array in either layout of onnx2tf for ranks 3 to 5: inputs with channels last, outputs with channels first again."""
    if 3 <= array.ndim <= 5:
        yield array.transpose(0, *range(2, array.ndim), 1) if given else array
        yield array if given else array.transpose(0, array.ndim - 1, *range(1, array.ndim - 1))
    else:
        yield array


def fitting(array: Any, shape: tuple[int, ...], *, given: bool) -> list[Any]:
    """Those layouts of the array that have this shape, the usual one first; scalars become one-element arrays and back."""
    if array.size == 1 and all(size == 1 for size in shape):
        return [array.reshape(shape)]
    return [one for one in layouts(array, given=given) if one.shape == shape]


def run(interpreter: Any, path: str, given: dict[str, Any], wanted: dict[str, Any]) -> Outputs | None:
    """What the flatbuffer computes; None where its inputs cannot be matched.

    onnx2tf moves channels last on most inputs and does not say on which; where the sizes fit both ways, the combination of
    layouts counts whose outputs are nearest to those wanted.
    """
    fits = feeds(interpreter.get_input_details(), given)
    return None if fits is None else nearest(fits, lambda arrays: invoke(interpreter, arrays, path, wanted), wanted)


def run_resized(flatbuffer: str, path: str, given: dict[str, Any], wanted: dict[str, Any]) -> Outputs | None:
    """What the flatbuffer computes once its inputs have the sizes of `given`, like `run`; raises what LiteRT raises."""
    from ai_edge_litert.interpreter import Interpreter

    fits = feeds(Interpreter(flatbuffer).get_input_details(), given, resizing=True)

    def resized(arrays: Sequence[Any]) -> Outputs | None:
        interpreter = Interpreter(flatbuffer)  # a failed allocation spoils an interpreter
        for detail, array in zip(interpreter.get_input_details(), arrays, strict=True):
            if array.shape != tuple(detail["shape"]):
                interpreter.resize_tensor_input(detail["index"], array.shape)
        interpreter.allocate_tensors()
        return invoke(interpreter, arrays, path, wanted)

    return None if fits is None else nearest(fits, resized, wanted)


def nearest(fits: Sequence[Sequence[Any]], compute: Compute, wanted: dict[str, Any]) -> Outputs | None:
    """The outputs nearest to those wanted, over the combinations of layouts; raises the first failure where all fail."""
    choices = itertools.islice(itertools.product(*fits), MOST_CHOICES if wanted else 1)
    best: Outputs | None = None
    failure: Exception | None = None
    for arrays in choices:
        try:
            outputs = compute(arrays)
        except Exception as error:
            failure = failure or error
            continue
        if outputs is None:
            return None
        best = outputs if best is None else min(best, outputs, key=lambda found: distance(found, wanted))
        if not wanted or distance(best, wanted) == 0:
            break
    if best is None and failure is not None:
        raise failure
    return best


def feeds(inputs: list[dict[str, Any]], given: dict[str, Any], *, resizing: bool = False) -> list[list[Any]] | None:
    """For each input of the interpreter the layouts of its array that fit; None where one has none.

    With `resizing` dims fit that the flatbuffer leaves dynamic; the size that these have in it is 1.
    """
    import numpy as np

    names = [detail["name"].removeprefix("serving_default_").split(":")[0] for detail in inputs]
    if not set(names) <= set(given):
        names = list(given)
    if len(names) != len(inputs):
        return None
    fits = []
    for name, detail in zip(names, inputs, strict=True):
        array, shape = np.asarray(given[name]), tuple(detail["shape"])
        fits.append(resizable(array, shape) if resizing else fitting(array, shape, given=True))
    return fits if all(fits) else None


def resizable(array: Any, shape: tuple[int, ...]) -> list[Any]:
    """Those layouts of the array whose sizes are those of the shape except where it has 1, the usual layout first."""
    if array.size == 1 and len(shape) <= 1:
        return [array.reshape(shape)]
    same = [one for one in layouts(array, given=True) if one.ndim == len(shape)]
    return [one for one in same if all(there in (1, size) for size, there in zip(one.shape, shape, strict=True))]


def invoke(interpreter: Any, arrays: Sequence[Any], path: str, wanted: dict[str, Any]) -> Outputs | None:
    """Outputs in ONNX's layout, by name; None where their number is another."""
    interpreter.reset_all_variables()  # recurrent layers keep their states between two runs
    for detail, array in zip(interpreter.get_input_details(), arrays, strict=True):
        interpreter.set_tensor(detail["index"], array.astype(detail["dtype"]))
    interpreter.invoke()
    found = [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]
    shapes = {name: array.shape for name, array in wanted.items()} or declared(path)
    if len(found) != len(shapes):
        return None
    named = []
    for array, (name, shape) in zip(found, shapes.items(), strict=True):
        fits = fitting(array, tuple(shape), given=False) or [array]
        if len(fits) > 1 and name in wanted:
            fits.sort(key=lambda one: astray(one, wanted[name]))
        named.append((name, fits[0]))
    return named


def declared(path: str) -> dict[str, tuple[int, ...]]:
    """Static output shapes by name, in order, as far as the model declares them."""
    import onnx

    graph = onnx.load(path, load_external_data=False).graph
    return {o.name: tuple(d.dim_value for d in o.type.tensor_type.shape.dim) for o in graph.output}


def distance(outputs: Outputs, wanted: dict[str, Any]) -> float:
    """How far outputs are from those wanted: the shares of wrong elements added up, 1 for an output of another size."""
    return sum(astray(array, wanted[name]) if array.size == wanted[name].size else 1.0 for name, array in outputs)


def astray(array: Any, wanted: Any) -> float:
    """The share of elements that are not what was wanted."""
    import numpy as np

    got, want = array.reshape(wanted.shape).astype("float64"), wanted.astype("float64")
    return float(np.mean(~np.isclose(got, want, rtol=1e-2, atol=1e-2, equal_nan=True))) if got.size else 0.0
