"""A transformer block: causal multi-head attention, and one over a padding mask written out by hand."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EXPORTERS = {"dynamo": True, "trace": True, "script": True}
SHAPES = ("x=NxTx16", "mask=NxT")  # the dims that may be free


class CausalAttention(nn.Module):
    """Multi-head attention through the framework's own kernel."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, T, width) to the same shape."""
        n, t, w = x.shape
        qkv = self.qkv(x).view(n, t, 3, self.heads, w // self.heads)  # makes: MatMul, Add, Reshape, Shape, Gather, Div, Concat
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # makes: Transpose, Split, Slice, Squeeze, Gather
        # also makes: Transpose, Sqrt, Trilu, Expand, Equal, Where, Shape, Slice, Cast, Div, Concat, ConstantOfShape, Reshape
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # makes: Attention, Mul, MatMul, Add, Softmax
        return self.proj(y.transpose(1, 2).reshape(n, t, w))  # makes: Transpose, Reshape, MatMul, Add


class PoolingAttention(nn.Module):
    """One learnt query over the sequence; padded steps are left out."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(1, 1, width))
        self.key = nn.Linear(width, width, bias=False)
        self.scale = 1.0 / math.sqrt(width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Maps (N, T, width) and a mask (N, T), true where a step counts, to (N, width)."""
        scores = torch.matmul(self.query, self.key(x).transpose(1, 2)) * self.scale  # makes: MatMul, Transpose, Mul
        scores = scores.masked_fill(~mask.unsqueeze(1), float("-inf"))  # makes: Unsqueeze, Not, Where
        return (scores.softmax(dim=-1) @ x).squeeze(1)  # makes: Softmax, MatMul, Squeeze


class Block(nn.Module):
    """Attention and a feed-forward net with pre-normalisation, pooled at the end."""

    def __init__(self, width: int = 16, heads: int = 4) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = CausalAttention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(0.1))
        self.pool = PoolingAttention(width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Maps (N, T, width) and a mask (N, T) to (N, width)."""
        x = x + self.attn(self.norm1(x))  # makes: LayerNormalization, Add
        x = x + self.mlp(self.norm2(x))  # makes: LayerNormalization, MatMul, Add, Gelu, Div, Erf, Mul
        return self.pool(x, mask)


def example_inputs() -> tuple[Tensor, ...]:
    """A sequence (2, 8, 16) and its mask (2, 8) bool."""
    steps = torch.arange(8).unsqueeze(0)
    return torch.randn(2, 8, 16, generator=torch.Generator().manual_seed(1)), steps < torch.tensor([[8], [5]])


def make() -> Block:
    """The seeded module."""
    torch.manual_seed(0)
    return Block().eval()


make.example_inputs = example_inputs
