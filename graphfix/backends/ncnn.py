"""ncnn: its converter pnnx reads the ONNX file, and ncnn loads and runs what pnnx wrote.

pnnx infers shapes by running the model in onnxruntime on numbers of its own, and dies of a signal where that run fails.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from typing import Any

NAME = "ncnn"
TITLE = "ncnn (pnnx)"
DISTRIBUTIONS = ("ncnn", "pnnx")
INSTALL = "graphfix backends install ncnn"
REQUIRES = (
    "--no-deps",  # pnnx asks for torch, which its converter of ONNX does without
    "ncnn==1.0.20261020",
    "pnnx==20261020",
    "onnx==1.23.2",
    "numpy",
    "protobuf",
    "ml_dtypes",
    "typing_extensions",
)
PYTHONS = ((3, 11), (3, 13))
RUNS_HERE = True
ARTIFACT = ".ncnn.param"

MODEL = "m.onnx"
PARAMETERS, WEIGHTS, SCRIPT = "m.ncnn.param", "m.ncnn.bin", "m_ncnn.py"
COLOUR = re.compile(r"\x1b\[[\d;]*m")
PROGRESS = re.compile(r"#{5,}|[\w ]+ \.\.\.|[┌├│└]|\w+ =|\w+ OPS =|FLOPS =|get inputshape|.*(?:cpuid_info|Unknown CPU vendor)")
"""Lines that pnnx prints about every model."""
LOGGED = re.compile(r"\d{4}-\d\d-\d\d [\d:.]+ \[\w:onnxruntime:[^]]*\] ?")
"""How onnxruntime begins a line; pnnx mostly says the same again."""
NODE = re.compile(
    r"while running (\w+) node|\b(\w+)\(-?\d+\) is not a registered"
    r"|\blayer (?:load_param \d+ )?(torch\.full|[A-Z]\w*?)(?:_\d+)? (?:not exists|failed)"
)
FED = re.compile(r'ex\.input\("in(\d+)", ncnn\.Mat\(in\d+\.numpy\(\), batch_index=(\d+)\)')
EXTRACTED = re.compile(r"out\.append\(torch\.from_numpy\(out\d+\.numpy\(batch_index=(\d+)\)")
HELD = {"float64": "float32", "int64": "int32", "uint64": "int32", "uint32": "int32", "bool": "uint8"}
"""What an array is converted to where ncnn has no elements of its size, as pnnx's own script does."""


MADE_OF = {"torch.full": "ConstantOfShape"}
"""The operators that pnnx makes layers of which ncnn does not have."""


def blamed(message: str) -> list[str]:
    """Operators in the converter's or the runtime's words; pnnx renames the nodes."""
    named = (next(filter(None, found)) for found in NODE.findall(message))
    return list(dict.fromkeys(MADE_OF.get(name, name) for name in named))


def start() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Import the runtime and find the converter's program; the function answers one request."""
    ncnn = importlib.import_module("ncnn")
    importlib.import_module("onnx")  # otherwise every forked child would import it
    found = importlib.util.find_spec("pnnx")  # its package imports torch
    if found is None or not found.submodule_search_locations:
        raise ImportError("there is no pnnx")
    program = os.path.join(found.submodule_search_locations[0], "pnnx")
    return functools.partial(ask, ncnn, program)


