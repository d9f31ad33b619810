"""Sixty small programs of torch of many kinds, on which the tables about ATen operators are compared with ExecuTorch itself.

None of them was used to probe. `PROGRAMS` maps their names to a function that returns the module, and one that returns its
inputs. `DYNAMIC` names the axes of inputs that may have any size.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

PROGRAMS: dict[str, tuple[Callable[[], nn.Module], Callable[[], tuple[Any, ...]]]] = {}
DYNAMIC: dict[str, tuple[dict[int, str], ...]] = {
    "dynamic_mlp": ({0: "n"},), "dynamic_text": ({1: "t"},), "dynamic_image": ({2: "h", 3: "w"},),
    "dynamic_attention": ({1: "t"},),
    "dynamic_conv1d": ({2: "t"},), "dynamic_masked_mean": ({1: "t"}, {1: "t"}),
}  # fmt: skip


class Call(nn.Module):
    """A module that computes a function of its inputs, with some layers."""

    def __init__(self, function: Callable[..., Any], **layers: nn.Module) -> None:
        super().__init__()
        self.function = function
        self.layers = nn.ModuleDict(layers)

    def forward(self, *inputs: Any) -> Any:
        return self.function(self.layers, *inputs) if len(self.layers) else self.function(*inputs)


def add(name: str, make: Callable[[], nn.Module], *shapes: Any) -> None:
    """Add a program, whose inputs are tensors of normal numbers, or what functions return."""
    PROGRAMS[name] = make, lambda: tuple(one() if callable(one) else torch.randn(one) for one in shapes)


def ids(*shape: int, most: int) -> Callable[[], Any]:
    return lambda: torch.randint(0, most, shape)


IMAGE = (1, 3, 16, 16)
SEQUENCE = (2, 6, 8)


def conv_block(one: int, other: int, **more: Any) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(one, other, 3, padding=1, **more), nn.BatchNorm2d(other), nn.ReLU())


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.start, self.one, self.two, self.head = conv_block(3, 8), conv_block(8, 8), conv_block(8, 8), nn.Linear(8, 5)

    def forward(self, x: Any) -> Any:
        x = self.start(x)
        x = x + self.two(self.one(x))
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


class SqueezeExcite(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.down, self.up = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 2, 1), nn.Conv2d(2, 8, 1)

    def forward(self, x: Any) -> Any:
        x = F.silu(self.conv(x))
        return x * torch.sigmoid(self.up(F.relu(self.down(x.mean((2, 3), keepdim=True)))))


class Attention(nn.Module):
    def __init__(self, heads: int = 2, *, causal: bool = False) -> None:
        super().__init__()
        self.heads, self.causal, self.pack, self.out = heads, causal, nn.Linear(8, 24), nn.Linear(8, 8)

    def forward(self, x: Any) -> Any:
        batch, length, size = x.shape
        q, k, v = self.pack(x).view(batch, length, 3, self.heads, size // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        scores = q @ k.transpose(-1, -2) / math.sqrt(size // self.heads)
        if self.causal:
            scores = scores.masked_fill(torch.ones(length, length).triu(1).bool(), float("-inf"))
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, size))


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(20, 8), nn.Embedding(12, 8)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu")
        self.head = nn.Linear(8, 3)

    def forward(self, tokens: Any) -> Any:
        x = self.words(tokens) + self.places(torch.arange(tokens.shape[1]))
        return self.head(self.layer(x)[:, 0])


class Recurrent(nn.Module):
    def __init__(self, kind: type[nn.Module], **more: Any) -> None:
        super().__init__()
        self.cell = kind(8, 6, batch_first=True, **more)

    def forward(self, x: Any) -> Any:
        return self.cell(x)[0]


class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 12, 3, 2, 1), nn.ReLU())
        self.up = nn.Sequential(nn.ConvTranspose2d(12, 8, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(8, 3, 4, 2, 1), nn.Tanh())

    def forward(self, x: Any) -> Any:
        return self.up(self.down(x))


class UNet(nn.Module):
    def __init__(self, mode: str) -> None:
        super().__init__()
        self.mode, self.one, self.two, self.last = mode, conv_block(3, 6), conv_block(6, 12), nn.Conv2d(18, 2, 1)

    def forward(self, x: Any) -> Any:
        high = self.one(x)
        low = self.two(F.max_pool2d(high, 2))
        more = {"align_corners": False} if self.mode != "nearest" else {}
        return self.last(torch.cat([high, F.interpolate(low, scale_factor=2, mode=self.mode, **more)], 1))


class Detector(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.boxes, self.scores = conv_block(3, 8, stride=2), nn.Conv2d(8, 4, 1), nn.Conv2d(8, 2, 1)

    def forward(self, x: Any) -> Any:
        x = self.body(x)
        boxes, scores = self.boxes(x).flatten(2).transpose(1, 2), self.scores(x).flatten(2).transpose(1, 2).softmax(-1)
        best, where = scores[..., 1].topk(5)
        return boxes.gather(1, where.unsqueeze(-1).expand(-1, -1, 4)), best


class Spectrum(nn.Module):
    def forward(self, x: Any) -> Any:
        found = torch.stft(x, 16, 8, window=torch.hann_window(16), return_complex=True)
        return torch.log1p(found.abs())


class GraphLayer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Linear(4, 6)

    def forward(self, nodes: Any, edges: Any) -> Any:
        sent = self.weight(nodes)[edges[0]]
        return torch.zeros(nodes.shape[0], 6).index_add(0, edges[1], sent)


class Rotary(nn.Module):
    def forward(self, x: Any) -> Any:
        angles = torch.outer(torch.arange(x.shape[1]).float(), 1.0 / 100 ** (torch.arange(0, 8, 2) / 8))
        one, two = x[..., ::2], x[..., 1::2]
        return torch.stack([one * angles.cos() - two * angles.sin(), one * angles.sin() + two * angles.cos()], -1).flatten(-2)


class Counter(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(8))

    def forward(self, x: Any) -> Any:
        self.mean.mul_(0.9).add_(x.mean((0, 1)), alpha=0.1)
        return x - self.mean


add("mlp", lambda: nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4)), (2, 8))
add("dynamic_mlp", lambda: nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 4), nn.Softmax(-1)), (3, 8))
add("residual", Residual, IMAGE)
add("squeeze_excite", SqueezeExcite, IMAGE)
add(
    "depthwise",
    lambda: nn.Sequential(nn.Conv2d(3, 6, 1), nn.Conv2d(6, 6, 3, groups=6), nn.Hardswish(), nn.Conv2d(6, 4, 1)),
    IMAGE,
)
add("autoencoder", Autoencoder, IMAGE)
add("unet_nearest", lambda: UNet("nearest"), IMAGE)
add("unet_bilinear", lambda: UNet("bilinear"), IMAGE)
add("unet_bicubic", lambda: UNet("bicubic"), IMAGE)
add("dynamic_image", lambda: nn.Sequential(conv_block(3, 6), nn.Conv2d(6, 2, 3)), IMAGE)
add("pool_ceil", lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(3, 2, ceil_mode=True)), IMAGE)
add("average_pool", lambda: nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(3, 4, 3), nn.AvgPool2d(3, 2, 1)), IMAGE)
add("adaptive_pool", lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(3)), IMAGE)
add("conv3d", lambda: nn.Sequential(nn.Conv3d(2, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool3d(1)), (1, 2, 6, 6, 6))
add("conv1d", lambda: nn.Sequential(nn.Conv1d(8, 6, 3, padding=1), nn.LeakyReLU(0.2), nn.Conv1d(6, 4, 3, dilation=2)), (2, 8, 16))
add("dynamic_conv1d", lambda: nn.Sequential(nn.Conv1d(8, 6, 3, padding=1), nn.ELU(), nn.Conv1d(6, 4, 1)), (2, 8, 16))
add("group_norm", lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8), nn.SiLU()), IMAGE)
add("instance_norm", lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.InstanceNorm2d(8), nn.ReLU6()), IMAGE)
add("layer_norm", lambda: nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8), nn.Tanh()), SEQUENCE)
add("rms_norm", lambda: nn.Sequential(nn.RMSNorm(8), nn.Linear(8, 4)), SEQUENCE)
add("attention", Attention, SEQUENCE)
add("causal_attention", lambda: Attention(causal=True), SEQUENCE)
add("dynamic_attention", lambda: Attention(4), SEQUENCE)
add("fused_attention", lambda: Call(F.scaled_dot_product_attention), (1, 2, 4, 8), (1, 2, 4, 8), (1, 2, 4, 8))
add("encoder", Encoder, ids(2, 6, most=20))
add(
    "multihead",
    lambda: Call(lambda layers, x: layers["a"](x, x, x)[0], a=nn.MultiheadAttention(8, 2, batch_first=True)),
    SEQUENCE,
)
add("lstm", lambda: Recurrent(nn.LSTM), SEQUENCE)
add("bilstm", lambda: Recurrent(nn.LSTM, bidirectional=True), SEQUENCE)
add("gru", lambda: Recurrent(nn.GRU), SEQUENCE)
add("gru_cell", lambda: nn.GRUCell(8, 6), (2, 8), (2, 6))
add(
    "dynamic_text",
    lambda: Call(lambda layers, x: layers["a"](layers["e"](x)).mean(1), e=nn.Embedding(9, 8), a=nn.Linear(8, 3)),
    ids(2, 6, most=9),
)
add("detector", Detector, IMAGE)
add("stft", Spectrum, (1, 64))
add("graph_layer", GraphLayer, (5, 4), ids(2, 7, most=5))
add("rotary", Rotary, SEQUENCE)
add("counter", Counter, SEQUENCE)
add("half", lambda: nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2)).half(), lambda: torch.randn(2, 8).half())
add("double", lambda: nn.Sequential(nn.Linear(8, 8), nn.Sigmoid()).double(), lambda: torch.randn(2, 8).double())
add("bfloat", lambda: nn.Sequential(nn.Linear(8, 8), nn.ReLU()).bfloat16(), lambda: torch.randn(2, 8).bfloat16())
add("integers", lambda: Call(lambda x: (x * 2 + 1) // 3 % 5), ids(2, 6, most=50))
add("comparisons", lambda: Call(lambda x, y: torch.where(x > y, x, y * 2).clamp(-1, 1)), (2, 8), (2, 8))
add(
    "masked_mean",
    lambda: Call(lambda x, m: (x * m.unsqueeze(-1)).sum(1) / m.sum(1, keepdim=True).clamp(min=1)),
    SEQUENCE,
    lambda: torch.ones(2, 6),
)
add(
    "dynamic_masked_mean",
    lambda: Call(lambda x, m: (x * m.unsqueeze(-1)).sum(1) / m.sum(1, keepdim=True)),
    SEQUENCE,
    lambda: torch.ones(2, 6),
)
add("statistics", lambda: Call(lambda x: torch.cat([x.mean(1), x.std(1), x.amax(1), x.amin(1)], -1)), SEQUENCE)
add("sorting", lambda: Call(lambda x: (x.sort(-1, descending=True)[0], x.argmax(-1), x.cumsum(1))), SEQUENCE)
add(
    "padding",
    lambda: Call(lambda x: (F.pad(x, (1, 2)), F.pad(x, (1, 1), mode="reflect"), F.pad(x, (0, 1), mode="replicate"))),
    SEQUENCE,
)
add("rolling", lambda: Call(lambda x: x.roll(1, 1).flip(-1).repeat(1, 2, 1)), SEQUENCE)
add("windows", lambda: Call(lambda x: x.unfold(1, 4, 2).mean(-1)), (2, 12))
add("einsum", lambda: Call(lambda x, y: torch.einsum("bij,bjk->bik", x, y).relu()), (2, 3, 4), (2, 4, 5))
add("distances", lambda: Call(lambda x, y: torch.cdist(x, y).argmin(-1)), (5, 4), (3, 4))
add("pixel_shuffle", lambda: nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.PixelShuffle(2), nn.PReLU()), IMAGE)
add("activations", lambda: Call(lambda x: F.mish(x) + F.softplus(x) + F.hardsigmoid(x) + F.logsigmoid(x) + F.selu(x)), SEQUENCE)
add("norms", lambda: Call(lambda x: F.normalize(x, dim=-1) @ F.normalize(x, dim=-1).transpose(1, 2)), SEQUENCE)
add("inverse", lambda: Call(lambda x: torch.linalg.inv(x @ x.transpose(-1, -2) + torch.eye(4))), (2, 4, 4))
add("complex_product", lambda: Call(lambda x: torch.fft.irfft(torch.fft.rfft(x) * 0.5)), (2, 16))
add(
    "sampling", lambda: Call(lambda x, g: F.grid_sample(x, g, align_corners=False)), IMAGE, lambda: torch.rand(1, 4, 4, 2) * 2 - 1
)
add("scatter", lambda: Call(lambda x, i: torch.zeros(2, 8).scatter(1, i, x)), (2, 4), ids(2, 4, most=8))
add("lookup", lambda: Call(lambda x, i: x[:, i]), SEQUENCE, ids(3, most=6))
add("power", lambda: Call(lambda x: (x.abs() + 1).pow(1.5) + x**2 + torch.rsqrt(x * x + 1) + x.erf()), SEQUENCE)
add("logits", lambda: Call(lambda layers, x: F.log_softmax(layers["a"](x), -1), a=nn.Linear(8, 5)), SEQUENCE)
