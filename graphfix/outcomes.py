"""What asking the real compiler can find, beside what the rules in checks/ read off a table: codes, names and why."""

from __future__ import annotations

from dataclasses import dataclass

from graphfix.diagnostic import Severity


@dataclass(frozen=True, slots=True)
class Outcome:
    """One kind of finding that needs a compiler's word: `about` says what it finds, why that hurts, what to do."""

    code: str
    name: str
    severity: Severity
    about: str


REJECTION = Outcome(
    "GF111",
    "compiler-rejection",
    Severity.ERROR,
    """The compiler itself refused the model, and its words name this node, its operator, or nobody.

Why: unlike a table's verdict this is no prediction; the artifact does not exist.
Instead: rewrite the node (`graphfix fix`), or find the smallest part that is refused with `graphfix compile --bisect`.""",
)
UNLOADABLE = Outcome(
    "GF112",
    "reference-rejection",
    Severity.WARNING,
    """onnxruntime, the reference that outputs are compared with, cannot load the model.

Why: the model is likely at fault, and no compiler's numbers can be checked.
Instead: repair the export; onnxruntime's message says what is wrong.""",
)
UNWRITTEN = Outcome(
    "GF113",
    "no-artifact",
    Severity.WARNING,
    """The compiler takes the model and runs it, but cannot write down what it made of it.

Why: there is no file to ship; the model has to be loaded as ONNX each time, if the compiler can.
Instead: rewrite the node it names, or ship the ONNX file.""",
)
DIFFERENT = Outcome(
    "GF301",
    "wrong-numerics",
    Severity.WARNING,
    """A compiled model whose outputs are further than 1e-3 of their scale from onnxruntime's.

Why: nothing warns of it; the model ships and is quietly less accurate, or plainly wrong.
Instead: compare on real data with `--data`, and find the operator with `graphfix compile` on parts of the model.""",
)
CONTRADICTION = Outcome(
    "GF902",
    "contradicted-table",
    Severity.WARNING,
    """The prediction from the support table and the compiler's own verdict disagree on this model.

Why: the compiler is right, so the table is wrong, too coarse, or measured on another version.
Instead: report the model, cut down with `graphfix compile --bisect`; `graphfix probe` measures the operator again.""",
)
OUTCOMES = (REJECTION, UNLOADABLE, UNWRITTEN, DIFFERENT, CONTRADICTION)
