"""The documentation: its commands run or at least parse, and its recipes are what they claim to be."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import onnx
import pytest

from graphfix.cli import app as cli
from graphfix.linter.codes import codes
from graphfix.linter.config import load
from graphfix.linter.config_schema import SETTINGS
from graphfix.rewriting.registry import registry
from graphfix.tables.versions import targets

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").rglob("*.md"))
BLOCKS = [(page, kind, text) for page in PAGES for kind, text in re.findall(r"```(\w+)\n(.*?)```", page.read_text(), re.DOTALL)]
RUN = [
    (page, line)
    for page in PAGES
    if "```console" not in page.read_text()  # test_sessions.py runs those, and compares what they print
    for line in re.findall(r"^    \$ graphfix (.+)$", page.read_text(), re.MULTILINE)
]
ELSEWHERE = ("probe", "backends install")
PROBE = [line for page, line in RUN if page.name == "probe.md"]
WRITTEN = [
    (page, line)
    for page, _, text in BLOCKS
    for line in re.findall(r"^(?:[\w: -]*?\bexec |\s*- |)graphfix (.+)$", text, re.MULTILINE)
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the models that the pages speak of."""
    shutil.copytree(ROOT / "fixtures" / "models", tmp_path / "fixtures" / "models")
    shutil.copy(ROOT / "fixtures" / "models" / "speech.onnx", tmp_path)
    shutil.copy(ROOT / "fixtures" / "models" / "hard_swish.onnx", tmp_path / "model.onnx")
    draw = np.random.default_rng(0)
    weights = draw.standard_normal((8, 3, 3, 3)).astype(np.float32)
    text = "<ir_version: 8, opset_import: ['': 17]> g (float[1, 3, 8, 8] image, float[8, 3, 3, 3] w) => (float[1, 8, 6, 6] y)"
    classifier = onnx.parser.parse_model(f"{text} {{ c = Conv(image, w)  y = Relu(c) }}".replace("'", '"'))
    del classifier.graph.input[1]
    classifier.graph.initializer.append(onnx.numpy_helper.from_array(weights, "w"))
    onnx.save(classifier, tmp_path / "classifier.onnx")
    np.savez(tmp_path / "calibration.npz", image=draw.standard_normal((16, 1, 3, 8, 8)).astype(np.float32))
    np.savez(tmp_path / "inputs.npz", x=draw.standard_normal((16, 1, 8)).astype(np.float32))
    (tmp_path / "models").mkdir()
    shutil.copy(tmp_path / "model.onnx", tmp_path / "models")
    monkeypatch.chdir(tmp_path)
    cli.main(["lint", "models", "--target", "tract", "--isolated", "--output-format", "jsonl", "--output-file", "results.jsonl"])
    return tmp_path


def test_there_are_commands_and_recipes() -> None:
    assert len(RUN) >= 1
    assert len(WRITTEN) >= 3


@pytest.mark.parametrize(("page", "line"), [each for each in RUN if not each[1].startswith(ELSEWHERE)], ids=str)
def test_command_runs(page: Path, line: str, folder: Path) -> None:
    assert cli.main(shlex.split(line)) in (0, 1)


@pytest.mark.compiler
@pytest.mark.parametrize("line", [line for line in PROBE if "@" not in line])
def test_tables_are_checked_as_written(line: str) -> None:
    pytest.importorskip("tract")
    pytest.importorskip("openvino")
    assert cli.main(shlex.split(line)) in (0, 1)


@pytest.mark.compiler
@pytest.mark.slow
def test_another_version_is_measured_as_written(folder: Path) -> None:
    install, measure, check = [line for line in PROBE if "@" in line]
    if cli.main(shlex.split(install)) != 0:
        pytest.skip("that version cannot be installed here")
    assert cli.main(shlex.split(measure)) == 0
    assert (folder / "my-rules" / "tract" / "0.21.19" / "Relu.json").exists()
    assert cli.main(shlex.split(check)) == 0


