"""Where a compiler refuses what its table accepts, and dims are dynamic, `fix` names sizes to try."""

from __future__ import annotations

import argparse

import onnx
import pytest

from graphfix.cli.commands.fix import configure
from graphfix.cli.next_command import complete_steps
from graphfix.linter.diagnostics import Result
from graphfix.rewriting.confirmed_findings import add_confirmed
from graphfix.rewriting.measurement import Confirmed, Measurement
from graphfix.rewriting.pipeline import FixResult
from graphfix.rewriting.remaining import advise_remaining
from graphfix.verify.compare import Verification

REFUSED, FAILS, TAKEN = Measurement(), Measurement(True, ("fails",)), Measurement(True)


def outcome(shape: str, said: Measurement) -> Result:
    """Return the result of a run that changed nothing, after which a compiler says this."""
    text = f'<ir_version: 8, opset_import: ["" : 17]> g (float[{shape}] x) => (float[{shape}] y) {{ y = Relu(x) }}'
    result = Result("m.onnx", "demo", "1", 1, [])
    verification = Verification(0, 0.0, 0.0, 1.0, True, "nothing was changed")
    confirmed = {"demo@1": Confirmed(said, said), "demo": Confirmed(said, said)}
    fixed = FixResult(onnx.parser.parse_model(text), (), verification, (result,), confirmed=confirmed)
    advise_remaining(fixed, lambda *_: [], ())
    add_confirmed([result], confirmed)
    parser = argparse.ArgumentParser()
    configure(parser)
    complete_steps([result], parser.parse_args(["m.onnx", "--target", "demo", "-o", "out.onnx"]), configure)
    return result


@pytest.mark.parametrize("said", [REFUSED, FAILS])
def test_sizes_are_named_where_a_compiler_refuses_dynamic_dims(said: Measurement) -> None:
    step = outcome("batch, 7", said).next
    assert step is not None
    assert (step.shapes, step.examples) == ((("x", (1, 7)),), ("batch",))
    assert step.command == "graphfix fix m.onnx --target demo --shape x=1x7 -o out.onnx --force"


@pytest.mark.parametrize(("shape", "said"), [("batch, 7", TAKEN), ("2, 7", REFUSED)])
def test_nothing_is_named_where_it_takes_the_model_or_all_dims_are_fixed(shape: str, said: Measurement) -> None:
    assert outcome(shape, said).next is None
