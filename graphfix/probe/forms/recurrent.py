"""Recurrent layers over sequences."""

from graphfix.probe.form import Change, Form, Tensor, aged, data, numbers, weight


def layer(
    gates: int, *, both: bool = False, steps: int = 3, batch: int = 7, size: int = 4, hidden: int = 5, sides: bool = True
) -> dict[str, Tensor | None]:
    """Return the operands of a layer with a number of gates."""
    ways = 2 if both else 1
    state = data(ways, batch, hidden)
    found: dict[str, Tensor | None] = {
        "X": data(steps, batch, size),
        "W": weight(ways, gates * hidden, size),
        "R": weight(ways, gates * hidden, hidden),
        "B": weight(ways, 2 * gates * hidden),
        "sequence_lens": None,
        "initial_h": state if sides else None,
    }
    if gates == 4:
        found["initial_c"] = state if sides else None
    return found


def ways(gates: int, words: list[str], outputs: tuple[str, ...]) -> list[Change]:
    """Return the changes for all recurrent layers: directions, sizes, states, outputs, activations."""
    states = ["initial_h", "initial_c"] if gates == 4 else ["initial_h"]
    two = {**layer(gates, both=True), "direction": "bidirectional"}
    zero = {name: Tensor((1, 7, 5), "shape") for name in states}
    both_zero = {name: Tensor((2, 7, 5), "shape") for name in states}
    found: list[Change] = [
        dict.fromkeys(states),
        {"direction": "reverse"},
        two,
        {**two, "dims": "dynamic"},
        {**two, "dims": "batch"},
        {**two, "X.dims": "dynamic"},
        {**two, "X.dims": "batch"},
        {**two, **dict.fromkeys(states)},
        {**two, **dict.fromkeys(states), "dims": "dynamic"},
        {**two, **dict.fromkeys(states), "dims": "batch"},
        {"X.dims": "dynamic"},
        {"X.dims": "batch"},
        {**dict.fromkeys(states), "dims": "dynamic"},
        {**dict.fromkeys(states), "dims": "batch"},
        {"direction": "reverse", "dims": "dynamic"},
        {"direction": "reverse", "dims": "batch"},
        layer(gates, steps=1, batch=1),
        {**layer(gates, steps=1, batch=1), "dims": "batch"},
        layer(gates, batch=1),
        {**layer(gates, both=True, steps=1, batch=1), "direction": "bidirectional"},
        {**layer(gates, both=True, batch=1), "direction": "bidirectional", "X.dims": "dynamic"},
        {**layer(gates, both=True, batch=1), "direction": "bidirectional"},
        {"B": None},
        {"sequence_lens": numbers(*[3] * 7)},
        {"sequence_lens": numbers(3, 2, 3, 2, 3, 2, 3)},
        {"sequence_lens": data(7, low=2, high=3)},
        {**{f"{n}.from": "folded" for n in ("W", "R", "B")}},
        {**{f"{n}.from": "folded" for n in ("W", "R", "B")}, "dims": "dynamic"},
        {**{f"{n}.from": "folded" for n in ("W", "R", "B")}, "dims": "batch"},
        zero,
        {**zero, "X.dims": "dynamic"},
        {**zero, "X.dims": "batch"},
        {**two, **both_zero},
        {**two, **both_zero, "X.dims": "dynamic"},
        {**two, **both_zero, "X.dims": "batch"},
        {f"{name}.from": "folded" for name in states},
        {f"{name}.from": "constant" for name in states},
        {**two, **{f"{name}.from": "folded" for name in states}},
        {**two, **{f"{name}.from": "constant" for name in states}},
        {"clip": 0.5},
        {"layout": 1, "X": data(7, 3, 4), **dict.fromkeys(states)},
        {"layout": 1, "X": data(7, 3, 4), **{name: data(7, 1, 5) for name in states}},
        *(
            {"activations": [word] * 3 if gates == 4 else [word] * (2 if gates == 3 else 1)}
            for word in ("Relu", "Sigmoid", "Tanh")
        ),
        {"activations": words},
        {"activations": ["HardSigmoid", *words[1:]]},
        {"activations": ["ScaledTanh", *words[1:]], "activation_alpha": [0.5], "activation_beta": [0.4]},
        {**two, "activations": words * 2},
        *(change for keras in _keras(words) for change in (
            {"activations": keras}, {"activations": keras, **dict.fromkeys(states)}, {**two, "activations": keras * 2},
            {**two, **dict.fromkeys(states), "activations": keras * 2},
        )),
    ]
    found += aged(
        7,
        14,
        changes=[
            {**way, **open_dims}
            for way in ({}, two, dict.fromkeys(states), {**two, **dict.fromkeys(states)}, layer(gates, batch=1))
            for open_dims in ({"X.dims": "batch"}, {"dims": "batch"}, {"X.dims": "sequence"})
        ],
    )
    found += [
        {**change, "outputs": ("Y",)}
        for change in (
            {"direction": "reverse"},
            {"direction": "reverse", **dict.fromkeys(states)},
            {"B": None},
            {f"{name}.from": "folded" for name in states},
            {f"{name}.from": "constant" for name in states},
            {**two, **dict.fromkeys(states)},
            {**two, **{f"{name}.from": "constant" for name in states}},
            {"activations": words},
            {"since": 14, "direction": "reverse"},
            {"since": 14, **two},
            {"since": 14, **two, **dict.fromkeys(states)},
            {"since": 7, **two, **dict.fromkeys(states)},
            {"since": 14, **dict.fromkeys(states)},
        )
    ]
    used = [tuple(name if at == i else "" for at, name in enumerate(outputs)) for i in range(len(outputs))]
    found += [{"outputs": one} for one in used] + [
        {"outputs": ("Y", "Y_h")},
        {"outputs": ("Y", "Y_h"), "dims": "dynamic"},
        {"outputs": ("Y",), "dims": "dynamic"},
        {"outputs": ("", "Y_h"), "dims": "batch"},
        {**two, "outputs": ("Y",)},
        {**two, "outputs": ("Y",), "dims": "dynamic"},
        {**two, "outputs": ("Y", "Y_h")},
        {**two, "outputs": ("", "Y_h")},
    ]
    return found


