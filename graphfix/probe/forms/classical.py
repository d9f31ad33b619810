"""Classical machine learning, domain ai.onnx.ml: trees, linear models, vectors, labels and preprocessing."""

import numpy as np
from onnx import TensorProto, numpy_helper

from graphfix.probe.form import Change, Form, TextProbe, data, each, weight

ML = "ai.onnx.ml"
TREE = {
    "nodes_treeids": [0, 0, 0],
    "nodes_nodeids": [0, 1, 2],
    "nodes_featureids": [0, 0, 0],
    "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"],
    "nodes_values": [0.5, 0.0, 0.0],
    "nodes_truenodeids": [1, 0, 0],
    "nodes_falsenodeids": [2, 0, 0],
}
CLASSES = {
    "class_treeids": [0] * 6,
    "class_nodeids": [1, 1, 1, 2, 2, 2],
    "class_ids": [0, 1, 2, 0, 1, 2],
    "class_weights": [0.75, 0.25, 0.5, 0.125, 0.5, 0.375],
    "classlabels_int64s": [0, 1, 2],
    "post_transform": "NONE",
}
"""Every leaf has a score for each of three classes."""
TWO: Change = {
    "class_treeids": [0, 0],
    "class_nodeids": [1, 2],
    "class_ids": [0, 0],
    "class_weights": [0.25, 0.75],
    "classlabels_int64s": [0, 1],
}
"""Two classes that share one score, as the converters write them."""
BOOSTED: Change = {**TWO, "class_weights": [-0.5, 0.75], "post_transform": "LOGISTIC"}
APART: Change = {**TWO, "class_ids": [0, 1]}
"""Two classes with a score each."""
TARGETS = {"target_treeids": [0, 0], "target_nodeids": [1, 2], "target_ids": [0, 0], "target_weights": [1.0, 2.0], "n_targets": 1}
MODES = ("BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ")
AFTER = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")
ROWS: list[Change] = [{"X": data(3)}, {"X": data(1, 3)}, {"X": data(5, 3)}, {"X": data(1, 3), "dims": "batch"}]
GROWN: list[Change] = [
    *ROWS,
    *({"nodes_modes": [mode, "LEAF", "LEAF"]} for mode in MODES),
    {"nodes_hitrates": [1.0, 1.0, 1.0]},
    {"nodes_missing_value_tracks_true": [1, 0, 0]},
    {"base_values": [0.5]},
]
NAMED: Change = {"classlabels_int64s": None, "classlabels_strings": ["a", "b", "c"]}


def tensor(values: list[float] | list[int], dtype: type) -> TensorProto:
    """Return the values as a TensorProto for an attribute."""
    return numpy_helper.from_array(np.asarray(values, dtype))


def splits(dtype: type, mode: int = 0) -> Change:
    """A tree of one split over the first feature, its numbers in one dtype."""
    return {
        "nodes_splits": tensor([0.5], dtype),
        "leaf_weights": tensor([1.0, 2.0], dtype),
        "nodes_modes": tensor([mode], np.uint8),
    }


TREES: dict[str, object] = {
    "n_targets": 1,
    "aggregate_function": 1,
    "post_transform": 0,
    "tree_roots": [0],
    "nodes_featureids": [0],
    "nodes_truenodeids": [0],
    "nodes_trueleafs": [1],
    "nodes_falsenodeids": [1],
    "nodes_falseleafs": [1],
    "leaf_targetids": [0, 0],
    **splits(np.float32),
}
MEMBERS: Change = {"membership_values": tensor([0.5, 1.0, float("nan")], np.float32), "nodes_modes": tensor([6], np.uint8)}
VECTORS = {"support_vectors": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], "kernel_params": [0.5, 0.0, 3.0], "rho": [0.1]}
KERNELS = ("LINEAR", "POLY", "RBF", "SIGMOID")
PAIRS = {
    "int64s": ([0, 1, 2], "int64"),
    "floats": ([0.0, 1.0, 2.0], "float32"),
    "strings": (["a", "b", "c"], "string"),
}


