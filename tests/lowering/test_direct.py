"""Conversions without ONNX: which there are, what is said of each outcome, and real ones of small programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphfix import api
from graphfix.backends.compile.compile import Compiled
from graphfix.backends.toolchain import Toolchain
from graphfix.cli.app import main
from graphfix.errors import BackendError, UsageError
from graphfix.lowering.conversion import CONVERTERS, MISSING, Conversion, converters_for
from graphfix.lowering.direct import convert_directly, convert_with
from graphfix.lowering.direct_compile import compile_directly
from graphfix.lowering.direct_runs import FEEDS, RESULTS, save
from graphfix.lowering.instructions import Instructions
from graphfix.lowering.options import require_source
from graphfix.lowering.paths.model import ConversionPath, ConversionPaths, ExportState, Means, Start
from graphfix.lowering.paths.search import SearchOptions, direct_path
from graphfix.lowering.paths.starts import direct_starts
from graphfix.lowering.source import Kind, Source
from graphfix.lowering.workshop import FrameworkWorkers
from graphfix.report.notebook import paths_html
from graphfix.report.paths_page import page_data
from graphfix.report.paths_text import cell, render_paths
from graphfix.verify.compare import Difference

BY_NAME = {one.name: one for one in CONVERTERS}
SOURCE = Source("net.py:make", Kind.FACTORY)
X = np.arange(6, dtype=np.float32).reshape(2, 3)


def outcome(name: str, stage: str = "ok", worst: Difference | None = None, *, inputs: int = 2) -> Conversion:
    """What might have come of a converter."""
    if stage != "ok":
        failure = {"message": "no lowering of `aten.foo`", "file": "net.py", "line": 9, "module": "head"}
        return Conversion(BY_NAME[name], stage, 2.0, "1.0", failure=failure)
    verification = (worst or Difference(0.0, 1e-7)).verdict(inputs, "compared")
    return Conversion(BY_NAME[name], stage, 2.0, "1.0", Path("made"), verification=verification)


class Lowered:
    """A lowering whose converters came out in these ways."""

    def __init__(self, *conversions: Conversion) -> None:
        self.conversions = conversions


def paths_of(*conversions: Conversion, exported: Means = Means.AS_IS) -> ConversionPaths:
    """The paths of a program: by one exporter to each target, and by these converters."""
    targets = (*dict.fromkeys(made.converter.target for made in conversions), "tract")
    start = Start("dynamo", ExportState.GOOD, nodes=4, opset=18)
    starts = direct_starts(Lowered(*conversions))  # type: ignore[arg-type]
    options = SearchOptions("net.py:make", ("--input=2x3",))
    direct = [direct_path(own, made, options) for own, made in zip(starts, conversions, strict=True)]
    over = [
        ConversionPath(start, target, f"{target} 1.0", exported, "accepted", nodes=4, command="by onnx") for target in targets
    ]
    return ConversionPaths("net.py:make", "Python", "torch 2.0", targets, (start, *starts), (*over, *direct))


# The registry


def test_a_framework_has_its_converters_to_targets_without_a_version() -> None:
    every = ["coreml", "openvino", "tflite", "executorch", "tract"]
    assert [one.name for one in converters_for(SOURCE, "torch", every)] == [
        "coremltools",
        "openvino",
        "litert-torch",
        "executorch",
    ]
    assert [one.name for one in converters_for(SOURCE, "tensorflow", every)] == ["tf.lite"]
    assert converters_for(SOURCE, "torch", ["openvino@2025.4.1"]) == []
    assert converters_for(Source("m.tflite", Kind.TFLITE), "tensorflow", every) == []


# What came of one


def test_every_outcome_says_why_and_what_helps() -> None:
    good, unrun = outcome("openvino"), outcome("coremltools", inputs=0)
    assert (good.good, good.compared, good.reason) == (True, True, "")
    assert (unrun.good, unrun.compared, unrun.reason) == (True, False, "")
    wrong = outcome("openvino", worst=Difference(1.0, 0.5, reason="on zeros: output 0 differs"))
    assert (wrong.good, wrong.reason) == (False, "it computes something else: on zeros: output 0 differs")
    failed = outcome("coremltools", "export")
    assert (failed.good, failed.reason, failed.location) == (
        False, "the converter fails: no lowering of `aten.foo`", "head (net.py:9)",
    )  # fmt: skip
    missing = Conversion(BY_NAME["litert-torch"], MISSING)
    assert missing.reason == "litert-torch is not installed"
    assert missing.cure == "install it with `graphfix backends install litert-torch`"


def test_runs_are_saved_and_failures_kept(tmp_path: Path) -> None:
    def compute(arrays: Any) -> Any:
        if arrays[0].shape != (2, 3):
            raise ValueError("fixed sizes")
        return [arrays[0] + 1]

    runs = [("run 0", [X], [X + 1]), ("run 1", [X.T], [X.T + 1])]
    assert save(runs, compute, str(tmp_path)) == {"1": "ValueError: fixed sizes"}
    with np.load(tmp_path / FEEDS) as wanted, np.load(tmp_path / RESULTS) as got:
        assert sorted(wanted.files) == ["0/out/0", "1/out/0"]
        assert got.files == ["0/out/0"]
    assert save(runs, None, str(tmp_path)) == {}


def answered(folder: Path, runs: list[Any], compute: Any, **more: Any) -> Conversion:
    """A conversion whose worker ran it like this."""

    def ask(request: Mapping[str, Any]) -> dict[str, Any]:
        failed = save(runs, compute, request["folder"])
        labels = [f"run {number}" for number in range(len(runs))]
        return {"stage": "ok", "seconds": 1.0, "runs": labels, "failed": failed, "ran": compute is not None, **more}

    return convert_directly(SOURCE, Instructions(), BY_NAME["openvino"], folder / "made", ask, "1.0")


def test_a_converted_model_is_compared_on_every_run_of_the_framework(tmp_path: Path) -> None:
    runs = [("run 0", [X], [X + 1]), ("run 1", [X.T], [X.T + 1])]
    for number, (compute, reason) in enumerate((
        (lambda arrays: [arrays[0] + 1], ""),
        (lambda arrays: [np.maximum(arrays[0] + 1, 2)], "it computes something else: on run 0: `output 0` differs by 1"),
        (lambda arrays: [(arrays[0] + 1)[:2, :2]], "on run 0: `output 0` was [2, 3], is [2, 2]"),
        (lambda arrays: [], "the framework gives 1 outputs, the model 0"),
        (lambda arrays: [arrays[0].reshape(2, 3)[:, :1] * 0 + arrays[0] + 1], "on run 1: it fails: ValueError"),
    )):  # fmt: skip
        (folder := tmp_path / str(number)).mkdir()
        made = answered(folder, runs, compute)
        assert reason in made.reason if reason else made.good, made.reason
    (folder := tmp_path / "unrun").mkdir()
    assert answered(folder, runs, None).compared is False


def test_a_missing_converter_is_not_asked(tmp_path: Path) -> None:
    def ask(_: Any) -> Any:
        raise AssertionError

    made = convert_directly(SOURCE, Instructions(), BY_NAME["executorch"], tmp_path / "made", ask, None)
    assert made.stage == MISSING


# Paths


def test_the_table_has_one_row_for_all_converters_and_names_the_easiest_path() -> None:
    found = paths_of(outcome("coremltools", inputs=0), outcome("openvino"), Conversion(BY_NAME["litert-torch"], MISSING))
    names, rows = zip(*found.rows(), strict=True)
    assert names == ("dynamo", "direct")
    assert [path and cell(path)[0] for path in rows[1]] == ["as it is", "as it is", "not installed", None]
    assert {target: found.best(target).start.exporter for target in found.targets} == {
        "coreml": "dynamo", "openvino": "openvino", "tflite": "dynamo", "tract": "dynamo",
    }  # fmt: skip
    unrun = next(path for path in found.paths if path.start.only == "coreml")
    assert unrun.note == "the file was not run: its runtime is not on this machine"
    assert [found.best(target).certainty for target in ("openvino", "tract")] == [0, 1]
    assert unrun.certainty == 2
    assert found.best("openvino").command == (
        "graphfix compile net.py:make --input=2x3 --exporter=direct --target openvino -o model.xml"
    )


def test_a_converter_that_fails_leaves_the_way_over_onnx(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = outcome("openvino", worst=Difference(1.0, 0.5, reason="on zeros: it differs"))
    found = paths_of(outcome("coremltools", "export"), wrong, Conversion(BY_NAME["litert-torch"], MISSING))
    assert found.reached == list(found.targets)
    assert all(found.best(target).start.exporter == "dynamo" for target in found.targets)
    means = {path.start.exporter: path.means for path in found.paths if path.start.only}
    assert means == {"coremltools": Means.NONE, "openvino": Means.NONE, "litert-torch": Means.UNKNOWN}
    render_paths(found, sys.stdout, full=True)
    said = " ".join(capsys.readouterr().out.split())
    for part in (
        "direct conversion fails differs not installed -",
        "coremltools to coreml the converter fails: no lowering of `aten.foo` (head (net.py:9))",
        "openvino to openvino it computes something else: on zeros: it differs",
        "litert-torch to tflite litert-torch is not installed; install it with `graphfix backends install litert-torch`",
    ):
        assert part in said
    alone = paths_of(outcome("executorch"), exported=Means.NONE)
    assert alone.reached == ["executorch"]


def test_pages_and_notebooks_show_the_converters_too() -> None:
    found = paths_of(outcome("openvino"), Conversion(BY_NAME["litert-torch"], MISSING))
    data = page_data(found)
    assert [(start["exporter"], start["only"], start["state"]) for start in data["exporters"]] == [
        ("dynamo", "", "good"), ("openvino", "openvino", "good"), ("litert-torch", "tflite", "missing"),
    ]  # fmt: skip
    assert [(road["exporter"], road["target"]) for road in data["roads"] if road["easiest"]] == [
        ("dynamo", "tflite"), ("dynamo", "tract"), ("openvino", "openvino"),
    ]  # fmt: skip
    assert "<td>direct</td><td>as it is</td><td>not installed</td><td>-</td>" in paths_html(found)


# The command line


def converted(text: str, target: str, output: str) -> Compiled:
    """What `compile --exporter direct` makes of a program."""
    return compile_directly(
        Source(text, Kind.FACTORY), Instructions(), target, Path(output), force=False, progress=lambda _: None
    )


def test_what_starts_from_torch_says_so_of_an_onnx_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.onnx").write_bytes(b"")
    for command in ("compile", "paths"):
        more = ["-o", str(tmp_path / "m.pte")] if command == "compile" else []
        assert main([command, str(tmp_path / "m.onnx"), "--target", "executorch", "--isolated", *more]) == 2
        assert "ExecuTorch starts from torch, and this is an ONNX model" in capsys.readouterr().err
    with pytest.raises(UsageError, match="compiled as it is"):
        require_source("coreml", None)
    assert require_source("coreml", SOURCE) is SOURCE


def test_a_target_without_a_converter_is_named_with_those_that_have_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no converter leads from Python to tract") as refused:
        compile_directly(SOURCE, Instructions(), "tract", tmp_path / "m", force=False, progress=lambda _: None)
    assert refused.value.hint == "choose from coreml, executorch, executorch-xnnpack, openvino, tflite"
    with pytest.raises(UsageError, match="from a SavedModel to openvino"):
        compile_directly(
            Source("saved", Kind.SAVED_MODEL),
            Instructions(),
            "openvino",
            tmp_path / "m.xml",
            force=False,
            progress=lambda _: None,
        )


def test_metadata_parts_and_constants_are_for_compilers_of_onnx(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "compile",
        "net.py:make",
        "--exporter",
        "direct",
        "--target",
        "coreml",
        "--isolated",
        "-o",
        str(tmp_path / "m.mlpackage"),
    ]
    for more in (["--bisect"], ["--normalize", "1,1"], ["--set", "x=1"]):
        assert main([*words, *more]) == 2
        assert "a conversion without ONNX" in capsys.readouterr().err


def test_a_file_is_written_with_those_beside_it_and_the_report_tells_what_a_delegate_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "made"
    made.mkdir()
    for suffix in ("xml", "bin"):
        (made / f"model.{suffix}").write_text(suffix)
    (made / "feeds.npz").write_text("")
    share = {"by": "XNNPACK", "operators": 3, "of": 4, "left": ["aten.topk.default"]}
    converted = replace(outcome("openvino"), artifact=made / "model.xml", delegated=share)
    monkeypatch.setattr("graphfix.lowering.direct_compile._converted", lambda *_: converted)
    output = tmp_path / "net.xml"
    words = ["compile", "net.py:make", "--exporter", "direct", "--target", "openvino", "--isolated", "-o", str(output)]
    assert main(words) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "accepted by openvino 1.0 in 2.0 s (not predicted: tables are of conversions over ONNX) outputs" in said
    assert "largest difference from the framework: 1e-07" in said
    assert "delegate XNNPACK runs 3 of 4 operators; not aten.topk.default" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made", "net.bin", "net.xml"]
    assert (output.read_text(), output.with_suffix(".bin").read_text()) == ("xml", "bin")
    assert main(words) == 2
    assert "exists already" in capsys.readouterr().err
    rejected = outcome("openvino", "export")
    monkeypatch.setattr("graphfix.lowering.direct_compile._converted", lambda *_: rejected)
    assert main([*words, "--force"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "GF111 compiler-rejection openvino 1.0 rejects the model: the converter fails: no lowering of" in said
    assert "`aten.foo` (head (net.py:9))" in said


def test_a_place_in_an_installed_package_is_none_of_the_program() -> None:
    failure = {"message": "no", "file": "/usr/lib/site-packages/openvino/emit.py", "line": 3}
    assert replace(outcome("openvino", "export"), failure=failure).location == ""


@pytest.mark.framework
def test_core_ml_tools_get_no_aliases_and_tell_what_they_do_not_convert_in_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    from types import ModuleType, SimpleNamespace

    from graphfix.lowering import torch_direct

    class Net(torch.nn.Module):  # type: ignore[misc,name-defined]
        def forward(self, x: Any) -> Any:
            return torch.ops.aten.alias(torch.ops.aten.alias(x) + 1)

    seen: list[list[str]] = []

    def convert(program: Any, **_: Any) -> None:
        if not hasattr(program, "graph_module"):
            raise ValueError("of the trace")
        seen.append([str(node.target) for node in program.graph.nodes if node.op == "call_function"])
        raise NotImplementedError("of the program")

    tools = ModuleType("coremltools")
    tools.convert, tools.TensorType = convert, lambda **_: None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "coremltools", tools)
    x = torch.ones(2)
    example = SimpleNamespace(args=[x], kwargs={}, dynamic={}, names=["x"], tensors=[x])
    with pytest.raises(NotImplementedError, match="of the program"):
        torch_direct.to_coreml(SimpleNamespace(program=None, model=Net().eval()), example, "unwritten")
    assert seen == [["aten.add.Tensor", "aten.alias.default"]]


@pytest.mark.framework
def test_operators_inside_and_outside_a_delegate_are_counted() -> None:
    import operator
    from types import SimpleNamespace

    from graphfix.backends.executorch import delegated

    def node(op: str, target: Any, *args: Any) -> Any:
        return SimpleNamespace(op=op, target=target, args=args)

    def executorch_call_delegate() -> None:
        """The call of a delegate."""

    class Overload:
        """An operator of the edge dialect."""

        def __str__(self) -> str:
            return "<EdgeOpOverload: aten.topk.default>: schema = aten::topk(...)"

    graph = [node("placeholder", "x"), node("call_function", Overload()), node("call_function", operator.getitem)]
    inner = SimpleNamespace(graph=SimpleNamespace(nodes=[*graph, node("call_function", Overload())]))
    calls = [node("call_function", executorch_call_delegate, node("get_attr", "lowered_0")), *graph]
    module = SimpleNamespace(graph=SimpleNamespace(nodes=calls), lowered_0=SimpleNamespace(original_module=inner))
    assert delegated(module) == (2, ["aten.topk.default"])


NET = '''
import torch
from torch import nn


class Net(nn.Module):
    """Two layers, or a branch on a value."""

    def __init__(self, branch):
        super().__init__()
        self.layer, self.branch = nn.Linear(4, 3), branch

    def forward(self, x):
        x = torch.relu(self.layer(x))
        return x + 1 if self.branch and x.sum() > 100 else x - 1


def make(branch=False):
    torch.manual_seed(5)
    return Net(branch).eval()


def gate():
    return make(True)


make.example_inputs = gate.example_inputs = lambda: (torch.linspace(-2, 9, 8).reshape(2, 4) * 20,)
'''
KERAS = """
import tensorflow as tf


