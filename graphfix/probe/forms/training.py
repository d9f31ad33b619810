"""Losses, optimisers, and the newest operators."""

from graphfix.probe.form import Form, data, each, scalar, weight

LOSSES = [*each(reduction=["none", "sum", "mean"], ignore_index=[1])]
STEP = {"R": scalar(0.1), "T": scalar(0)}

FORMS = [
    Form("SoftmaxCrossEntropyLoss", {"scores": data(3, 5), "labels": data(3, low=0, high=4), "weights": None},
        changes=[*LOSSES, {"weights": weight(5)}, {"weights": data(5)}, {"labels": weight(3, low=1, high=4)},
            {"weights": data(5), "outputs": 2},
             {"labels": weight(3, low=1, high=4), "weights": data(5)},
         {"scores": data(3, 5, 2), "labels": data(3, 2, low=0, high=4)}, {"outputs": 2},
         {"scores": data(3, 5, 2), "labels": data(3, 2, low=0, high=4), "outputs": 2}]),
    Form("NegativeLogLikelihoodLoss", {"input": data(3, 5), "target": data(3, low=0, high=4), "weight": None},
        changes=[*LOSSES, {"weight": weight(5)}, {"weight": data(5)}, {"target": weight(3, low=1, high=4)},
            {"target": weight(3, low=1, high=4), "weight": data(5)},
         {"input": data(3, 5, 2), "target": data(3, 2, low=0, high=4)},
         {"input": data(3, 5, 2, 2), "target": data(3, 2, 2, low=0, high=4)}]),
    Form("CumProd", {"x": data(2, 3, 4), "axis": scalar(1)},
        changes=[*each(exclusive=[1], reverse=[1]), {"axis": scalar(-1)}, {"x": data(4), "axis": scalar(0)},
        {"x": data(2, 3)}]),
    Form("BitCast", {"input": data(2, 3)}, {"to": 6}),
    Form("SwiGLU", {"A": data(2, 3), "B": data(2, 3)}),
    Form("TensorScatter", {"past_cache": data(2, 3, 4, 5), "update": data(2, 3, 1, 5), "write_indices": None},
        changes=each(mode=["linear", "circular"])),
    Form("LinearAttention", {"query": data(1, 3, 8), "key": data(1, 3, 8), "value": data(1, 3, 8)},
        {"q_num_heads": 2, "kv_num_heads": 2, "update_rule": "linear"}, outputs=2),
    Form("CausalConvWithState", {"input": data(2, 4, 6), "weight": weight(4, 1, 3)}, outputs=2,
        changes=each(activation=["silu"])),
    Form("FlexAttention", {"Q": data(1, 2, 3, 4), "K": data(1, 2, 3, 4), "V": data(1, 2, 3, 4)}, domain="ai.onnx.preview"),
    *(Form(op, {**STEP, "inputs": [data(3), data(3), data(3), *([data(3)] if op == "Adam" else [])]}, more,
        domain="ai.onnx.preview.training", outputs=3 if op == "Adam" else 2)
      for op, more in (("Adagrad", {}), ("Adam", {}), ("Momentum",
          {"alpha": 0.9, "beta": 1.0, "mode": "standard", "norm_coefficient": 0.0}))),
]  # fmt: skip
