"""Normalisation over batches, layers, groups and neighbourhoods."""

from graphfix.probe.form import Change, Form, Limit, data, each, weight

BATCH = {
    "X": data(2, 4, 5, 5),
    "scale": weight(4),
    "B": weight(4),
    "input_mean": weight(4),
    "input_var": weight(4, low=0.5, high=1),
}
LAYER = {"X": data(2, 3, 4), "Scale": weight(4), "B": weight(4)}
SPACES: list[Change] = [
    {"X": data(2, 4)},
    {"X": data(2, 4, 5)},
    {"X": data(2, 4, 5, 5, 2)},
    {"X": data(2, 4, 5), "dims": "dynamic"},
    {"X": data(2, 4, 5), "dims": "batch"},
    {"X": data(2, 4), "dims": "batch"},
]
AXES: list[Change] = [
    *each(axis=[0, 1, 2, -2, None]),
    {"B": None},
    {"epsilon": 1e-3},
    {"B": None, "dims": "dynamic"},
    {"X": data(2, 3, 5, 4)},
    {"X": data(2, 4)},
    {"X": data(2, 3, 5, 4), "dims": "dynamic"},
    {"X": data(2, 4), "dims": "batch"},
    {"axis": 2},
]
WHOLE: list[Change] = [
    {"X": data(*shape), "Scale": weight(*shape[axis:]), "B": weight(*shape[axis:]), "axis": axis}
    for shape in ((2, 4), (2, 3, 4), (2, 3, 4, 5))
    for axis in (0, 1, 2, 3, -1, -2, -3, -4)
    if -len(shape) <= axis < len(shape)
]

SHAPES = ((4,), (2, 4), (2, 3, 4), (2, 3, 4, 5), (2, 3, 2, 2, 4))
LIKE = [(shape, axis) for shape in SHAPES for axis in range(-len(shape), len(shape))]
"""Every axis, counted from either end, for every rank."""


def _scaled(names: tuple[str, ...]) -> list[Change]:
    """Scales and shifts of the normalized shape or smaller, from every source."""
    found: list[Change] = []
    for shape, axis in LIKE:
        base: Change = {"X": data(*shape), "axis": axis, **{name: weight(*shape[axis:]) for name in names}}
        found.append(base)
        if len(shape) in (2, 3, 4):
            found.append({**base, **{f"{name}.from": "runtime" for name in names}})
        if len(shape) > 1 and -3 < axis < 0:
            found += [{**base, "dims": dims} for dims in ("batch", "dynamic")]
            found.append({**base, **{name: weight(shape[-1]) for name in names}})
            found.append({**base, **{name: weight(*(1,) * (-axis - 1), shape[-1]) for name in names}})
        if len(shape) in (3, 4) and axis == -1:
            found.append({**base, "epsilon": 1e-3})
            found += [{**base, names[0]: weight(), **{name: weight() for name in names}}]
    return found