def _labels() -> list[Form]:
    """Label encoders from every kind of key to every kind of value."""
    return [
        Form(
            "LabelEncoder",
            {"X": data(2, 3, low=0, high=2, dtype=dtype)},
            {f"keys_{one}": keys, f"values_{other}": values},
            domain=ML,
            oldest=2,
        )
        for one, (keys, dtype) in PAIRS.items()
        for other, (values, _) in PAIRS.items()
        if one == "int64s" or other == "floats"
    ]


def _maps(op: str, kind: str, attributes: str, output: str) -> TextProbe:
    text = (
        f'<ir_version: 8, opset_import: ["": 17, "{ML}": 1]> g ({kind} X) => ({output} Y) '
        f"{{ [probe] Y = {ML}.{op}<{attributes}>(X) }}"
    )
    return TextProbe(f"{ML}.{op}", f"{kind} {attributes}", text, ("X",))


def _vectors(kind: str, rows: str) -> TextProbe:
    """Concatenated columns, as a text probe, since onnxruntime crashes without declared sizes."""
    text = (
        f'<ir_version: 8, opset_import: ["": 17, "{ML}": 1]> g ({kind}[{rows},3] A, {kind}[{rows},1] B) => (float[{rows},4] Y) '
        f"{{ [probe] Y = {ML}.FeatureVectorizer<inputdimensions = [3, 1]>(A, B) }}"
    )
    return TextProbe(f"{ML}.FeatureVectorizer", f"{kind} of {rows}", text, ("T1",))


