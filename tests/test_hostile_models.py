"""Models that crash native code, never end, or have markup in names: one clear line each, and others keep their verdicts."""

from __future__ import annotations

import html.parser
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import onnx
import pytest
from markdown_it import MarkdownIt
from onnx import TensorProto, helper

from graphfix.cli.app import GUARDED, main
from graphfix.ir.budgets import call_depth, expanded_nodes
from graphfix.ir.forked_workers import ForkedWorkers, Lost
from graphfix.linter.formats import FORMATS

RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")
NAMES = (
    "\x1b[31mred\x1b]8;;http://evil\x07link\x9b2J",
    "line\n::error::said\n::add-mask::x\r",
    "` ``` <img src=http://evil/t.png> @octocat closes #1 [click](http://evil) | <script>alert(1)</script>",
    "]]> & \"quoted\" 'too' \u202egnp.exe",
)


def written(
    path: Path, op: str, operands: list[str], outputs: list[str], domain: str = "", name: str = "", **traits: Any
) -> Path:
    """Write a model of one node; the last outputs of a node are optional."""
    node = helper.make_node(op, operands, outputs, name=name, domain=domain, **traits)
    inputs = [helper.make_tensor_value_info(given, TensorProto.FLOAT, [3, 4]) for given in operands if given]
    outs = [helper.make_tensor_value_info(made, TensorProto.FLOAT, None) for made in outputs[:1]]
    imports = [helper.make_opsetid("", 17), *([helper.make_opsetid(domain, 4)] if domain else [])]
    onnx.save(helper.make_model(helper.make_graph([node], "g", inputs, outs), ir_version=8, opset_imports=imports), path)
    return path


def crashing(path: Path) -> Path:
    """A model on which onnx's shape inference always ends the process: 16 GB before its array, where nothing is mapped.

    An axis of 2**63 - 1 makes it read the word just before the array, which now and then holds an address that can be read.
    """
    return written(path, "LayerNormalization", ["x", "w"], ["y", "mean", "deviation"], axis=2**31)


def command(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "graphfix", *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, env={**os.environ, **environment}, check=False)


def test_a_crash_costs_the_other_models_nothing(tmp_path: Path) -> None:
    crashing(tmp_path / "b.onnx")
    for name in ("a", "c"):
        written(tmp_path / f"{name}.onnx", "Relu", ["x"], ["y"])
    for jobs in ("1", "2"):
        done = command("lint", tmp_path, "--target", "tract", "--output-format", "json", "--jobs", jobs)
        assert done.returncode == 2
        verdicts = {Path(row["model"]).name: row["verdict"] for row in json.loads(done.stdout)["results"]}
        assert verdicts == {"a.onnx": "accepted", "b.onnx": None, "c.onnx": "accepted"}
        (line,) = done.stderr.splitlines()
        assert "b.onnx: native code crashed on it (SIGSEGV)" in line


def test_a_crash_on_the_only_model_is_reported_like_any_other(tmp_path: Path) -> None:
    model = crashing(tmp_path / "b.onnx")
    done = command("lint", model, "--target", "tract", "--output-format", "json")
    assert done.returncode == 2
    (row,) = json.loads(done.stdout)["results"]
    assert "native code crashed on it (SIGSEGV)" in row["error"]
    (line,) = done.stderr.splitlines()
    assert "b.onnx: native code crashed on it (SIGSEGV)" in line


def guarded(work: str, tmp_path: Path, seconds: float = 5.0) -> subprocess.Popen[str]:
    """A process that runs some work of a command by its watch."""
    script = tmp_path / "guarded.py"
    script.write_text(
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background\n"
        "from graphfix.cli.guarded import run_guarded\n"
        "def run(watch):\n"
        "    def work():\n"
        f"        {work}\n"
        f"    found = watch.run(work, {seconds})\n"
        "    print(found if isinstance(found, str) else found.reason)\n"
        "    return 1\n"
        "try:\n"
        "    sys.exit(run_guarded(run))\n"
        "except KeyboardInterrupt:\n"
        "    sys.exit(3)\n"
    )
    return subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("work", "said"),
    [
        ("return 'fine'", "fine"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "native code crashed on it (SIGSEGV)"),
        ("os._exit(3)", "native code crashed on it (exit code 3)"),
        ("time.sleep(60)", "it took more than 0.2 s of processor time"),
    ],
    ids=["answer", "crash", "exit", "sleep"],
)
def test_what_ends_at_watched_work_is_run_again_with_the_reason(work: str, said: str, tmp_path: Path) -> None:
    with guarded(work, tmp_path, 0.2) as process:
        assert process.communicate(timeout=60)[0] == f"{said}\n"
    assert process.returncode == 1


