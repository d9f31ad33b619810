"""Attention and rotary embedding, as the standard defines them."""

from graphfix.probe.form import Change, Form, Tensor, data, numbers, weight

FLOATS = ("float16", "bfloat16", "float64")
FLAT: Change = {"Q": data(2, 3, 8), "K": data(2, 3, 8), "V": data(2, 3, 8), "q_num_heads": 2, "kv_num_heads": 2}
LAYOUTS: dict[str, Change] = {
    "heads": {},
    "grouped": {"Q": data(2, 4, 3, 4)},
    "one": {"Q": data(2, 4, 3, 4), "K": data(2, 1, 3, 4), "V": data(2, 1, 3, 4)},
    "single": {"Q": data(2, 1, 3, 4), "K": data(2, 1, 3, 4), "V": data(2, 1, 3, 4)},
    "other size": {"V": data(2, 2, 3, 6)},
    "grouped, other size": {"Q": data(2, 4, 3, 4), "V": data(2, 2, 3, 6)},
    "longer": {"K": data(2, 2, 5, 4), "V": data(2, 2, 5, 4)},
    "one step": {"Q": data(2, 2, 1, 4)},
    "grouped, one step": {"Q": data(2, 4, 1, 4)},
    "one, one step": {"Q": data(2, 4, 1, 4), "K": data(2, 1, 3, 4), "V": data(2, 1, 3, 4)},
    "wide": {"Q": data(2, 2, 3, 8), "K": data(2, 2, 3, 8), "V": data(2, 2, 3, 8)},
    "wide grouped": {"Q": data(2, 4, 3, 16), "K": data(2, 2, 3, 16), "V": data(2, 2, 3, 16)},
    "wide, one step": {"Q": data(2, 2, 1, 8), "K": data(2, 2, 3, 8), "V": data(2, 2, 3, 8)},
    "wide grouped, one step": {"Q": data(2, 4, 1, 16), "K": data(2, 2, 3, 16), "V": data(2, 2, 3, 16)},
    "flat wide": {**FLAT, "Q": data(2, 3, 16), "K": data(2, 3, 16), "V": data(2, 3, 16)},
    "flat wide, one step": {**FLAT, "Q": data(2, 1, 16), "K": data(2, 3, 16), "V": data(2, 3, 16)},
    "flat wide grouped, one step": {**FLAT, "Q": data(2, 1, 32), "K": data(2, 3, 16), "V": data(2, 3, 16), "q_num_heads": 4},
    "flat grouped, one step": {**FLAT, "Q": data(2, 1, 16), "q_num_heads": 4},
    "flat": FLAT,
    "flat of four": {**FLAT, "Q": data(2, 3, 16), "K": data(2, 3, 16), "V": data(2, 3, 16), "q_num_heads": 4, "kv_num_heads": 4},
    "flat grouped": {**FLAT, "Q": data(2, 3, 16), "q_num_heads": 4},
    "flat grouped by three": {
        **FLAT,
        "Q": data(2, 3, 36),
        "K": data(2, 3, 12),
        "V": data(2, 3, 12),
        "q_num_heads": 9,
        "kv_num_heads": 3,
    },
    "flat one": {**FLAT, "Q": data(2, 3, 16), "K": data(2, 3, 4), "V": data(2, 3, 4), "q_num_heads": 4, "kv_num_heads": 1},
    "flat single": {**FLAT, "q_num_heads": 1, "kv_num_heads": 1},
    "flat other size": {**FLAT, "V": data(2, 3, 12)},
    "flat grouped, other size": {**FLAT, "Q": data(2, 3, 16), "q_num_heads": 4, "V": data(2, 3, 12)},
    "flat longer": {**FLAT, "K": data(2, 5, 8), "V": data(2, 5, 8)},
    "flat one step": {**FLAT, "Q": data(2, 1, 8)},
}
"""Layouts of queries, keys and values: rank 4 or 3, equal or shared heads, values of another head size."""
MAIN = ("heads", "grouped", "other size", "flat", "flat grouped", "flat other size")