FORMS = [
    Form(
        "TreeEnsembleClassifier",
        {"X": data(2, 3)},
        {**TREE, **CLASSES},
        domain=ML,
        outputs=2,
        changes=[
            *GROWN,
            *({**few, **more} for few in (TWO, BOOSTED, APART) for more in ({}, *ROWS[2:], {"outputs": 1})),
            NAMED,
            {"base_values": [0.5, 0.25, 0.125]},
            *each(post_transform=AFTER),
            {"outputs": 1},
        ],
    ),
    Form(
        "TreeEnsembleRegressor",
        {"X": data(2, 3)},
        {**TREE, **TARGETS},
        domain=ML,
        changes=[
            *GROWN,
            {"base_values": [0.5, 0.25]},
            *each(post_transform=AFTER, aggregate_function=["SUM", "AVERAGE", "MIN", "MAX"]),
        ],
    ),
    Form(
        "TreeEnsemble",
        {"X": data(2, 3)},
        TREES,
        domain=ML,
        changes=[
            *ROWS,
            *each(aggregate_function=[0, 2, 3], post_transform=[1, 2, 3, 4]),
            *(splits(np.float32, mode) for mode in range(1, 6)),
            MEMBERS,
            {"T": "float64", **splits(np.float64)},
            {"T": "float16", **splits(np.float16)},
        ],
    ),
    Form(
        "LinearClassifier",
        {"X": data(2, 3)},
        {"coefficients": [0.1] * 6, "intercepts": [0.0, 0.0], "classlabels_ints": [0, 1]},
        domain=ML,
        outputs=2,
        changes=[
            *ROWS,
            {"classlabels_ints": None, "classlabels_strings": ["a", "b"]},
            {"intercepts": None},
            {"multi_class": 1},
            *each(post_transform=AFTER),
            {"outputs": 1},
        ],
    ),
    Form(
        "LinearRegressor",
        {"X": data(2, 3)},
        {"coefficients": [0.1] * 3, "intercepts": [0.0], "targets": 1},
        domain=ML,
        changes=[
            *ROWS,
            {"intercepts": None},
            {"coefficients": [0.1] * 6, "intercepts": [0.0, 0.1], "targets": 2},
            *each(post_transform=AFTER),
        ],
    ),
    Form(
        "SVMRegressor",
        {"X": data(2, 3)},
        {**VECTORS, "coefficients": [0.5, -0.5], "n_supports": 2, "kernel_type": "RBF"},
        domain=ML,
        changes=[*ROWS, *each(kernel_type=KERNELS, post_transform=AFTER), {"one_class": 1}],
    ),
    Form(
        "SVMClassifier",
        {"X": data(2, 3)},
        {**VECTORS, "coefficients": [0.5, -0.5], "vectors_per_class": [1, 1], "classlabels_ints": [0, 1], "kernel_type": "RBF"},
        domain=ML,
        outputs=2,
        changes=[
            *ROWS,
            *each(kernel_type=KERNELS, post_transform=AFTER),
            {"prob_a": [0.1], "prob_b": [0.2]},
            {"classlabels_ints": None, "classlabels_strings": ["a", "b"]},
        ],
    ),
    *_labels(),
    Form("Normalizer", {"X": data(2, 3)}, {"norm": "L2"}, domain=ML, changes=[*ROWS, *each(norm=["L1", "MAX"])]),
    Form(
        "Scaler",
        {"X": data(2, 3)},
        {"offset": [0.0, 0.0, 0.0], "scale": [1.0, 2.0, 3.0]},
        domain=ML,
        changes=[*ROWS, {"offset": [0.5], "scale": [2.0]}, {"X": data(2, 4, 3)}],
    ),
    Form(
        "ZipMap",
        {"X": data(2, 3)},
        {"classlabels_int64s": [0, 1, 2]},
        domain=ML,
        changes=[*ROWS[1:], {"classlabels_int64s": None, "classlabels_strings": ["a", "b", "c"]}],
    ),
    Form(
        "ArrayFeatureExtractor",
        {"X": data(2, 3), "Y": data(2, low=0, high=2, dtype="int64")},
        domain=ML,
        changes=[
            {"X": data(3)},
            {"X": data(2, 4, 3)},
            {"Y": weight(2, low=0, high=2, dtype="int64")},
            {"Y": data(1, 2, low=0, high=2, dtype="int64")},
            {"X": data(2, 3), "Y": weight(1, low=0, high=2, dtype="int64"), "dims": "batch"},
        ],
    ),
    Form(
        "Binarizer", {"X": data(2, 3)}, {"threshold": 0.5}, domain=ML, changes=[*ROWS, {"threshold": None}, {"X": data(2, 4, 3)}]
    ),
    Form(
        "Imputer",
        {"X": data(2, 3)},
        {"imputed_value_floats": [0.5], "replaced_value_float": 0.0},
        domain=ML,
        changes=[
            *ROWS,
            {"imputed_value_floats": [0.1, 0.2, 0.3]},
            {
                "imputed_value_floats": None,
                "replaced_value_float": None,
                "imputed_value_int64s": [7],
                "replaced_value_int64": 1,
                "T": "int64",
            },
        ],
    ),
    *(_vectors(kind, rows) for kind in ("float", "double", "int64", "int32") for rows in ("1", "2", "n")),
    Form(
        "OneHotEncoder",
        {"X": data(2, low=0, high=2)},
        {"cats_int64s": [0, 1, 2]},
        {"T": "int64"},
        domain=ML,
        changes=[
            {"X": data(2, 3, low=0, high=2)},
            {"zeros": 0},
            {"T": "string", "cats_int64s": None, "cats_strings": ["a", "b"]},
            {"dims": "batch"},
        ],
    ),
    Form(
        "CategoryMapper",
        {"X": data(2, 3, low=0, high=1, dtype="int64")},
        {"cats_int64s": [0, 1], "cats_strings": ["a", "b"]},
        domain=ML,
    ),
    Form("CategoryMapper", {"X": data(2, 3, dtype="string")}, {"cats_int64s": [0, 1], "cats_strings": ["a", "b"]}, domain=ML),
    *(
        _maps("CastMap", "map(int64, float)", f'cast_to = "{word}"', output)
        for word, output in (("TO_FLOAT", "float[1,1]"), ("TO_INT64", "int64[1,1]"), ("TO_STRING", "string[1,1]"))
    ),
    _maps("CastMap", "map(int64, float)", 'cast_to = "TO_FLOAT", map_form = "SPARSE", max_map = 4', "float[1,4]"),
    _maps("DictVectorizer", "map(int64, float)", "int64_vocabulary = [0, 1, 2]", "float[1,3]"),
    *(
        _maps("DictVectorizer", f"map(string, {kind})", 'string_vocabulary = ["a", "b"]', f"{kind}[1,2]")
        for kind in ("float", "int64", "double")
    ),
]
