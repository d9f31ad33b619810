"""How long `fix` takes on a graph of 20,000 nodes and how much memory on 1.5 GB: `python tests/bench/bench_fix.py`.

Both models are written to a temporary folder and removed again. onnxsim, the guest of the last resort, is not asked:
what is found in them is cured before its turn.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from bench import run  # type: ignore[import-not-found]  # it stands beside this file
from onnx import TensorProto, helper, numpy_helper

from graphfix.ir.wire_format import varint

BLOCKS = 2_000
"""Blocks of ten nodes each; every twentieth holds an operator that the target refuses."""
SIDE, COUNT = 7_906, 6
"""Six square matrices of this side in float32 are 1.5 GB."""


def write_long(path: Path) -> None:
    """A chain of small blocks, with shape arithmetic to fold and a Mish here and there."""
    nodes, weights, last = [], [], "x"
    for i in range(BLOCKS):
        random = np.random.default_rng(i).standard_normal((8, 8)).astype(np.float32) * 0.3
        weights += [numpy_helper.from_array(random, f"w{i}"), numpy_helper.from_array(np.zeros(8, np.float32), f"b{i}")]
        steps = [
            ("MatMul", [last, f"w{i}"]), ("Add", [f"v{i}_0", f"b{i}"]), ("Tanh" if i % 20 else "Mish", [f"v{i}_1"]),
            ("Shape", [f"v{i}_2"]), ("Reshape", [f"v{i}_2", f"v{i}_3"]), ("Identity", [f"v{i}_4"]), ("Add", [f"v{i}_5", last]),
            ("Relu", [f"v{i}_6"]), ("Transpose", [f"v{i}_7"]), ("Sigmoid", [f"v{i}_8"]),
        ]  # fmt: skip
        for place, (op, inputs) in enumerate(steps):
            perm: dict[str, Any] = {"perm": [0, 1]} if op == "Transpose" else {}
            nodes.append(helper.make_node(op, inputs, [f"v{i}_{place}"], name=f"block{i}/{place}", **perm))
        last = f"v{i}_9"
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4, 8]) for name in ("x", last)]
    graph = helper.make_graph(nodes, "long", ends[:1], ends[1:], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)


def write_heavy(path: Path) -> None:
    """A chain of products with large matrices, a Mish at its end, written without holding the weights."""
    nodes, last, size = [], "x", SIDE * SIDE * 4
    for i in range(COUNT):
        nodes.append(helper.make_node("MatMul", [last, f"w{i}"], [f"m{i}"], name=f"product{i}"))
        nodes.append(helper.make_node("Tanh" if i < COUNT - 1 else "Mish", [f"m{i}"], [f"y{i}"], name=f"activation{i}"))
        last = f"y{i}"
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, SIDE]) for name in ("x", last)]
    graph = helper.make_graph(nodes, "heavy", ends[:1], ends[1:]).SerializeToString()
    heads = []
    for i in range(COUNT):
        tensor = TensorProto(name=f"w{i}", data_type=TensorProto.FLOAT, dims=[SIDE, SIDE]).SerializeToString()
        tensor += b"\x4a" + varint(size)
        heads.append(b"\x2a" + varint(len(tensor) + size) + tensor)
    length = len(graph) + sum(map(len, heads)) + COUNT * size
    block = (np.random.default_rng(0).standard_normal(1 << 18, np.float32) * 0.01).tobytes()
    with path.open("wb") as file:
        file.write(b"\x08\x08\x3a" + varint(length) + graph)
        for head in heads:
            file.write(head)
            for start in range(0, size, len(block)):
                file.write(block[: size - start])
        file.write(b"\x42\x04\x0a\x00\x10\x12")  # opset_import: "" at 18


def main() -> None:
    """Write both models, fix them for Core ML, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where to write the models (default: the system's)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for label, write in (("20,000 nodes", write_long), ("1.5 GB", write_heavy)):
            model, result = Path(folder, "model.onnx"), Path(folder, "fixed.onnx")
            write(model)
            size = model.stat().st_size / (1 << 20)
            found = run(["-m", "graphfix", "fix", str(model), "-t", "coreml", "-o", str(result), "--force", "--isolated"])
            print(f"fix, {label:14} {found.seconds:7.2f} s  {found.mebibytes:8.1f} MiB, {found.mebibytes / size:5.2f} x the file"
                  f"  exit {found.code}")  # fmt: skip


if __name__ == "__main__":
    main()
