"""Answer one request in this process: read the inputs, compile, write the artifact, and run and compare it.

The worker's forked child runs this in the compiler's own interpreter: it imports only the standard library, and numpy
where there are arrays.
"""

from __future__ import annotations

import contextlib
import functools
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

Request = dict[str, Any]
Answer = dict[str, Any]
Arrays = dict[str, Any]
Ask = Callable[[Request, Arrays], Answer]

TOLERANCE = 1e-2  # relative and absolute, for outputs to count as a match
MAX_MESSAGE = 6000  # characters kept of a compiler's message
PAIRED_SECONDS, MOST_PAIRS, LEAST_PAIRS = 4.0, 200, 5  # how long two models run in turn to be timed


def compare(got: Any, want: Any) -> tuple[bool, float]:
    """Return whether two arrays agree, and the largest |got - want| / max(1, largest |want|); infinite for other dims.

    A vector and a scalar of one element are the same; with more axes the rank has to be the same too.
    """
    import numpy as np

    got = np.asarray(got)
    if got.size != want.size or (got.ndim != want.ndim and max(got.ndim, want.ndim) > 2):
        return False, float("inf")
    got = got.reshape(want.shape)
    if want.dtype.kind in "fc":
        wide = "complex128" if want.dtype.kind == "c" else "float64"
        got, want = got.astype(wide), want.astype(wide)
        with np.errstate(all="ignore"):
            same = (got == want) | (np.isnan(got) & np.isnan(want))
            gap = np.where(same, 0.0, np.abs(got - want))
            scale = max(1.0, float(np.max(np.abs(want), where=np.isfinite(want), initial=0.0)))
        gap = np.where(np.isnan(gap), np.inf, gap)
        agree = bool(np.allclose(got, want, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True))
        return agree, float(np.max(gap, initial=0.0)) / scale
    if bool((got == want).all()):
        return True, 0.0
    if want.dtype.kind not in "iub" or got.dtype.kind not in "iubf":
        return False, float("inf")
    gap = np.abs(got.astype("float64") - want.astype("float64"))
    return False, float(gap.max()) / max(1.0, float(np.abs(want.astype("float64")).max()))


def named_outputs(outputs: list[tuple[str, Any]], expected: Arrays) -> Arrays:
    """Return arrays by out:NAME. Compilers rename outputs but keep their order, so the expected names are preferred."""
    import numpy as np

    found: Arrays = {}
    names = list(expected) if len(expected) == len(outputs) else [name for name, _ in outputs]
    for name, (_, array) in zip(names, outputs, strict=True):
        found[f"out:{name}:{len(found)}" if f"out:{name}" in found else f"out:{name}"] = np.asarray(array)
    return found


def compared_outputs(outputs: list[tuple[str, Any]], expected: Arrays) -> Answer:
    """Return what the answer says of outputs beside those expected; `differs` says how, where no number does."""
    if len(outputs) != len(expected):
        return {"numerics": "differ", "error": float("inf"), "differs": f"returns {len(outputs)} outputs for {len(expected)}"}
    arrays = [(got, want) for (_, got), want in zip(outputs, expected.values(), strict=True)]
    pairs = [compare(got, want) for got, want in arrays]
    agree = all(same for same, _ in pairs)
    unlike = next((difference(*arrays[at]) for at, (_, error) in enumerate(pairs) if error == float("inf")), "")
    found = {"numerics": "match" if agree else "differ", "error": max((error for _, error in pairs), default=0.0)}
    return {**found, "differs": unlike} if unlike else found


def difference(got: Any, want: Any) -> str:
    """Say in what two arrays differ of which no number says how far they are apart: dims, infinities, or their kind."""
    import numpy as np

    got = np.asarray(got)
    if got.size != want.size:
        return _other_shape(got, want)
    if got.ndim != want.ndim and max(got.ndim, want.ndim) > 2:
        values = "equal" if compare(got.reshape(want.shape), want)[0] else "other"
        return f"{_other_shape(got, want)}, with {values} values"
    if got.dtype.kind not in "iubfc" or want.dtype.kind not in "iubfc":
        return "returns other elements"
    got = got.reshape(want.shape)
    lost = bool((~np.isfinite(got) & np.isfinite(want)).any())
    return "returns infinity or NaN for numbers" if lost else "returns other numbers for infinity or NaN"


def _other_shape(got: Any, want: Any) -> str:
    return f"returns {list(got.shape)} for {list(want.shape)}"


def run_model(answer: Answer, request: Request, given: Arrays, expected: Arrays) -> Answer:
    """Run an accepted model; its outputs go to `results`, and the answer gains their comparison where some are expected."""
    try:
        outputs = answer.pop("run")(given, expected)
        compared = compared_outputs(outputs, expected) if outputs is not None and expected else {}
    except Exception as error:
        return {**answer, "numerics": "error", "message": f"{type(error).__name__}: {error}"[:MAX_MESSAGE]}
    if outputs is None:
        return answer
    if request["results"]:
        import numpy as np

        with open(request["results"], "wb") as sink:
            np.savez(sink, **named_outputs(outputs, expected))
    return {**answer, **compared}


def run_further(run: Callable[[Arrays, Arrays], Any], request: Request) -> None:
    """Run an accepted model on more inputs until one fails; the outputs on each go to the file beside it."""
    import numpy as np

    for inputs, results in request.get("further") or []:
        given, expected = read_arrays(inputs)
        try:
            outputs = run(given, expected)
        except Exception:  # the answer is about the first inputs; these are as many as ran
            return
        if outputs is None:
            return
        with open(results, "wb") as sink:
            np.savez(sink, **named_outputs(outputs, expected))


