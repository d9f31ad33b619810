"""tract: Sonos' inference engine, through its `tract` Python package."""

from __future__ import annotations

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

NODE = re.compile(r'node #\d+ "([^"]+)"|Building node +(?:(\S+) )?\((\w+)\)')


def blamed(message: str) -> list[str]:
    """Nodes named in tract's chain of causes, innermost last; a nameless one by its operator."""
    return list(dict.fromkeys(next(filter(None, found)) for found in NODE.findall(message)))


class Steps(NamedTuple):
    """What one version of the package calls the steps from a file to a typed model, to one that runs, and to NNEF."""

    load: Callable[[str], Any]
    typed: Callable[[Any], Any]
    runnable: Callable[[Any], Any]
    nnef: Callable[[], Any]


def steps(tract: Any) -> Steps:
    """The steps of an imported package: since 0.23 typing declutters and running optimises, before both were to be asked for."""
    loader = tract.onnx()

    def nnef() -> Any:
        found = tract.nnef()
        if hasattr(found, "with_tract_core"):
            found = found.with_tract_core()  # later versions have it unless told otherwise
        return found.with_onnx().with_tract_extra().with_extended_identifier_syntax()

    if hasattr(tract.InferenceModel, "into_model"):
        return Steps(loader.load, lambda model: model.into_model(), lambda typed: typed.into_runnable(), nnef)
    return Steps(
        loader.model_for_path,
        lambda model: model.into_typed().into_decluttered(),
        lambda typed: typed.into_optimized().into_runnable(),
        nnef,
    )


def start() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Import the engine; the function answers one request."""
    os.environ["RUST_LIB_BACKTRACE"] = "0"  # a backtrace costs 0.3 s a rejection and drowns the reason
    import tract

    step = steps(tract)

    def rejected(stage: str, error: Exception) -> dict[str, Any]:
        return {"stage": stage, "message": str(error), "nodes": blamed(str(error))}

    def ask(request: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        def fixed(model: Any) -> Any:
            for at in range(model.input_count()):
                shape = request["shapes"].get(model.input_name(at))
                if shape:
                    dtype = str(model.input_fact(at)).split(",")[-1]
                    model.set_input_fact(at, ",".join([*map(str, shape), dtype]))
            return model

        try:
            model = step.load(request["model"])
        except Exception as error:
            return rejected("load", error)
        try:
            typed = step.typed(fixed(model))
        except Exception as error:
            return rejected("convert", error)
        try:
            names = [typed.input_name(at) for at in range(typed.input_count())]
            results = [typed.output_name(at) for at in range(typed.output_count())]
            runnable = step.runnable(typed)
        except Exception as error:
            return rejected("compile", error)

        def write(path: str) -> None:
            again = step.typed(fixed(step.load(request["model"])))  # the first one is used up
            step.nnef().write_model_to_tar_gz(again, path)

        def run(given: dict[str, Any], expected: dict[str, Any]) -> list[tuple[str, Any]]:
            found = runnable.run([given[name] for name in names])
            return [(name, value.to_numpy()) for name, value in zip(results, found, strict=True)]

        # tract runs models for which it has no NNEF notation.
        return {"stage": "ok", "write": write, "run": run, "runs_unwritten": True}

    return ask