def test_a_command_gets_no_more_memory_than_others_can_spare(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    script = (
        "import resource\nfrom graphfix.cli.guarded import run_guarded\n"
        "run_guarded(lambda watch: print(resource.getrlimit({})[0]) or 0)"
    )
    words = [sys.executable, "-c", script.format(resource.RLIMIT_DATA)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert 0 < int(done.stdout) <= 0.9 * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def test_an_interrupt_reaches_the_process_that_works(tmp_path: Path) -> None:
    with guarded("print('begun', flush=True); time.sleep(60)", tmp_path, 50.0) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)  # to the one that waits, alone
        assert process.communicate(timeout=30)[1] == "graphfix: interrupted\n"
    assert process.returncode == 130


@pytest.mark.parametrize("words", [("fix", "-o", "{out}"), ("paths",), ("compile", "-o", "{out}")], ids=lambda words: words[0])
def test_a_crash_of_a_command_on_one_model_is_one_line(words: tuple[str, ...], tmp_path: Path) -> None:
    out = tmp_path / "out.onnx"
    model = crashing(tmp_path / "m.onnx")
    first, *rest = (word.format(out=out) for word in words)
    done = command(first, model, "--target", "tract", *rest)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "m.onnx: native code crashed on this model (SIGSEGV)" in line
    assert list(tmp_path.iterdir()) == [model]


def test_commands_that_run_a_model_are_guarded() -> None:
    assert {"lint", "fix", "compile", "paths", "precision", "prune", "quantize"} <= GUARDED


def doubling(path: Path, depth: int) -> Path:
    """A model of which each function calls the one before it twice."""
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("d", 1)]
    functions = [helper.make_function("d", "F0", ["a"], ["b"], [helper.make_node("Neg", ["a"], ["b"])], imports)]
    for level in range(1, depth + 1):
        nodes = [helper.make_node(f"F{level - 1}", [a], [b], domain="d") for a, b in (("a", "t"), ("t", "b"))]
        functions.append(helper.make_function("d", f"F{level}", ["a"], ["b"], nodes, imports))
    node = helper.make_node(f"F{depth}", ["x"], ["y"], domain="d")
    inputs, outputs = ([helper.make_tensor_value_info(name, TensorProto.FLOAT, [2])] for name in "xy")
    graph = helper.make_graph([node], "g", inputs, outputs)
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=imports, functions=functions), path)
    return path


def test_functions_that_double_are_counted_before_they_are_expanded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = doubling(tmp_path / "m.onnx", 40)
    began = time.monotonic()
    assert main(["lint", str(model), "--target", "tract"]) == 2
    assert time.monotonic() - began < 10
    assert f"{2**40:,} nodes result, more than 1,000,000; allow more with" in capsys.readouterr().err
    small = doubling(tmp_path / "small.onnx", 3)
    assert main(["lint", str(small), "--target", "tract"]) != 2
    monkeypatch.setenv("GRAPHFIX_MAX_NODES", "7")
    assert main(["lint", str(small), "--target", "tract"]) == 2
    assert "8 nodes" in capsys.readouterr().err


def test_expanded_nodes_are_those_that_inlining_makes() -> None:
    assert expanded_nodes(["Relu", "f", "g"], {"f": ["g", "g", "Add"], "g": ["Neg", "Exp"]}) == 1 + 5 + 2
    assert expanded_nodes(["Relu"], {}) == 1