def ask(ncnn: Any, program: str, request: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Convert the request's model, and load what pnnx wrote."""
    import onnx

    try:
        model = onnx.load(request["model"], load_external_data=False)
        if any(tensor.external_data for tensor in model.graph.initializer):  # of which pnnx reads one file at most
            onnx.save(onnx.load(request["model"]), MODEL)
        else:
            os.symlink(request["model"], MODEL)
    except Exception as error:
        return {"stage": "load", "message": f"{type(error).__name__}: {error}"}
    held = {tensor.name for tensor in model.graph.initializer}
    inputs = [one for one in model.graph.input if one.name not in held]
    if said := convert(program, sizes(inputs, request["shapes"])):
        return {"stage": "convert", "message": said, "nodes": blamed(said)}
    net = ncnn.Net()
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_packed = net.opt.use_bf16_storage = False
    net.opt.num_threads = 1
    failed, words = heard(lambda: net.load_param(PARAMETERS) or net.load_model(WEIGHTS))
    if failed:
        said = words or f"ncnn returned {failed} for what pnnx wrote"
        return {"stage": "runtime", "message": said, "nodes": blamed(said)}
    names = [one.name for one in inputs]
    return {"stage": "ok", "write": write, "run": functools.partial(run, ncnn, net, names)}


def sizes(inputs: list[Any], shapes: dict[str, Any]) -> list[str]:
    """pnnx's option that fixes the shapes of all inputs; none where the request gives no shape."""
    import onnx

    if not shapes:
        return []
    fixed = []
    for one in inputs:
        tensor = one.type.tensor_type
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        dims = shapes.get(one.name, [dim.dim_value or 1 for dim in tensor.shape.dim])
        fixed.append(f"[{','.join(map(str, dims))}]{dtype.kind}{8 * dtype.itemsize}")
    return ["inputshape=" + ",".join(fixed)]


def convert(program: str, options: list[str]) -> str:
    """Run pnnx in the current folder; returns why it wrote no model, empty where it did."""
    done = subprocess.run(
        [program, MODEL, "fp16=0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode == 0 and os.path.exists(PARAMETERS):
        return ""
    if done.returncode < 0:
        ended = f"pnnx was killed by {signal.Signals(-done.returncode).name}"
    else:
        ended = f"pnnx ended with {done.returncode}" if done.returncode else "pnnx wrote no model for ncnn"
    return ": ".join(filter(None, (ended, last_words(done.stdout))))


def last_words(log: str) -> str:
    """The last lines of a log that are about this model, each once."""
    lines = [COLOUR.sub("", line).strip() for line in log.splitlines()]
    told = [line for line in lines if line and not PROGRESS.match(line)]
    told = [line for line in told if not LOGGED.match(line)] or [LOGGED.sub("", line) for line in told]
    return " ".join(list(dict.fromkeys(told))[-3:])


def heard(call: Callable[..., Any], *arguments: Any) -> tuple[Any, str]:
    """What a native function returns, and the last words that it prints as errors."""
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        before = os.dup(2)
        os.dup2(log.fileno(), 2)
        try:
            found = call(*arguments)
        finally:
            os.dup2(before, 2)
            os.close(before)
        log.seek(0)
        return found, last_words(log.read())


def write(path: str) -> None:
    """Copy the network to a path, and its weights beside it with the suffix `.bin`."""
    shutil.copy(PARAMETERS, path)
    shutil.copy(WEIGHTS, path.removesuffix(".param") + ".bin")


def run(ncnn: Any, net: Any, names: list[str], given: dict[str, Any], expected: dict[str, Any]) -> list[tuple[str, Any]]:
    """The outputs of a loaded network, by their expected names or places."""
    import numpy as np

    with open(SCRIPT) as source:
        script = source.read()
    extractor = net.create_extractor()
    for place, batch in FED.findall(script):
        array = np.atleast_1d(np.asarray(given[names[int(place)]]))
        held = np.ascontiguousarray(array.astype(HELD.get(array.dtype.name, array.dtype.name)))
        extractor.input(f"in{place}", ncnn.Mat(held, batch_index=int(batch)).clone())
    outputs = []
    for place, batch in enumerate(EXTRACTED.findall(script)):
        (failed, found), words = heard(extractor.extract, f"out{place}")
        if failed:
            raise RuntimeError(f"ncnn returned {failed} for output {place}: {words}".rstrip(": "))
        array = found.numpy(batch_index=int(batch))
        wanted = list(expected.values())[place] if place < len(expected) else None
        outputs.append((f"out{place}", array if wanted is None else elements(array, wanted)))
    return outputs


def elements(array: Any, wanted: Any) -> Any:
    """The array, or its bytes as integers where these are wanted and it holds them: ncnn does not tell which they are."""
    if wanted.dtype.kind not in "iub" or array.dtype.name != "float32" or array.size != wanted.size:
        return array
    return array if (array.reshape(wanted.shape) == wanted).all() else array.view("int32")
