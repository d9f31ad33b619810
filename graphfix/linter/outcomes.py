"""Kinds of finding that no rule in checks/ makes: from running the compiler, and about the settings."""

from __future__ import annotations

from graphfix.ir.records import dataclass
from graphfix.linter.diagnostics import Severity


@dataclass(frozen=True, slots=True)
class Outcome:
    """A kind of finding that no rule makes: `about` says what it reports, why that is a problem and what to do."""

    code: str
    name: str
    severity: Severity
    about: str


REJECTION = Outcome(
    "GF111",
    "compiler-rejection",
    Severity.ERROR,
    """The compiler itself rejected the model; its error message names this node, its operator, or no node at all.

Why: unlike a table's verdict this is no prediction; the artifact does not exist.
Example: `graphfix compile` of a model with a Mish, to a compiler that does not support it.
Instead: rewrite the node (`graphfix fix`), or find the smallest part that is rejected with `graphfix compile --bisect`.""",
)
UNLOADABLE = Outcome(
    "GF112",
    "reference-rejection",
    Severity.WARNING,
    """onnxruntime, the reference that outputs are compared with, cannot load the model.

Why: the model is likely invalid, and no compiler's outputs can be checked.
Example: an operator of a domain that onnxruntime was built without.
Instead: fix the export; onnxruntime's message says what is wrong.""",
)
UNWRITTEN = Outcome(
    "GF113",
    "no-artifact",
    Severity.WARNING,
    """The compiler accepts the model and runs it, but cannot write the compiled model to a file.

Why: there is no file to ship; the model has to be loaded as ONNX each time, if the compiler can.
Example: an operator that a compiler runs, and that its archive format cannot store.
Instead: rewrite the node it names, or ship the ONNX file.""",
)
DIFFERENT = Outcome(
    "GF301",
    "wrong-numerics",
    Severity.WARNING,
    """A compiled model whose outputs differ from onnxruntime's by more than 1e-3 of their scale.

Why: the compiler prints no warning; the deployed model is less accurate, or wrong.
Example: a resize whose coordinates are rounded in the other direction.
Instead: compare on real data with `--data`, and find the operator with `graphfix compile` on parts of the model.""",
)
ONE_SIZE = Outcome(
    "GF302",
    "only-static",
    Severity.ERROR,
    """A compiled model with dynamic dims that loads, and fails or computes something else at one of two sizes it was run at.

Why: the converter set the dynamic dims to 1, so that the file fails on the first input of a real size.
Example: a Conv of rank 3 with a dynamic length, which onnx2tf reshapes to rank 4 by constants.
Instead: compile for the sizes of the model's use with `--shape`, one file for each.""",
)
CONTRADICTION = Outcome(
    "GF902",
    "contradicted-table",
    Severity.WARNING,
    """The prediction from the support table and the compiler's own verdict disagree on this model.

Why: the compiler is right, so the table is wrong, too coarse, or measured on another version.
Example: `graphfix lint --confirm` on a model that is rejected for a combination of two nodes.
Instead: report the model, reduced with `graphfix compile --bisect`; `graphfix probe` measures the operator again.""",
)
UNUSED = Outcome(
    "GF901",
    "unused-suppression",
    Severity.WARNING,
    """A suppression in the settings that silences nothing: the models it applies to no longer have such a finding.

Why: it would hide the same finding if it came back, with a reason that no longer holds.
Example: `[[tool.graphfix.suppress]]` with `code = "GF103"` for a model whose Resize nodes have since been rewritten.
Instead: delete the section; where it is meant for another target or model, say so in its `target` and `model`.""",
)
STALE = Outcome(
    "GF905",
    "stale-baseline",
    Severity.NOTE,
    """Entries of the baseline that no finding matches any longer; they are removed from the file.

Why: a baseline that only shrinks shows how much is left to do, and a finding that comes back is reported.
Example: `graphfix-baseline.json` was written before a rejected Mish was exported in elementary form.
Instead: commit the smaller file. It grows only with `graphfix lint --update-baseline`.""",
)
OUTCOMES = (REJECTION, UNLOADABLE, UNWRITTEN, DIFFERENT, ONE_SIZE, CONTRADICTION, UNUSED, STALE)
