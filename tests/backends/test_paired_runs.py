"""Several versions of a model beside its original on one compiler: what is compared, on how many inputs, and what is timed."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from graphfix.backends.compile.paired_runs import CompiledRuns, Pair, paired_runs
from graphfix.errors import BackendError
from graphfix.verify.sample_runs import run_samples

HEADER = '<ir_version: 9, opset_import: ["": 17]> g (float[2, 3] x) => (float[2, 3] y)'


def network(name: str) -> onnx.ModelProto:
    """A model of one node, which the invented compiler judges by its name."""
    model = onnx.parser.parse_model(f"{HEADER} {{ y = Relu(x) }}")
    model.graph.node[0].name = name
    return model


FEEDS = [{"x": np.float32([[at, -1, 2], [3, at, 1]])} for at in range(1, 11)]


def pair(changed: str, count: int = 10) -> Pair:
    """An original and a changed model with inputs."""
    original = network("fine")
    return Pair(original, network(changed), FEEDS[:count], run_samples(original, FEEDS[:count]))


@pytest.mark.usefixtures("picky")
def test_versions_are_compared_on_several_inputs() -> None:
    with CompiledRuns(pair("fine"), "demo") as runs:
        same = runs.of(network("same"))
        assert (same.accepted, same.before, same.after, same.metrics["y"].values) == (True, None, None, 8 * 6)
        assert (same.metrics["y"].noise, same.metrics["y"].rows, same.metrics["y"].top1) == (0.0, 16, 16)
        assert runs.of(network("same"), most=3).metrics["y"].values == 3 * 6
        assert runs.of(network("same")).metrics["y"].values == 8 * 6
        doubled = runs.of(network("wrong")).metrics["y"]
        assert doubled.noise == pytest.approx(doubled.signal) != 0.0
        assert runs.of(network("broken")).metrics == {}
        timed = runs.of(network("same"), timed=True)
        assert timed.before is not None
        assert timed.after is not None
        assert timed.ratio == pytest.approx(timed.after / timed.before)
        refused = runs.of(network("bad"))
        assert (refused.accepted, refused.original, refused.metrics) == (False, True, {})
    with CompiledRuns(pair("fine", 2), "demo") as runs:
        assert runs.of(network("same")).metrics["y"].values == 2 * 6


@pytest.mark.usefixtures("picky")
def test_targets_are_asked_and_timed() -> None:
    (found,) = paired_runs(pair("wrong", 2), ["demo"], lambda _: None)
    assert found.accepted
    assert found.metrics["y"].values == 12
    assert found.before is not None


def test_a_session_with_a_missing_compiler_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphfix.backends.connect.find", lambda *_: None)
    (told,) = paired_runs(pair("fine", 2), ["tract"], lambda _: None)
    assert (told.accepted, told.metrics) == (None, {})
    assert "is not installed" in told.said
    with pytest.raises(BackendError, match="is not installed"):
        CompiledRuns(pair("fine", 2), "tract")