def make():
    tf.keras.utils.set_random_seed(1)
    return tf.keras.Sequential([tf.keras.layers.Input((4,)), tf.keras.layers.Dense(3, activation="relu")])
"""


@pytest.mark.framework
@pytest.mark.slow
def test_a_program_goes_to_openvino_without_onnx_and_is_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("openvino")
    (tmp_path / "net.py").write_text(NET)
    monkeypatch.chdir(tmp_path)
    words = ["compile", "net.py:make", "--exporter", "direct", "--target", "openvino", "--isolated", "-o", "net.xml"]
    assert main([*words, "--output-format", "json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["results"]
    assert (told["compiler"]["accepted"], told["compiler"]["numerics"], told["output"]) == (True, "match", "net.xml")
    assert told["compiler"]["error"] < 1e-5
    assert (tmp_path / "net.xml").stat().st_size > 100
    assert (tmp_path / "net.bin").stat().st_size >= 4 * 15
    words[1] = "net.py:gate"
    assert main([*words, "--force"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "GF301 wrong-numerics it computes something else: on " in said, "the branch that was not taken is lost"


@pytest.mark.framework
@pytest.mark.slow
def test_a_program_goes_to_core_ml_without_onnx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("coremltools")
    (tmp_path / "net.py").write_text(NET)
    monkeypatch.chdir(tmp_path)
    made = converted("net.py:make", "coreml", "net.mlpackage")
    assert (made.verdict.accepted, made.verdict.numerics) == (True, None)
    assert (tmp_path / "net.mlpackage" / "Manifest.json").is_file()


@pytest.mark.framework
@pytest.mark.slow
def test_a_keras_program_goes_to_litert_by_tensorflow_s_own_converter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorflow")
    (tmp_path / "dense.py").write_text(KERAS)
    monkeypatch.chdir(tmp_path)
    made = converted("dense.py:make", "tflite", "net.tflite")
    assert (made.verdict.accepted, made.verdict.numerics) == (True, "match")
    assert (tmp_path / "net.tflite").read_bytes()[4:8] == b"TFL3"


@pytest.mark.framework
def test_a_converter_that_is_not_installed_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.py").write_text(NET)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("graphfix.lowering.workshop.FrameworkWorkers.version_of", lambda *_: None)
    monkeypatch.setattr("graphfix.lowering.direct.find", lambda _: None)
    with pytest.raises(BackendError, match="executorch is not installed") as refused:
        converted("net.py:make", "executorch", "net.pte")
    assert refused.value.hint == "install it with `graphfix backends install executorch`"


def test_a_converter_of_another_environment_is_asked_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str | None, bool]] = []

    def ask(workers: FrameworkWorkers, framework: str, request: Mapping[str, Any]) -> dict[str, Any]:
        asked.append((workers.instructions.python, workers.exports))
        return {"stage": "export", "seconds": 1.0, "message": "no"}

    monkeypatch.setattr(FrameworkWorkers, "version_of", lambda *_: None)
    monkeypatch.setattr(FrameworkWorkers, "ask", ask)
    monkeypatch.setattr("graphfix.lowering.direct.find", lambda name: Toolchain(f"/env/{name}", "9.9"))
    made = convert_with(FrameworkWorkers(Instructions()), SOURCE, BY_NAME["executorch-xnnpack"], tmp_path, str)
    assert (asked, made.version) == ([("/env/executorch", False)], "9.9")
    chosen = FrameworkWorkers(Instructions(python="python3"))
    (tmp_path / "other").mkdir()
    assert convert_with(chosen, SOURCE, BY_NAME["executorch"], tmp_path / "other", str).stage == MISSING, "that one is meant"
    assert convert_with(FrameworkWorkers(Instructions()), SOURCE, BY_NAME["coremltools"], tmp_path, str).stage == MISSING


def test_python_chooses_the_direct_conversion_as_the_command_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, dict[str, Any], bool]] = []

    def compile_it(source: Source, wanted: Instructions, target: str, output: Path, *, force: bool, progress: Any) -> str:
        asked.append((source.text, target, dict(wanted.shapes), force))
        return output.name

    monkeypatch.setattr("graphfix.lowering.direct_compile.compile_directly", compile_it)
    (tmp_path / "net.py").write_text(NET)
    text = f"{tmp_path / 'net.py'}:make"
    more: dict[str, Any] = {"shapes": {"x": [2, 4]}, "force": True}
    made: Any = api.compile(text, "openvino", tmp_path / "m.xml", exporter="direct", **more)
    assert (made, asked) == ("m.xml", [(text, "openvino", {"x": [2, 4]}, True)])
    assert api.compile(text, "executorch-xnnpack", tmp_path / "m.pte") == "m.pte"  # which has no other way
    for model, options, said in (
        (tmp_path / "m.onnx", {"exporter": "direct"}, "an ONNX model is compiled as it is"),
        (text, {"exporter": "dynamo"}, "there is no exporter `dynamo` to choose"),
        (text, {"exporter": "direct", "values": {"x": 1}}, "takes no values"),
    ):
        with pytest.raises(UsageError, match=said):
            api.compile(model, "openvino", tmp_path / "m.xml", **options)
    assert len(asked) == 2
