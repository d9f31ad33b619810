"""A head that pools to sizes which do not divide the picture's: windows of different widths."""

import torch
from torch import Tensor, nn

EXPORTERS = {
    "dynamo": True,
    "trace": False,  # its symbol for adaptive_avg_pool2d takes only sizes that divide
    "script": False,  # the same symbol
}
SHAPES = ("x=Nx3xHxW",)  # the dims that may be free


class UnevenHead(nn.Module):
    """A classifier whose pools ask for 4x3 cells out of 10x7, and one that grows."""

    def __init__(self, channels: int = 6, classes: int = 5) -> None:
        super().__init__()
        self.features = nn.Conv2d(3, channels, 3)
        self.average = nn.AdaptiveAvgPool2d((4, 3))
        self.grow = nn.AdaptiveAvgPool2d((12, 7))
        self.head = nn.Linear(channels * 12, classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (N, 3, 12, 9) to scores (N, classes) and a map (N, channels, 12, 7)."""
        y = self.features(x).clamp(min=0.0)  # makes: Conv, Relu, Clip, Max
        # also makes: Range, Floor, Abs, Sign, Cast, Max, Min, Sub, GreaterOrEqual, Expand, Shape, Squeeze, Reshape
        cells = self.average(y)  # makes: AveragePool, Gather, GatherND, Transpose, ReduceMean, Where, Mul, Add, Div, Unsqueeze
        scores = self.head(torch.flatten(cells, 1))  # makes: Flatten, Reshape, Gemm
        # also makes: Range, Floor, Abs, Sign, Cast, Max, Min, Sub, GreaterOrEqual, Expand, Shape, Squeeze, Reshape
        grown = self.grow(y)  # makes: AveragePool, Gather, GatherND, Transpose, ReduceMean, Where, Mul, Add, Div, Unsqueeze
        return scores, grown


def example_inputs() -> tuple[Tensor, ...]:
    """A picture, (2, 3, 12, 9)."""
    return (torch.randn(2, 3, 12, 9, generator=torch.Generator().manual_seed(1)),)


def make() -> UnevenHead:
    """The seeded module."""
    torch.manual_seed(0)
    return UnevenHead().eval()


make.example_inputs = example_inputs
