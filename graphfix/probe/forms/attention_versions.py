"""Attention in the version before the newest: runtimes that lack the newest one put its definition in its place.

Padded keys, the further outputs and masks, of which the definitions differ from what runtimes have kernels for.
"""

from graphfix.probe.form import Change, Form, TextProbe, data, numbers

FLAT: Change = {"Q": data(2, 3, 8), "K": data(2, 3, 8), "V": data(2, 3, 8), "q_num_heads": 2, "kv_num_heads": 2}
WIDE: Change = {"Q": data(2, 3, 12), "K": data(2, 3, 12), "V": data(2, 3, 12), "q_num_heads": 3, "kv_num_heads": 3}
LAYOUTS: tuple[Change, ...] = ({}, FLAT, WIDE, {"Q": data(2, 4, 3, 4)}, {"V": data(2, 2, 3, 6)})
KEPT: tuple[Change, ...] = tuple({"nonpad_kv_seqlen": one} for one in (data(2, low=2, high=3), numbers(2, 3), numbers(1, 1)))
MASKS: tuple[Change, ...] = tuple({"attn_mask": data(*shape)} for shape in ((3, 3), (2, 3, 3), (2, 2, 3, 3), (2, 1, 3, 3)))
LONGER: tuple[Change, ...] = tuple({"attn_mask": data(*shape)} for shape in ((3, 5), (2, 2, 3, 5)))
PAST: Change = {"past_key": data(2, 2, 2, 4), "past_value": data(2, 2, 2, 4)}
FURTHER: tuple[Change, ...] = tuple({"qk_matmul_output_mode": mode, "outputs": 4, "settled": True} for mode in (0, 1, 2, 3))


def _older(change: Change) -> Change:
    return {"since": 24, **change}


CHANGES: list[Change] = [
    *(_older({**layout, **kept, **more}) for layout in LAYOUTS for kept in KEPT for more in ({}, {"is_causal": 1})),
    *(_older({**kept, **mask, **more}) for kept in KEPT[:2] for mask in MASKS for more in ({}, {"is_causal": 1})),
    *(_older({**kept, "T1": dtype, "T2": dtype}) for kept in KEPT[:2] for dtype in ("float16", "bfloat16", "float64")),
    *(_older({**layout, **output, **more}) for layout in LAYOUTS for output in FURTHER for more in ({}, {"softcap": 2.0})),
    *(_older({**output, **mask, **more}) for output in FURTHER for mask in MASKS[:2] for more in ({}, {"is_causal": 1})),
    *(_older({**output, **PAST, **mask, **more}) for output in FURTHER for mask in ({}, *LONGER)
      for more in ({}, {"is_causal": 1})),
    *({**output, **more} for output in FURTHER for more in ({}, {"is_causal": 1}, {"softcap": 2.0}, PAST)),
    *(_older({**mask, **more}) for mask in MASKS for more in ({}, {"is_causal": 1})),
    *(_older({**WIDE, **output, **PAST, "past_key": data(2, 3, 2, 4), "past_value": data(2, 3, 2, 4)}) for output in FURTHER),
    *(_older({**PAST, **mask, **more}) for mask in ({}, *LONGER)
      for more in ({"outputs": 1}, {"outputs": 3}, {"outputs": 3, "settled": True})),
    *(_older({"T1": dtype, "T2": dtype, **more}) for dtype in ("float16", "bfloat16", "float64") for more in ({}, MASKS[0])),
]
MASKED = '<ir_version: 10, opset_import: ["": {opset}]> g ({inputs}) => ({data} Y) {{ [probe] Y = Attention{how}(Q, K, V, M) }}'


def masked(opset: int, dtype: str, shape: str, how: str) -> TextProbe:
    """Attention with a mask, in an older version."""
    given = "float[2,2,3,4]"
    text = MASKED.format(opset=opset, inputs=f"{given} Q, {given} K, {given} V, {dtype}{shape} M", data=given, how=how)
    return TextProbe("Attention", f"{dtype}{shape} mask{how}, opset={opset}", text, ("U", "since"))


FORMS = [
    *(masked(opset, dtype, shape, how) for opset in (23, 24) for dtype in ("bool", "float") for shape in ("[3,3]", "[2,2,3,3]")
      for how in ("", "<is_causal = 1>")),
    Form(
        "Attention",
        {"Q": data(2, 2, 3, 4), "K": data(2, 2, 3, 4), "V": data(2, 2, 3, 4), "attn_mask": None, "past_key": None,
         "past_value": None, "nonpad_kv_seqlen": None},
        changes=CHANGES,
    ),
]  # fmt: skip
