"""A text classifier: token and position embeddings, a mean over what is not padding."""

import torch
from torch import Tensor, nn

EXPORTERS = {"dynamo": True, "trace": True, "script": True}
SHAPES = ("ids=NxT",)  # the dims that may be free


class TextClassifier(nn.Module):
    """Embeds ids, averages where they are not padding, scores; says which class wins."""

    def __init__(self, vocabulary: int = 40, width: int = 12, longest: int = 16, classes: int = 3) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width, padding_idx=0)
        self.positions = nn.Embedding(longest, width)
        self.norm = nn.LayerNorm(width)
        self.classify = nn.Linear(width, classes)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Maps ids (N, T) int64 to scores (N, classes) and the winner (N,) int64."""
        place = torch.arange(ids.shape[1], device=ids.device)  # makes: Range, Shape, Gather
        x = self.tokens(ids) + self.positions(place)  # makes: Gather, Add
        x = self.norm(x)  # makes: LayerNormalization
        real = (ids != 0).unsqueeze(-1).to(x.dtype)  # makes: Equal, Not, Unsqueeze, Cast
        mean = (x * real).sum(1) / real.sum(1).clamp(min=1.0)  # makes: Mul, ReduceSum, Clip, Max, Div
        scores = self.classify(mean)  # makes: Gemm
        return scores, scores.argmax(dim=-1)  # makes: ArgMax


def example_inputs() -> tuple[Tensor, ...]:
    """Two sentences of ids, (2, 9) int64, the second padded with zeros."""
    ids = torch.randint(1, 40, (2, 9), generator=torch.Generator().manual_seed(1))
    ids[1, 6:] = 0
    return (ids,)


def make() -> TextClassifier:
    """The seeded module."""
    torch.manual_seed(0)
    return TextClassifier().eval()


make.example_inputs = example_inputs
