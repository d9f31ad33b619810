"""Attention and rotary embedding, as the standard defines them."""

from graphfix.probe.form import Form, data, weight

PAST = {"past_key": data(2, 2, 5, 4), "past_value": data(2, 2, 5, 4), "outputs": 3}
FLAT = {"Q": data(2, 3, 8), "K": data(2, 3, 8), "V": data(2, 3, 8), "q_num_heads": 2, "kv_num_heads": 2}

FORMS = [
    Form("Attention", {"Q": data(2, 2, 3, 4), "K": data(2, 2, 3, 4), "V": data(2, 2, 3, 4), "attn_mask": None},
         changes=[{"is_causal": 1}, {"scale": 0.5}, {"softcap": 2.0}, FLAT, {**FLAT, "is_causal": 1}, {"outputs": 3},
             {"outputs": 4}, {"softmax_precision": 1},
                  *({"attn_mask": data(*shape), **more} for shape in ((3, 3), (2, 3, 3), (1, 1, 3, 3), (2, 2, 3, 3))
                      for more in ({}, {"U": "bool"}, {"U": "float16"}, {"is_causal": 1})),
                  PAST, {**PAST, "attn_mask": data(3, 8)}, {**PAST, "is_causal": 1},
                  {**FLAT, "q_num_heads": 4, "kv_num_heads": 4}, {**FLAT, "scale": 0.5}, {**FLAT, "attn_mask": data(3, 3)},
                  *({"T1": t, "T2": t} for t in ("float16", "bfloat16", "float64")), {**FLAT, "softcap": 2.0},
                  {**FLAT, "V": data(2, 3, 12)}, {**FLAT, "V": data(2, 3, 12), "scale": 0.5},
             {**FLAT, "Q": data(2, 3, 16), "q_num_heads": 4}, {"Q": data(2, 4, 3, 4)},
             {**FLAT, "attn_mask": data(3, 3), "is_causal": 1},
             *({"qk_matmul_output_mode": mode, "outputs": 4} for mode in (1, 2, 3))]),
    Form("RotaryEmbedding", {"X": data(2, 2, 3, 8), "cos_cache": weight(2, 3, 4), "sin_cache": weight(2, 3, 4)},
         changes=[{"interleaved": 1}, {"X": data(2, 3, 16), "num_heads": 2},
             {"cos_cache": weight(9, 4), "sin_cache": weight(9, 4), "position_ids": data(2, 3, low=0, high=8)},
                  {"cos_cache": weight(9, 2), "sin_cache": weight(9, 2), "position_ids": data(2, 3, low=0, high=8),
                      "rotary_embedding_dim": 4}, {"cos_cache": data(2, 3, 4), "sin_cache": data(2, 3, 4)}]),
]  # fmt: skip
