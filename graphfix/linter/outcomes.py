"""What is found beside what the rules in checks/ read off a table: by asking the compiler, and about the settings."""

from __future__ import annotations

from dataclasses import dataclass

from graphfix.linter.diagnostics import Severity


@dataclass(frozen=True, slots=True)
class Outcome:
    """One kind of finding that no rule makes: `about` says what it finds, why that hurts, what to do."""

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
Example: `graphfix compile` of a model with a Mish, to a compiler that has none.
Instead: rewrite the node (`graphfix fix`), or find the smallest part that is refused with `graphfix compile --bisect`.""",
)
UNLOADABLE = Outcome(
    "GF112",
    "reference-rejection",
    Severity.WARNING,
    """onnxruntime, the reference that outputs are compared with, cannot load the model.

Why: the model is likely at fault, and no compiler's numbers can be checked.
Example: an operator of a domain that onnxruntime was built without.
Instead: repair the export; onnxruntime's message says what is wrong.""",
)
UNWRITTEN = Outcome(
    "GF113",
    "no-artifact",
    Severity.WARNING,
    """The compiler takes the model and runs it, but cannot write down what it made of it.

Why: there is no file to ship; the model has to be loaded as ONNX each time, if the compiler can.
Example: an operator that a compiler runs, and for which its archive has no spelling.
Instead: rewrite the node it names, or ship the ONNX file.""",
)
DIFFERENT = Outcome(
    "GF301",
    "wrong-numerics",
    Severity.WARNING,
    """A compiled model whose outputs are further than 1e-3 of their scale from onnxruntime's.

Why: nothing warns of it; the model ships and is quietly less accurate, or plainly wrong.
Example: a resize whose coordinates are rounded the other way.
Instead: compare on real data with `--data`, and find the operator with `graphfix compile` on parts of the model.""",
)
CONTRADICTION = Outcome(
    "GF902",
    "contradicted-table",
    Severity.WARNING,
    """The prediction from the support table and the compiler's own verdict disagree on this model.

Why: the compiler is right, so the table is wrong, too coarse, or measured on another version.
Example: `graphfix lint --confirm` on a model whose trouble is how two nodes stand to each other.
Instead: report the model, cut down with `graphfix compile --bisect`; `graphfix probe` measures the operator again.""",
)
UNUSED = Outcome(
    "GF901",
    "unused-suppression",
    Severity.WARNING,
    """A suppression in the settings that silences nothing: the models it means no longer have such a finding.

Why: it would hide the same trouble should it come back, under a reason that no longer holds.
Example: `[[tool.graphfix.suppress]]` with `code = "GF103"` for a model whose Resize nodes have since been rewritten.
Instead: delete the section; where it is meant for another target or model, say so in its `target` and `model`.""",
)
STALE = Outcome(
    "GF905",
    "stale-baseline",
    Severity.NOTE,
    """Entries of the baseline that no finding meets any longer; they are taken out of the file.

Why: a baseline that only shrinks shows how much is left to do, and lets nothing of it come back unseen.
Example: `graphfix-baseline.json` was written before a rejected Mish was exported in elementary form.
Instead: commit the smaller file. It grows only with `graphfix lint --update-baseline`.""",
)
OUTCOMES = (REJECTION, UNLOADABLE, UNWRITTEN, DIFFERENT, CONTRADICTION, UNUSED, STALE)
