"""Files for hosts, editors and containers: they parse, name what exists, and agree with the package."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphfix.cli.app import build_parser, main
from graphfix.ir.source_location import SourceLocation
from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.linter.example import Example
from graphfix.report import renderer
from graphfix.version import VERSION

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
TASKS = json.loads(re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "editors.md").read_text(), re.DOTALL)[0])
(TASK,) = TASKS["tasks"]
SOURCE, MODEL = TASK["problemMatcher"]
Write = Callable[..., Path]


# For hosts


@pytest.mark.parametrize("path", [path for path in FORMS if path.name != "config.yml"], ids=lambda path: path.stem)
def test_an_issue_form_has_what_a_host_requires(path: Path) -> None:
    form = yaml.safe_load(path.read_text())
    assert {"name", "description", "body"} <= form.keys()
    ids = [item["id"] for item in form["body"]]
    assert len(set(ids)) == len(ids) > 0
    for item in form["body"]:
        assert item["type"] in ("textarea", "input", "dropdown", "checkboxes")
        assert item["attributes"]["label"]
    assert any(item.get("validations", {}).get("required") for item in form["body"]) or path.stem == "feature"


@pytest.mark.parametrize(
    "path", [*FORMS, ROOT / ".github" / "PULL_REQUEST_TEMPLATE.md", ROOT / "SECURITY.md"], ids=lambda path: path.name
)
def test_the_options_that_a_template_asks_for_exist(path: Path) -> None:
    parser = build_parser()
    (commands,) = (action for action in parser._actions if action.dest == "command")
    known = {spelling for sub in commands.choices.values() for action in sub._actions for spelling in action.option_strings}
    known |= {spelling for action in parser._actions for spelling in action.option_strings}
    text = path.read_text()
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) <= known
    assert set(re.findall(r"`graphfix ([a-z]+)", text)) <= set(commands.choices)


def test_the_citation_names_this_version_and_licence() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors", "type"} <= citation.keys()
    assert citation["version"] == VERSION
    assert citation["license"] == PROJECT["license"]


def test_the_metadata_name_systems_and_pythons_and_no_address_that_is_a_placeholder() -> None:
    classifiers = PROJECT["classifiers"]
    for minor in (11, 12, 13):
        assert f"Programming Language :: Python :: 3.{minor}" in classifiers
    assert sum(one.startswith("Operating System :: ") for one in classifiers) == 3
    assert not [url for url in PROJECT.get("urls", {}).values() if re.search(r"example\.|TODO|your-", url)]
    assert classifiers == sorted(classifiers)


# The container


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile, continued lines joined."""
    joined = re.sub(r"\\\n\s*", " ", text)
    lines = [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def test_the_dockerfile_copies_what_exists_and_runs_as_a_user() -> None:
    found = instructions((ROOT / "Dockerfile").read_text())
    assert {word for word, _ in found} <= {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "ENTRYPOINT", "CMD"}
    assert found[0][0] == "FROM"
    bases = [rest.split()[0] for word, rest in found if word == "FROM"]
    assert all(":" in base and not base.endswith(":latest") for base in bases), "a base image is pinned"
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for rest in (rest for word, rest in found if word == "COPY" and not rest.startswith("--from")):
        for name in rest.split()[:-1]:
            assert (ROOT / name).exists(), name
            assert name in let_in, f"{name} is kept out by .dockerignore"
    users = [at for at, (word, _) in enumerate(found) if word == "USER"]
    assert users, "it does not run as root"
    assert users[-1] < next(at for at, (word, _) in enumerate(found) if word == "ENTRYPOINT")
    for rest in (rest for word, rest in found if word == "RUN" and "pip install" in rest):
        assert "--no-cache-dir" in rest
        for extra in re.findall(r"\[([\w,]+)\]", rest):
            assert set(extra.split(",")) <= PROJECT["optional-dependencies"].keys()
    assert json.loads(dict(found)["ENTRYPOINT"]) == ["graphfix"]


def test_the_package_that_the_dockerfile_builds_needs_no_other_file() -> None:
    build = [rest for word, rest in instructions((ROOT / "Dockerfile").read_text()) if word == "COPY"][:4]
    copied = {name for rest in build for name in rest.split()[:-1]}
    needed = {PROJECT["readme"], *PROJECT["license-files"], "pyproject.toml", "graphfix", "rules", "tools"}
    assert needed <= copied


# Editors


def matched(matcher: dict[str, Any], line: str) -> dict[str, str] | None:
    """What a problem matcher reads from a line, by the name of the part."""
    pattern = matcher["pattern"]
    found = re.match(pattern["regexp"], line)
    parts = ("file", "line", "severity", "code", "message")
    return None if found is None else {name: found[pattern[name]] for name in parts if name in pattern}


def concise(*results: Result) -> list[str]:
    """The lines of the `concise` format."""
    import io

    out = io.StringIO()
    renderer("concise")(results, out)
    return out.getvalue().splitlines()


@pytest.mark.usefixtures("demo")
def test_the_task_finds_the_model_of_a_finding(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(Example("m = Mish(x)\ny = Relu(m)"), "sub folder/a model.onnx")
    assert main(["lint", str(path), "-t", "demo", "--output-format", "concise", "--isolated"]) == 1
    *lines, verdict = capsys.readouterr().out.splitlines()
    assert len(lines) >= 1
    for line in lines:
        found = matched(MODEL, line)
        assert found is not None
        assert found["file"] == str(path)
        assert found["severity"] in ("error", "warning", "note")
        assert re.fullmatch(r"GF\d{3}", found["code"])
        assert found["message"].startswith("[demo] ")
        assert matched(SOURCE, line) is None
    assert matched(MODEL, verdict) is None
    assert matched(SOURCE, verdict) is None


def test_the_task_finds_the_line_of_python_where_it_is_known() -> None:
    finding = Finding(
        "GF103", "unsupported-attribute", Severity.ERROR, "tract", "`Resize`: (x) is rejected", node="n", op="Resize",
        source=SourceLocation(module="encoder.gate", file="/src/my model.py", line=88),
    )  # fmt: skip
    line, _ = concise(Result("a.onnx", "tract", "1.0", findings=[finding]))
    found = matched(SOURCE, line)
    assert found == {
        "file": "my model.py", "line": "88", "severity": "error", "code": "GF103",
        "message": "[tract] `Resize`: (x) is rejected",
    }  # fmt: skip
    assert matched(MODEL, line) is None, "a line is listed once"
    assert SOURCE["fileLocation"][0] == "search", "the report names the file without its folder"


def test_the_task_runs_a_command_that_exists() -> None:
    words = TASK["command"].split()
    assert words[0] == "graphfix"
    assert build_parser().parse_args(words[1:]).command == "lint"


# Continuous integration


def test_a_python_that_is_not_here_is_skipped_with_a_line() -> None:
    script = ROOT / ".ci" / "install"
    subprocess.run(["bash", "-n", str(script)], check=True)
    done = subprocess.run(
        [str(script)], env={"PATH": "/usr/bin:/bin", "GRAPHFIX_PYTHONS": "3.99"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stdout == "install on Python 3.99: skipped, there is no python3.99 on this machine\n"
    assert ".ci/install" in (ROOT / ".ci" / "run").read_text()