@pytest.mark.parametrize(("page", "text"), [(page, text) for page, kind, text in BLOCKS if kind == "toml"], ids=str)
def test_settings_in_the_text_are_valid(page: Path, text: str, folder: Path) -> None:
    (folder / "pyproject.toml").write_text(text)
    assert load(folder).source == str(folder / "pyproject.toml")


@pytest.mark.parametrize(("page", "line"), WRITTEN, ids=str)
def test_command_in_a_recipe_is_one_that_graphfix_takes(page: Path, line: str) -> None:
    given = cli.build_parser().parse_args(shlex.split(line))
    assert given.command == line.split()[0]


@pytest.mark.parametrize(("page", "text"), [(page, text) for page, kind, text in BLOCKS if kind == "yaml"], ids=str)
def test_recipe_is_yaml_and_names_inputs_that_the_action_has(page: Path, text: str) -> None:
    told = yaml.safe_load(text)
    known = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    steps = [step for job in told.get("jobs", {}).values() for step in job["steps"] if step["uses"].startswith("./")]
    assert all(set(step["with"]) <= set(known) for step in steps)
    for repo in told.get("repos", []):
        for hook in repo["hooks"]:
            assert cli.build_parser().parse_args(hook["entry"].split()[1:]).command == "ci"


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    """The pages that are made from the registries, by path."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.pages())


def test_every_finding_rewrite_target_and_command_has_a_page(generated: dict[str, str]) -> None:
    wanted = {f"findings/{code}.md" for code in codes()} | {f"rewrites/{name}.md" for name in registry()}
    wanted |= {f"targets/{target}.md" for target in targets()} | {f"commands/{name}.md" for name in cli.COMMANDS}
    assert wanted <= generated.keys()
    for section in ("findings", "rewrites", "targets", "commands"):
        index = generated[f"{section}/index.md"]
        assert all(f"]({Path(page).name})" in index for page in wanted if page.startswith(f"{section}/"))


def test_pages_tell_what_the_registries_hold(generated: dict[str, str]) -> None:
    page = generated["rewrites/decompose-hard-swish.md"]
    rewrite = registry()["decompose-hard-swish"]
    assert all(line.strip() in page for line in rewrite.after.splitlines())
    assert rewrite.title in page
    assert "**exact**" in page
    assert rewrite.declines[0].because in page
    assert "**Why:**" in generated["findings/GF103.md"]
    assert "| `Resize` | with conditions | " in generated["targets/tract.md"]
    for target in ("coreml", "tensorrt", "tract"):
        assert "What runs a node was **not** measured: " in generated[f"targets/{target}.md"]
    assert re.search(r"What runs a node was measured: .+ \d+ operators were asked about", generated["targets/openvino.md"])
    assert "--explain-verdict NODE" in generated["commands/lint.md"]
    assert all(f"| `{name}` |" in generated["settings.md"] for name in SETTINGS)


class Links(HTMLParser):
    """The links and anchors of one page, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors = {""}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            elif name in ("href", "src") and value is not None:
                (self.links if tag == "a" else self.loaded).append(value)


@pytest.mark.slow
def test_site_builds_without_warnings_or_network_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    pytest.importorskip("material", reason="mkdocs-material is not installed")
    site = tmp_path / "site"
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(site)]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1", "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(words, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stdout + done.stderr
    pages = {path: Links(path.read_text("utf-8")) for path in site.rglob("*.html")}
    assert len(pages) > len(registry())
    broken = []
    for path, page in pages.items():
        if path.name == "404.html":  # is served at any address, and so links from the top
            continue
        for link in (*page.links, *page.loaded):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                assert link not in page.loaded, f"{path.name} loads {link}"
                continue
            goal = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            goal = goal / "index.html" if goal.is_dir() else goal
            if not goal.is_file() or (goal in pages and unquote(parts.fragment) not in pages[goal].anchors):
                broken.append(f"{path.relative_to(site)}: {link}")
    assert not broken


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "CHANGELOG.md", *PAGES], ids=lambda page: page.name)
def test_files_that_the_text_links_to_are_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert all((page.parent / link).exists() for link in links)
