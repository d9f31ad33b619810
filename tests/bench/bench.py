"""How long reading and linting take, against `import onnx`: `python tests/bench/bench.py [MODEL]`.

Each figure is the best of several runs of a fresh process, taken in turn with runs of the baseline so that both see
the same machine. Besides MODEL (say, a small one that is linted often) a 1.5 GB model, two of many nodes, and one of
5 GB that a web server sends by ranges are written to a temporary folder, and removed
again. The bars that a figure is measured against stand behind it.
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from graphfix.ir.wire_format import varint

ROOT = Path(__file__).resolve().parent.parent.parent
BASELINE = ["-c", "import onnx"]
MOST_BYTES = 4 << 30
"""Address space of a measured process: one that runs away fails alone, and does not take the machine with it."""
LARGE = (
    ("1.5 GB in 6 matrices", 6, [62_500, 1_000]),
    ("1.5 GB in 6 vectors", 6, [62_500_000]),
    ("1.5 GB in 20000 matrices", 20_000, [75, 250]),
)
OPSET = b"\x42\x04\x0a\x00\x10\x11"
"""The field opset_import: "" at 17."""
REMOTE = ("5 GB, 1.5 of them in the file", 20, [62_500, 1_000], 6)
"""The model that is read by ranges from a server on this machine; protobuf allows a file no more than 2 GiB."""
KILOBYTES = 1_000
"""The bar of what is transferred of it: its graph, and not its weights."""
NODES = 200_000
"""The nodes of the long model, in blocks like those of a transformer."""
RATIO, MICROSECONDS, MEBIBYTES, FIX_SECONDS, LIGHT = 1.3, 50, 525, 5, 0.06
"""The bars: lint of MODEL against `import onnx`, computing a node for five targets, memory of `NODES`, and computing of `fix`
of 20,000 nodes and of a command that reads no model."""
LIGHT_COMMANDS = (("config",), ("explain", "GF103"), ("explain", "Softmax"), ("completion", "bash"))
FORBIDDEN = (
    "onnxruntime",
    "onnx_graphsurgeon",
    "onnxsim",
    "torch",
    "tensorflow",
    "openvino",
    "tract",
    "coremltools",
    "tensorrt",
    "networkx",
    "rich",
)
"""Packages that no lint has a use for: each costs more to import than linting does."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took: wall-clock seconds, seconds of computing, peak resident MiB, its exit code."""

    seconds: float
    computing: float
    mebibytes: float
    code: int


def run(arguments: list[str]) -> Run:
    """Run this Python in a process of its own and measure it."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=_confine
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    per_mebibyte = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / per_mebibyte, process.returncode)


def _confine() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))


def row(label: str, arguments: list[str], *, rounds: int, allowed: tuple[int, ...] = (0,), bar: float | None = None) -> None:
    """Print one comparison with the baseline: seconds, ratios of seconds and of computing, extra seconds, peak memory."""
    pairs = [(run(BASELINE), run(arguments)) for _ in range(rounds)]
    base, seconds = (min(pair[which].seconds for pair in pairs) for which in (0, 1))
    effort, more = (min(pair[which].computing for pair in pairs) for which in (0, 1))
    peak = max(pair[1].mebibytes for pair in pairs)
    codes = {pair[1].code for pair in pairs}
    remark = "" if codes <= set(allowed) else f"  FAILED: exit {sorted(codes)}"
    ratios = (
        f"{seconds / base:6.2f} x import onnx{f' [bar {bar}]' if bar is not None else ''} ({more / effort:.2f} x its computing)"
    )
    print(f"{label:34} {seconds:7.3f} s  {ratios}  {seconds - base:+7.3f} s  {peak:7.1f} MiB{remark}")


def write_model(path: Path, *, count: int, dims: list[int]) -> None:
    """Write a chain of `count` additions, each of a weight of these dims, without holding the weights."""
    size = math.prod(dims) * 4
    heads = [_weight(f"w{i}", dims, size) for i in range(count)]
    block = np.random.default_rng(0).standard_normal(1 << 18, np.float32).tobytes()
    with path.open("wb") as file:
        file.write(_opened(_chain(count, dims), sum(map(len, heads)) + count * size))
        for head in heads:
            file.write(head)
            for start in range(0, size, len(block)):
                file.write(block[: size - start])
        file.write(OPSET)


def write_hollow(path: Path, *, count: int, dims: list[int], inside: int) -> None:
    """Write such a chain whose weights are zeros that take no room on the disk, the first `inside` in the model's file."""
    size = math.prod(dims) * 4
    heads = [_weight(f"w{i}", dims, size) for i in range(inside)]
    others = [
        TensorProto(name=f"w{i}", data_type=TensorProto.FLOAT, dims=dims, data_location=TensorProto.EXTERNAL)
        for i in range(inside, count)
    ]
    for at, tensor in enumerate(others):
        for key, value in (("location", f"{path.name}.data"), ("offset", str(at * size)), ("length", str(size))):
            tensor.external_data.add(key=key, value=value)
    graph = _chain(count, dims) + helper.make_graph([], "", [], [], others).SerializeToString()
    with path.open("wb") as file:
        file.write(_opened(graph, sum(map(len, heads)) + inside * size))
        for head in heads:
            file.write(head)
            file.seek(size, os.SEEK_CUR)
        file.write(OPSET)
    with path.with_name(f"{path.name}.data").open("wb") as file:
        file.truncate(len(others) * size)


