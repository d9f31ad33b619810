"""Findings on sources: the line of Python that each names is one marked with its operator, before and after fix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from marks import NAMES, marks
from trips import TARGETS, Lower, by, told

import graphfix
from graphfix.ir.source_location import SourceLocation
from graphfix.linter.diagnostics import Finding, Severity

LEAST = 0.95
EXPORTED = [name for name in NAMES if told(name)["EXPORTERS"]["dynamo"]]


def right(name: str, finding: Finding) -> bool:
    """Whether a finding names a line of the program that is marked with the finding's operator."""
    source = finding.source
    if source is None or not source.file.endswith(f"/{name}.py"):
        return False
    return finding.op in marks(name).get(source.line or 0, ())


def wrong(found: Iterable[tuple[str, Finding]]) -> list[str]:
    """The findings whose line is wrong, in words."""
    return [f"{name}: {one.code} on {one.op} `{one.node}` says {one.source}" for name, one in found if not right(name, one)]


def findings(lowered: Lower, dims: str) -> Iterator[tuple[str, Finding]]:
    """The findings on operators, for all targets, of every program that dynamo exports, with the program's name."""
    for name in EXPORTED:
        attempt = by(lowered(name, dims), "dynamo")
        assert attempt.model is not None, f"{name}: {attempt.summary()}"
        yield from ((name, one) for one in graphfix.lint(attempt.model, TARGETS).findings if one.op)


@pytest.mark.framework
@pytest.mark.slow
@pytest.mark.parametrize(("dims", "many"), [("fixed", 20), ("free", 100)])
def test_findings_name_the_marked_line(lowered: Lower, capsys: pytest.CaptureFixture[str], dims: str, many: int) -> None:
    found = list(findings(lowered, dims))
    off = wrong(found)
    with capsys.disabled():
        print(f"\nlines of findings, dims {dims}: {len(found) - len(off)} of {len(found)} right")
    assert len(found) >= many, "too few findings to tell"
    assert len(off) <= (1 - LEAST) * len(found), "\n".join(off)


@pytest.mark.framework
@pytest.mark.slow
def test_lines_outlive_the_rewrites(lowered: Lower) -> None:
    count, lost = 0, []
    for name in EXPORTED:
        model = by(lowered(name), "dynamo").model
        assert model is not None
        for target in ("coreml", "tract"):
            left = [one for one in graphfix.fix(model, target, allow=("approximate",)).report.findings if one.op]
            count += len(left)
            lost += [
                f"{name} for {target}: {one.op} `{one.node}` says {one.source}"
                for one in left
                if one.source is None or one.source.line not in marks(name)
            ]
    assert count >= 20
    assert len(lost) <= (1 - LEAST) * count, "\n".join(lost)


def test_a_wrong_line_counts_as_wrong() -> None:
    line = next(number for number, ops in marks("embedding").items() if "ArgMax" in ops)

    def finding(op: str, at: int) -> Finding:
        return Finding("GF103", "n", Severity.ERROR, "tract", "m", op=op, source=SourceLocation("", "/x/embedding.py", at))

    nowhere = Finding("GF103", "n", Severity.NOTE, "tract", "m", op="Add")
    found = [finding("ArgMax", line), finding("ArgMax", line - 1), finding("Gemm", line), nowhere]
    assert len(wrong(("embedding", one) for one in found)) == 3