def _keras(words: list[str]) -> list[list[str]]:
    """Return the activations of Keras' layers with hard gates, with `relu`, and with both; none for a layer without gates."""
    if len(words) < 2:
        return []
    relu = ["Relu"] * (len(words) - 1)
    return [["HardSigmoid", *words[1:]], [words[0], *relu], ["HardSigmoid", *relu]]


def bodies(gates: int) -> list[Change]:
    """Return changes to weights that are not constants, sequence lengths and batch-first layouts, with and without states."""
    states = ["initial_h", "initial_c"] if gates == 4 else ["initial_h"]
    bare: Change = dict.fromkeys(states)
    two: Change = {**layer(gates, both=True), "direction": "bidirectional"}
    found: list[Change] = []
    for base in ({}, bare, {**two, **bare}):
        lengths = (numbers(*[3] * 7), numbers(3, 2, 3, 2, 3, 2, 3), data(7, low=2, high=3))
        found += [{**base, "sequence_lens": given, **more} for given in lengths for more in ({}, {"dims": "batch"})]
        short = (numbers(*[1] * 7), numbers(3, 1, 2, 1, 3, 1, 2), numbers(3, 0, 2, 0, 3, 0, 2))
        found += [{**base, "sequence_lens": given} for given in short]
        found += [{**base, "X": data(1, 7, 4), "sequence_lens": numbers(*[1] * 7)}]
        found += [{**base, "sequence_lens": Tensor((7,), source, (3,) * 7)} for source in ("folded", "fixed-shape", "shape")]
        found += [{**base, **{f"{name}.from": "runtime" for name in ("W", "R", "B")}}]
        found += [
            {**base, **{f"{name}.from": "runtime" for name in ("W", "R")}, "B": None},
            {**base, "B": None},
            {**base, "clip": 0.5},
        ]
        found += [{**base, "T": dtype} for dtype in ("float16", "float64")]
    for sides in (False, True):
        ways = 2 if sides else 1
        flat: Change = {
            **layer(gates, both=sides),
            "layout": 1,
            "X": data(7, 3, 4),
            "direction": "bidirectional" if sides else "forward",
        }
        for given in (bare, {name: data(7, ways, 5) for name in states}, {name: weight(7, ways, 5) for name in states}):
            found += [
                {**flat, **given, **more}
                for more in (
                    {},
                    {"dims": "batch"},
                    {"sequence_lens": numbers(*[3] * 7)},
                    {"outputs": ("", "Y_h")},
                )
            ]
    return found


