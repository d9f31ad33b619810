"""JSON reports: what every command prints is what the schema says, and the schema's keys are those of docs/json.md."""

from __future__ import annotations

import dataclasses
import io
import json
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from size_documents import size_documents

from graphfix.cli.app import main
from graphfix.ir.source_location import SourceLocation, write_location
from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.linter.example import Example
from graphfix.lowering.bringing import LoweredSource
from graphfix.lowering.lowered import Attempt, Lowered
from graphfix.lowering.paths.model import (
    AppliedRewrite,
    BlockingCause,
    ConversionPath,
    ConversionPaths,
    ExportState,
    Means,
    Start,
)
from graphfix.lowering.source import Kind, Source
from graphfix.report import json_, renderer
from graphfix.verify.compare import Verification

jsonschema = pytest.importorskip("jsonschema")
Write = Callable[..., Path]
ROOT = Path(__file__).parent.parent
SCHEMA = json.loads(Path(json_.__file__).with_name(json_.SCHEMA).read_text("utf-8"))
DOUBLE = {"inputs": "double[2,3] x", "outputs": "double[2,3] y"}
FLOAT = {"outputs": "float[2,3] y"}
BRANCH = Example(
    "c = Greater(s, z)\n[choice] y = If(c) <then_branch = a () => (float[2,3] p) { p = Mish(x) }, "
    "else_branch = b () => (float[2,3] q) { q = Relu(x) }>",
    inputs="float[2,3] x, float s", weights="float z = {1}", **FLOAT,
)  # fmt: skip
MODELS = {
    "fine": Example("y = Relu(x)", **FLOAT),
    "mish": Example("y = Mish(x)", **FLOAT),
    "sinh": Example("m = Mish(x)\ny = Sinh(m)", **FLOAT),
    "sigmoid": Example("h = HardSigmoid(x)\ny = Relu(h)", **FLOAT),
    "double": Example("m = Add(x, x)\ny = Cos(m)", **DOUBLE),
    "branch": BRANCH,
    "bad": Example("[bad_relu] y = Relu(x)", **FLOAT),
    "pair": Example("[pair_a] a = Relu(x)\n[pair_b] b = Relu(a)\n[c] y = Relu(b)", **FLOAT),
    "wrong": Example("[wrong_relu] y = Relu(x)", **FLOAT),
    "broken": Example("[broken_relu] y = Relu(x)", **FLOAT),
    "unwritten": Example("[unwritten_relu] y = Relu(x)", **FLOAT),
}
SETTINGS = '[[suppress]]\ncode = "GF102"\nreason = "known"\n[[suppress]]\ncode = "GF110"\nreason = "gone"'
COMMANDS = {
    "lint that can be resumed": (
        1,
        "lint told.onnx --output-format json-lines --resume",
    ),  # before a report of others is there
    "lint many": (2, "lint fine.onnx mish.onnx none.onnx branch.onnx --statistics --timings"),
    "lint in two versions": (1, "lint mish.onnx told.onnx -t demo@1.0,demo@1"),
    "lint that does not fit": (2, "lint fine.onnx --shape z=2x3"),
    "lint silenced": (0, "lint double.onnx --config settings.toml"),
    "lint in lines": (1, "lint fine.onnx told.onnx --output-format json-lines"),
    "lint confirmed": (1, "lint bad.onnx fine.onnx --confirm"),
    "fix": (0, "fix mish.onnx -o out.onnx --force"),
    "fix told": (1, "fix told.onnx -o out.onnx --force --why --no-confirm"),
    "fix told at a cost": (0, "fix told.onnx -o out.onnx --force --allow approximate"),
    "fix confirmed": (1, "fix bad.onnx -o out.onnx --force --confirm --why"),
    "fix bound": (0, "fix branch.onnx -o out.onnx --force --set s=0 --data data.npz"),
    "fix in place": (0, "fix fine.onnx --in-place"),
    "compile": (0, "compile fine.onnx -o out.demo --force"),
    "compile cut down": (1, "compile pair.onnx -o other.demo --bisect"),
    "compile wrong": (0, "compile wrong.onnx -o out.demo --force"),
    "compile broken": (0, "compile broken.onnx -o out.demo --force"),
    "compile unwritten": (1, "compile unwritten.onnx -o none.demo"),
    "paths": (1, "paths sinh.onnx"),
    "paths confirmed": (1, "paths bad.onnx --confirm"),
    "ci": (0, "ci mend.onnx --fix"),
    "ci of nothing": (0, "ci empty"),
}


def definition(name: str) -> dict[str, Any]:
    """A definition of the schema."""
    found: dict[str, Any] = SCHEMA["definitions"][name]
    return found