def _chain(count: int, dims: list[int]) -> bytes:
    """The graph of a chain of additions, without its weights."""
    names = ["x", *(f"y{i}" for i in range(count))]
    nodes = [helper.make_node("Add", [names[i], f"w{i}"], [names[i + 1]], name=f"add{i}") for i in range(count)]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name in (names[0], names[-1])]
    graph: bytes = helper.make_graph(nodes, "chain", ends[:1], ends[1:]).SerializeToString()
    return graph


def _weight(name: str, dims: list[int], size: int) -> bytes:
    """What stands before the payload of a weight of so many bytes."""
    tensor: bytes = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=dims).SerializeToString() + b"\x4a" + varint(size)
    return b"\x2a" + varint(len(tensor) + size) + tensor


def _opened(graph: bytes, more: int) -> bytes:
    """What stands before the weights, which take so many bytes."""
    return b"\x08\x08\x3a" + varint(len(graph) + more) + graph


def write_long_model(path: Path, *, nodes: int) -> None:
    """Write a chain of equal blocks of ten nodes over a dynamic batch dim."""
    made, last = [], "x"
    for i in range(nodes // 10):
        steps: list[tuple[str, list[str], dict[str, Any]]] = [
            ("MatMul", [last, "w"], {}), ("Add", [f"v{i}_0", "b"], {}), ("Relu", [f"v{i}_1"], {}),
            ("Reshape", [f"v{i}_2", "split"], {}), ("Transpose", [f"v{i}_3"], {"perm": [0, 2, 1, 3]}),
            ("Softmax", [f"v{i}_4"], {"axis": -1}), ("Transpose", [f"v{i}_5"], {"perm": [0, 2, 1, 3]}),
            ("Reshape", [f"v{i}_6", "join"], {}), ("Mul", [f"v{i}_7", "half"], {}), ("Add", [f"v{i}_8", last], {}),
        ]  # fmt: skip
        for place, (op, inputs, attributes) in enumerate(steps):
            made.append(helper.make_node(op, inputs, [f"v{i}_{place}"], name=f"layers.{i}/{place}", **attributes))
        last = f"v{i}_9"
    weights = [
        numpy_helper.from_array(np.eye(64, dtype=np.float32), "w"), numpy_helper.from_array(np.zeros(64, np.float32), "b"),
        numpy_helper.from_array(np.asarray([0, -1, 4, 16]), "split"), numpy_helper.from_array(np.asarray([0, -1, 64]), "join"),
        numpy_helper.from_array(np.asarray(0.5, np.float32), "half"),
    ]  # fmt: skip
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 32, 64]) for name in ("x", last)]
    graph = helper.make_graph(made, "long", ends[:1], ends[1:], weights)
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString())


def many_nodes(folder: Path) -> None:
    """Print what a node costs lint for every target in a long model, beyond what a short one takes, and its memory."""
    short, long = folder / "short.onnx", folder / "long.onnx"
    write_long_model(short, nodes=10)
    write_long_model(long, nodes=NODES)
    base, found = run(lint(short)), run(lint(long))
    each = (found.computing - base.computing) / NODES * 1e6
    size = long.stat().st_size / (1 << 20)
    print(f"{f'lint {NODES:,} nodes':34} {found.computing:7.2f} s computing, {each:.1f} µs a node (bar {MICROSECONDS})"
          f"  {found.mebibytes:7.1f} MiB (bar {MEBIBYTES}), {found.mebibytes / size:.1f} x the file{_failed(found)}")  # fmt: skip