def run_resized(answer: Answer, run: Callable[[Arrays, Arrays], Any], paths: list[str]) -> Iterator[Answer]:
    """Yield the answer with what came of running the model at other sizes, until one run does not give what is expected.

    Each file holds inputs and expected outputs. What is yielded before the last answer holds if a run crashes.
    """
    last: Answer | None = None
    for place, path in enumerate(paths):
        given, expected = read_arrays(path)
        yield {**answer, "resized": {"result": "fails", "place": place}, "last": False}
        try:
            outputs = run(given, expected)
        except Exception as error:
            last = {"result": "fails", "place": place, "message": f"{type(error).__name__}: {error}"[:MAX_MESSAGE]}
            break
        if outputs is None:
            continue
        compared = compared_outputs(outputs, expected) if expected else {"numerics": "match", "error": None}
        last = {"result": "works" if compared["numerics"] == "match" else "wrong", "place": place, "error": compared["error"]}
        if unlike := _other_dims(outputs, expected):  # a size that the conversion has written down where it is dynamic
            last |= {"result": "wrong", "message": unlike, "error": float("inf")}
        if last["result"] == "wrong":
            break
    yield {**answer, "resized": last}


def _other_dims(outputs: list[tuple[str, Any]], expected: Arrays) -> str:
    """Say which output has other dims than expected, in any order of axes; empty where none has."""
    for (_, got), want in zip(outputs, expected.values(), strict=False):
        if got.ndim == want.ndim and sorted(got.shape) != sorted(want.shape):
            return _other_shape(got, want)
    return ""


def paired_medians(ask: Ask, request: Request, answer: Answer, given: Arrays, expected: Arrays) -> list[float] | None:
    """Return the median seconds of a run of the request's model and of the model `paired`, which run in turn.

    Both are in this process and see the same load of the machine; None where the other model is rejected or does not run.
    """
    os.makedirs("paired")
    home = os.getcwd()
    os.chdir("paired")  # adapters write files into the folder that they are in
    try:
        other = {"message": "", **ask({**request, "model": request["paired"]}, given)}
    finally:
        os.chdir(home)
    if other["stage"] != "ok" or not other.get("run"):
        return None
    timed: list[list[float]] = [[], []]
    calls = []
    for one in (answer, other):
        if one["run"](given, expected) is None:
            return None
        calls.append(one.get("again") or functools.partial(one["run"], given, expected))
    until = time.perf_counter() + PAIRED_SECONDS
    while len(timed[0]) < MOST_PAIRS and (len(timed[0]) < LEAST_PAIRS or time.perf_counter() < until):
        for call, seconds in zip(calls, timed):  # noqa: B905 (Python 3.9)
            started = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - started)
    return [sorted(seconds)[len(seconds) // 2] for seconds in timed]


def read_arrays(path: str) -> tuple[Arrays, Arrays]:
    """Return the in:NAME and the out:NAME arrays of an .npz, by NAME."""
    import numpy as np

    with np.load(path, allow_pickle=False) as arrays:
        given = {key[3:]: arrays[key] for key in arrays.files if key.startswith("in:")}
        return given, {key[4:]: arrays[key] for key in arrays.files if key.startswith("out:")}


def respond(ask: Ask, request: Request) -> Iterator[Answer]:
    """Yield the answer; where the model is run, first the answer that holds if the run crashes or does not end."""
    given: Arrays | None = {} if request["run"] else None
    expected: Arrays = {}
    if request["inputs"]:
        given, expected = read_arrays(request["inputs"])
    started = time.perf_counter()
    answer = {"message": "", "nodes": [], "numerics": None, "error": None, **ask(request, given or {})}
    answer["seconds"] = time.perf_counter() - started
    message = answer["message"]
    answer["message"] = message[:MAX_MESSAGE]
    if answer["stage"] != "ok" and ("MemoryError" in message or "bad_alloc" in message):
        answer["stage"] = "crash"  # the memory bound was reached, which does not show what is supported
    write_artifact = answer.pop("write", None)
    if request["output"] and write_artifact is not None:
        try:
            write_artifact(request["output"])
        except Exception as error:
            message = f"{type(error).__name__}: {error}"[:MAX_MESSAGE]
            answer |= (
                {"message": message} if answer.get("runs_unwritten") else {"stage": "build", "message": message, "run": None}
            )
            with contextlib.suppress(OSError):
                os.remove(request["output"])  # a partly written file
    run_at_sizes = answer.pop("run_resized", None)
    again = answer.pop("again", None)
    if given is not None and answer.get("run"):
        yield {**answer, "run": None, "numerics": "error", "last": False}
        runner = {"run": answer["run"], "again": again}
        answer = run_model(answer, request, given, expected)
        if answer["numerics"] != "error":
            run_further(runner["run"], request)
        if request.get("paired") and answer["numerics"] != "error":
            yield {**answer, "last": False}
            answer["medians"] = paired_medians(ask, request, runner, given, expected)
    answer = {key: value for key, value in answer.items() if key not in ("run", "runs_unwritten")}
    if run_at_sizes is not None and request.get("resized"):
        for found in run_resized(answer, run_at_sizes, request["resized"]):
            if found.get("last", True):
                answer = found
            else:
                yield found
    yield {**answer, "last": True}
