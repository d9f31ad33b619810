"""SVMClassifier(x) of two classes with probabilities: p near [r, 1 - r], r = 1 / (1 + exp(a s + b)) of the pair's score s.

Both come out of Wu, Lin and Weng's pairwise coupling ("Probability estimates for multi-class classification", 2004, method 2) as
LIBSVM writes it: from [1/2, 1/2] on, p Q p is lessened in one probability after the other until it changes by less than 0.0025.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewrites.classical.decompose_svm_classifier import pair_scores, winner
from graphfix.rewrites.classical.kernel_values import too_many_vectors
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = '<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]> g'
MACHINE = """kernel_type = "RBF", kernel_params = [0.5, 0.0, 3.0], coefficients = [0.5, -1.0, 0.25],
             support_vectors = [0.5, -0.25, 1.0, 0.0, -0.5, 1.5], rho = [0.125], vectors_per_class = [1, 2]"""
LEAST = 1e-7
"""The least probability of a class."""
SMALL = 0.0025
"""The change below which the probabilities of two classes are final."""
ROUNDS = 2
"""The rounds that are written out: more are never needed, whatever the score."""


class DecomposeSvmProbabilities(BuiltRewrite):
    """Write a support vector machine of two classes with its probabilities, which are a sigmoid of its score.

    Why: the converters of scikit-learn write it as one node of ONNX's domain for machine learning, which few compilers read.
    The operator comes to the probabilities in steps and stops when they change little; two rounds are enough for two classes.
    """

    name = "decompose-svm-probabilities"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 256
    differs_at = ("nan", "inf", "large")
    dtypes = ("float32",)
    fixes = (FixRule("SVMClassifier"),)
    before = "label, p = ai.onnx.ml.SVMClassifier<prob_a = [-1.0], prob_b = [0.0]>(x)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 2] x) => (int64[N] label, float[N, 2] p) {{
                 label, p = ai.onnx.ml.SVMClassifier<classlabels_ints = [4, 7], {MACHINE},
                   prob_a = [90.0], prob_b = [0.25]>(x) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[4, 2] x) => (float[4, 2] p) {{
                 label, p = ai.onnx.ml.SVMClassifier<classlabels_strings = ["a", "b"], {MACHINE},
                   prob_a = [80.0], prob_b = [-0.5]>(x) }}""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 2] x) => (int64[N] label, float[N, 2] p) {{
                 label, p = ai.onnx.ml.SVMClassifier<classlabels_ints = [4, 7], {MACHINE}>(x) }}""",
            because="it gives no probabilities",
        ),
        Case(
            f"""{HEAD} (float[N, 2] x) => (string[N] label, float[N, 2] p) {{
                 label, p = ai.onnx.ml.SVMClassifier<classlabels_strings = ["a", "b"], {MACHINE},
                   prob_a = [-2.0], prob_b = [0.25]>(x) }}""",
            because="its labels are strings, which no compiler supports; drop that output",
        ),
        Case(
            f"""{HEAD} (float[N, 2] x) => (int64[N] label, float[N, 3] p) {{
                 label, p = ai.onnx.ml.SVMClassifier<classlabels_ints = [4, 7, 9],
                   kernel_type = "RBF", kernel_params = [0.5, 0.0, 3.0], coefficients = [0.5, -1.0, 0.25, 2.0, -0.75, 1.5],
                   support_vectors = [0.5, -0.25, 1.0, 0.0, -0.5, 1.5], rho = [0.125, -0.25, 0.5], vectors_per_class = [1, 1, 1],
                   prob_a = [-1.0, -2.0, -1.5], prob_b = [0.0, 0.1, 0.2]>(x) }}""",
            because="the probabilities of its 3 classes depend on each other",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dims, groups = draft.shape(), [int(count) for count in draft.attribute("vectors_per_class", ())]
        slope, offset = draft.attribute("prob_a", ()), draft.attribute("prob_b", ())
        labels = draft.attribute("classlabels_ints")
        if dims is None or len(dims) != 2 or not isinstance(dims[1], int) or not dims[1]:
            return "its input is not known to be a matrix"
        if not slope or not sum(groups) or draft.attribute("post_transform", "NONE") != "NONE":
            return "it gives no probabilities"
        if len(groups) != 2:
            return f"the probabilities of its {len(groups)} classes depend on each other"
        if labels is None and draft.wants(0):
            return "its labels are strings, which no compiler supports; drop that output"
        vectors = np.asarray(draft.attribute("support_vectors", ()), np.float32).reshape(sum(groups), -1)
        if too_many := too_many_vectors(draft, vectors):
            return too_many
        scores = pair_scores(draft, groups, vectors)
        scaled = draft.op("Mul", scores, draft.number(-np.float32(slope[0])))
        first = draft.op("Sigmoid", draft.op("Sub", scaled, draft.number(np.float32(offset[0]))))
        first = draft.op("Min", draft.op("Max", first, draft.number(LEAST)), draft.number(1 - LEAST))
        draft.give(draft.op("Concat", *_coupled(draft, first), axis=1), 1)
        if draft.wants(0):
            won = draft.op("Greater", scores, draft.number(0.0))
            draft.give(draft.op("Gather", draft.constant(labels), winner(draft, won, 2), axis=0))
        return None


def _coupled(draft: ReplacementBuilder, first: str) -> list[str]:
    """Return the probabilities of the two classes, where `first` is how probable the first is against the second."""

    def add(*terms: str) -> str:
        return terms[0] if len(terms) == 1 else draft.op("Add", add(*terms[:-1]), terms[-1])

    one, two, second = draft.number(1.0), draft.number(2.0), draft.op("Sub", draft.number(1.0), first)
    own = [draft.op("Mul", second, second), draft.op("Mul", first, first)]
    cross = draft.op("Neg", draft.op("Mul", first, second))
    half = draft.op("Add", draft.op("Mul", first, draft.number(0.0)), draft.number(0.5))
    p = [half, half]
    for _ in range(ROUNDS):
        row = [add(draft.op("Mul", own[at], p[at]), draft.op("Mul", cross, p[1 - at])) for at in (0, 1)]
        whole = add(*(draft.op("Mul", p[at], row[at]) for at in (0, 1)))
        apart = [draft.op("Abs", draft.op("Sub", each, whole)) for each in row]
        moves = draft.op("Greater", draft.op("Max", *apart), draft.number(SMALL))
        after = list(p)
        for at in (0, 1):
            step = draft.op("Div", draft.op("Sub", whole, row[at]), own[at])
            grown = draft.op("Add", step, one)
            curve = add(draft.op("Mul", step, own[at]), draft.op("Mul", two, row[at]))
            whole = draft.op("Div", add(whole, draft.op("Mul", step, curve)), draft.op("Mul", grown, grown))
            turned = [draft.op("Mul", step, own[at] if other == at else cross) for other in (0, 1)]
            row = [draft.op("Div", add(each, more), grown) for each, more in zip(row, turned, strict=True)]
            after[at] = draft.op("Add", after[at], step)
            after = [draft.op("Div", each, grown) for each in after]
        p = [draft.op("Where", moves, new, old) for new, old in zip(after, p, strict=True)]
    return p