RMS: list[Change] = [
    *_scaled(("scale",)),
    *(
        {"T": one, "V": other, **more}
        for one in ("float32", "float16", "bfloat16", "float64")
        for other in ("float32", "float16", "bfloat16", "float64")
        for more in ({}, {"X": data(2, 3, 5, 4)})
    ),
    *({"stash_type": code} for code in (1, 10, 11, 16)),
    {"stash_type": 10, "T": "float16", "V": "float16"},
    {"scale.from": "runtime", "T": "float16", "V": "float16"},
]
LAYERS: list[Change] = [
    *_scaled(("Scale", "B")),
    *({**change, "B": None} for change in _scaled(("Scale",))),
    *({"stash_type": code} for code in (0, 1, 10, 11, 16)),
    *(
        {"outputs": ("Y", "Mean", "InvStdDev")[:count], "X": data(*shape), "Scale": weight(shape[-1]), "B": weight(shape[-1])}
        for count in (2, 3)
        for shape in SHAPES
    ),
]
GROUPS: list[Change] = [
    *(
        {"X": data(2, 4, *rest), "num_groups": groups, **more}
        for rest in ((), (5,), (5, 5), (3, 4, 2))
        for groups in (1, 2, 4)
        for more in ({}, {"scale.from": "runtime", "bias.from": "runtime"}, {"dims": "batch"}, {"dims": "dynamic"})
    ),
    {"epsilon": 1e-3},
    *({"stash_type": code} for code in (1, 10)),
    *({"X": data(2, 4, *rest), "scale": weight(2), "bias": weight(2), "since": 18} for rest in ((5,), (5, 5), (3, 4, 2))),
]
BATCHES: list[Change] = [
    *(
        {"X": data(*shape), **{f"{name}.from": "runtime" for name in ("scale", "B", "input_mean", "input_var")}}
        for shape in ((2, 4), (2, 4, 5), (2, 4, 5, 5), (2, 4, 5, 5, 2))
    ),
    *(
        {"training_mode": 1, "outputs": 3, "X": data(*shape), **more}
        for shape in ((2, 4), (2, 4, 5), (2, 4, 5, 5), (2, 4, 5, 5, 2))
        for more in ({}, {"epsilon": 1e-3}, {f"{name}.from": "runtime" for name in ("scale", "B", "input_mean", "input_var")})
    ),
    {"training_mode": 1, "outputs": 1},
    {"training_mode": 1, "outputs": 3, "momentum": 0.5},
    *(
        {"T": one, "T1": two, "T2": three, **more}
        for one, two, three in (
            ("float16",) * 3,
            ("bfloat16",) * 3,
            ("float64",) * 3,
            ("float16", "float32", "float32"),
            ("bfloat16", "float32", "float32"),
        )
        for more in ({}, {"training_mode": 1, "outputs": 3})
    ),
]
PARAMETERS = ("scale", "B", "input_mean", "input_var")
WHERE = ("runtime", "folded", "fixed-shape", "shape", "cast-shape")
CHANNELS = tuple((shape[0], 4, *shape[2:]) for shape in SHAPES[1:])
"""Data of every rank with as many channels as there are parameters."""
FED: list[Change] = [
    *({f"{name}.from": source for name in names} for names in (*((name,) for name in PARAMETERS), PARAMETERS[:2], PARAMETERS[2:],
      PARAMETERS) for source in WHERE),
    *({"X": data(*shape), **{f"{name}.from": "runtime" for name in names}, "dims": dims} for shape in CHANNELS
      for names in (PARAMETERS[:1], PARAMETERS[1:2], PARAMETERS[2:], PARAMETERS)
      for dims in ("static", "batch", "spatial", "sequence", "dynamic") if dims == "static" or len(shape) in (2, 3, 4)),
    *({"X": data(*shape), "input_mean.from": "runtime", "input_var.from": "runtime", "scale.from": source, "B.from": source,
       "X.dims": dims} for shape in CHANNELS[:3] for source in WHERE[1:] for dims in ("static", "batch", "dynamic")),
    *({"X": data(*shape), "X.dims": dims, **{f"{name}.from": "runtime" for name in names},
       **{f"{name}.dims": "dynamic" for name in names}} for shape in CHANNELS[:3] for dims in ("static", "batch", "dynamic")
      for names in (PARAMETERS[:1], PARAMETERS[1:2], PARAMETERS[2:3], PARAMETERS[3:], PARAMETERS[2:], PARAMETERS)),
]  # fmt: skip
"""BatchNormalization with parameters that are not constants, as frameworks export other normalizations."""
INSTANCES: list[Change] = [
    *({f"{name}.from": source for name in names} for names in (("scale",), ("B",), ("scale", "B")) for source in WHERE),
    *(
        {"input": data(2, 4, *rest), **{f"{name}.from": source for name in ("scale", "B")}, "dims": dims}
        for rest in ((5,), (5, 5), (3, 4, 2))
        for source in ("runtime", "folded", "shape")
        for dims in ("static", "dynamic")
    ),
    *(
        {"input": data(2, 4, *rest), **more}
        for rest in ((5,), (5, 5), (3, 4, 2))
        for more in (
            {},
            {"epsilon": 1e-3},
            {"scale.from": "runtime", "B.from": "runtime"},
            {"scale.from": "runtime"},
            {"dims": "batch"},
            {"dims": "dynamic"},
        )
    ),
]
LPS: list[Change] = [
    *({"input": data(*shape), "axis": axis, "p": order} for shape, axis in LIKE for order in (1, 2)),
    *({"input": data(*shape), "axis": None} for shape in SHAPES),
    *({"input": data(*shape), "axis": -1, "dims": dims} for shape in SHAPES[1:4] for dims in ("batch", "dynamic")),
]

