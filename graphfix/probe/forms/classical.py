"""Classical machine learning, of the domain ai.onnx.ml."""

from graphfix.probe.form import Form, data

ML = "ai.onnx.ml"
TREE = {"nodes_treeids": [0, 0, 0], "nodes_nodeids": [0, 1, 2], "nodes_featureids": [0, 0, 0],
    "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"], "nodes_values": [0.5, 0.0, 0.0],
        "nodes_truenodeids": [1, 0, 0], "nodes_falsenodeids": [2, 0, 0]}  # fmt: skip
CLASSES = {"class_treeids": [0, 0], "class_nodeids": [1, 2], "class_ids": [0, 1], "class_weights": [1.0, 1.0],
    "classlabels_int64s": [0, 1], "post_transform": "NONE"}
TARGETS = {"target_treeids": [0, 0], "target_nodeids": [1, 2], "target_ids": [0, 0], "target_weights": [1.0, 2.0],
    "n_targets": 1}

FORMS = [
    Form("TreeEnsembleClassifier", {"X": data(2, 3)}, {**TREE, **CLASSES}, domain=ML, outputs=2),
    Form("TreeEnsembleRegressor", {"X": data(2, 3)}, {**TREE, **TARGETS}, domain=ML),
    Form("LinearClassifier", {"X": data(2, 3)}, {"coefficients": [0.1] * 6, "intercepts": [0.0, 0.0],
        "classlabels_ints": [0, 1]}, domain=ML, outputs=2),
    Form("LinearRegressor", {"X": data(2, 3)}, {"coefficients": [0.1] * 3, "intercepts": [0.0], "targets": 1}, domain=ML),
    Form("LabelEncoder", {"X": data(2, 3, low=0, high=2, dtype="int64")},
        {"keys_int64s": [0, 1, 2], "values_floats": [0.5, 1.5, 2.5]}, domain=ML),
    Form("Normalizer", {"X": data(2, 3)}, {"norm": "L2"}, domain=ML),
    Form("Scaler", {"X": data(2, 3)}, {"offset": [0.0, 0.0, 0.0], "scale": [1.0, 2.0, 3.0]}, domain=ML),
    Form("ZipMap", {"X": data(2, 3)}, {"classlabels_int64s": [0, 1, 2]}, domain=ML),
    Form("ArrayFeatureExtractor", {"X": data(2, 3), "Y": data(2, low=0, high=2, dtype="int64")}, domain=ML),
    Form("Binarizer", {"X": data(2, 3)}, {"threshold": 0.5}, domain=ML),
    Form("Imputer", {"X": data(2, 3)}, {"imputed_value_floats": [0.5], "replaced_value_float": 0.0}, domain=ML),
]  # fmt: skip
