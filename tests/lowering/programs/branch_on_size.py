"""A detector's neck that shrinks big pictures and grows small ones: an `if` on the size."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EXPORTERS = {
    "dynamo": "differs",  # torch.export guards the branch by W >= 17, and ONNX has no place for a guard
    "trace": "differs",  # a trace keeps the branch that the example took
    "script": True,
}
SHAPES = ("x=Nx3xHxW",)  # the dims that may be free


class Neck(nn.Module):
    """Brings pictures to a working size, then filters them."""

    def __init__(self, channels: int = 6) -> None:
        super().__init__()
        self.small = nn.Conv2d(3, channels, 3, padding=1)
        self.large = nn.Conv2d(3, channels, 5, stride=2, padding=2)
        self.mix = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, 3, H, W) to (N, channels, H/2, W/2), or to (N, channels, 2H, 2W) where W is at most 16."""
        if x.shape[-1] > 16:  # makes: Shape, Gather, Greater, If
            y = self.large(x)  # makes: Conv
        else:
            y = self.small(x)  # makes: Conv
            y = F.interpolate(y, scale_factor=2.0, mode="nearest")  # makes: Resize
        return F.leaky_relu(self.mix(y), 0.1)  # makes: Conv, LeakyRelu


def example_inputs() -> tuple[Tensor, ...]:
    """A big picture, (1, 3, 24, 24)."""
    return (torch.randn(1, 3, 24, 24, generator=torch.Generator().manual_seed(1)),)


def other_inputs() -> tuple[Tensor, ...]:
    """A small picture, (1, 3, 12, 12), which takes the other branch."""
    return (torch.randn(1, 3, 12, 12, generator=torch.Generator().manual_seed(2)),)


def make() -> Neck:
    """The seeded module."""
    torch.manual_seed(0)
    return Neck().eval()


make.example_inputs = example_inputs