def problems(document: object, of: str) -> list[str]:
    """What of a document is not as the schema's definition has it, and what is none of the documents at all."""
    schema = {"$ref": f"#/definitions/{of}", "definitions": SCHEMA["definitions"]}
    told = [f"{error.json_path}: {error.message}" for error in jsonschema.Draft7Validator(schema).iter_errors(document)]
    return told or [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(document)]


def keys(document: Any, held: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The keys that a document has, each with the title of the definition that it belongs to."""
    for choice in held.get("anyOf", [held]):
        if "$ref" in choice:
            yield from keys(document, definition(choice["$ref"].rpartition("/")[2]))
        elif isinstance(document, dict):
            for key, value in document.items():
                if "properties" in choice:
                    yield choice["title"], key
                    yield from keys(value, choice["properties"][key])
                else:
                    yield from keys(value, choice.get("additionalProperties", {}))
        elif isinstance(document, list):
            for value in document:
                yield from keys(value, choice.get("items", {}))


def read(text: str) -> Any:
    """Text as a strict reader of JSON takes it."""

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all models, one of which tells where its nodes come from, and one that is no model."""
    monkeypatch.chdir(tmp_path)
    for name, example in MODELS.items():
        onnx.save(example.model, f"{name}.onnx")
    told = MODELS["double"].model
    write_location(told.graph.node[0], SourceLocation("encoder.gate", "model.py", 88))
    onnx.save(told, "told.onnx")
    shutil.copy("mish.onnx", "mend.onnx")
    Path("empty").mkdir()
    Path("none.onnx").write_bytes(b"no model")
    Path("settings.toml").write_text(SETTINGS)
    np.savez("data.npz", x=np.ones((2, 3), np.float32))
    return tmp_path


def printed(words: str, code: int) -> Iterator[tuple[str, Any]]:
    """What a command writes, and which definition each document has to be like; its exit code is checked."""
    command, *more = shlex.split(words)
    form = [] if "--output-format" in more else ["--output-format", "json"]
    target = [] if "-t" in more or command == "paths" else ["-t", "demo"]
    isolated = [] if "--config" in more else ["--isolated"]
    assert main([command, *more, *form, *target, *isolated, "--output-file", "report.json"]) == code
    told = Path("report.json").read_text("utf-8")
    for line in told.splitlines():
        yield "map" if command == "paths" else "report" if form else "result", read(line)


def invented() -> Iterator[tuple[str, Any]]:
    """Documents about lowering, made up here: no framework is asked."""
    lost = Verification(0, float("inf"), float("inf"), float("nan"), False, "onnxruntime", "it cannot be loaded")
    made = Attempt("trace", "ok", 1.0, Path("made.onnx"), verification=lost, notes=["a dim is fixed"], opset=17, nodes=3)
    made.results = [Result("net.py:make", "demo", "1.0", called="demo@1.0")]
    failed = Attempt("dynamo", "export", 2.0, failure={"message": "no ONNX for it", "file": "net.py", "line": 3})
    source = Source("net.py:make", Kind.FACTORY)
    for chosen in (made, failed):
        brought = LoweredSource(source.text, chosen.model, Lowered(source, [failed, made], chosen, {"torch": "2.0"}, "proved"))
        for result in brought.with_findings([brought.empty_result("demo"), Result(source.text, "", "")]):
            result.verification = None if chosen is failed else vars_of(lost)
            yield "result", read(json_.written(result.to_json()))
    profile = {"given": True, "shapes": {"x": {"min": [1, 3], "opt": [4, 3], "max": [8, 3]}}}
    yield "result", read(json_.written(Result("m.onnx", "demo", "1.0", profile=profile).to_json()))
    image = {"name": "x", "dims": [1, 8, 6, 3], "dtype": "uint8"}
    compiled = {
        "version": "1.0", "accepted": True, "stage": "ok", "message": "", "seconds": 1.0, "predicted": "accepted",
        "numerics": "match", "error": 0.0,
        "metadata": {"input": image, "classes": 2, "labels": 2, "mean": [0.0], "std": [1.0]},
        "differs": "returns [1, 2] for [2], with equal values",
        "delegated": {"by": "XNNPACK", "operators": 3, "of": 4, "left": ["aten.sort.default"]},
    }  # fmt: skip
    yield "result", read(json_.written(Result("m.onnx", "mlkit", "1.0", compiler=compiled).to_json()))
    found = Finding("GF101", "unsupported-operator", Severity.ERROR, "demo", "no", source=SourceLocation("gate", "net.py", 3))
    starts = (
        Start("trace", ExportState.GOOD, error=float("inf")),
        Start("dynamo", ExportState.FAILS, reason="no", location="net.py:3"),
    )
    ends = [ConversionPath(start, "demo@1.0", "demo 1.0", way) for start in starts for way in Means]
    more = {
        "rewrites": (AppliedRewrite("expand-function", "exact", 2),),
        "sizes": {"x": [2, 3]},
        "remaining_causes": (BlockingCause(found, ("n",)),),
    }
    ends.append(
        ConversionPath(starts[0], "demo", "demo 1.0", Means.INTERFACE, "accepted", error=float("nan"), end_error=0.0, **more)
    )
    yield (
        "map",
        read(json_.written(ConversionPaths(source.text, "Python", "torch 2.0", ("demo",), starts, tuple(ends)).to_json())),
    )


def vars_of(verification: Verification) -> dict[str, Any]:
    """A verification as the commands put it into a Result."""
    return dataclasses.asdict(verification)


@pytest.mark.usefixtures("picky", "here")
def test_what_commands_print_is_what_the_schema_says_and_every_key_of_it_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {name: list(printed(words, code)) for name, (code, words) in COMMANDS.items()} | {"invented": list(invented())}
    told |= {"smaller": [(of, read(text)) for of, text in size_documents(monkeypatch)]}
    wrong = {name: [line for of, document in documents for line in problems(document, of)] for name, documents in told.items()}
    assert {name: lines for name, lines in wrong.items() if lines} == {}
    met = {key for documents in told.values() for of, document in documents for key in keys(document, definition(of))}
    assert met == {(held["title"], key) for held in SCHEMA["definitions"].values() for key in held["properties"]}


@pytest.mark.parametrize("form", ["json", "json-lines"])
def test_a_number_without_bound_is_null_and_the_rest_stays(form: str) -> None:
    result = Result(
        "m.onnx", "demo", "1.0", changes=[], verification=vars_of(Verification(1, float("inf"), 0.5, 1.0, False, "m"))
    )
    out = io.StringIO()
    renderer(form)([result], out)
    told = read(out.getvalue())
    found = (told["results"][0] if form == "json" else told)["verification"]
    assert (found["max_abs_error"], found["max_rel_error"], found["passed"], found["blind"]) == (None, 0.5, False, [])


@pytest.mark.usefixtures("picky", "here")
def test_commands_agree_on_what_a_key_means() -> None:
    ((_, linted),) = printed("lint branch.onnx", 1)
    ((_, roads),) = printed("paths branch.onnx", 1)
    counts = {linted["results"][0]["nodes"], roads["exporters"][0]["nodes"]}
    assert counts == {4}, "those of subgraphs count"
    ((_, compiled),) = printed("compile fine.onnx -o out.demo", 0)
    assert compiled["results"][0]["output"] == "out.demo"
    ((_, refused),) = printed("compile bad.onnx -o none.demo", 1)
    assert "output" not in refused["results"][0]
    assert Result("net.py:make", "", "").to_json()["verdict"] is None, "nobody has judged it"


def test_the_schema_is_lawful_and_notices_a_key_that_it_does_not_know() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    for held in SCHEMA["definitions"].values():
        assert held["additionalProperties"] is False
        assert held["required"] == [key for key in held["properties"] if key in held["required"]]
        assert all(each["description"] for each in held["properties"].values())
    plain = Result("m.onnx", "demo", "1.0").to_json()
    assert not problems(plain, "result")
    assert problems({**plain, "more": 1}, "result")
    assert problems({key: value for key, value in plain.items() if key != "nodes"}, "result")
    assert problems({**plain, "verdict": "fine"}, "result")


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--report-schema"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA


PROGRAM = """
import torch
from torch import nn

class Gate(nn.Module):
    def forward(self, x):
        if x.sum() > 0:
            return nn.functional.mish(x)
        return x - 1

make = Gate()
make.example_inputs = (torch.ones(2, 3),)
"""


@pytest.mark.framework
@pytest.mark.usefixtures("here")
def test_reports_on_a_module_that_exporters_fail_on_are_as_the_schema_says() -> None:
    pytest.importorskip("onnxscript")
    Path("gates.py").write_text(PROGRAM)
    ((_, refused),) = printed("lower gates.py:make -o refused.onnx --exporter dynamo -t tract", 1)
    ((_, lowered),) = printed("lower gates.py:make -o gate.onnx -t tract,coreml", 0)
    ((_, roads),) = printed("paths gates.py:make --target tract", 0)
    for document, name in ((refused, "report"), (lowered, "report"), (roads, "map")):
        assert not problems(document, name)
    (result,) = refused["results"]
    assert "output" not in result
    assert result["findings"][0]["source"]["line"] == 7
    assert [attempt["stage"] for attempt in lowered["results"][0]["lowering"]["attempts"]] == ["export", "ok", "ok"]
    assert {start["state"] for start in roads["exporters"]} == {"fails", "differs", "good"}
