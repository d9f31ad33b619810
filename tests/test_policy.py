"""What counts: selected and ignored codes, severities, suppressions with reasons, and the baseline that only shrinks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphfix.cli.app import main
from graphfix.linter.example import Example

Write = Callable[..., Path]
pytestmark = pytest.mark.usefixtures("demo")
DOUBLE = "double[2,3] x"
TWO = Example("[Add_1] m1 = Add(x, x)\n[Add_2] m2 = Add(m1, x)\n[Cos_3] y = Cos(m2)", inputs=DOUBLE)
RENUMBERED = Example("[Add_7] m7 = Add(x, x)\n[Add_8] m8 = Add(m7, x)\n[Cos_9] y = Cos(m8)", inputs=DOUBLE)
WORSE = Example("[Add_1] m1 = Add(x, x)\n[Add_2] m2 = Add(m1, x)\n[Add_3] m3 = Add(m2, x)\n[Cos_4] y = Cos(m3)", inputs=DOUBLE)
BETTER = Example("[Add_1] m1 = Add(x, x)\n[Cos_2] y = Cos(m1)", inputs=DOUBLE)


@pytest.fixture
def lint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[dict[str, Any]]]]:
    """A function that lints by the settings in the test's folder, and gives the exit code and the results."""

    def lint(*words: str | Path) -> tuple[int, list[dict[str, Any]]]:
        capsys.readouterr()
        code = main(["lint", *map(str, words), "--target", "demo", "--output-format", "json"])
        out = capsys.readouterr().out
        return code, json.loads(out)["results"] if out else []

    return lint


def settings(folder: Path, text: str) -> None:
    (folder / "graphfix.toml").write_text(text)


def codes(result: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in result["findings"]]


def test_select_and_ignore_take_codes_names_and_prefixes(write: Write, tmp_path: Path, lint: Any) -> None:
    path = write(TWO)
    assert codes(lint(path)[1][0]) == ["GF102", "GF102", "GF109"]
    settings(tmp_path, 'select = ["unmeasured"]')
    assert codes(lint(path)[1][0]) == ["GF109"]
    assert codes(lint(path, "--select", "GF102")[1][0]) == ["GF102", "GF102"], "a flag beats the file"
    settings(tmp_path, 'ignore = ["GF10"]')
    assert lint(path)[0] == 0
    assert codes(lint(path)[1][0]) == []


def test_the_verdict_is_the_tables_whatever_is_silenced(write: Write, tmp_path: Path, lint: Any) -> None:
    settings(tmp_path, 'ignore = ["GF1"]\nseverity = { GF2 = "error" }')
    assert lint(write(TWO))[1][0]["verdict"] == "rejected"
    assert lint(write(Example("y = Relu(x)\nz = Relu(x)")))[1][0]["verdict"] == "accepted", "a severity is no measurement"


def test_the_longest_word_decides_the_severity(write: Write, tmp_path: Path, lint: Any) -> None:
    settings(tmp_path, 'severity = { GF1 = "note", GF109 = "warning", unsupported-dtype = "warning" }\nfail-on = "error"')
    code, (result,) = lint(write(TWO))
    assert code == 0
    assert [finding["severity"] for finding in result["findings"]] == ["warning"] * 3


def test_a_suppression_silences_with_its_reason(write: Write, tmp_path: Path, lint: Any) -> None:
    settings(tmp_path, '[[suppress]]\ncode = "GF102"\nreason = "known to the vendor"\ntarget = "demo"\nnode = "Add_*"')
    code, (result,) = lint(write(TWO))
    assert code == 0
    assert [(item["code"], item["by"], item["reason"]) for item in result["silenced"]] == [
        ("GF102", "settings", "known to the vendor"),
        ("GF102", "settings", "known to the vendor"),
    ]
    assert result["verdict"] == "rejected"


@pytest.mark.parametrize(
    "narrow", ['op = "Relu"', 'node = "Relu_*"', 'target = "tract"', 'model = "other/*.onnx"', 'code = "GF103"']
)
def test_a_suppression_means_no_more_than_it_says(write: Write, tmp_path: Path, lint: Any, narrow: str) -> None:
    code = "" if narrow.startswith("code") else 'code = "GF102"\n'
    settings(tmp_path, f'[[suppress]]\n{code}reason = "r"\n{narrow}')
    exit_code, (result,) = lint(write(TWO))
    assert exit_code == 1
    assert "silenced" not in result


def test_an_unused_suppression_is_a_finding_once_its_last_model_was_judged(write: Write, tmp_path: Path, lint: Any) -> None:
    settings(tmp_path, '[[suppress]]\ncode = "GF102"\nreason = "old"\nmodel = "m/*.onnx"')
    write(Example("y = Relu(x)"), "m/a.onnx")
    write(Example("y = Relu(x)"), "m/b.onnx")
    write(Example("y = Relu(x)"), "z.onnx")
    results = lint(tmp_path)[1]
    assert [codes(result) for result in results] == [[], ["GF901"], []]
    assert "GF102, model m/*.onnx (old) silences nothing" in results[1]["findings"][0]["message"]
    write(TWO, "m/a.onnx")
    assert all("GF901" not in codes(result) for result in lint(tmp_path)[1]), "used by one of its models"
    assert "GF901" not in codes(lint(tmp_path / "z.onnx")[1][0]), "a model it does not mean tells nothing"