def test_chains_of_calls_are_refused_where_onnx_expands_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call_depth({"f": ["g", "Add"], "g": ["h", "h"], "h": ["Neg"]}) == 3
    assert call_depth({}) == 0
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("d", 1)]
    ends = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, [2])] for name in "xy"]
    graph = helper.make_graph([helper.make_node("F0", ["x"], ["y"], domain="d")], "g", *ends)
    for depth in (100, 101):
        calls = [helper.make_node(f"F{at + 1}", ["a"], ["b"], domain="d") for at in range(depth - 1)]
        calls.append(helper.make_node("Relu", ["a"], ["b"]))
        functions = [helper.make_function("d", f"F{at}", ["a"], ["b"], [call], imports) for at, call in enumerate(calls)]
        path = tmp_path / f"{depth}.onnx"
        onnx.save(helper.make_model(graph, ir_version=8, opset_imports=imports, functions=functions), path)
        assert (main(["lint", str(path), "--target", "tract", "--isolated"]) == 2) == (depth > 100)
    assert "its functions call each other in a chain of 101, more than 100" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("equation", "said"),
    [
        ("\t\x0b\x0c tabs", "other characters than letters"),
        ("a" * 5000, "5,000 characters"),
        ("ij,jk->ik", ""),
        ("...a -> a...", ""),
    ],
)
def test_equations_on_which_inference_never_returns_are_refused(
    equation: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    operands = ["x", "z"] if "," in equation else ["x"]
    model = written(tmp_path / "m.onnx", "Einsum", operands, ["y"], equation=equation)
    code = main(["lint", str(model), "--target", "tract"])
    assert (code == 2) == bool(said)
    assert said in capsys.readouterr().err


class Parsed(html.parser.HTMLParser):
    """The elements of a page and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Models of which a node, an operator, a value or a dim has a hostile name."""
    folder = tmp_path_factory.mktemp("hostile")
    models = []
    for at, name in enumerate(NAMES):
        models.append(written(folder / f"node{at}.onnx", "Unique", ["x"], ["y"], name=name))
        models.append(written(folder / f"value{at}.onnx", "Unique", ["x"], [name]))
        if "\n" not in name:
            models.append(written(folder / f"op{at}.onnx", name, ["x"], ["y"], domain="custom"))
    return models


def check_xml(text: str) -> None:
    assert ElementTree.fromstring(text).tag == "testsuites"


def check_markdown(text: str) -> None:
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    parsed = Parsed()
    parsed.feed(page)
    assert not {"img", "script", "a"} & {tag for tag, _ in parsed.seen}
    assert not re.search(r"@octocat|#1", re.sub(r"<code>.*?</code>", "", page))


def check_github(text: str) -> None:
    assert all(re.match(r"::(error|warning|notice) file=[^\n]*?,title=[^\n]*?::", line) for line in text.splitlines())


CHECKS: dict[str, Callable[[str], Any]] = {
    "json": json.loads, "sarif": json.loads, "model-explorer": json.loads,
    "json-lines": lambda text: [json.loads(line) for line in text.splitlines()],
    "junit": check_xml, "markdown": check_markdown, "github": check_github,
    "text": lambda text: None, "concise": lambda text: None,
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_names_reach_no_format_raw(name: str, hostile: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for model in hostile:
        main(["lint", str(model), "--target", "tract,coreml", "--output-format", name])
        said = capsys.readouterr()
        assert not RAW.search(said.out)
        assert not RAW.search(said.err)
        assert not any(line.startswith("::add-mask") for line in (said.out + said.err).splitlines())
        CHECKS[name](said.out)


def test_json_keeps_the_names(hostile: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    for model in hostile:
        if model.name.startswith("node"):
            main(["lint", str(model), "--target", "tract", "--output-format", "json"])
            (result,) = json.loads(capsys.readouterr().out)["results"]
            assert NAMES[int(model.stem[-1])] in {finding["node"] for finding in result["findings"]}


def test_names_are_escaped_in_the_page(hostile: list[Path], tmp_path: Path) -> None:
    for model in hostile:
        page = tmp_path / f"{model.stem}.html"
        main(["lint", str(model), "--target", "tract", "--html", str(page)])
        parsed = Parsed()
        parsed.feed(page.read_text())
        assert not [attrs for tag, attrs in parsed.seen if tag in ("img", "a") and "evil" in str(attrs)]
        assert sum(tag == "script" for tag, _ in parsed.seen) == page.read_text().count("</script>")


def test_names_reach_the_diff_and_the_errors_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = written(tmp_path / "m.onnx", "HardSwish", ["x"], [NAMES[1]])
    main(["fix", str(model), "--target", "tract", "--diff", "--no-confirm"])
    broken = written(tmp_path / "b.onnx", "Relu", ["x"], ["y"], name=NAMES[1], domain=NAMES[0])
    main(["lint", str(broken), "--target", "tract"])
    said = capsys.readouterr()
    assert not RAW.search(said.out + said.err)
    assert not any(line.startswith("::") for line in (said.out + said.err).splitlines())


def work(task: str) -> str:
    """Crash, hang, raise, or answer."""
    if task == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if task == "exit":
        os._exit(3)
    while task == "hang":
        pass
    if task == "sleep":
        time.sleep(60)
    if task == "raise":
        raise ValueError("no")
    return task.upper()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_worker_that_is_lost_is_replaced(jobs: int) -> None:
    tasks = ["a", "crash", "b", "exit", "hang", "c"]
    found = list(ForkedWorkers(work, lambda task: 1.0, jobs).run(tasks))
    assert [one if isinstance(one, str) else one.crashed for one in found] == ["A", "SIGSEGV", "B", "exit code 3", "", "C"]
    assert isinstance(found[4], Lost)
    assert found[4].reason == "it took more than 1 s of processor time"


def test_a_worker_that_waits_is_stopped_too() -> None:
    began = time.monotonic()
    (found,) = ForkedWorkers(work, lambda task: 0.2).run(["sleep"])
    assert isinstance(found, Lost)
    assert time.monotonic() - began < 10


def test_what_the_work_raises_is_raised() -> None:
    with pytest.raises(ValueError, match="no"):
        list(ForkedWorkers(work, lambda task: 5.0).run(["a", "raise"]))


def test_the_time_of_a_model_can_be_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = written(tmp_path / "m.onnx", "Relu", ["x"], ["y"])
    assert main(["lint", str(model), "--target", "tract", "--timeout", "0"]) == 2
    assert "--timeout 0 is no time" in capsys.readouterr().err
    done = command("lint", model, "--target", "tract", "--timeout", "30")
    assert done.returncode == 0
