"""`graphfix lower`, and the other commands on SOURCE: what they write, print and give back, with real frameworks."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.parser
import onnxruntime
import pytest
from hostile import exported

from graphfix.backends.session import Session
from graphfix.cli.app import main

pytestmark = pytest.mark.framework
PROGRAM = '''
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Hardswish())
        self.head = nn.Linear(4, 2)

    def forward(self, image):
        return self.head(self.body(image).mean((2, 3)))

def make():
    torch.manual_seed(1)
    return Net().eval()
make.example_inputs = (torch.ones(2, 3, 8, 8),)

class Bare(Net):
    """Has no example inputs."""

class Many(nn.Module):
    def forward(self, state, pair, *, scale, mask=None):
        left, right = pair
        out = state["h"] * left + right
        return {"sum": out + state["c"], "both": (out * scale, (out > 0) if mask is None else mask)}

def many():
    return Many()
many.example_inputs = (
    ({"h": torch.ones(2, 3), "c": torch.zeros(2, 3)}, (torch.ones(2, 3), torch.ones(3))), {"scale": torch.ones(3), "mask": None},
)

class Mishing(nn.Module):
    def forward(self, x):
        return nn.functional.mish(x)

def mishing():
    return Mishing()
mishing.example_inputs = (torch.ones(2, 3),)

class Baking(nn.Module):
    def forward(self, x):
        if x.sum() > 1000:
            return x * 2
        return torch.relu(x)

def baking():
    return Baking()
baking.example_inputs = (torch.ones(2, 1200),)

class Text(nn.Module):
    def forward(self, ids, weight):
        return (ids.unsqueeze(-1) * weight).sum(1)

text = Text()

def loss():
    raise RuntimeError("no weights here")
'''
BUILD = """
import sys, torch
sys.path.insert(0, ".")
import sources_program as program
net, image = program.make(), torch.randn(2, 3, 8, 8)
torch.export.save(torch.export.export(net, (image,), dynamic_shapes=({0: torch.export.Dim("batch")},)), "net.pt2")
torch.jit.script(net).save("scripted.pt")
torch.jit.trace(net, image).save("traced.pt")
torch.save(net, "pickled.pt")
for weight in net.parameters():
    weight.data.mul_(2)