def older(gates: int) -> list[Change]:
    """What exporters write in the opsets of most published models."""
    states = ["initial_h", "initial_c"] if gates == 4 else ["initial_h"]
    two: Change = {**layer(gates, both=True), "direction": "bidirectional"}
    zero: Change = {name: Tensor((1, 7, 5), "shape") for name in states}
    return aged(
        7,
        14,
        changes=[
            two,
            {**two, "dims": "batch"},
            {**two, "dims": "dynamic"},
            dict.fromkeys(states),
            {**two, **dict.fromkeys(states)},
            {**dict.fromkeys(states), "dims": "dynamic"},
            {**zero, "X.dims": "dynamic"},
            {"sequence_lens": numbers(*[3] * 7)},
            {"sequence_lens": data(7, low=2, high=3)},
            {"B": None},
            {"direction": "reverse"},
            {"outputs": ("Y", "Y_h")},
        ],
    )


PEEPHOLES: list[Change] = [
    {"P": given, **more}
    for given in (weight(1, 15), data(1, 15))
    for more in (
        {},
        {"B": None},
        {"initial_h": None, "initial_c": None},
        {"B": None, "initial_h": None, "initial_c": None},
        {"direction": "reverse"},
        {"dims": "dynamic"},
        {"dims": "batch"},
        {"clip": 0.5},
        {"input_forget": 1},
        {"sequence_lens": numbers(*[3] * 7)},
        {"sequence_lens": numbers(*[3] * 7), "W.from": "runtime", "R.from": "runtime", "B.from": "runtime"},
        {"W.from": "runtime", "R.from": "runtime", "B.from": "runtime"},
    )
]
PEEPHOLES += [{**layer(4, both=True), "direction": "bidirectional", "P": given} for given in (weight(2, 15), data(2, 15))]

ONE_STATE: list[Change] = [
    {**base, left_out: None, given: made, **more}
    for left_out, given in (("initial_h", "initial_c"), ("initial_c", "initial_h"))
    for base, sides in (({}, 1), ({**layer(4, both=True), "direction": "bidirectional"}, 2))
    for made in (data(sides, 7, 5), weight(sides, 7, 5))
    for more in ({}, {"B": None}, {"dims": "batch"}, {"outputs": ("Y",)}, {"outputs": ("", "Y_h")}, {"outputs": ("", "", "Y_c")})
]
"""One of the two initial states alone, which is zero then."""

FORMS = [
    Form(
        "LSTM",
        layer(4),
        {"hidden_size": 5, "direction": "forward"},
        outputs=("Y", "Y_h", "Y_c"),
        oldest=7,
        changes=[
            *ways(4, ["Sigmoid", "Tanh", "Tanh"], ("Y", "Y_h", "Y_c")),
            *PEEPHOLES,
            *ONE_STATE,
            {"input_forget": 1},
            {"direction": None},
            {"outputs": ("", "Y_h", "Y_c")},
            *bodies(4),
            *older(4),
        ],
    ),
    Form(
        "GRU",
        layer(3),
        {"hidden_size": 5, "direction": "forward"},
        outputs=("Y", "Y_h"),
        oldest=7,
        changes=[
            *ways(3, ["Sigmoid", "Tanh"], ("Y", "Y_h")),
            *({"linear_before_reset": 1, **more} for more in ways(3, ["Sigmoid", "Tanh"], ("Y", "Y_h"))),
            {"linear_before_reset": 1},
            {"linear_before_reset": 1, "dims": "dynamic"},
            {"linear_before_reset": 1, "dims": "batch"},
            *bodies(3),
            *older(3),
            *({**change, "linear_before_reset": 1} for change in older(3)),
        ],
    ),
    Form(
        "RNN",
        layer(1),
        {"hidden_size": 5, "direction": "forward"},
        outputs=("Y", "Y_h"),
        oldest=7,
        changes=[*ways(1, ["Tanh"], ("Y", "Y_h")), *bodies(1), *older(1)],
    ),
]
