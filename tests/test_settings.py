"""The settings' schema says what the parser does, and `graphfix config` prints what holds and why."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import graphfix
from graphfix.cli.app import main
from graphfix.errors import UsageError
from graphfix.linter import config
from graphfix.linter.config import Config, Suppression
from graphfix.linter.config_schema import NEEDED, SETTINGS, SUPPRESSION, schema
from graphfix.linter.example import Example

Write = Callable[..., Path]
SHIPPED = Path(graphfix.__file__).with_name("graphfix.schema.json")
LAWFUL = [
    "",
    'targets = ["tract", "openvino@2026.4"]\nselect = ["GF1"]\nignore = ["unmeasured"]',
    'severity = { GF203 = "error" }\nfail-on = "never"\noutput-format = "sarif"\nbaseline = "b.json"',
    "rtol = 1\natol = 0.001",
    'allow = ["approximate"]\nshapes = { x = [1, "N", 3] }\nvalues = { sr = 16000, k = [1, 2], on = true }',
    '[models."a/*.onnx"]\nshapes = { x = [1] }\nvalues = { sr = 1 }\nrtol = 0.1\natol = 0\nallow = []\ntargets = ["tract"]',
    '[[suppress]]\ncode = "GF103"\nreason = "r"\ntarget = "tract"\nmodel = "*"\nnode = "n"\nop = "Add"',
]
UNLAWFUL = [
    ("target = []", "did you mean `targets`?"),
    ("targets = [1]", "write a list of words"),
    ('fail-on = "fatal"', "error"),
    ('output-format = "jsn"', "did you mean `json`?"),
    ('rtol = "a"', "write a number"),
    ("rtol = -1", "less than 0"),
    ("rtol = true", "write a number"),
    ('allow = ["aproximate"]', "did you mean `approximate`?"),
    ('shapes = { x = "1x3" }', "write a table of lists"),
    ("shapes = { x = [1.5] }", "write a table of lists"),
    ('severity = { GF203 = "loud" }', "choose from error, note, warning"),
    ("models = 3", "write sections"),
    ('[models."a"]\nshape = { x = [1] }', "did you mean `shapes`?"),
    ('[models."a"]\nfail-on = "error"', "unknown setting"),
    ("suppress = 3", "[[tool.graphfix.suppress]]"),
    ('[[suppress]]\ncode = "GF103"', "no `reason`"),
    ('[[suppress]]\ncode = "GF103"\nreason = " "', "empty"),
    ('[[suppress]]\ncode = "GF103"\nreason = "r"\nnodes = "n"', "did you mean `node`?"),
]


def parsed(text: str, folder: Path) -> Config:
    (folder / "graphfix.toml").write_text(text)
    return config.load(folder)


def test_schema_parser_and_settings_have_the_same_keys() -> None:
    assert json.loads(SHIPPED.read_text()) == schema(), "write it anew from graphfix.linter.config_schema.schema()"
    told = schema()["properties"]
    assert set(told) == set(SETTINGS) == {f.name.replace("_", "-") for f in fields(Config)} - {"source", "origins"}
    inner = told["models"]["additionalProperties"]
    assert set(inner["properties"]) == {name for name, setting in SETTINGS.items() if setting.per_model}
    item = told["suppress"]["items"]
    assert set(item["properties"]) == set(SUPPRESSION) == {f.name for f in fields(Suppression)}
    assert item["required"] == list(NEEDED)
    assert all(part["additionalProperties"] is False for part in (schema(), inner, item))


@pytest.mark.parametrize("text", LAWFUL)
def test_what_the_parser_takes_the_schema_takes(text: str, tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    parsed(text, tmp_path)
    jsonschema.Draft7Validator(schema()).validate(tomllib.loads(text))


@pytest.mark.parametrize(("text", "part"), UNLAWFUL)
def test_what_the_parser_refuses_with_a_cure_the_schema_refuses(text: str, part: str, tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    with pytest.raises(UsageError) as error:
        parsed(text, tmp_path)
    assert part in error.value.line()
    assert list(jsonschema.Draft7Validator(schema()).iter_errors(tomllib.loads(text)))


def test_an_unknown_code_names_the_nearest(tmp_path: Path) -> None:
    for text in ('ignore = ["unmesured"]', 'select = ["GF99x"]', 'severity = { unmesured = "note" }'):
        with pytest.raises(UsageError, match="did you mean"):
            parsed(text, tmp_path)


def test_sections_are_put_in_for_the_models_they_mean_later_ones_last(tmp_path: Path) -> None:
    found = parsed(
        'shapes = { x = [1] }\nrtol = 0.5\n[models."a/*.onnx"]\nshapes = { y = [2] }\nrtol = 0.1\n[models."big.onnx"]\nrtol=0.2',
        tmp_path,
    )
    assert found.of(tmp_path / "a" / "m.onnx").shapes == {"x": [1], "y": [2]}
    assert found.of(tmp_path / "a" / "m.onnx").rtol == 0.1
    assert found.of(tmp_path / "a" / "big.onnx").rtol == 0.2
    assert found.of(tmp_path / "b" / "m.onnx").rtol == 0.5
    assert config.load(tmp_path / "a" / "big.onnx").rtol == 0.2, "a model's settings have its sections in them"


@pytest.mark.usefixtures("demo")
def test_models_of_several_folders_have_the_settings_of_their_own(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    free = Example("y = Softmax(x)", inputs="float[n,m] x")
    paths = [write(free, f"{name}/m.onnx") for name in "ab"]
    (tmp_path / "a" / "graphfix.toml").write_text('targets = ["demo"]\nshapes = { x = [2, 3] }')
    (tmp_path / "b" / "graphfix.toml").write_text('targets = ["demo@1.0"]\noutput-format = "json"')
    assert main(["lint", *map(str, paths), "--output-format", "json"]) == 1
    told = json.loads(capsys.readouterr().out)["results"]
    assert [result["verdict"] for result in told] == ["accepted", "rejected"]
    assert main(["lint", str(paths[1])]) == 1
    assert json.loads(capsys.readouterr().out)["schema"] == 1, "the format is a setting as well"


def printed(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[str, dict[str, Any]]:
    assert main(["config", *map(str, words)]) == 0
    out = capsys.readouterr().out
    return out, tomllib.loads(out)


@pytest.mark.usefixtures("demo")
def test_config_prints_toml_that_says_where_each_setting_was_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "graphfix.toml").write_text(
        'targets = ["demo"]\nrtol = 0.5\n[models."m.onnx"]\nshapes = { x = [1, "N"] }\n[[suppress]]\ncode = "GF103"\nreason = "r"'
    )
    out, told = printed(capsys, tmp_path / "m.onnx", "--fail-on", "note", "--set", "sr=16000", "--ignore", "GF2")
    assert (told["targets"], told["rtol"], told["shapes"], told["values"]) == (["demo"], 0.5, {"x": [1, "N"]}, {"sr": 16000})
    assert (told["fail-on"], told["ignore"], told["suppress"]) == ("note", ["GF2"], [{"code": "GF103", "reason": "r"}])
    origins = {line.partition(" ")[0]: line.rpartition("# ")[2] for line in out.splitlines() if " = " in line and "# " in line}
    assert origins["targets"] == str(tmp_path / "graphfix.toml")
    assert origins["shapes"].endswith('models."m.onnx"')
    assert (origins["fail-on"], origins["values"], origins["output-format"]) == ("--fail-on", "--set", "default")
    assert printed(capsys, tmp_path / "other.onnx")[1]["shapes"] == {}
    assert printed(capsys, tmp_path, "--isolated")[1]["targets"] == []


def test_config_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out) == schema()
