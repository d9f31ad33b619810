"""Optimisers, and the newest operators."""

from graphfix.probe.form import Change, Form, Tensor, data, each, numbers, scalar, weight

STEP = {"R": scalar(0.1), "T": scalar(0)}


def _scattered() -> list[Change]:
    """Caches of every rank, written along every axis, with and without indices."""
    found: list[Change] = []
    for shape, axis in (
        ((2, 4), 1),
        ((2, 4, 5), 1),
        ((2, 4, 5), -2),
        ((2, 3, 4, 5), 2),
        ((2, 3, 4, 5), -1),
        ((2, 2, 3, 4, 5), -2),
    ):
        update = list(shape)
        update[axis] = 2 if shape[axis] > 3 else 1
        base: Change = {"past_cache": data(*shape), "update": data(*update), "axis": axis}
        for place in (
            None,
            numbers(0, 1),
            numbers(1, 2),
            Tensor((2,), "folded", (0, 1)),
            Tensor((2,), "shape", (1, 2)),
            data(2, low=0, high=1),
        ):
            found += [{**base, "write_indices": place, **more} for more in ({}, {"mode": "circular"})]
        found += [{**base, "write_indices": data(2, low=0, high=1), "dims": dims} for dims in ("batch", "dynamic")]
    return found


def _linear() -> list[Change]:
    """Update rules of linear attention with the operands of each, shared heads and past states."""
    decay, beta = {"decay": data(1, 3, 2)}, {"beta": data(1, 3, 2)}
    needs: dict[str, Change] = {"linear": {}, "gated": decay, "delta": beta, "gated_delta": {**decay, **beta}}
    state: Change = {"past_state": data(1, 2, 4, 4)}
    grouped: Change = {"query": data(1, 3, 16), "q_num_heads": 4}
    found: list[Change] = []
    for rule, given in needs.items():
        base: Change = {"update_rule": rule, **given}
        wide = {name: data(1, 3, 8) for name in given if name == "decay"}
        found += [
            {**base, **more}
            for more in (
                {},
                state,
                grouped,
                {**grouped, **state},
                {"scale": 0.5},
                {"chunk_size": 2},
                wide,
                {"outputs": 1},
                {"dims": "dynamic"},
                {"dims": "batch"},
                {"T": "float16", "S": "float16"},
                {"T": "float16"},
                {"T": "bfloat16"},
                {**state, "past_state.from": "constant"},
                {
                    name: data(1, 1, *one.shape[2:])
                    for name, one in {"query": data(1, 3, 8), "key": data(1, 3, 8), "value": data(1, 3, 8), **given}.items()
                },
            )
        ]
    return found


FORMS = [
    Form(
        "CumProd",
        {"x": data(2, 3, 4), "axis": scalar(1)},
        changes=[
            *each(exclusive=[1], reverse=[1]),
            *({"axis": scalar(axis)} for axis in (-1, -3, 0, 2)),
            {"x": data(4), "axis": scalar(0)},
            {"x": data(2, 3)},
        ],
    ),
    Form("BitCast", {"input": data(2, 3)}, {"to": 6}),
    Form("SwiGLU", {"A": data(2, 3), "B": data(2, 3)}),
    Form(
        "TensorScatter",
        {"past_cache": data(2, 3, 4, 5), "update": data(2, 3, 1, 5), "write_indices": None},
        changes=[*each(mode=["linear", "circular"]), *_scattered()],
    ),
    Form(
        "LinearAttention",
        {"query": data(1, 3, 8), "key": data(1, 3, 8), "value": data(1, 3, 8)},
        {"q_num_heads": 2, "kv_num_heads": 2, "update_rule": "linear"},
        outputs=2,
        changes=_linear(),
    ),
    Form(
        "CausalConvWithState",
        {"input": data(2, 4, 6), "weight": weight(4, 1, 3)},
        outputs=2,
        changes=[
            *each(activation=["silu", "swish", "none"]),
            *(
                {**one, **two}
                for one in ({}, {"bias": weight(4)}, {"bias": data(4)})
                for two in (
                    {},
                    {"past_state": data(2, 4, 2)},
                    {"activation": "silu", "past_state": data(2, 4, 2)},
                    {"weight": data(4, 1, 3)},
                    {"weight": weight(4, 1, 1), "past_state": data(2, 4, 0)},
                    {"outputs": 1},
                    {"dims": "dynamic"},
                    {"dims": "batch"},
                )
            ),
        ],
    ),
    Form(
        "FlexAttention",
        {"Q": data(1, 2, 3, 4), "K": data(1, 2, 3, 4), "V": data(1, 2, 3, 4)},
        domain="ai.onnx.preview",
        changes=[
            {"scale": 0.5},
            {"softmax_precision": 1},
            {"softmax_precision": 10},
            {"Q": data(1, 4, 3, 4)},
            {"V": data(1, 2, 3, 6)},
            {"K": data(1, 2, 5, 4), "V": data(1, 2, 5, 4)},
            {"Q": data(2, 2, 3, 4), "K": data(2, 2, 3, 4), "V": data(2, 2, 3, 4)},
        ],
    ),
    *(
        Form(
            op,
            {**STEP, "inputs": [data(3), data(3), data(3), *([data(3)] if op == "Adam" else [])]},
            more,
            domain="ai.onnx.preview.training",
            outputs=3 if op == "Adam" else 2,
        )
        for op, more in (
            ("Adagrad", {}),
            ("Adam", {}),
            ("Momentum", {"alpha": 0.9, "beta": 1.0, "mode": "standard", "norm_coefficient": 0.0}),
        )
    ),
]
