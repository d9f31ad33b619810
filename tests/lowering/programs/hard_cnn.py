"""A small mobile backbone: hard activations between depthwise convolutions, as MobileNetV3 has them."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EXPORTERS = {"dynamo": True, "trace": True, "script": True}
SHAPES = ("image=Nx3xHxW",)  # the dims that may be free


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project; the input is added where the shapes allow it."""

    def __init__(self, inp: int, hidden: int, out: int, stride: int) -> None:
        super().__init__()
        self.expand = nn.Sequential(nn.Conv2d(inp, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.Hardswish())
        self.depthwise = nn.Conv2d(hidden, hidden, 3, stride, padding=1, groups=hidden)
        self.project = nn.Conv2d(hidden, out, 1)
        self.residual = stride == 1 and inp == out

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, inp, H, W) to (N, out, H/stride, W/stride)."""
        y = self.expand(x)  # makes: Conv, BatchNormalization, HardSwish, HardSigmoid, Mul
        y = F.relu6(self.depthwise(y))  # makes: Conv, Clip, Relu, Min
        y = self.project(y)  # makes: Conv
        if self.residual:
            y = y + x  # makes: Add
        return y


class HardNet(nn.Module):
    """Stem, three inverted residuals, a gate and a classifier."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.act = nn.Hardswish(inplace=True)
        self.blocks = nn.Sequential(
            InvertedResidual(8, 16, 8, stride=1), InvertedResidual(8, 24, 12, stride=2), InvertedResidual(12, 24, 12, stride=1)
        )
        self.gate = nn.Conv2d(12, 12, 1)
        self.head = nn.Linear(12, classes)

    def forward(self, image: Tensor) -> Tensor:
        """Maps (N, 3, H, W) to (N, classes)."""
        x = self.stem(image)  # makes: Conv
        x = self.act(x)  # makes: HardSwish, HardSigmoid, Mul
        x = self.blocks(x)
        gate = F.hardsigmoid(self.gate(x))  # makes: Conv, HardSigmoid
        x = x * gate  # makes: Mul
        x = x.mean(dim=(2, 3))  # makes: ReduceMean
        return self.head(x)  # makes: Gemm


def example_inputs() -> tuple[Tensor, ...]:
    """An image, (1, 3, 32, 32)."""
    return (torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(1)),)


def make() -> HardNet:
    """The seeded module."""
    torch.manual_seed(0)
    return HardNet().eval()


make.example_inputs = example_inputs
