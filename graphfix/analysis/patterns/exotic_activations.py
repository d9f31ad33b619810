"""Activations outside the few that every compiler supports."""

from __future__ import annotations

EXOTIC = frozenset({"HardSigmoid", "HardSwish", "Mish", "Celu", "Selu", "Softsign", "ThresholdedRelu", "Shrink", "Gelu",
                    "FastGelu", "BiasGelu", "QuickGelu", "Swish"})  # fmt: skip
"""Operators, of ai.onnx and com.microsoft."""


EXOTIC_IN_RNN = frozenset({"hardsigmoid", "softsign", "scaledtanh", "thresholdedrelu", "elu", "affine", "leakyrelu",
                           "softplus", "relu"})  # fmt: skip
"""Activations of LSTM, GRU and RNN, in lower case; relu is common in an RNN and exotic in the gated two."""