def sizes(layout: Change) -> tuple[int, int, int, int, int]:
    """Numbers of heads and steps of queries and keys, and the head size of values."""
    base: Change = {"Q": data(2, 2, 3, 4), "K": data(2, 2, 3, 4), "V": data(2, 2, 3, 4), **layout}
    query, key, value = (base[name].shape for name in ("Q", "K", "V"))
    if len(query) == 4:
        return query[1], key[1], query[2], key[2], value[3]
    heads, shared = int(layout["q_num_heads"]), int(layout["kv_num_heads"])
    return heads, shared, query[1], key[1], value[2] // shared


def masks(layout: Change, past: int = 0) -> dict[int, list[Tensor]]:
    """Masks by rank, of every rank that can be broadcast."""
    heads, _, steps, other, _ = sizes(layout)
    total = other + past
    return {
        1: [data(total)],
        2: [data(steps, total)],
        3: [data(heads, steps, total), data(1, steps, total)],
        4: [data(2, heads, steps, total), data(1, 1, steps, total), data(2, 1, steps, total)],
    }


def past(layout: Change, steps: int = 5) -> Change:
    """Past keys and values, and the present ones as outputs."""
    _, shared, _, _, size = sizes(layout)
    query = data(2, 2, 3, 4) if "Q" not in layout else layout["Q"]
    wide = query.shape[-1] // (1 if len(query.shape) == 4 else int(layout["q_num_heads"]))
    return {"past_key": data(2, shared, steps, wide), "past_value": data(2, shared, steps, size), "outputs": 3}


ASIDE: list[Change] = [
    {"is_causal": 1},
    {"scale": 0.5},
    {"softcap": 2.0},
    {"softmax_precision": 1},
    {"softmax_precision": 10},
    {"outputs": 3},
    {"outputs": 4},
    {"outputs": ("Y", "", "", "qk_matmul_output")},
    {"qk_matmul_output_mode": 1, "outputs": 4},
    {"qk_matmul_output_mode": 2, "outputs": 4},
    {"qk_matmul_output_mode": 3, "outputs": 4},
    *({"left_window_size": left, "right_window_size": right} for left, right in ((-1, 2), (2, 1), (1, 1), (5, 3))),
    {"left_window_size": 2},
    {"left_window_size": 2, "is_causal": 1, "softcap": 1.0},
]
MIXED: list[Change] = [{}, {"is_causal": 1}, {"left_window_size": 2, "is_causal": 1}, {"softcap": 2.0}, {"scale": 0.5}]


def _crossed() -> list[Change]:
    """Layouts combined with attributes, masks and past keys; the main layouts with all of them."""
    found: list[Change] = []
    for name, layout in LAYOUTS.items():
        main = name in MAIN
        found += [{**layout, **more} for more in ([{}, *ASIDE] if main else MIXED)]
        for rank, given in masks(layout).items():
            for mask in given if name in ("heads", "flat") else given[: main or rank == 4]:
                found += [{**layout, "attn_mask": mask, **more} for more in ({}, {"U": "bool"})]
                if main and rank != 3:
                    found += [{**layout, "attn_mask": mask, "is_causal": 1, **more} for more in ({}, {"U": "bool"})]
                if name in ("heads", "flat") and rank != 3:
                    found += [
                        {**layout, "attn_mask": mask, "left_window_size": 2, "is_causal": 1, "U": dtype}
                        for dtype in ("float32", "bool")
                    ]
        earlier = past(layout)
        found += [{**layout, **earlier, **more} for more in (MIXED if main else MIXED[:2])]
        longer = masks(layout, 5)[4 if "grouped" in name else 2][0]
        found += [{**layout, **earlier, "attn_mask": longer, **more} for more in ({}, {"U": "bool"})]
    return found


def _typed() -> list[Change]:
    """Other dtypes: of everything together, of masks and values alone."""
    found: list[Change] = []
    for name in ("heads", "grouped", "other size", "flat", "flat grouped", "wide, one step"):
        layout = LAYOUTS[name]
        whole: list[Change] = [{**layout, "T1": dtype, "T2": dtype} for dtype in FLOATS]
        found += [{**change, **more} for change in whole for more in ({}, {"is_causal": 1}, past(layout), {"outputs": 4})]
        for change in whole:
            found += [{**change, "attn_mask": masks(layout)[4][0], "U": mask} for mask in (change["T1"], "bool")]
    for layout in ({}, FLAT):
        given = masks(layout)
        found += [
            {**layout, "attn_mask": given[rank][0], "U": mask} for rank in (2, 4) for mask in (*FLOATS, "int64", "int32", "uint8")
        ]
        found += [{**layout, "T1": dtype, "T2": dtype, "attn_mask": given[2][0], "U": dtype} for dtype in FLOATS]
        for code in (1, 10):
            found += [
                {**layout, "softmax_precision": code, "T1": dtype, "T2": dtype} for dtype in ("float32", "float16", "bfloat16")
            ]
    return found


