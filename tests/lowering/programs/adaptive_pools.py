"""Pyramid pooling: adaptive pools to sizes that divide the picture's."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EXPORTERS = {"dynamo": True, "trace": True, "script": True}
SHAPES = ("x=Nx3x12x12",)  # the dims that may be free


class PyramidPooling(nn.Module):
    """Sees the picture at several coarsenesses, brings them back to size and puts them side by side."""

    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, channels, 3, padding=1)
        self.coarse = nn.AdaptiveAvgPool2d((3, 6))
        self.strong = nn.AdaptiveMaxPool2d(4)
        self.whole = nn.AdaptiveAvgPool2d(1)
        self.row = nn.AdaptiveAvgPool1d(6)
        self.fuse = nn.Conv2d(4 * channels, 5, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (N, 3, 12, 12) to (N, 5, 12, 12) and (N, channels, 6)."""
        y = torch.relu(self.stem(x))  # makes: Conv, Relu
        a = F.interpolate(self.coarse(y), size=(12, 12))  # makes: AveragePool, Resize, Shape, Slice, Concat
        b = F.interpolate(self.strong(y), size=(12, 12), mode="bilinear")  # makes: MaxPool, Resize, Shape, Slice, Concat
        c = self.whole(y).expand_as(y)  # makes: GlobalAveragePool, ReduceMean, Expand, Shape
        row = self.row(y.flatten(2))  # makes: AveragePool, Reshape, Unsqueeze, Squeeze, Flatten, Shape, Slice, Concat, Gather
        return self.fuse(torch.cat([y, a, b, c], 1)), row  # makes: Concat, Conv


def example_inputs() -> tuple[Tensor, ...]:
    """A picture, (1, 3, 12, 12)."""
    return (torch.randn(1, 3, 12, 12, generator=torch.Generator().manual_seed(1)),)


def make() -> PyramidPooling:
    """The seeded module."""
    torch.manual_seed(0)
    return PyramidPooling().eval()


make.example_inputs = example_inputs
