"""Networks with dead channels and heads, as PyTorch exports them: all are found, outputs stay, every compiler accepts the rest.

Sums of float32 in another order differ by some units in the last place, as those of the original differ from exact ones. In
float64 nothing is left of that, so that a difference there is one that pruning made.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator

from graphfix.backends import toolchain
from graphfix.backends.base import backend
from graphfix.backends.compile.case import Case
from graphfix.backends.compile.confirm import prepare
from graphfix.backends.connect import open_target
from graphfix.pruning.prune import Pruned, PruneOptions, prune_model
from graphfix.verify.sample_runs import run_samples, seeded_samples

pytestmark = [pytest.mark.framework, pytest.mark.slow]
TARGETS = ("coreml", "tflite", "tensorrt", "openvino", "tract")
NAMES = ("resnet", "mobilenet", "vit")
ULP = float(np.finfo(np.float32).eps)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function that returns the folder of the networks of an exporter; each exporter runs once."""
    folders: dict[str, Path] = {}
    program = Path(__file__).parent / "vision_networks.py"

    def exported(exporter: str) -> Path:
        if exporter not in folders:
            folders[exporter] = tmp_path_factory.mktemp(exporter)
            command = [sys.executable, str(program), exporter, str(folders[exporter])]
            subprocess.run(command, check=True, capture_output=True, timeout=600)
        return folders[exporter]

    return exported


def pruned(path: Path) -> tuple[ModelProto, Pruned, list[dict[str, Any]]]:
    """A network, what is left of it, and inputs."""
    model = onnx.load(path)
    feeds = seeded_samples(model, {}, {}, 3)
    return model, prune_model(model, feeds, PruneOptions()), [dict(feed) for feed in feeds]


def exact(model: ModelProto, feed: dict[str, Any]) -> Any:
    """The output that a model computes in float64."""
    wide = ModelProto()
    wide.CopyFrom(model)
    held = [item.t for node in wide.graph.node for item in node.attribute if item.type == onnx.AttributeProto.TENSOR]
    for tensor in (*wide.graph.initializer, *held):
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), tensor.name))
    for node in wide.graph.node:
        for item in node.attribute:
            if node.op_type == "Cast" and item.name == "to" and item.i == TensorProto.FLOAT:
                item.i = TensorProto.DOUBLE
    for info in (*wide.graph.input, *wide.graph.output):
        info.type.tensor_type.elem_type = TensorProto.DOUBLE
    del wide.graph.value_info[:]
    return ReferenceEvaluator(wide).run(None, {name: value.astype(np.float64) for name, value in feed.items()})[0]


@pytest.mark.parametrize("exporter", ["dynamo", "script"])
@pytest.mark.parametrize("name", NAMES)
def test_all_that_is_dead_is_found_and_outputs_stay(exporter: str, name: str, exported: Callable[[str], Path]) -> None:
    folder = exported(exporter)
    model, found, feeds = pruned(folder / f"{name}.onnx")
    counts: dict[str, int] = {}
    for layer in found.layers:
        counts[layer.kind] = counts.get(layer.kind, 0) + layer.removed
    assert counts == json.loads((folder / "planted.json").read_text())[name]
    old, new = run_samples(model, feeds), run_samples(found.model, feeds)
    for feed, was, now in zip(feeds, old, new, strict=True):
        wanted = exact(model, feed)
        scale = float(np.abs(wanted).max()) * ULP
        assert np.abs(exact(found.model, feed) - wanted).max() / scale < 1e-4
        own = float(np.abs(was[0] - wanted).max()) / scale
        apart = float(np.abs(was[0] - now[0]).max()) / scale
        print(f"{name} by {exporter}: {apart:.1f} ulp apart, the original {own:.1f} ulp from float64")
        assert apart <= 8


@pytest.mark.compiler
@pytest.mark.parametrize("target", TARGETS)
def test_compilers_accept_what_is_left(target: str, exported: Callable[[str], Path], tmp_path: Path) -> None:
    if toolchain.find(target, None) is None:
        pytest.skip(f"{target} is not installed: {backend(target).install}")
    with open_target(target) as session:
        for name in NAMES:
            path = tmp_path / f"{name}.onnx"
            onnx.save(pruned(exported("dynamo") / f"{name}.onnx")[1].model, path)
            with prepare(Case(path)) as ready:
                answer = ready.ask(session, backend(target))
            assert answer.accepted, f"{name}: {answer.stage}: {answer.message}"
