"""A diffusion model's residual block: group norm, a time embedding, up-sampling."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EXPORTERS = {"dynamo": True, "trace": True, "script": True}
SHAPES = ("x=Nx1xHxW", "time=N")  # the dims that may be free


class ResidualBlock(nn.Module):
    """Group norm, activation and convolution twice, shifted and scaled by the time embedding."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, channels)
        self.norm2 = nn.GroupNorm(groups, channels, affine=False)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect")
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.time = nn.Linear(8, 2 * channels)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Maps (N, C, H, W) and an embedding (N, 8) to (N, C, H, W)."""
        h = self.norm1(x)  # makes: GroupNormalization, InstanceNormalization, Reshape, Mul, Add, Shape, Unsqueeze
        h = self.conv1(F.silu(h))  # makes: Sigmoid, Mul, Swish, Pad, Conv
        shift, scale = self.time(t)[:, :, None, None].chunk(2, dim=1)  # makes: Gemm, Unsqueeze, Split, Slice
        h = self.norm2(h)  # makes: GroupNormalization, InstanceNormalization, Reshape, Mul, Add, Shape, Unsqueeze
        h = h * (scale + 1) + shift  # makes: Mul, Add
        return x + self.conv2(F.silu(h))  # makes: Sigmoid, Mul, Swish, Conv, Add


class Denoiser(nn.Module):
    """Embeds the time, runs one block and doubles the size."""

    def __init__(self, channels: int = 12) -> None:
        super().__init__()
        self.inp = nn.Conv2d(1, channels, 3, padding=1)
        self.block = ResidualBlock(channels, groups=3)
        self.up = nn.ConvTranspose2d(channels, 1, 4, stride=2, padding=1)
        self.register_buffer("rates", torch.exp(torch.arange(4) * (-math.log(100.0) / 4)))

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """Maps (N, 1, H, W) and times (N,) to (N, 1, 2H, 2W)."""
        angle = time[:, None] * self.rates  # makes: Unsqueeze, Mul
        emb = torch.cat([angle.sin(), angle.cos()], dim=-1)  # makes: Sin, Cos, Concat
        x = self.block(self.inp(x), emb)  # makes: Conv
        return self.up(x)  # makes: ConvTranspose


def example_inputs() -> tuple[Tensor, ...]:
    """A noisy picture (2, 1, 8, 8) and two times (2,)."""
    return torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(1)), torch.tensor([3.0, 70.0])


def make() -> Denoiser:
    """The seeded module."""
    torch.manual_seed(0)
    return Denoiser().eval()


make.example_inputs = example_inputs
