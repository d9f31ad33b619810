"""A residual stage whose channels are weighed by squeeze and excitation."""

import torch
from torch import Tensor, nn

EXPORTERS = {"dynamo": True, "trace": True, "script": True}
SHAPES = ("x=Nx3xHxW",)  # the dims that may be free


class SqueezeExcite(nn.Module):
    """Weighs each channel by what the whole picture holds of it."""

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Linear(channels, channels // reduction)
        self.fc2 = nn.Linear(channels // reduction, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, C, H, W) to the same shape."""
        n, c = x.shape[0], x.shape[1]
        w = self.pool(x).view(n, c)  # makes: GlobalAveragePool, ReduceMean, Reshape, Shape, Gather, Unsqueeze, Concat
        w = torch.relu(self.fc1(w))  # makes: Gemm, Relu
        w = torch.sigmoid(self.fc2(w))  # makes: Gemm, Sigmoid
        return x * w.view(n, c, 1, 1)  # makes: Reshape, Mul, Unsqueeze, Concat


class Stage(nn.Module):
    """Two convolutions, squeeze and excitation, a shortcut that is projected."""

    def __init__(self, inp: int, out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inp, out, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, padding="same")
        self.se = SqueezeExcite(out)
        self.shortcut = nn.Sequential(nn.AvgPool2d(2, ceil_mode=True, count_include_pad=False), nn.Conv2d(inp, out, 1))
        self.act = nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, inp, H, W) to (N, out, H/2, W/2), H and W rounded up."""
        y = self.act(self.bn1(self.conv1(x)))  # makes: Conv, BatchNormalization, Sigmoid, Mul, Swish
        y = self.conv2(y)  # makes: Conv, Pad
        y = self.se(y)
        y = y + self.shortcut(x)  # makes: AveragePool, Pad, Conv, Add
        return self.act(y)  # makes: Sigmoid, Mul, Swish


class SqueezeExciteNet(nn.Module):
    """Two stages on a picture of odd size."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.Sequential(Stage(3, 8), Stage(8, 16))

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, 3, H, W) to (N, 16)."""
        x = self.stages(x)
        return x.amax(dim=(-2, -1))  # makes: ReduceMax


def example_inputs() -> tuple[Tensor, ...]:
    """A picture of odd size, (2, 3, 27, 31)."""
    return (torch.randn(2, 3, 27, 31, generator=torch.Generator().manual_seed(1)),)


def make() -> SqueezeExciteNet:
    """The seeded module."""
    torch.manual_seed(0)
    return SqueezeExciteNet().eval()


make.example_inputs = example_inputs
