"""How long reading and linting take, against `import onnx`: `python tests/bench/bench.py [MODEL]`.

Each figure is the best of several runs of a fresh process, taken in turn with runs of the baseline so that both see
the same machine. Besides MODEL (say, a small one that is linted often) a 1.5 GB model is written to a temporary
folder, and removed again.
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

import numpy as np
from onnx import TensorProto, helper

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


def row(label: str, arguments: list[str], *, rounds: int, allowed: tuple[int, ...] = (0,)) -> None:
    """Print one comparison with the baseline: seconds, ratios of seconds and of computing, extra seconds, peak memory."""
    pairs = [(run(BASELINE), run(arguments)) for _ in range(rounds)]
    base, seconds = (min(pair[which].seconds for pair in pairs) for which in (0, 1))
    effort, more = (min(pair[which].computing for pair in pairs) for which in (0, 1))
    peak = max(pair[1].mebibytes for pair in pairs)
    codes = {pair[1].code for pair in pairs}
    remark = "" if codes <= set(allowed) else f"  FAILED: exit {sorted(codes)}"
    ratios = f"{seconds / base:6.2f} x import onnx ({more / effort:.2f} x its computing)"
    print(f"{label:34} {seconds:7.3f} s  {ratios}  {seconds - base:+7.3f} s  {peak:7.1f} MiB{remark}")


def write_model(path: Path, *, count: int, dims: list[int]) -> None:
    """Write a chain of `count` additions, each of a weight of these dims, without holding the weights."""
    size = math.prod(dims) * 4
    names = ["x", *(f"y{i}" for i in range(count))]
    nodes = [helper.make_node("Add", [names[i], f"w{i}"], [names[i + 1]], name=f"add{i}") for i in range(count)]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name in (names[0], names[-1])]
    graph = helper.make_graph(nodes, "chain", ends[:1], ends[1:]).SerializeToString()
    heads = []
    for i in range(count):
        tensor = TensorProto(name=f"w{i}", data_type=TensorProto.FLOAT, dims=dims).SerializeToString()
        tensor += b"\x4a" + varint(size)
        heads.append(b"\x2a" + varint(len(tensor) + size) + tensor)
    length = len(graph) + sum(map(len, heads)) + count * size
    block = np.random.default_rng(0).standard_normal(1 << 18, np.float32).tobytes()
    with path.open("wb") as file:
        file.write(b"\x08\x08\x3a" + varint(length) + graph)
        for head in heads:
            file.write(head)
            for start in range(0, size, len(block)):
                file.write(block[: size - start])
        file.write(b"\x42\x04\x0a\x00\x10\x11")  # opset_import: "" at 17


def lint(path: Path) -> list[str]:
    """The arguments of a lint for every target."""
    return ["-m", "graphfix", "lint", str(path), "--target", "all"]


def read(path: Path) -> list[str]:
    """The arguments of a process that only reads the skeleton."""
    return ["-c", f"from graphfix.ir.skeleton import read_skeleton; read_skeleton({str(path)!r})"]


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
        row(f"lint {path.name[:28]}", lint(path), rounds=options.rounds, allowed=findings)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
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