def _padded() -> list[Change]:
    """The number of valid key steps per batch entry, as a constant, an input or a computed operand."""
    found: list[Change] = []
    for name in (
        *MAIN,
        "one step",
        "grouped, one step",
        "flat one step",
        "wide, one step",
        "wide grouped, one step",
        "flat wide grouped, one step",
    ):
        layout = LAYOUTS[name]
        found += [{**layout, "nonpad_kv_seqlen": Tensor((2,), source, (2, 3))} for source in ("folded", "shape")]
        for kept in (numbers(2, 3), data(2, low=2, high=3)):
            one: Change = {**layout, "nonpad_kv_seqlen": kept}
            found += [{**one, **more} for more in MIXED]
            found += [{**one, "attn_mask": masks(layout)[4][0], **more} for more in ({}, {"U": "bool"}, {"is_causal": 1})]
            if name not in ("grouped", "flat", "grouped, one step"):
                continue
            found += [{**one, "T1": dtype, "T2": dtype, **more} for dtype in FLOATS for more in ({}, {"is_causal": 1})]
            found += [{**one, "T1": dtype, "T2": dtype, "U": dtype, "attn_mask": masks(layout)[4][0]} for dtype in FLOATS]
            given = [masks(layout)[rank][0] for rank in (1, 2, 3)]
            found += [{**one, "attn_mask": mask, **more} for mask in given for more in ({}, {"U": "bool"}, {"is_causal": 1})]
            found += [
                {**one, "attn_mask": mask, "left_window_size": 2, "U": dtype} for mask in given for dtype in ("bool", "float16")
            ]
            half: Change = {"T1": "float16", "T2": "float16", "U": "float16", "left_window_size": 2, "is_causal": 1}
            found += [{**one, "attn_mask": mask, **half} for mask in given]
    return found


def _sourced() -> list[Change]:
    """Operands from other sources than graph inputs, and dynamic dims."""
    found: list[Change] = []
    for name in ("heads", "grouped", "other size", "flat", "flat grouped", "flat other size"):
        layout = {"Q": data(2, 2, 3, 4), "K": data(2, 2, 3, 4), "V": data(2, 2, 3, 4), **LAYOUTS[name]}
        found += [{**layout, "dims": dims} for dims in ("batch", "dynamic")]
        found += [{**layout, **{f"{part}.from": "constant" for part in parts}} for parts in (("K", "V"), ("Q",), ("K",), ("V",))]
        found += [
            {**layout, "attn_mask": mask, "attn_mask.from": "constant", **more}
            for rank, given in masks(layout).items()
            if rank > 1
            for mask in given[:1]
            for more in ({}, {"U": "bool"})
        ]
        fixed = {"K.from": "constant", "V.from": "constant"}
        kept = {**fixed, "attn_mask": masks(layout)[2][0], "attn_mask.from": "constant"}
        found += [{**layout, **kept, **more} for more in ({}, {"U": "bool"})]
        found += [
            {**layout, "attn_mask": masks(layout)[rank][0], "dims": dims, **more}
            for rank in (2, 3, 4)
            for dims in ("batch", "spatial", "sequence", "dynamic")
            for more in ({}, {"U": "bool"})
            if "flat" in name or rank in (2, 4)
        ]
        if name in ("heads", "flat"):
            found += [
                {**layout, "attn_mask": masks(layout)[rank][0], "attn_mask.from": source, **more}
                for rank in (2, 4)
                for source in ("folded", "fixed-shape", "shape")
                for more in ({}, {"U": "bool"})
            ]
        earlier = past(layout)
        found += [
            {**layout, **earlier, "past_key.from": "constant", "past_value.from": "constant", **more}
            for more in ({}, {"is_causal": 1})
        ]
        found += [{**layout, **earlier, "dims": dims} for dims in ("batch", "dynamic")]
        found.append({**layout, **earlier, **fixed, "past_key.from": "constant", "past_value.from": "constant"})
    return found