def test_a_suppression_needs_a_reason(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings(tmp_path, '[[suppress]]\ncode = "GF102"')
    assert main(["lint", str(write(TWO)), "--target", "demo"]) == 2
    assert "has no `reason`" in capsys.readouterr().err


def test_a_baseline_of_one_export_silences_the_next_with_other_numbers(write: Write, tmp_path: Path, lint: Any) -> None:
    path = write(TWO)
    assert lint(path, "--update-baseline", "--baseline", tmp_path / "graphfix-baseline.json")[0] == 0
    write(RENUMBERED)
    code, (result,) = lint(path)
    assert (code, result["findings"], len(result["silenced"])) == (0, [], 3), "found beside the model, without a flag"
    assert result["verdict"] == "rejected"
    other = write(RENUMBERED, "export2.onnx")
    assert lint(other)[1][0]["findings"] == [], "under another name it is known by its interface"
    assert lint(path, "--no-baseline")[0] == 1
    assert lint(path, "--isolated")[0] == 1


def test_a_baseline_grows_only_on_request(write: Write, tmp_path: Path, lint: Any) -> None:
    path, file = write(TWO), tmp_path / "graphfix-baseline.json"
    lint(path, "--update-baseline", "--baseline", file)
    before = file.read_bytes()
    write(WORSE)
    code, (result,) = lint(path)
    assert (code, codes(result)) == (1, ["GF102"]), "the one that is new counts"
    assert file.read_bytes() == before
    assert lint(path, "--update-baseline")[0] == 0
    assert lint(path)[0] == 0


def test_a_baseline_shrinks_by_itself_and_says_so(write: Write, tmp_path: Path, lint: Any) -> None:
    path, file = write(TWO), tmp_path / "graphfix-baseline.json"
    other = write(TWO, "other.onnx")
    lint(path, other, "--update-baseline", "--baseline", file)
    write(BETTER)
    before = file.read_bytes()
    lint(path, "--shape", "x=2x3")
    assert file.read_bytes() == before, "other settings by hand are no progress"
    code, (result,) = lint(path)
    assert (code, codes(result)) == (0, ["GF905"])
    assert "1 entry of graphfix-baseline.json" in result["findings"][0]["message"]
    assert codes(lint(path)[1][0]) == [], "the file is smaller now"
    assert lint(other)[0] == 0, "another model's entries stay"
    write(TWO)
    assert lint(path)[0] == 1, "what has left does not come back unseen"


def test_folders_without_settings_have_the_baselines_nearest_to_them(write: Write, tmp_path: Path, lint: Any) -> None:
    one, two = write(TWO, "a/m.onnx"), write(TWO, "b/m.onnx")
    lint(two, "--update-baseline", "--baseline", tmp_path / "b" / "graphfix-baseline.json")
    for paths in ((one, two), (two, one)):
        code, results = lint(*paths)
        assert code == 1
        assert {Path(result["model"]).parent.name: len(result["findings"]) for result in results} == {"a": 3, "b": 0}


def test_updating_says_how_much_is_known_now(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["lint", str(write(TWO)), "--target", "demo", "--baseline", str(tmp_path / "known.json")]
    assert main([*words, "--update-baseline"]) == 0
    assert "known.json knows 3 findings now" in capsys.readouterr().err
    assert main(words) == 0
    assert capsys.readouterr().err == ""


def test_updating_forgets_models_that_are_gone(write: Write, tmp_path: Path, lint: Any) -> None:
    path, file = write(TWO), tmp_path / "graphfix-baseline.json"
    gone = write(TWO, "gone.onnx")
    lint(path, gone, "--update-baseline", "--baseline", file)
    gone.unlink()
    lint(path, "--update-baseline")
    assert [one["model"] for one in json.loads(file.read_text())["models"]] == ["model.onnx"]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--baseline", "none.json"], "make it with --update-baseline"),
        (["--no-baseline", "--update-baseline"], "leave one of them out"),
        (["--select", "GF777"], "did you mean"),
        (["--ignore", "unsuported-operator"], "did you mean `unsupported-operator`"),
        (["--jobs", "0"], "1 or more"),
    ],
)
def test_what_cannot_be_meant_is_one_line(write: Write, capsys: pytest.CaptureFixture[str], words: list[str], part: str) -> None:
    assert main(["lint", str(write(TWO)), "--target", "demo", *words]) == 2
    err = capsys.readouterr().err
    assert part in err
    assert len(err.splitlines()) == 1


def test_a_file_that_is_no_baseline_is_refused(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "graphfix-baseline.json").write_text('{"schema": 2}')
    assert main(["lint", str(write(TWO)), "--target", "demo"]) == 2
    assert "is no baseline" in capsys.readouterr().err


def test_what_is_silenced_does_not_count_for_fix_either(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(Example("y = Add(x, x)", inputs=DOUBLE, outputs="double y"))
    words = ["fix", str(path), "--target", "demo", "--output-format", "json", "--force", "-o", str(tmp_path / "out.onnx")]
    assert main(words) == 1
    before = json.loads(capsys.readouterr().out)["results"][0]
    settings(tmp_path, '[[suppress]]\ncode = "GF1"\nreason = "known"')
    assert main(words) == 0
    after = json.loads(capsys.readouterr().out)["results"][0]
    assert len(after["silenced"]) + len(after["findings"]) == len(before["findings"])
    assert after["verdict"] == before["verdict"] == "rejected"
