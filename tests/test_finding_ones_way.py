"""Lists of rules and targets, other names of targets, suggestions, and how much is printed."""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graphfix.cli import app as cli
from graphfix.cli.app import main
from graphfix.cli.verbosity import LEVEL
from graphfix.errors import UsageError
from graphfix.linter import documentation as documented
from graphfix.linter.check import checks
from graphfix.linter.codes import codes
from graphfix.linter.config import load
from graphfix.linter.example import Example
from graphfix.linter.support import operators, support, tables
from graphfix.report.lowered import rejections
from graphfix.report.matrix import render_matrix
from graphfix.report.page import COLOR
from graphfix.report.support_page import page_data
from graphfix.rewriting.registry import registry
from graphfix.tables.measured import measurements
from graphfix.tables.table import table
from graphfix.tables.versions import EVERY, aliases_of, groups, targets

ROOT = Path(__file__).parent.parent
RELU = str(ROOT / "fixtures" / "models" / "relu.onnx")
Write = Callable[..., Path]


class Terminal(io.StringIO):
    """A stream that calls itself a terminal."""

    def isatty(self) -> bool:
        return True


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(list(words)) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], line: str) -> str:
    """The one line on stderr of a command line that is refused."""
    code: object = None
    with contextlib.suppress(SystemExit):
        code = main(shlex.split(line))
    assert code in (None, 2)
    (told,) = capsys.readouterr().err.strip().splitlines()
    return told


# Rules and targets


def test_rules_lists_every_code_and_every_rewrite_on_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "rules").splitlines()
    for code in codes().values():
        (line,) = [line for line in lines if line.split()[:1] == [code.code]]
        assert line.split()[1:3] == [code.name, code.severity.value]
        assert line.endswith(code.summary)
    for rewrite in registry().values():
        (line,) = [line for line in lines if line.split()[:1] == [rewrite.name]]
        assert line.split()[1] == rewrite.safety.value


def test_rules_as_json_say_where_each_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(said(capsys, "rules", "--output-format", "json"))
    assert [one["code"] for one in found["codes"]] == list(codes())
    assert [one["name"] for one in found["rewrites"]] == list(registry())
    for one in (*found["codes"], *found["rewrites"]):
        assert (ROOT / one["documentation"]).is_file()
        assert one["summary"]


def test_targets_lists_versions_with_what_was_measured_and_when(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "targets")
    for one in measurements():
        assert f"{one.target}@{one.version}" in text
        assert f"{one.operators} operators, {one.probes} probes, measured {one.first}" in text
        assert " ".join(one.note.split()[:4]) in text
        assert one.operators > 200 or one.preview
        assert one.probes > 20_000 or one.preview
        assert not one.preview or f"preview: {one.preview}" in text
    assert text.count("preview: ") == sum(bool(one.preview) for one in measurements())
    assert "trt" in text
    found = json.loads(said(capsys, "targets", "--output-format", "json"))["targets"]
    assert {one["target"] for one in found} == set(targets())
    assert [one["version"] for one in found if one["default"]] == [table(target).version for target in targets()]


def test_explain_without_a_target_shows_the_operator_on_all(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "explain", "resize").splitlines()
    assert lines[0] == "Resize"
    every = groups()[EVERY]
    assert [line.split()[0] for line in lines[2 : 2 + len(every)]] == every
    assert sum(line.startswith("Resize on ") for line in lines) == len(every)
    assert "did you mean `Resize`" in refused(capsys, "explain Resise")


@pytest.mark.parametrize("code", [check.code for check in checks()])
def test_the_examples_of_a_code_differ_from_each_other(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "explain", code)
    reported, not_reported = text.partition("\nReported:\n")[2].split("\nNot reported:\n")
    assert reported.strip()
    assert reported.strip() != not_reported.partition("\nDocumented in:")[0].strip()


