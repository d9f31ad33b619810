"""Attention and rotary embedding, as the standard defines them."""

from graphfix.probe.form import Form, data, weight

FORMS = [
    Form("Attention", {"Q": data(2, 2, 3, 4), "K": data(2, 2, 3, 4), "V": data(2, 2, 3, 4)},
         changes=[{"is_causal": 1}, {"attn_mask": data(3, 3)}, {"scale": 0.5},
                  {"Q": data(2, 3, 8), "K": data(2, 3, 8), "V": data(2, 3, 8), "q_num_heads": 2, "kv_num_heads": 2}]),
    Form("RotaryEmbedding", {"X": data(2, 2, 3, 8), "cos_cache": weight(2, 3, 4), "sin_cache": weight(2, 3, 4)},
        changes=[{"interleaved": 1}]),
]  # fmt: skip
