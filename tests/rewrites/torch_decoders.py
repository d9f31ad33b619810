"""Small decoders with key and value caches, as both exporters of PyTorch write them: `torch_decoders.py NAME EXPORTER OUT`."""

from __future__ import annotations

import math
import sys
from typing import Any

import torch
from torch import nn

HEADS, WIDTH, VOCABULARY, LAYERS = 2, 8, 50, 2
LOWEST = torch.finfo(torch.float32).min


class Layer(nn.Module):
    """Attention over a cache, with rotary positions where angles are given; key heads may be shared by several queries."""

    def __init__(self, shared: int) -> None:
        super().__init__()
        size = HEADS * WIDTH
        self.heads = HEADS // shared
        self.norm, self.q, self.o = nn.LayerNorm(size), nn.Linear(size, size), nn.Linear(size, size)
        self.k, self.v = nn.Linear(size, self.heads * WIDTH), nn.Linear(size, self.heads * WIDTH)

    def forward(self, x: Any, past: Any, mask: Any, angles: Any) -> Any:
        batch, steps, _ = x.shape
        x = self.norm(x)
        q = self.q(x).view(batch, steps, HEADS, WIDTH).transpose(1, 2)
        k, v = (part(x).view(batch, steps, self.heads, WIDTH).transpose(1, 2) for part in (self.k, self.v))
        if angles is not None:
            q, k = (y * angles[0] + torch.cat((-y[..., WIDTH // 2 :], y[..., : WIDTH // 2]), -1) * angles[1] for y in (q, k))
        k, v = torch.cat((past[0], k), 2), torch.cat((past[1], v), 2)
        wide = [y.repeat_interleave(HEADS // self.heads, 1) if self.heads < HEADS else y for y in (k, v)]
        scores = mask(q @ wide[0].transpose(2, 3) / math.sqrt(WIDTH))
        made = (torch.softmax(scores, -1) @ wide[1]).transpose(1, 2).reshape(batch, steps, HEADS * WIDTH)
        return self.o(made), k, v


class Rotary(nn.Module):
    """Positions by rotation, and a mask computed by comparing positions, as recent decoders have them."""

    def __init__(self, shared: int = 1) -> None:
        super().__init__()
        self.table, self.head = nn.Embedding(VOCABULARY, HEADS * WIDTH), nn.Linear(HEADS * WIDTH, VOCABULARY)
        self.layers = nn.ModuleList([Layer(shared) for _ in range(LAYERS)])
        self.register_buffer("speeds", 1 / (10000 ** (torch.arange(0, WIDTH, 2).float() / WIDTH)))

    def forward(self, input_ids: Any, attention_mask: Any, *caches: Any) -> Any:
        start, steps = caches[0].shape[2], input_ids.shape[1]
        places = torch.arange(start, start + steps)
        turns = torch.cat([places[:, None].float() * self.speeds] * 2, -1)
        later = torch.arange(start + steps)[None] > places[:, None]
        unseen = (attention_mask[:, None, None, :] == 0) | later[None, None]
        x, made = self.table(input_ids), []
        for layer, past in zip(self.layers, zip(caches[::2], caches[1::2], strict=True), strict=True):
            y, k, v = layer(x, past, lambda s: s.masked_fill(unseen, LOWEST), (turns.cos(), turns.sin()))
            x, made = x + y, [*made, k, v]
        return (self.head(x), *made)


class Table(Rotary):
    """Positions read from a table, and a triangle of ones of which a part is taken, as early decoders have them."""

    def __init__(self) -> None:
        super().__init__()
        self.places = nn.Embedding(64, HEADS * WIDTH)
        self.register_buffer("triangle", torch.tril(torch.ones(64, 64, dtype=torch.bool))[None, None])

    def forward(self, input_ids: Any, attention_mask: Any, *caches: Any) -> Any:
        start, steps = caches[0].shape[2], input_ids.shape[1]
        x, made = self.table(input_ids) + self.places(torch.arange(start, start + steps)), []
        unseen = (1.0 - attention_mask[:, None, None, :].float()) * LOWEST

        def masked(scores: Any) -> Any:
            queries, keys = scores.shape[-2:]
            return torch.where(self.triangle[:, :, keys - queries : keys, :keys], scores, LOWEST) + unseen

        for layer, past in zip(self.layers, zip(caches[::2], caches[1::2], strict=True), strict=True):
            y, k, v = layer(x, past, masked, None)
            x, made = x + y, [*made, k, v]
        return (self.head(x), *made)


MODELS = {"rotary": Rotary, "shared": lambda: Rotary(2), "table": Table}


def export(name: str, exporter: str, path: str) -> None:
    """Export a model with dynamic batch, steps and length of the caches."""
    torch.manual_seed(0)
    model = MODELS[name]().eval()
    names = [f"past_key_values.{layer}.{part}" for layer in range(LAYERS) for part in ("key", "value")]
    given = ["input_ids", "attention_mask", *names]
    results = ["logits", *(each.replace("past_key_values", "present") for each in names)]
    past = [torch.randn(2, model.layers[0].heads, 5, WIDTH) for _ in names]
    args = (torch.randint(0, VOCABULARY, (2, 3)), torch.ones(2, 8, dtype=torch.long), *past)
    if exporter == "dynamo":
        batch, steps, past_length = (torch.export.Dim(each, max=16) for each in ("batch", "steps", "past"))
        masked = {0: batch, 1: torch.export.Dim.DYNAMIC}
        shapes = ({0: batch, 1: steps}, masked, tuple({0: batch, 2: past_length} for _ in names))
        torch.onnx.export(model, args, path, input_names=given, output_names=results, dynamo=True, dynamic_shapes=shapes,
                          external_data=False)  # fmt: skip
        return
    axes = {"input_ids": {0: "batch", 1: "steps"}, "attention_mask": {0: "batch", 1: "past + steps"}}
    axes |= {each: {0: "batch", 2: "past"} for each in names}
    torch.onnx.export(model, args, path, input_names=given, output_names=results, dynamic_axes=axes, dynamo=False,
                      opset_version=17)  # fmt: skip


if __name__ == "__main__":
    export(*sys.argv[1:])