def test_examples_of_different_codes_are_different(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ("GF102", "GF103", "GF104", "GF105", "GF106")
    texts = {said(capsys, "explain", code).partition("\nReported:\n")[2].partition("\nNot reported:")[0] for code in wanted}
    assert len(texts) == len(wanted)


# Where a code is documented


@pytest.mark.parametrize("code", codes())
def test_a_code_names_its_documentation(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"Documented in: {documented.documentation(code)}" in said(capsys, "explain", code)
    assert (ROOT / documented.documented_in(code)).is_file()
    assert f'"{code}"' in (ROOT / documented.documented_in(code)).read_text()
    assert re.match(r"[a-z]+:[^\s]+$", documented.help_uri(code)), "an absolute URI"


@pytest.fixture
def with_site(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Metadata that name a site."""

    class Metadata:
        def get_all(self, name: str) -> list[str]:
            return ["Source, https://example.org/source", "Documentation, https://example.org/docs/"]

    documented.site.cache_clear()
    monkeypatch.setattr(importlib.metadata, "metadata", lambda name: Metadata())
    yield
    documented.site.cache_clear()


@pytest.mark.usefixtures("with_site")
def test_with_a_site_in_the_metadata_codes_link_to_their_pages() -> None:
    assert documented.help_uri("GF101") == "https://example.org/docs/findings/GF101.html"
    assert documented.documentation("GF101") == "https://example.org/docs/findings/GF101.html"
    assert documented.information_uri() == "https://example.org/docs"


# Other names of targets


@pytest.mark.parametrize(("alias", "target"), [(alias, target) for target in targets() for alias in aliases_of(target)])
def test_an_alias_stands_for_its_target_wherever_one_is_named(
    alias: str, target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import graphfix

    by_command = json.loads(said(capsys, "lint", RELU, "-t", alias.upper(), "--isolated", "--output-format", "json"))
    assert [one["target"] for one in by_command["results"]] == [target]
    assert graphfix.lint(RELU, alias).results[0].called == target
    assert [result.target for result in graphfix.fix(RELU, f"{alias}@{table(target).version}").report.results] == [target]
    assert graphfix.paths(RELU, alias).targets == (target,)
    assert said(capsys, "table", "--op", "Abs", "-t", alias) == said(capsys, "table", "--op", "Abs", "-t", target)
    assert said(capsys, "explain", alias, "Abs") == said(capsys, "explain", target, "Abs")
    settings = (
        f'[tool.graphfix]\ntargets = ["{alias}"]\n[[tool.graphfix.suppress]]\ncode = "GF101"\nreason = "r"\ntarget = "{alias}"\n'
    )
    (tmp_path / "pyproject.toml").write_text(settings)
    (tmp_path / "relu.onnx").write_bytes(Path(RELU).read_bytes())
    found = json.loads(said(capsys, "lint", str(tmp_path / "relu.onnx"), "--output-format", "json"))
    assert [one["target"] for one in found["results"]] == [target]
    assert load(tmp_path).suppress[0].target == target


def test_an_alias_named_with_its_target_is_judged_once(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(said(capsys, "lint", RELU, "-t", "trt,tensorrt,all", "--isolated", "--output-format", "json"))
    assert sorted(one["target"] for one in found["results"]) == groups()[EVERY]


# Suggestions


@pytest.mark.parametrize(
    ("line", "part", "help_of"),
    [
        ("lint m.onnx --tarrget tract", "did you mean `--target`?", "graphfix lint"),
        ("fix m.onnx --ouput x.onnx", "did you mean `--output`?", "graphfix fix"),
        ("lint m.onnx --fail-on eror", "did you mean `error`?", "graphfix lint"),
        ("backends instal tract", "did you mean `install`?", "graphfix backends"),
        ("explian GF101", "did you mean `explain`?", "graphfix"),
        ("--vresion lint", "did you mean `--version`?", "graphfix"),
        ("config a b", "unexpected argument `b`", "graphfix config"),
        ("lint m.onnx -Z", "unknown option `-Z`", "graphfix lint"),
        ("rules --output-format xml", "`json`", "graphfix rules"),
    ],
)
def test_a_typo_is_answered_with_the_nearest_and_the_help_of_that_command(
    line: str, part: str, help_of: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = refused(capsys, line)
    assert part in told or "choose from json, text" in told
    assert told.endswith(f"see `{help_of} --help`")


def test_an_option_may_still_be_shortened_and_a_dash_dash_ends_options() -> None:
    given = cli.build_parser().parse_args(["lint", "--targ", "tract", "m.onnx"])
    assert given.target == "tract"
    assert cli.build_parser().parse_args(["lint", "--", "--odd.onnx"]).paths == ["--odd.onnx"]


@pytest.mark.parametrize("columns", ["40", "60", "80"])
def test_help_never_breaks_a_path(columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    with pytest.raises(SystemExit):
        main(["completion", "--help"])
    words = capsys.readouterr().out.split()
    assert "~/.local/share/bash-completion/completions/graphfix" in words
    assert "~/.config/fish/completions/graphfix.fish" in words


# How much is printed


def test_quiet_leaves_only_the_report_and_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "copy.onnx")
    assert main(["lint", RELU, "-t", "tract", "--isolated", "--annotate", out]) == 0
    assert "wrote" in capsys.readouterr().err
    assert main(["-q", "lint", RELU, "-t", "tract", "--isolated", "--annotate", out, "--force"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert "accepted by tract" in told.out
    assert main(["lint", "none.onnx", "-t", "tract", "--isolated", "-q"]) == 2
    assert "no such file" in capsys.readouterr().err
    assert LEVEL.get() == 0


def test_verbose_prints_steps_with_their_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "-v", RELU, "-t", "tract", "--isolated"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"graphfix: version \S+, Python \S+", lines[0])
    assert any(re.fullmatch(r"graphfix: +[\d.]+ s  relu.onnx", line) for line in lines)
    assert re.fullmatch(r"graphfix: lint took [\d.]+ s, exit code 0", lines[-1])


def test_color_is_as_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b[" not in said(capsys, "lint", RELU, "-t", "tract", "--isolated")
    assert "\x1b[" in said(capsys, "lint", RELU, "-t", "tract", "--isolated", "--color", "always")
    assert "\x1b[" in said(capsys, "--color=always", "table")
    assert COLOR.get() == "auto"


def test_a_terminal_without_color_gets_no_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for choice, escapes in (("auto", True), ("never", False)):
        monkeypatch.setattr(sys, "stdout", out := Terminal())
        assert main(["--color", choice, "lint", RELU, "-t", "tract", "--isolated"]) == 0
        assert ("\x1b[" in out.getvalue()) == escapes


def test_a_report_in_a_file_is_never_colored(tmp_path: Path) -> None:
    assert main(["lint", RELU, "-t", "tract", "--isolated", "--color", "always", "--output-file", str(tmp_path / "r")]) == 0
    assert "\x1b[" not in (tmp_path / "r").read_text()


# What is printed wrongly by ways of its own


def test_a_reader_that_goes_away_does_not_change_the_exit_code() -> None:
    speech = ROOT / "fixtures" / "models" / "speech.onnx"
    line = f"{shlex.quote(sys.executable)} -m graphfix lint {shlex.quote(str(speech))} -t all --full --isolated | true"
    # A long report, so that the pipe is surely closed before it has been written.
    done = subprocess.run(["bash", "-c", f"{line}; echo ${{PIPESTATUS[0]}}"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
    assert done.stderr == ""


def test_brackets_in_a_command_are_shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    from graphfix.backends import toolchain

    monkeypatch.setattr(toolchain, "find", lambda name: None)
    monkeypatch.setattr(toolchain, "installed", lambda name: [])
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "stdout", out := Terminal())
    assert main(["backends"]) == 0
    assert "pip install 'graphfix[coreml]'" in re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())


@pytest.mark.parametrize(
    "line",
    [
        "fix https://a.b/c.onnx -t tract -o out.onnx",
        "compile s3://a/c.onnx -t tract -o out.tgz",
        "paths https://a.b/c.onnx -t tract",
    ],
)
def test_a_url_is_printed_as_it_was_given(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*shlex.split(line), "--isolated"]) == 2
    err = capsys.readouterr().err
    assert f"{line.split()[1]}: there is no such file; only `graphfix lint` reads URLs: download it first" in err


def test_one_finding_rejects_and_several_reject() -> None:
    assert [rejections(count) for count in (1, 2)] == ["1 finding that rejects it", "2 findings that reject it"]


def test_a_drive_of_windows_is_no_url() -> None:
    assert UsageError("p", path="C:/models/a.onnx").path == "C:/models/a.onnx"
    assert UsageError("p", path="https:/a.b/c.onnx").path == "https://a.b/c.onnx"


@pytest.mark.usefixtures("demo")
def test_a_diff_without_changes_says_why_on_stderr(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fix", str(write(Example("y = Relu(x)"))), "-t", "demo", "--diff", "--isolated"]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "nothing to change, no target rejects it" in told.err
    hopeless = Example("y = Reshape(x, s)", inputs="float[2,3] x, int64[1] s")
    assert main(["fix", str(write(hopeless)), "-t", "demo", "--diff", "--isolated"]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "it stays rejected by demo 1.0" in told.err


# One verdict per cell


def test_the_matrix_in_the_terminal_and_on_the_page_agree_in_every_cell() -> None:
    every = tables(every=True)
    names = operators(every)
    render_matrix(names, every, out := io.StringIO())
    lines = out.getvalue().splitlines()[2 : 2 + len(names)]
    shown = {"-": "not measured"}
    compared = 0
    for name, line, (_, _, cells) in zip(names, lines, page_data(names, every)["rows"], strict=True):
        words = re.split(r"  +", line.strip())
        assert words[0] == name
        for word, cell, one in zip(words[1:], cells, every, strict=True):
            label = cell[6] if cell else "not measured"
            short = re.sub(r" conditions?$", " cond.", label)
            assert shown.get(word, word) == short, f"{name} on {one.title}"
            assert label == support(name, one).label
            compared += 1
    assert compared == len(names) * len(every) > 1000


def test_an_operator_without_a_lowering_is_rejected_although_constant_folding_removes_it() -> None:
    found = support("DeformConv", table("coreml"))
    assert found.verdict == "rejected"
    assert "no Core ML lowering" in found.statements[-1].evidence.said
    for name in operators([table("coreml")]):
        entry = support(name, table("coreml"))
        if entry.verdict == "rejected" and all(one.evidence.when for one in entry.statements if one.sort == "rejects"):
            assert any("have no Core ML lowering" in one.evidence.said for one in entry.statements), name
    assert support("Resize", table("coreml")).verdict == "conditions"
