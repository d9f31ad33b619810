"""SVMClassifier(x) = K(support vectors, x) . W + rho, a score for each pair of classes, and the class that wins most pairs."""

from __future__ import annotations

from itertools import combinations
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from graphfix.rewrites.classical.kernel_values import kernel_values, too_many_vectors
from graphfix.rewrites.classical.post_transform import TRANSFORMS, transformed
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = '<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]> g'
TWO = """coefficients = [0.5, -1.0, 0.25], support_vectors = [0.5, -0.25, 1.0, 0.0, -0.5, 1.5], rho = [0.125],
         vectors_per_class = [1, 2]"""
THREE = """coefficients = [0.5, -1.0, 0.25, 2.0, -0.75, 1.5], support_vectors = [0.5, -0.25, 1.0, 0.0, -0.5, 1.5],
           rho = [0.125, -0.25, 0.5], vectors_per_class = [1, 1, 1]"""
RADIAL = 'kernel_type = "RBF", kernel_params = [0.5, 0.0, 3.0]'
Matrix = npt.NDArray[np.float32]


class DecomposeSvmClassifier(BuiltRewrite):
    """Write a support vector machine as the values of its kernel, a weighted sum for each pair of classes, and their votes.

    Why: the converters of scikit-learn write support vector classifiers as one node of ONNX's domain for machine learning,
    which few compilers read. Of classes with as many votes the first wins.
    """

    name = "decompose-svm-classifier"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 64
    dtypes = ("float32",)
    differs_at = ("nan", "inf", "large")
    fixes = (FixRule("SVMClassifier"),)
    before = "label, scores = ai.onnx.ml.SVMClassifier(x)"
    after = """k = MatMul(x, vectors)
               m = MatMul(k, weights)
               scores = Add(m, rho)
               won = Greater(scores, zero)
               ones = Cast<to = 1>(won)
               gained = MatMul(ones, votes)
               counted = Add(gained, lost)
               best = ArgMax<axis = 1, keepdims = 0>(counted)
               label = Gather(labels, best)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 2] x) => (int64[N] label, float[N, 3] scores) {{
                 label, scores = ai.onnx.ml.SVMClassifier<{RADIAL}, classlabels_ints = [4, 7, 9], {THREE}>(x) }}""",
            ops=("Unsqueeze", "Sub", "Mul", "ReduceSum", "Mul", "Exp", "MatMul", "Add", "Greater", "Cast", "MatMul", "Add",
                 "ArgMax", "Gather"),
        ),
        Case(
            f"""{HEAD} (float[4, 2] x) => (int64[4] label, float[4, 2] scores) {{
                 label, scores = ai.onnx.ml.SVMClassifier<kernel_type = "LINEAR", kernel_params = [0.0, 0.0, 3.0],
                   classlabels_ints = [0, 1], {TWO}>(x) }}""",
            ops=("MatMul", "MatMul", "Add", "Neg", "Greater", "Concat", "Not", "Squeeze", "Cast", "Gather"),
        ),
        Case(
            f"""{HEAD} (float[N, 2] x) => (float[N, 2] scores) {{
                 label, scores = ai.onnx.ml.SVMClassifier<{RADIAL}, classlabels_strings = ["a", "b"], {TWO},
                   post_transform = "LOGISTIC">(x) }}""",
            ops=("Unsqueeze", "Sub", "Mul", "ReduceSum", "Mul", "Exp", "MatMul", "Add", "Neg", "Concat", "Sigmoid"),
        ),
        Case(
            f"""{HEAD} (float[N, 2] x) => (int64[N] label) {{
                 label, scores = ai.onnx.ml.SVMClassifier<{RADIAL}, classlabels_ints = [4, 7, 9], {THREE},
                   prob_a = [-1.0, -2.0, -1.5], prob_b = [0.0, 0.1, 0.2]>(x) }}""",
            ops=("*",),
        ),
    )  # fmt: skip
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 2] x) => (string[N] label, float[N, 3] scores) {{
                 label, scores = ai.onnx.ml.SVMClassifier<{RADIAL}, classlabels_strings = ["a", "b", "c"], {THREE}>(x) }}""",
            because="its labels are strings, which no compiler supports; drop that output",
        ),
        Case(
            f"""{HEAD} (float[N, 2] x) => (int64[N] label, float[N, 3] scores) {{
                 label, scores = ai.onnx.ml.SVMClassifier<{RADIAL}, classlabels_ints = [4, 7, 9], {THREE},
                   prob_a = [-1.0, -2.0, -1.5], prob_b = [0.0, 0.1, 0.2]>(x) }}""",
            because="its probabilities are found by steps until they hardly change; drop that output, or train it without them",
        ),
        Case(
            f"""{HEAD} (float[N, 2] x) => (int64[N] label, float[N, 2] scores) {{
                 label, scores = ai.onnx.ml.SVMClassifier<kernel_type = "LINEAR", classlabels_ints = [0, 1],
                   coefficients = [0.5, -1.0, 2.0, 0.25], rho = [0.125]>(x) }}""",
            because="it has no support vectors",
        ),
        Case(
            f"""{HEAD} (float[N, 2] x) => (int64[N] label, float[N, 2] scores) {{
                 label, scores = ai.onnx.ml.SVMClassifier<{RADIAL}, classlabels_ints = [0, 1], {TWO},
                   post_transform = "SOFTMAX">(x) }}""",
            because="its two classes share one score, of which SOFTMAX is not defined",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dims, after = draft.shape(), str(draft.attribute("post_transform", "NONE"))
        groups = [int(count) for count in draft.attribute("vectors_per_class", ())]
        if dims is None or len(dims) != 2 or not isinstance(dims[1], int) or not dims[1]:
            return "its input is not known to be a matrix"
        if not sum(groups):
            return "it has no support vectors"
        if after not in TRANSFORMS:
            return f"it ends in {after}"
        if len(groups) == 2 and after == "SOFTMAX":
            return "its two classes share one score, of which SOFTMAX is not defined"
        labels = draft.attribute("classlabels_ints")
        if labels is None and draft.wants(0):
            return "its labels are strings, which no compiler supports; drop that output"
        if draft.attribute("prob_a") and draft.wants(1):
            return "its probabilities are found by steps until they hardly change; drop that output, or train it without them"
        vectors = np.asarray(draft.attribute("support_vectors", ()), np.float32).reshape(sum(groups), -1)
        if too_many := too_many_vectors(draft, vectors):
            return too_many
        scores = pair_scores(draft, groups, vectors)
        if draft.wants(1):
            each = draft.op("Concat", draft.op("Neg", scores), scores, axis=1) if len(groups) == 2 else scores
            draft.give(transformed(draft, each, after), 1)
        if draft.wants(0):
            won = draft.op("Greater", scores, draft.number(0.0))
            draft.give(draft.op("Gather", draft.constant(labels), winner(draft, won, len(groups)), axis=0))
        return None


def pair_scores(draft: ReplacementBuilder, groups: list[int], vectors: Matrix) -> str:
    """Return a score for each pair of classes, which is above 0 where the first of them wins."""
    coefficients = np.asarray(draft.attribute("coefficients", ()), np.float32).reshape(len(groups) - 1, -1)
    weights, rho = pair_weights(groups, coefficients), np.asarray(draft.attribute("rho", ()), np.float32)
    summed = draft.op("MatMul", kernel_values(draft, vectors), draft.constant(weights, np.float32))
    return draft.op("Add", summed, draft.constant(rho, np.float32))


def winner(draft: ReplacementBuilder, won: str, count: int) -> str:
    """Return the places of the classes that win most pairs, from whether the first of each pair wins."""
    if count == 2:
        return draft.cast(draft.op("Squeeze", draft.op("Not", won), axes=[1]), "int64")
    votes, lost = pair_votes(count)
    gained = draft.op("MatMul", draft.cast(won, "float32"), draft.constant(votes))
    return draft.op("ArgMax", draft.op("Add", gained, draft.constant(lost)), axis=1, keepdims=0)


def pair_weights(groups: list[int], coefficients: Matrix) -> Matrix:
    """Return the weights of the support vectors, a row for each and a column for each pair of classes.

    `groups` are the numbers of support vectors of the classes. A vector of a class has a coefficient against each other class:
    rows of `coefficients`, without one for its own class.
    """
    starts = np.cumsum([0, *groups])
    pairs = list(combinations(range(len(groups)), 2))
    weights = np.zeros((sum(groups), len(pairs)), np.float32)
    for column, (first, second) in enumerate(pairs):
        mine, theirs = slice(starts[first], starts[first + 1]), slice(starts[second], starts[second + 1])
        weights[mine, column] = coefficients[second - 1, mine]
        weights[theirs, column] = coefficients[first, theirs]
    return weights


def pair_votes(count: int) -> tuple[Matrix, Matrix]:
    """Return what a class gains where the first of a pair wins, a row for each pair, and what it has where the second wins all.

    A vote counts as much as there are classes, and a class has less by its place: of as many votes the first class has most.
    """
    pairs = list(combinations(range(count), 2))
    votes, lost = np.zeros((len(pairs), count), np.float32), np.zeros(count, np.float32)
    for row, (first, second) in enumerate(pairs):
        votes[row, first], votes[row, second] = count, -count
        lost[second] += count
    return votes, (lost - np.arange(count)).astype(np.float32)
