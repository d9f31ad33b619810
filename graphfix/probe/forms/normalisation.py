"""Normalisation over batches, layers, groups and neighbourhoods."""

from graphfix.probe.form import Change, Form, data, each, weight

BATCH = {"X": data(2, 4, 5, 5), "scale": weight(4), "B": weight(4), "input_mean": weight(4),
    "input_var": weight(4, low=0.5, high=1)}
LAYER = {"X": data(2, 3, 4), "Scale": weight(4), "B": weight(4)}
SPACES: list[Change] = [{"X": data(2, 4)}, {"X": data(2, 4, 5)}, {"X": data(2, 4, 5, 5, 2)},
    {"X": data(2, 4, 5), "dims": "dynamic"}, {"X": data(2, 4, 5), "dims": "batch"},
          {"X": data(2, 4), "dims": "batch"}]  # fmt: skip
AXES: list[Change] = [*each(axis=[0, 1, 2, -2, None]), {"B": None}, {"epsilon": 1e-3}, {"B": None, "dims": "dynamic"},
    {"X": data(2, 3, 5, 4)}, {"X": data(2, 4)},
        {"X": data(2, 3, 5, 4), "dims": "dynamic"}, {"X": data(2, 4), "dims": "batch"}, {"axis": 2}]  # fmt: skip
WHOLE: list[Change] = [
    {"X": data(*shape), "Scale": weight(*shape[axis:]), "B": weight(*shape[axis:]), "axis": axis}
    for shape in ((2, 4), (2, 3, 4), (2, 3, 4, 5)) for axis in (0, 1, 2, 3, -1, -2, -3,
        -4) if -len(shape) <= axis < len(shape)
]  # fmt: skip

FORMS = [
    Form("BatchNormalization", BATCH, oldest=7,
         changes=[*SPACES, {"epsilon": 1e-3}, {"momentum": 0.99}, {"epsilon": 1e-3, "momentum": 0.99, "dims": "batch"},
             {"epsilon": 1e-3, "dims": "dynamic"}, {"momentum": 0.99, "dims": "dynamic"},
                  {"training_mode": 1, "outputs": 3}, {"spatial": 0}]),
    Form("InstanceNormalization", {"input": data(2, 4, 5, 5), "scale": weight(4), "B": weight(4)},
         changes=[{"epsilon": 1e-3}, {"input": data(2, 4, 5)}, {"input": data(2, 4, 5, 5, 2)},
             {"input": data(2, 4, 5), "dims": "dynamic"}, {"input": data(2, 4, 5), "dims": "batch"}]),
    Form("LayerNormalization", LAYER, {"axis": -1}, changes=[*AXES, *WHOLE, {"outputs": ("Y", "Mean", "InvStdDev")},
        {"outputs": ("Y", "Mean", "InvStdDev"), "Scale.from": "runtime", "B.from": "runtime"},
        {"stash_type": 0}]),
    Form("GroupNormalization", {"X": data(2, 4, 5, 5), "scale": weight(4), "bias": weight(4)}, {"num_groups": 2},
        changes=[{"X": data(2, 4, 5)}, {"num_groups": 4}, {"epsilon": 1e-3}]),
    Form("RMSNormalization", {"X": data(2, 3, 4), "scale": weight(4)}, {"axis": -1},
        changes=[*each(axis=[1, 2]), {"epsilon": 1e-3}, {"X": data(2, 3, 5, 4)}]),
    Form("LpNormalization", {"input": data(2, 3, 4)}, {"axis": -1},
        changes=[*each(axis=[0, 1, None], p=[1, 2]), {"input": data(2, 4)}, {"input": data(2, 3, 4, 5), "axis": 1}]),
    Form("LRN", {"X": data(2, 6, 5, 5)}, {"size": 3}, changes=[*each(alpha=[0.001], beta=[0.5], bias=[2.0], size=[5]),
        {"X": data(2, 6, 5)}]),
    Form("MeanVarianceNormalization", {"X": data(2, 4, 5, 5)}, {"axes": [0, 2, 3]},
        changes=[{"axes": [2, 3]}, {"axes": [0, 2, 3]}]),
]  # fmt: skip
