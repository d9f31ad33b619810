"""Attention in which several query heads share a key head: other numbers of heads and steps, and head sizes of 8 and more."""

from graphfix.probe.form import AGAIN, Change, Form, TextProbe, data, numbers

GROUPS = ((4, 2, 8), (9, 3, 8), (6, 2, 16), (8, 2, 8))
"""Query heads, key heads, and the size of a head."""
STEPS = ((4, 6), (4, 4), (1, 6), (6, 4))
"""Queries and keys."""
TYPES = ("float32", "float16")


def _flat(heads: int, shared: int, size: int, steps: int, kept: int) -> Change:
    return {"Q": data(2, steps, heads * size), "K": data(2, kept, shared * size), "V": data(2, kept, shared * size),
            "q_num_heads": heads, "kv_num_heads": shared}  # fmt: skip


def _split(heads: int, shared: int, size: int, steps: int, kept: int) -> Change:
    return {"Q": data(2, heads, steps, size), "K": data(2, shared, kept, size), "V": data(2, shared, kept, size)}


CHANGES: list[Change] = [
    *({**layout(*group, *steps), **more} for layout in (_flat, _split) for group in GROUPS for steps in STEPS
      for more in ({}, {"scale": 0.5})),
    *({**layout(*GROUPS[0], *steps), "T1": dtype, "T2": dtype, "is_causal": causal} for layout in (_flat, _split)
      for steps in STEPS for dtype in TYPES for causal in (0, 1)),
    *({**layout(4, 2, 8, 1, 8), "T1": dtype, "T2": dtype, "is_causal": causal, "nonpad_kv_seqlen": lengths}
      for layout in (_flat, _split) for dtype in TYPES for causal in (0, 1)
      for lengths in (numbers(3, 8), data(2, low=2, high=3))),
    *({**_split(2, 2, 8, *steps), "T1": dtype, "T2": dtype, "is_causal": causal} for steps in STEPS for dtype in TYPES
      for causal in (0, 1)),
    *({**layout(*group, *steps), "since": 23} for layout in (_flat, _split) for group in GROUPS[:2] for steps in STEPS),
]  # fmt: skip
HEAD = ('<ir_version: 10, opset_import: ["": {opset}]> g (float[2,{steps},{width}] Q, float[2,{kept},{width}] K, '
        "float[2,{kept},{width}] V) => (float[2,{steps},{width}] Y) {{ [probe] Y = Attention<q_num_heads = {heads}, "
        "kv_num_heads = {heads}{more}>(Q, K, V) }}")  # fmt: skip


def alone(heads: int, size: int, steps: int, kept: int, opset: int = 23, more: str = "") -> TextProbe:
    """Attention in which every query head has a key head of its own, with the heads in one axis."""
    text = HEAD.format(opset=opset, steps=steps, kept=kept, width=heads * size, heads=heads, more=more)
    label = f"{heads} heads of {size}, {steps} queries, {kept} keys{more}, opset={opset}"
    return TextProbe("Attention", label, text, ("heads", "steps", AGAIN))


FORMS = [
    *(
        alone(heads, size, *steps, more=more)
        for heads, size in ((3, 8), (4, 16), (9, 8))
        for steps in STEPS
        for more in ("", ", scale = 0.01")
    ),
    Form(
        "Attention",
        {"Q": data(2, 2, 3, 4), "K": data(2, 2, 3, 4), "V": data(2, 2, 3, 4), "attn_mask": None, "nonpad_kv_seqlen": None},
        changes=CHANGES,
    ),
]