torch.save({"state_dict": net.state_dict(), "epoch": 3}, "weights.pt")
"""
SHAPE = ("--input", "2x3x8x8")


@pytest.fixture(scope="module")
def built(torch_here: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the program and what torch makes of it."""
    folder = tmp_path_factory.mktemp("sources")
    (folder / "sources_program.py").write_text(PROGRAM)
    done = subprocess.run([sys.executable, "-c", BUILD], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    text = '<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) { y = Relu(x) }'
    onnx.save(onnx.parser.parse_model(text), folder / "plain.onnx")
    (folder / "loose.onnx").write_text("no model")
    return folder


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    """Workers that outlive a command, so that a framework is imported once; every request is a process of its own anyway."""
    open_ones: dict[tuple[Path, str], Session] = {}

    class Kept:
        def __new__(cls, adapter: Path, *, python: str, **more: Any) -> Any:
            if (adapter, python) not in open_ones:
                open_ones[adapter, python] = Session(adapter, python=python, **more)
            return Lent(open_ones[adapter, python])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("graphfix.lowering.workshop.Session", Kept)
        yield
    for session in open_ones.values():
        session.close()


class Lent:
    """A session that stays open."""

    def __init__(self, session: Session) -> None:
        self.send, self.versions, self.close = session.send, session.versions, lambda: None


@pytest.fixture
def home(built: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder to work in."""
    monkeypatch.chdir(built)
    return built


@pytest.fixture
def lower(home: Path, tmp_path: Path) -> Callable[..., tuple[int, Path]]:
    """A function that lowers a source; its exit code, and where the result would be."""

    def lower(source: str, *words: str) -> tuple[int, Path]:
        out = tmp_path / "out.onnx"
        return main(["lower", source, "-o", str(out), "--isolated", *words]), out

    return lower


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The results that were printed as JSON."""
    return json.loads(capsys.readouterr().out)["results"]  # type: ignore[no-any-return]


def io(path: Path) -> tuple[dict[str, list[Any]], list[str]]:
    session = onnxruntime.InferenceSession(path)
    return {value.name: value.shape for value in session.get_inputs()}, [value.name for value in session.get_outputs()]


@pytest.mark.parametrize(
    ("source", "words", "exporter"),
    [
        ("sources_program:make", (), "dynamo"),
        ("sources_program.py:make", ("--exporter", "trace"), "trace"),
        ("sources_program:Net", ("--exporter", "script", *SHAPE), "script"),
        ("net.pt2", (), "dynamo"),
        ("scripted.pt", SHAPE, "script"),
        ("traced.pt", ("--input", "image=2x3x8x8:float32"), "script"),
        ("pickled.pt", ("--trust", "--exporter", "trace", *SHAPE), "trace"),
        ("sources_program:make", ("--weights", "weights.pt", "--exporter", "trace"), "trace"),
        ("sources_program:make", ("--weights", "scripted.pt", "--exporter", "trace"), "trace"),
    ],
)
def test_every_form_of_torch_is_lowered_and_verified(
    lower: Callable[..., tuple[int, Path]], source: str, words: tuple[str, ...], exporter: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = lower(source, *words, "--output-format", "json")
    assert code == 0
    (result,) = told(capsys)
    assert result["model"] == result["lowering"]["source"] == source
    assert result["output"] == str(out)
    assert result["verification"]["passed"]
    assert result["lowering"]["exporter"] == exporter
    assert result["lowering"]["versions"]["torch"]
    (attempt,) = result["lowering"]["attempts"]
    assert (attempt["stage"], attempt["verified"]) == ("ok", True)
    assert attempt["max_rel_error"] < 1e-4
    onnx.checker.check_model(onnx.load(out), full_check=True)
    taken, _ = io(out)
    assert list(taken) == ["image"]


def test_weights_are_those_of_the_file(lower: Callable[..., tuple[int, Path]]) -> None:
    code, out = lower("sources_program:make", "--exporter", "trace")
    assert code == 0
    image = np.ones((2, 3, 8, 8), np.float32)
    (own,) = onnxruntime.InferenceSession(out).run(None, {"image": image})
    assert lower("sources_program:make", "--exporter", "trace", "--force", "--weights", "weights.pt")[0] == 0
    (other,) = onnxruntime.InferenceSession(out).run(None, {"image": image})
    assert not np.allclose(own, other, atol=1e-3)


@pytest.mark.parametrize(
    ("source", "words", "says"),
    [
        ("pickled.pt", (), "it names sources_program.Net; open it with --trust"),
        ("weights.pt", (), "it holds weights and no model"),
        ("net.pt2", ("--exporter", "trace"), "cannot go through `trace`"),
        ("sources_program:Bare", (), "there is nothing to run it on; describe its inputs: --input 1x3x224x224"),
        ("sources_program:text", (), "describe its inputs: --input ids=1x16 --input weight=1x16"),
        ("sources_program:text", ("--input", "1x4"), "no example is given for its argument `weight`"),
        (
            "sources_program:text",
            ("--input", "ids=1x4", "--input", "wait=4"),
            "there is no argument `wait`; its arguments are ids, weight",
        ),
        ("sources_program:make", ("--shape", "picture=1x3x8x8"), "there is no input `picture`; its inputs are image"),
        ("sources_program:make", ("--shape", "image=3x8x8"), "`image` has 4 dims in the example, not 3"),
        ("sources_program:make", ("--input", "1x7x8x8"), "the model does not run on the inputs: "),
        ("sources_program:make", ("--weights", "pickled.pt"), "it names sources_program.Net; open it with --trust"),
        ("sources_program:many", ("--weights", "weights.pt"), "the weights in "),
        ("sources_program:nothing", (), "`sources_program` has no `nothing`; it has Net, make, Bare, "),
        ("no_such_program:make", (), "there is no module `no_such_program`"),
        ("nowhere.py:make", (), "there is no file nowhere.py"),
        ("sources_program:loss", (), "it cannot be opened: no weights here (sources_program.py:"),
        ("sources_program:PROGRAM", (), "has no `PROGRAM`"),
        ("nowhere.pt2", (), "there is no such file"),
        ("plain.onnx", (), "this is no model of PyTorch or TensorFlow"),
    ],
)
def test_what_cannot_be_opened_is_one_line_and_exit_2(
    lower: Callable[..., tuple[int, Path]], source: str, words: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = lower(source, *words)
    said = capsys.readouterr()
    assert code == 2
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith(f"graphfix: {source}: ")
    assert says in line
    assert not out.exists()


def test_inputs_in_trees_by_keyword_and_none_and_several_outputs(lower: Callable[..., tuple[int, Path]]) -> None:
    code, out = lower("sources_program:many")
    assert code == 0
    taken, given = io(out)
    assert list(taken) == ["state_h", "state_c", "pair_0", "pair_1", "scale"]
    assert len(given) == 3


def test_data_is_taken_by_name(lower: Callable[..., tuple[int, Path]], tmp_path: Path) -> None:
    np.savez(tmp_path / "in.npz", weight=np.ones(3, np.float32), ids=np.arange(8).reshape(2, 4))
    code, out = lower("sources_program:text", "--data", str(tmp_path / "in.npz"), "--exporter", "trace")
    assert code == 0
    assert io(out)[0] == {"ids": [2, 4], "weight": [3]}
    assert onnx.load(out).graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.INT64


@pytest.mark.parametrize("exporter", ["dynamo", "trace"])
@pytest.mark.parametrize("words", [("--shape", "Nx3xHxW"), ("--input", "image=Nx3xHxW")])
def test_symbols_are_free_dims(
    lower: Callable[..., tuple[int, Path]], words: tuple[str, ...], exporter: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = lower("sources_program:make", *words, "--exporter", exporter, "--output-format", "json")
    assert code == 0
    assert io(out)[0] == {"image": ["N", 3, "H", "W"]}
    (attempt,) = told(capsys)[0]["lowering"]["attempts"]
    assert "verified on 6 inputs" in attempt["summary"], "values, zeros, and three other sizes"


def test_sizes_are_fixed_and_constants_bound_in_what_is_written(lower: Callable[..., tuple[int, Path]]) -> None:
    code, out = lower("net.pt2", "--shape", "7x3x8x8")
    assert code == 0
    assert io(out)[0] == {"image": [7, 3, 8, 8]}
    words = ("--input", "ids=2x4:int64", "--input", "weight=3", "--set", "weight=[1,2,3]", "--exporter", "trace", "--force")
    code, out = lower("sources_program:text", *words)
    assert code == 0
    assert io(out)[0] == {"ids": [2, 4]}


def test_opset_is_the_one_asked_for(lower: Callable[..., tuple[int, Path]]) -> None:
    code, out = lower("sources_program:make", "--opset", "13")
    assert code == 0
    assert onnx.load(out).opset_import[0].version == 13, "dynamo writes none below 18, so it is another's"


def test_result_is_not_overwritten_unless_forced(
    lower: Callable[..., tuple[int, Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    _, out = lower("sources_program:nothing")
    out.write_text("mine")
    assert lower("sources_program:make")[0] == 2
    assert "--force" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert lower("sources_program:make", "--exporter", "trace", "--force")[0] == 0
    assert out.stat().st_size > 100


def test_nothing_is_written_that_is_not_verified(
    lower: Callable[..., tuple[int, Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    out = lower("sources_program:nothing")[1]
    out.write_text("mine")
    capsys.readouterr()
    words = ("--exporter", "trace", "--force", "--target", "tract", "--output-format", "json")
    assert lower("sources_program:baking", *words)[0] == 1
    assert out.read_text() == "mine"
    (result,) = told(capsys)
    assert result["output"] is None
    assert result["verdict"] == "rejected"
    codes = {finding["code"]: finding for finding in result["findings"]}
    assert "on other values" in codes["GF508"]["message"] or "on zeros" in codes["GF508"]["message"]
    line = next(number for number, text in enumerate(PROGRAM.splitlines(), 1) if "x.sum() > 1000" in text)
    assert codes["GF503"]["source"]["line"] == line


def test_tolerance_may_be_given(lower: Callable[..., tuple[int, Path]], capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = lower("sources_program:make", "--exporter", "trace", "--rtol", "0", "--atol", "0")
    assert code in (0, 1)
    assert "rtol 0, atol 0 of" in " ".join(capsys.readouterr().out.split())


def test_text_tells_what_was_tried_the_proof_and_what_was_written(
    lower: Callable[..., tuple[int, Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = lower("sources_program:baking")
    assert code == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("sources_program:baking: lowered by script of torch ")
    assert lines[0].endswith("(the first that is verified)")
    starts = [line.split()[0] for line in lines[1:] if line.startswith("  ") and line[2] != " "]
    assert starts[:4] == ["dynamo", "trace", "script", "proof"]
    assert "the exporter fails" in lines[1]
    assert "sources_program.py:" in " ".join(lines[1:5])
    assert lines[-1].split()[0] == "wrote"
    assert out.exists()


def test_exporter_is_chosen_for_the_target(lower: Callable[..., tuple[int, Path]], capsys: pytest.CaptureFixture[str]) -> None:
    chosen = {}
    for target in ("tract", "coreml"):
        assert lower("sources_program:mishing", "--target", target, "--force", "--output-format", "json")[0] == 0
        (result,) = told(capsys)
        assert result["verdict"] == "accepted"
        chosen[target] = result["lowering"]
    assert (chosen["tract"]["exporter"], chosen["tract"]["reason"]) == ("dynamo", "accepted by tract")
    assert (chosen["coreml"]["exporter"], chosen["coreml"]["reason"]) == ("trace", "the first that is accepted by coreml")
    assert [one["verdicts"] for one in chosen["coreml"]["attempts"]] == [{"coreml": "rejected"}, {"coreml": "accepted"}]


@pytest.mark.parametrize(
    ("source", "extra"), [("sources_program:make", "torch"), ("net.pt2", "torch"), ("cnn.keras", "tensorflow")]
)
def test_missing_framework_gives_the_install_command(
    lower: Callable[..., tuple[int, Path]], home: Path, source: str, extra: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (home / "cnn.keras").touch()
    monkeypatch.setattr("graphfix.lowering.workshop._installed", lambda _: False)
    assert lower(source, *SHAPE)[0] == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"pip install 'graphfix[{extra}]'" in line


def test_program_that_imports_a_missing_framework_gives_its_install_command(
    lower: Callable[..., tuple[int, Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shy.py").write_text("raise ModuleNotFoundError(\"No module named 'keras'\", name='keras')")
    monkeypatch.setattr("graphfix.lowering.workshop._installed", lambda name: name in ("torch", "onnxscript"))
    assert lower(f"{tmp_path}/shy.py:make")[0] == 2
    assert (
        "it imports `keras`, which is not installed; install it with `pip install 'graphfix[tensorflow]'`"
        in capsys.readouterr().err
    )


def test_interpreter_without_the_framework_or_that_is_none(
    lower: Callable[..., tuple[int, Path]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    bare.chmod(0o755)
    nothing = tmp_path / "nothing"
    for python, said in {
        bare: "torch is not installed; install it with `pip install 'graphfix[torch]'`",
        nothing: f"there is no program {nothing}; name an interpreter with --python",
    }.items():
        assert lower("net.pt2", "--python", str(python))[0] == 2
        assert said in capsys.readouterr().err


def test_interpreter_may_be_named(lower: Callable[..., tuple[int, Path]]) -> None:
    assert lower("net.pt2", "--python", sys.executable)[0] == 0


def test_lint_of_sources_and_models_keeps_their_order_and_loses_none(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = ["net.pt2", "plain.onnx", "pickled.pt", "sources_program:loss", "loose.onnx", "sources_program:make"]
    assert main(["lint", *paths, "--target", "tract", "--isolated", "--output-format", "json"]) == 2
    said = capsys.readouterr()
    results = json.loads(said.out)["results"]
    assert [result["model"] for result in results] == paths
    assert [result["verdict"] for result in results] == ["accepted", "accepted", None, None, None, "accepted"]
    assert ["lowering" in result for result in results] == [True, False, False, False, False, True]
    errors = {result["model"]: result["error"] for result in results if result["error"]}
    assert "--trust" in errors["pickled.pt"]
    assert "no weights here" in errors["sources_program:loss"]
    assert all(f"graphfix: {error}" in said.err.splitlines() for error in errors.values())


@pytest.mark.parametrize("form", ["sarif", "github", "markdown"])
def test_reports_name_the_source_and_the_line(home: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["lint", "sources_program:make", "--target", "tract", "--isolated", "--exporter", "dynamo", "--fail-on", "note"]
    assert main([*words, "--output-format", form]) == 1
    out = capsys.readouterr().out
    line = next(number for number, text in enumerate(PROGRAM.splitlines(), 1) if "self.head(self.body(image)" in text)
    assert "sources_program" in out
    assert "GF206" in out
    if form == "sarif":
        found = json.loads(out)["runs"][0]["results"]
        spots = [one["locations"][0]["physicalLocation"] for one in found if one["ruleId"] == "GF206"]
        (place,) = {(spot["artifactLocation"]["uri"], spot["region"]["startLine"]) for spot in spots}
        assert place == ("sources_program.py", line)
    elif form == "github":
        assert f"file=sources_program.py,line={line}," in out


def test_lint_explains_a_verdict_on_a_source(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "net.pt2", "--target", "tract", "--isolated", "--explain-verdict", "@model"]) == 0
    assert "the model as a whole on tract" in capsys.readouterr().out


def test_fix_of_a_source_writes_beside_it_and_never_over_it(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, held = tmp_path / "fixed.onnx", (home / "net.pt2").read_bytes()
    for words in (["--in-place"], ["-o", "net.pt2", "--force"]):
        assert main(["fix", "net.pt2", "--target", "tract", "--isolated", *words]) == 2
        assert "it is no ONNX model, which alone can be replaced" in capsys.readouterr().err
    assert (home / "net.pt2").read_bytes() == held
    words = ["fix", "net.pt2", "--target", "tract", "--isolated", "-o", str(out), "--output-format", "json"]
    assert main(words) == 0
    (result,) = told(capsys)
    assert (result["model"], result["output"], result["lowering"]["exporter"]) == ("net.pt2", str(out), "dynamo")
    assert result["verification"]["passed"]
    onnx.checker.check_model(onnx.load(out))


def test_what_does_not_verify_is_not_fixed_or_compiled(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("fix", "compile"):
        words = [command, "sources_program:baking", "--target", "tract", "--isolated", "--exporter", "trace"]
        assert main([*words, "-o", str(tmp_path / "out")]) == 2
        assert "the lowered model computes something else" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.compiler
def test_compile_of_a_source(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("openvino")
    out = tmp_path / "net.xml"
    words = ["compile", "sources_program:make", "--target", "openvino", "--isolated", "--shape", "1..4x3x8x8"]
    assert main([*words, "-o", str(out), "--output-format", "json"]) == 0
    (result,) = told(capsys)
    assert result["model"] == "sources_program:make"
    assert result["compiler"]["accepted"]
    assert out.exists()


def test_glob_of_sources_is_expanded(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "net*.pt2", "--target", "tract", "--isolated", "--output-format", "json"]) == 0
    assert [result["model"] for result in told(capsys)] == ["net.pt2"]


def renamed(path: Path, changes: dict[str, str]) -> None:
    """Write an archive anew with members under other names."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in held.items():
            archive.writestr(next((name.replace(old, new) for old, new in changes.items() if old in name), name), content)


def test_exported_program_under_names_that_only_torch_takes_is_refused_too(
    lower: Callable[..., tuple[int, Path]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """torch takes whatever lies in models/ for JSON, with five letters for a suffix."""
    path, marker = tmp_path / "net.pt2", tmp_path / "ran"
    exported(path, marker, "symbols")
    renamed(path, {"models/model.json": "models/model.other"[:-1]})
    marker.unlink(missing_ok=True)
    assert lower(str(path))[0] == 2
    assert not marker.exists()
    assert "would run as Python" in capsys.readouterr().err


def test_guard_holds_where_the_archive_was_not_looked_into(torch_here: None, tmp_path: Path) -> None:
    """An archive that another reader sees otherwise is refused at the point of use."""
    script = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
import torch
from hostile import WAYS, exported
from graphfix.lowering import opening
from graphfix.lowering.factory import RequestError
opening.inspect_exported = lambda path: None
marker = Path({str(tmp_path / "ran")!r})
for way in ("sound", *WAYS):
    path = Path({str(tmp_path)!r}, f"{{way}}.pt2")
    exported(path, marker, way)
    marker.unlink(missing_ok=True)
    try:
        opening.open_source({{"kind": "exported-program", "path": str(path), "trust": False, "weights": None}})
        print(way, "opened", marker.exists())
    except RequestError as refused:
        print(way, refused.stage, marker.exists())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    first, *rest = done.stdout.splitlines()
    assert first == "sound opened False"
    assert len(rest) >= 5
    assert {line.split(maxsplit=1)[1] for line in rest} == {"refused False"}


KERAS = """
import keras, tensorflow as tf

def make():
    keras.utils.set_random_seed(1)
    layers = keras.layers
    image = keras.Input((6, 6, 3), name="image")
    centred = layers.Normalization(mean=[0.4, 0.5, 0.6, 0.7], variance=[0.2, 0.3, 0.4, 0.5])  # tensors that are no variables
    return keras.Sequential([image, layers.Conv2D(4, 3, activation="hard_swish"), centred, layers.Conv2D(2, 1)])

def grouped():  # which Keras computes in a function compiled apart
    return keras.Sequential([keras.Input((6, 6, 4), name="image"), keras.layers.Conv2D(6, 3, groups=2, activation="gelu")])

@tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="q")])
def soft(q):
    return tf.nn.softplus(q) * 2
"""


def varint(size: int) -> bytes:
    return bytes([size])


def graph_def(*nodes: tuple[str, str, str]) -> bytes:
    """A frozen graph of nodes with a name, an operator and an input, as protobuf has it."""
    out = b""
    for name, op, read in nodes:
        fields = [(b"\x0a", name), (b"\x12", op), *([(b"\x1a", read)] if read else [])]
        body = b"".join(tag + varint(len(text)) + text.encode() for tag, text in fields)
        out += b"\x0a" + varint(len(body)) + body
    return out


def test_keras_and_functions_are_told_from_torch_when_they_are_made(
    tensorflow_here: None, lower: Callable[..., tuple[int, Path]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "keras_program.py").write_text(KERAS)
    code, out = lower(f"{tmp_path}/keras_program.py:make", "--shape", "Bx6x6x3", "--target", "tract", "--output-format", "json")
    (result,) = told(capsys)
    assert code == 0
    assert io(out)[0] == {"image": ["B", 6, 6, 3]}
    assert result["lowering"]["exporter"] == "tf2onnx"
    border = next(finding for finding in result["findings"] if finding["code"] == "GF507")
    assert "`graphfix fix --input-layout image=nchw`" in border["message"]
    code, out = lower(f"{tmp_path}/keras_program.py:grouped", "--force")
    assert code == 0
    (conv,) = [node for node in onnx.load(out).graph.node if node.op_type == "Conv"]
    assert {item.name: item.i for item in conv.attribute}["group"] == 2
    code, out = lower(f"{tmp_path}/keras_program.py:soft", "--force")
    assert code == 0
    assert io(out)[0] == {"q": ["N", 3]}
    assert lower(f"{tmp_path}/keras_program.py:make", "--exporter", "trace", "--force")[0] == 2
    assert "tf2onnx is what lowers" in capsys.readouterr().err


def test_frozen_graph_without_ends_is_told_those_it_may_have(
    tensorflow_here: None, lower: Callable[..., tuple[int, Path]], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("frozen.pb").write_bytes(graph_def(("pixels", "Placeholder", ""), ("scores", "Identity", "pixels")))
    assert lower("frozen.pb")[0] == 2
    said = capsys.readouterr().err
    assert "a frozen graph does not name its inputs and outputs; likely --inputs pixels --outputs scores" in said
    assert lower("frozen.pb", "--inputs", "pixel", "--outputs", "scores")[0] == 2
    assert "there is no node `pixel` in it" in capsys.readouterr().err