def fix_nodes(folder: Path) -> None:
    """Print what `fix` of 20,000 nodes takes."""
    from bench_fix import write_long  # type: ignore[import-not-found]  # it stands beside this file

    model, result = folder / "model.onnx", folder / "fixed.onnx"
    write_long(model)
    found = run(["-m", "graphfix", "fix", str(model), "-t", "coreml", "-o", str(result), "--force", "--isolated", "--no-confirm"])
    print(f"{'fix 20,000 nodes':34} {found.computing:7.2f} s computing (bar {FIX_SECONDS})  {found.seconds:.2f} s"
          f"  {found.mebibytes:7.1f} MiB{_failed(found)}")  # fmt: skip


def light_commands() -> None:
    """Print what commands that read no model compute, the least of several runs."""
    for words in LIGHT_COMMANDS:
        found = min((run(["-m", "graphfix", *words]) for _ in range(5)), key=lambda one: one.computing)
        print(f"{' '.join(words):34} {found.computing:7.3f} s computing (bar {LIGHT}){_failed(found)}")


def _failed(found: Run) -> str:
    return "" if found.code in (0, 1) else f"  FAILED: exit {found.code}"


def lint(path: Path) -> list[str]:
    """The arguments of a lint for every target."""
    return ["-m", "graphfix", "lint", str(path), "--target", "all"]


def read(path: Path) -> list[str]:
    """The arguments of a process that only reads the skeleton."""
    return ["-c", f"from graphfix.ir.skeleton import read_skeleton; read_skeleton({str(path)!r})"]


def read_remotely(folder: Path) -> None:
    """Print what lint transfers of a model of 5 GB that a web server on this machine serves by ranges."""
    sys.path.insert(0, str(ROOT))
    from tests.range_server import serving

    label, count, dims, inside = REMOTE
    path = folder / "remote.onnx"
    write_hollow(path, count=count, dims=dims, inside=inside)
    with serving(folder) as server:
        found = run(["-m", "graphfix", "lint", f"{server.address}/{path.name}", "--target", "all"])
    kilobytes = sum(server.sent.values()) / 1000
    size = sum(file.stat().st_size for file in folder.iterdir() if file.name.startswith(path.name))
    transfer = f"{kilobytes:7.0f} kB of {size / 1e6:,.0f} MB (bar {KILOBYTES})"
    requests = sum(server.requests.values())
    print(f"{f'lint {label}':34} {transfer} in {requests} requests  {found.seconds:.2f} s{_failed(found)}")


def imports(path: Path) -> None:
    """Print which of the packages that lint must not load it does load, and how many rewrites."""
    said = subprocess.run(
        [sys.executable, "-X", "importtime", *lint(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=_confine,
    ).stderr
    names = {line.rsplit("|", 1)[-1].strip() for line in said.splitlines() if "|" in line}
    found = sorted({name.partition(".")[0] for name in names} & set(FORBIDDEN))
    rewrites = sum(name.startswith("graphfix.rewrites.") for name in names)  # findings name them from an index
    found += [f"{rewrites} rewrites"] if rewrites else []
    print(f"{'needless imports of lint':34} {', '.join(found) or 'none'}")


def main() -> None:
    """Measure, and print one row a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", type=Path, help="a model to lint besides the large one")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each command (default 5)")
    parser.add_argument("--folder", type=Path, help="where to write the 1.5 GB model (default: the system's)")
    options = parser.parse_args()
    findings = (0, 1)  # both are judgements
    run(lint(ROOT / "fixtures" / "models" / "speech.onnx"))  # bytecode is made once
    if options.model is not None:
        path = options.model.resolve()
        row(f"lint {path.name[:28]}", lint(path), rounds=options.rounds, allowed=findings, bar=RATIO)
    light_commands()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for figure in (many_nodes, fix_nodes, read_remotely):  # each measures models that it writes into the folder
            figure(Path(folder))
        for label, count, dims in LARGE:
            path = Path(folder) / "large.onnx"
            write_model(path, count=count, dims=dims)
            row(f"read {label}", read(path), rounds=options.rounds)
            row(f"lint {label}", lint(path), rounds=options.rounds, allowed=findings)
            if options.model is None and label == LARGE[0][0]:
                imports(path)
            path.unlink()
    if options.model is not None:
        imports(options.model.resolve())


if __name__ == "__main__":
    main()