FORMS = [
    Form(
        "BatchNormalization",
        BATCH,
        oldest=7,
        changes=[
            *SPACES,
            {"epsilon": 1e-3},
            {"momentum": 0.99},
            {"epsilon": 1e-3, "momentum": 0.99, "dims": "batch"},
            {"epsilon": 1e-3, "dims": "dynamic"},
            {"momentum": 0.99, "dims": "dynamic"},
            {"training_mode": 1, "outputs": 3},
            {"spatial": 0},
            *BATCHES,
            *FED,
        ],
    ),
    Form(
        "InstanceNormalization",
        {"input": data(2, 4, 5, 5), "scale": weight(4), "B": weight(4)},
        changes=[
            {"epsilon": 1e-3},
            {"input": data(2, 4, 5)},
            {"input": data(2, 4, 5, 5, 2)},
            {"input": data(2, 4, 5), "dims": "dynamic"},
            {"input": data(2, 4, 5), "dims": "batch"},
            *INSTANCES,
        ],
    ),
    Form(
        "LayerNormalization",
        LAYER,
        {"axis": -1},
        changes=[
            *AXES,
            *WHOLE,
            {"outputs": ("Y", "Mean", "InvStdDev")},
            {"outputs": ("Y", "Mean", "InvStdDev"), "Scale.from": "runtime", "B.from": "runtime"},
            *LAYERS,
        ],
    ),
    Form(
        "GroupNormalization",
        {"X": data(2, 4, 5, 5), "scale": weight(4), "bias": weight(4)},
        {"num_groups": 2},
        changes=[{"X": data(2, 4, 5)}, {"num_groups": 4}, *GROUPS],
    ),
    Form(
        "RMSNormalization",
        {"X": data(2, 3, 4), "scale": weight(4)},
        {"axis": -1},
        changes=[*each(axis=[1, 2]), {"epsilon": 1e-3}, {"X": data(2, 3, 5, 4)}, *RMS],
    ),
    Form(
        "LpNormalization",
        {"input": data(2, 3, 4)},
        {"axis": -1},
        changes=[*each(axis=[0, 1, None], p=[1, 2]), {"input": data(2, 4)}, {"input": data(2, 3, 4, 5), "axis": 1}, *LPS],
    ),
    Form(
        "LRN",
        {"X": data(2, 6, 5, 5)},
        {"size": 3},
        limits=[Limit("size", "the channels summed", lambda half: {"size": 2 * half + 1}, 0, 64)],
        changes=[
            *each(alpha=[0.001], beta=[0.5], bias=[2.0], size=[2, 4, 5]),
            *(
                {"X": data(*shape), **more}
                for shape in ((2, 6), (2, 6, 5), (2, 6, 5, 5), (2, 6, 4, 3, 2))
                for more in ({}, {"size": 5}, {"alpha": 0.001, "beta": 0.5, "bias": 2.0}, {"dims": "dynamic"}, {"dims": "batch"})
            ),
        ],
    ),
    Form(
        "MeanVarianceNormalization",
        {"X": data(2, 4, 5, 5)},
        {"axes": [0, 2, 3]},
        changes=[
            *({"axes": axes} for axes in ([2, 3], [0, 2, 3], [0, 1, 2, 3], [1, 2, 3], [1], [-1], [-2, -1], None)),
            *(
                {"X": data(*shape), "axes": axes}
                for shape in SHAPES
                for axes in ([0], [len(shape) - 1], [-1], list(range(len(shape))))
            ),
        ],
    ),
]
