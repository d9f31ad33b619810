"""A regressor whose statistics come from numpy: float64 leaks through the graph to its output."""

import numpy as np
import torch
from torch import Tensor, nn

EXPORTERS = {"dynamo": True, "trace": True, "script": True}
SHAPES = ("x=Nx6",)  # the dims that may be free


class Regressor(nn.Module):
    """Standardises by statistics of a table, and gives its answer back in the table's unit."""

    def __init__(self, features: int = 6, hidden: int = 10) -> None:
        super().__init__()
        table = np.linspace(0.5, 3.0, features * 8).reshape(8, features)  # float64, as numpy makes it
        self.register_buffer("mean", torch.from_numpy(table.mean(axis=0)))
        self.register_buffer("std", torch.from_numpy(table.std(axis=0)))
        self.hidden = nn.Linear(features, hidden)
        self.out = nn.Linear(hidden, 1)
        self.unit = torch.tensor(np.pi * 1e2)  # a float64 constant of no dimensions promotes nothing

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (N, features) float32 to an estimate (N, 1) float32 and its deviations (N, features) float64."""
        z = (x - self.mean) / self.std  # makes: Cast, Sub, Div
        h = torch.tanh(self.hidden(z.float()))  # makes: Cast, Gemm, Tanh
        y = self.out(h) * self.unit  # makes: Gemm, Mul, Cast
        return y, (z * z).cumsum(dim=-1)  # makes: Mul, CumSum


def example_inputs() -> tuple[Tensor, ...]:
    """Rows of a table, (3, 6)."""
    return (torch.randn(3, 6, generator=torch.Generator().manual_seed(1)),)


def make() -> Regressor:
    """The seeded module."""
    torch.manual_seed(0)
    return Regressor().eval()


make.example_inputs = example_inputs
