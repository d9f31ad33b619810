"""Recurrent layers over sequences."""

from graphfix.probe.form import Change, Form, Tensor, data, numbers, weight


def layer(gates: int, *, both: bool = False, steps: int = 3, batch: int = 7, size: int = 4, hidden: int = 5,
    sides: bool = True) -> dict[str, Tensor | None]:
    """The operands of a layer with so many gates."""
    ways = 2 if both else 1
    state = data(ways, batch, hidden)
    found: dict[str, Tensor | None] = {
        "X": data(steps, batch, size), "W": weight(ways, gates * hidden, size), "R": weight(ways, gates * hidden, hidden),
        "B": weight(ways, 2 * gates * hidden), "sequence_lens": None, "initial_h": state if sides else None,
    }  # fmt: skip
    if gates == 4:
        found["initial_c"] = state if sides else None
    return found


def ways(gates: int, words: list[str], outputs: tuple[str, ...]) -> list[Change]:
    """What recurrent layers share: directions, sizes, states, outputs, activations."""
    states = ["initial_h", "initial_c"] if gates == 4 else ["initial_h"]
    two = {**layer(gates, both=True), "direction": "bidirectional"}
    zero = {name: Tensor((1, 7, 5), "shape") for name in states}
    both_zero = {name: Tensor((2, 7, 5), "shape") for name in states}
    found: list[Change] = [
        dict.fromkeys(states), {"direction": "reverse"}, two, {**two, "dims": "dynamic"}, {**two, "dims": "batch"},
        {**two, "X.dims": "dynamic"}, {**two, "X.dims": "batch"},
        {**two, **dict.fromkeys(states)}, {**two, **dict.fromkeys(states), "dims": "dynamic"},
        {**two, **dict.fromkeys(states), "dims": "batch"},
        {"X.dims": "dynamic"}, {"X.dims": "batch"}, {**dict.fromkeys(states), "dims": "dynamic"},
        {**dict.fromkeys(states), "dims": "batch"},
        {"direction": "reverse", "dims": "dynamic"}, {"direction": "reverse", "dims": "batch"},
        layer(gates, steps=1, batch=1), {**layer(gates, steps=1, batch=1), "dims": "batch"}, layer(gates, batch=1),
        {**layer(gates, both=True, steps=1, batch=1), "direction": "bidirectional"},
        {**layer(gates, both=True, batch=1), "direction": "bidirectional", "X.dims": "dynamic"},
        {**layer(gates, both=True, batch=1), "direction": "bidirectional"},
        {"B": None}, {"sequence_lens": numbers(*[3] * 7)}, {"sequence_lens": numbers(3, 2, 3, 2, 3, 2, 3)},
        {"sequence_lens": data(7, low=2, high=3)},
        {**{f"{n}.from": "folded" for n in ("W", "R", "B")}},
        {**{f"{n}.from": "folded" for n in ("W", "R", "B")}, "dims": "dynamic"},
        {**{f"{n}.from": "folded" for n in ("W", "R", "B")}, "dims": "batch"},

        zero, {**zero, "X.dims": "dynamic"}, {**zero, "X.dims": "batch"},
        {**two, **both_zero}, {**two, **both_zero, "X.dims": "dynamic"}, {**two, **both_zero, "X.dims": "batch"},
        {f"{name}.from": "folded" for name in states}, {f"{name}.from": "constant" for name in states},
        {**two, **{f"{name}.from": "folded" for name in states}}, {**two, **{f"{name}.from": "constant" for name in states}},
        {"clip": 0.5}, {"layout": 1, "X": data(7, 3, 4), **dict.fromkeys(states)},
        {"layout": 1, "X": data(7, 3, 4), **{name: data(7, 1, 5) for name in states}},
        *({"activations": [word] * 3 if gates == 4 else [word] * (2 if gates == 3 else 1)}
            for word in ("Relu", "Sigmoid", "Tanh")),
        {"activations": words}, {"activations": ["HardSigmoid", *words[1:]]},
        {"activations": ["ScaledTanh", *words[1:]], "activation_alpha": [0.5], "activation_beta": [0.4]},
        {**two, "activations": words * 2},
    ]  # fmt: skip
    used = [tuple(name if at == i else "" for at, name in enumerate(outputs)) for i in range(len(outputs))]
    found += [{"outputs": one} for one in used] + [{"outputs": ("Y", "Y_h")}, {"outputs": ("Y", "Y_h"), "dims": "dynamic"},
        {"outputs": ("Y",), "dims": "dynamic"}, {"outputs": ("", "Y_h"), "dims": "batch"}, {**two, "outputs": ("Y",)},
        {**two, "outputs": ("Y",), "dims": "dynamic"}, {**two, "outputs": ("Y", "Y_h")}, {**two, "outputs": ("", "Y_h")}]
    return found


FORMS = [
    Form("LSTM", layer(4), {"hidden_size": 5, "direction": "forward"}, outputs=("Y", "Y_h", "Y_c"), oldest=7,
         changes=[*ways(4, ["Sigmoid", "Tanh", "Tanh"], ("Y", "Y_h", "Y_c")), {"P": weight(1, 15)}, {"input_forget": 1},
             {"direction": None}, {"outputs": ("", "Y_h", "Y_c")}]),
    Form("GRU", layer(3), {"hidden_size": 5, "direction": "forward"}, outputs=("Y", "Y_h"), oldest=7,
         changes=[*ways(3, ["Sigmoid", "Tanh"], ("Y", "Y_h")),
             *({"linear_before_reset": 1, **more} for more in ways(3, ["Sigmoid", "Tanh"], ("Y", "Y_h"))),
             {"linear_before_reset": 1}, {"linear_before_reset": 1, "dims": "dynamic"},
                  {"linear_before_reset": 1, "dims": "batch"}]),
    Form("RNN", layer(1), {"hidden_size": 5, "direction": "forward"}, outputs=("Y", "Y_h"), oldest=7,
        changes=ways(1, ["Tanh"], ("Y", "Y_h"))),
]  # fmt: skip