PLACED: Change = {"position_ids": data(2, 3, low=0, high=8)}
TURNED: list[Change] = [
    {},
    {"interleaved": 1},
    {"X": data(2, 3, 16), "num_heads": 2},
    {"X": data(2, 3, 8), "num_heads": 1},
    {"X": data(2, 3, 24), "num_heads": 3},
    {"X": data(2, 3, 24), "num_heads": 3, "interleaved": 1},
    {"X": data(2, 2, 3, 8), "num_heads": 2},
    {"X": data(2, 1, 3, 8)},
]


def _turned() -> list[Change]:
    """Rotary embedding: layouts, with and without positions, sources of the caches, and partial rotation."""
    found: list[Change] = []
    for shape in TURNED:
        found += [{**shape, "cos_cache": data(2, 3, 4), "sin_cache": data(2, 3, 4)}, dict(shape)]
        for place in (
            data(2, 3, low=0, high=8),
            Tensor((2, 3), "constant", (0, 1, 2, 3, 4, 5)),
            Tensor((2, 3), "folded", (0, 1, 2, 3, 4, 5)),
        ):
            for cache in (weight, data):
                found.append({**shape, "cos_cache": cache(9, 4), "sin_cache": cache(9, 4), "position_ids": place})
                found.append(
                    {
                        **shape,
                        "cos_cache": cache(9, 2),
                        "sin_cache": cache(9, 2),
                        "position_ids": place,
                        "rotary_embedding_dim": 4,
                    }
                )
        found += [
            {**shape, "cos_cache": cache(2, 3, 2), "sin_cache": cache(2, 3, 2), "rotary_embedding_dim": 4}
            for cache in (weight, data)
        ]
        found += [
            {**shape, "cos_cache": weight(9, 4), "sin_cache": weight(9, 4), **PLACED, "T": dtype}
            for dtype in ("float16", "bfloat16")
        ]
        found += [
            {**shape, "cos_cache": weight(9, 4), "sin_cache": weight(9, 4), **PLACED, "dims": dims}
            for dims in ("batch", "dynamic")
        ]
    found += [{"cos_cache": weight(9, 1), "sin_cache": weight(9, 1), **PLACED, "rotary_embedding_dim": 2}]
    caches = {"cos_cache": weight(9, 4), "sin_cache": weight(9, 4)}
    found += [
        {**caches, "position_ids": Tensor((2, 3), source, at), "dims": dims}
        for at in ((0,) * 6, (1,) * 6, (1, 2, 3, 4, 5, 6), (0, 1, 2, 0, 1, 2))
        for source in ("constant", "folded", "fixed-shape", "shape")
        for dims in ("static", "dynamic")
        if source == "constant" or at[0]
    ]
    return found


KEPT: Change = {"nonpad_kv_seqlen": data(2, low=2, high=3)}


def _usual(name: str) -> Form:
    """A layout as a form of its own, in every version and with changes that decoders need."""
    layout = {"Q": data(2, 2, 3, 4), "K": data(2, 2, 3, 4), "V": data(2, 2, 3, 4), **LAYOUTS[name]}
    operands = {part: layout.pop(part) for part in ("Q", "K", "V")} | {"attn_mask": None, "nonpad_kv_seqlen": None}
    padded: list[Change] = [KEPT, *({"nonpad_kv_seqlen": numbers(*lengths)} for lengths in ((2, 3), (1, 1), (3, 3)))]
    changes: list[Change] = [{"is_causal": 1}, *padded, *({**one, "is_causal": 1} for one in padded)]
    changes += [{"T1": dtype, "T2": dtype} for dtype in FLOATS]
    return Form("Attention", operands, layout, changes=changes)


FORMS = [
    *(_usual(name) for name in ("flat", "flat wide", "wide grouped, one step")),
    Form(
        "Attention",
        {"Q": data(2, 2, 3, 4), "K": data(2, 2, 3, 4), "V": data(2, 2, 3, 4), "attn_mask": None, "nonpad_kv_seqlen": None},
        changes=[*_crossed(), *_typed(), *_padded(), *_sourced()],
    ),
    Form(
        "RotaryEmbedding",
        {"X": data(2, 2, 3, 8), "cos_cache": weight(2, 3, 4), "sin_cache": weight(2, 3, 4)},
        changes=_turned(),
    ),
]
