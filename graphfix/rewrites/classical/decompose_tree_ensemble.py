"""TreeEnsembleRegressor(x) = the sum over trees of MatMul(Equal(MatMul(x <= values, paths), ahead), weights).

Every inner node of every tree is compared at once. With 1 for a true comparison, the product with a leaf's column of `paths`
(1 for a true branch on its way, -1 for a false one) reaches the number of its true branches for one leaf of a tree only.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewrites.classical.post_transform import TRANSFORMS, transformed
from graphfix.rewrites.classical.tree_tables import TreeTables, tree_tables
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

MOST_ELEMENTS = 1 << 24
"""The most elements of the matrices."""
TREE = """nodes_treeids = [0, 0, 0, 0, 0, 1, 1, 1], nodes_nodeids = [0, 1, 2, 3, 4, 0, 1, 2],
          nodes_featureids = [2, 0, 3, 0, 0, 1, 0, 0], nodes_values = [0.25, 0.0, -0.5, 0.0, 0.0, 0.125, 0.0, 0.0],
          nodes_modes = ["BRANCH_LEQ", "LEAF", "BRANCH_LEQ", "LEAF", "LEAF", "BRANCH_LEQ", "LEAF", "LEAF"],
          nodes_truenodeids = [1, 0, 3, 0, 0, 1, 0, 0], nodes_falsenodeids = [2, 0, 4, 0, 0, 2, 0, 0]"""
MIXED = TREE.replace("0.25", "1.0").replace('"BRANCH_LEQ", "LEAF", "BRANCH_LEQ"', '"BRANCH_EQ", "LEAF", "BRANCH_GT"')
HEAD = '<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]> g'
LEAVES = "{word}_treeids = [0, 0, 0, 0, 1, 1], {word}_nodeids = [1, 3, 3, 4, 1, 2]"
ONCE = "class_treeids = [0, 0, 0, 1, 1], class_nodeids = [1, 3, 4, 1, 2]"


class DecomposeTreeEnsemble(BuiltRewrite):
    """Write a TreeEnsemble as comparisons and matrix products over all nodes of its trees.

    Why: the converters of scikit-learn, XGBoost and LightGBM write trees as one node of ONNX's domain for machine learning,
    which few compilers read. The products do more work than walking the trees, and need no branches.
    """

    name = "decompose-tree-ensemble"
    safety = Safety.EXACT
    needs_opset = 13
    ulps = 64
    dtypes = ("float32",)
    differs_at = ("nan", "inf")
    ops = ("TreeEnsembleRegressor",)
    fixes = (FixRule("TreeEnsembleClassifier"), FixRule("TreeEnsembleRegressor"))
    before = "label, scores = ai.onnx.ml.TreeEnsembleClassifier(x)"
    after = """picked = Gather<axis = 1>(x, features)
               went = LessOrEqual(picked, values)
               branches = Cast<to = 1>(went)
               ways = MatMul(branches, paths)
               leaf = Equal(ways, ahead)
               chosen = Cast<to = 1>(leaf)
               scores = MatMul(chosen, weights)
               label = ArgMax<axis = 1, keepdims = 0>(scores)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 4] x) => (float[N, 2] y) {{
                 y = ai.onnx.ml.TreeEnsembleRegressor<n_targets = 2, {TREE}, target_treeids = [0, 0, 0, 1, 1, 1, 1],
                   target_nodeids = [1, 3, 4, 1, 1, 2, 2], target_ids = [0, 1, 0, 0, 1, 0, 1],
                   target_weights = [1.0, 0.5, 0.25, -2.0, 3.0, -1.0, 0.125], base_values = [0.5, -1.0]>(x) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[N, 4] x) => (int64[N] label, float[N, 3] scores) {{
                 label, scores = ai.onnx.ml.TreeEnsembleClassifier<classlabels_int64s = [3, 5, 9], post_transform = "SOFTMAX",
                   {TREE}, {LEAVES.format(word="class")}, class_ids = [0, 1, 2, 2, 1, 0],
                   class_weights = [1.0, 0.75, 0.25, 2.0, 0.125, 0.5]>(x) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[5, 4] x) => (int64[5] label, float[5, 2] scores) {{
                 label, scores = ai.onnx.ml.TreeEnsembleClassifier<classlabels_int64s = [0, 1], post_transform = "LOGISTIC",
                   {TREE}, {ONCE}, class_ids = [0, 0, 0, 0, 0],
                   class_weights = [1.0, -0.75, 2.0, -1.125, 0.5]>(x) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[N, 4] x) => (float[N, 1] y) {{
                 f = Floor(x)
                 y = ai.onnx.ml.TreeEnsembleRegressor<n_targets = 1, {MIXED}, {ONCE.replace("class", "target")},
                   target_ids = [0, 0, 0, 0, 0], target_weights = [1.0, 0.5, -2.0, 3.0, -1.0]>(f) }}""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 4] x) => (float[N, 1] y) {{
                 y = ai.onnx.ml.TreeEnsembleRegressor<n_targets = 1, {TREE.replace("_LEQ", "_NEQ", 1)},
                   {ONCE.replace("class", "target")}, target_ids = [0, 0, 0, 0, 0],
                   target_weights = [1.0, 0.5, -2.0, 3.0, -1.0]>(x) }}""",
            because="its nodes compare by BRANCH_LEQ and BRANCH_NEQ",
        ),
        Case(
            f"""{HEAD} (float[N, 4] x) => (float[N, 1] y) {{
                 y = ai.onnx.ml.TreeEnsembleRegressor<n_targets = 1, {TREE}, {LEAVES.format(word="target")},
                   target_ids = [0, 0, 0, 0, 0, 0], target_weights = [1.0, 0.5, 0.25, -2.0, 3.0, -1.0]>(x) }}""",
            because="a leaf gives two weights to one result",
        ),
        Case(
            f"""{HEAD} (float[N, 4] x) => (string[N] label, float[N, 3] scores) {{
                 label, scores = ai.onnx.ml.TreeEnsembleClassifier<classlabels_strings = ["a", "b", "c"],
                   {TREE}, {LEAVES.format(word="class")}, class_ids = [0, 1, 2, 2, 1, 0],
                   class_weights = [1.0, 0.75, 0.25, 2.0, 0.125, 0.5]>(x) }}""",
            because="its labels are strings, which no compiler supports; drop that output",
        ),
        Case(
            f"""{HEAD} (float[N, 4] x) => (float[N, 2] y) {{
                 y = ai.onnx.ml.TreeEnsembleRegressor<n_targets = 2, base_values = [1.0, 2.0], {TREE},
                   {ONCE.replace("class", "target")}, target_ids = [0, 1, 0, 1, 1],
                   target_weights = [1.0, 0.5, -2.0, 3.0, -1.0]>(x) }}""",
            because="it has base values, and no tree gives every result a weight in each of its leaves",
        ),
        Case(
            f"""{HEAD} (float[N, 4] x) => (float[N, 1] y) {{
                 y = ai.onnx.ml.TreeEnsembleRegressor<n_targets = 1, aggregate_function = "MAX", {TREE},
                   {ONCE.replace("class", "target")}, target_ids = [0, 0, 0, 0, 0],
                   target_weights = [1.0, 0.5, -2.0, 3.0, -1.0]>(x) }}""",
            because="it takes the MAX over its trees",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        classifies = draft.node.op == "TreeEnsembleClassifier"
        shape = draft.shape()
        if shape is None or len(shape) != 2:
            return "its input is not known to be a matrix"
        labels = draft.attribute("classlabels_int64s")
        if classifies and labels is None and draft.wants(0):
            return "its labels are strings, which no compiler supports; drop that output"
        count = (
            len(labels or draft.attribute("classlabels_strings") or ()) if classifies else int(draft.attribute("n_targets", 1))
        )
        tables = tree_tables(draft.node.attrs, "class" if classifies else "target", count)
        if isinstance(tables, str):
            return tables
        if tables.size > MOST_ELEMENTS:
            return f"its matrices have {tables.size} elements, over {MOST_ELEMENTS}"
        scores = _scores(draft, tables)
        base = draft.attribute("base_values")
        if base is not None:
            if not tables.complete:
                return "it has base values, and no tree gives every result a weight in each of its leaves"
            scores = draft.op("Add", scores, draft.number(np.asarray(base, np.float32)))
        return self._classified(draft, tables, scores, labels, count) if classifies else self._regressed(draft, tables, scores)

    def _regressed(self, draft: ReplacementBuilder, tables: TreeTables, scores: str) -> str | None:
        how, after = (
            str(draft.attribute(name, default)) for name, default in (("aggregate_function", "SUM"), ("post_transform", "NONE"))
        )
        if how not in ("SUM", "AVERAGE"):
            return f"it takes the {how} over its trees"
        if after not in TRANSFORMS:
            return f"it ends in {after}"
        if how == "AVERAGE":
            if draft.attribute("base_values") is not None:
                return "it averages its trees and has base values"
            scores = draft.op("Div", scores, draft.number(len(tables.features)))
        draft.give(transformed(draft, scores, after))
        return None

    def _classified(
        self, draft: ReplacementBuilder, tables: TreeTables, scores: str, labels: list[int] | None, count: int
    ) -> str | None:
        after = str(draft.attribute("post_transform", "NONE"))
        if after not in TRANSFORMS:
            return f"it ends in {after}"
        if count > 2:
            best = draft.op("ArgMax", scores, axis=1, keepdims=0)
            made = transformed(draft, scores, after)
        elif count == 2 and len(tables.scored) == 1 and after != "SOFTMAX" and draft.attribute("base_values") is None:
            one = draft.op("Gather", scores, draft.constant([tables.scored[0]]), axis=1)
            positive = bool((tables.weights >= 0).all())
            if positive and after == "LOGISTIC":
                return "two classes share one score, from which LOGISTIC makes no probabilities"
            limit = 0.5 if positive else 0.0
            above = draft.op("Greater", draft.op("Squeeze", one, axes=[1]), draft.number(limit))
            best = draft.cast(above, "int64")
            other = draft.op("Sub", draft.number(1.0), one) if positive else draft.op("Neg", one)
            both = draft.op("Concat", other, one, axis=1)
            made = transformed(draft, both, after)
        else:
            return f"its {count} classes have {len(tables.scored)} scores"
        draft.give(made, 1)
        if draft.wants(0):
            draft.give(draft.op("Gather", draft.constant(np.asarray(labels, np.int64)), best, axis=0))
        return None


def _scores(draft: ReplacementBuilder, tables: TreeTables) -> str:
    """Return the sums of the leaves' weights, a row for each row of the input."""
    trees, inner = tables.features.shape
    picked = draft.op("Gather", draft.inputs[0], draft.constant(tables.features.reshape(-1)), axis=1)
    branches = ""
    for comparison, users in tables.comparisons.items():
        went = draft.cast(draft.op(comparison, picked, draft.number(tables.values.reshape(-1))), "float32")
        if len(tables.comparisons) > 1:
            went = draft.op("Mul", went, draft.number(users.reshape(-1)))
        branches = draft.op("Add", branches, went) if branches else went
    if trees > 1:
        branches = draft.transpose(draft.reshape(branches, [0, trees, inner]), [1, 0, 2])
    one = trees == 1
    ways = draft.op("MatMul", branches, draft.number(tables.paths[0] if one else tables.paths))
    leaf = draft.op("Equal", ways, draft.number(tables.ahead[0] if one else tables.ahead))
    chosen = draft.cast(leaf, "float32")
    made = draft.op("MatMul", chosen, draft.number(tables.weights[0] if one else tables.weights))
    return made if one else draft.op("ReduceSum", made, axes=[0], keepdims=0)
