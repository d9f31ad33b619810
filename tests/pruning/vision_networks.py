"""A residual network, one of inverted residuals and a vision transformer with dead units, exported by PyTorch.

`python vision_networks.py EXPORTER FOLDER` writes each as NAME.onnx, and the counts of what was planted to planted.json.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

SIZE = 32
NAMES = ("resnet", "mobilenet", "vit")


def random(*shape: int) -> torch.Tensor:
    """Numbers that are not near 0."""
    drawn = torch.randn(*shape)
    return drawn + 0.3 * torch.sign(drawn)


class Normed(nn.Sequential):
    """A convolution with a normalisation that has statistics."""

    def __init__(self, into: int, out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(nn.Conv2d(into, out, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(out))
        with torch.no_grad():
            self[1].running_mean.copy_(0.1 * random(out))
            self[1].running_var.copy_(0.5 + torch.rand(out))
            self[1].weight.copy_(0.5 + torch.rand(out))
            self[1].bias.copy_(0.1 * random(out))

    def kill(self, channels: torch.Tensor) -> None:
        """Make channels 0 at every place."""
        with torch.no_grad():
            self[0].weight[channels] = 0
            self[1].weight[channels] = 0
            self[1].bias[channels] = 0


class Residual(nn.Module):
    """A basic block; the second of a stage has no convolution on its shortcut."""

    def __init__(self, into: int, out: int, stride: int) -> None:
        super().__init__()
        self.one, self.two = Normed(into, out, 3, stride), Normed(out, out, 3)
        self.shortcut = Normed(into, out, 1, stride) if into != out else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        left = x if self.shortcut is None else self.shortcut(x)
        return functional.relu(left + self.two(functional.relu(self.one(x))))


class ResNet(nn.Module):
    """Three stages of two blocks."""

    def __init__(self) -> None:
        super().__init__()
        widths = (16, 32, 64)
        self.stem = Normed(3, widths[0], 3)
        pairs = zip((widths[0], *widths), widths, strict=False)
        self.stages = nn.ModuleList(
            nn.Sequential(Residual(into, out, 1 if into == out else 2), Residual(out, out, 1)) for into, out in pairs
        )
        self.head = nn.Linear(widths[-1], 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu(self.stem(x))
        for stage in self.stages:
            x = stage(x)
        return self.head(x.mean((2, 3)))

    def plant(self) -> dict[str, int]:
        """Kill channels inside of each block, and others in all that writes the sum of a stage; one in only a part of that."""
        count = 0
        for stage in self.stages:
            width = stage[0].two[0].out_channels
            inside, outside = torch.randperm(width)[:3], torch.randperm(width)[:3]
            for block in stage:
                block.one.kill(inside)
                block.two.kill(outside)
                count += len(inside)
            writes = self.stem if stage[0].shortcut is None else stage[0].shortcut
            writes.kill(outside[:2])  # the third is still written
            count += 2
        return {"channels": count}


class Inverted(nn.Module):
    """An inverted residual with a depthwise convolution and a gate."""

    def __init__(self, into: int, wide: int, out: int, stride: int) -> None:
        super().__init__()
        self.up, self.deep, self.down = Normed(into, wide, 1), Normed(wide, wide, 3, stride, wide), Normed(wide, out, 1)
        self.squeeze, self.excite = nn.Conv2d(wide, wide // 4, 1), nn.Conv2d(wide // 4, wide, 1)
        self.kept = into == out and stride == 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = functional.hardswish(self.deep(functional.hardswish(self.up(x))))
        y = y * functional.hardsigmoid(self.excite(functional.relu(self.squeeze(y.mean((2, 3), keepdim=True)))))
        return x + self.down(y) if self.kept else self.down(y)


class MobileNet(nn.Module):
    """Four inverted residuals."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Normed(3, 16, 3, 2)
        self.blocks = nn.Sequential(
            Inverted(16, 48, 24, 2), Inverted(24, 72, 24, 1), Inverted(24, 72, 32, 2), Inverted(32, 96, 32, 1)
        )
        self.head = nn.Linear(32, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.blocks(functional.hardswish(self.stem(x))).mean((2, 3)))

    def plant(self) -> dict[str, int]:
        """Kill channels of the wide part, and one of each gate."""
        count = 0
        for block in self.blocks:
            dead = torch.randperm(block.up[0].out_channels)[:4]
            block.up.kill(dead)
            block.deep.kill(dead)
            with torch.no_grad():
                block.squeeze.weight[1] = 0
                block.squeeze.bias[1] = -0.5
            count += len(dead) + 1
        return {"channels": count}


class Attending(nn.Module):
    """A layer of a transformer, with one product for queries, keys and values."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.norm, self.norm2 = heads, nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, places, width = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(batch, places, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        y = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, places, width)
        x = x + self.out(y)
        return x + self.narrow(functional.gelu(self.wide(self.norm2(x))))


class ViT(nn.Module):
    """Patches, a token of the class, and four layers."""

    def __init__(self) -> None:
        super().__init__()
        width = 48
        self.patches, self.token = nn.Conv2d(3, width, 8, 8), nn.Parameter(0.1 * random(1, 1, width))
        self.places = nn.Parameter(0.1 * random(1, (SIZE // 8) ** 2 + 1, width))
        self.layers = nn.Sequential(*(Attending(width, 4) for _ in range(4)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.places
        return self.head(self.norm(self.layers(x))[:, 0])

    def plant(self) -> dict[str, int]:
        """Kill the values of a head of each layer, and some of the wide units."""
        count = 0
        for place, layer in enumerate(self.layers):
            width, head = layer.out.in_features, place % layer.heads
            each = width // layer.heads
            start = 2 * width + head * each
            dead = torch.randperm(4 * width)[:5]
            with torch.no_grad():
                layer.qkv.weight[start : start + each] = 0
                layer.qkv.bias[start : start + each] = 0
                layer.wide.weight[dead] = 0
                layer.wide.bias[dead] = 0
            count += len(dead)
        return {"heads": len(self.layers), "channels": count}


def main(exporter: str, folder: Path) -> None:
    """Export the three networks."""
    planted = {}
    for seed, (name, build) in enumerate(zip(NAMES, (ResNet, MobileNet, ViT), strict=True)):
        torch.manual_seed(seed)
        network = build().eval()
        planted[name] = network.plant()
        torch.onnx.export(
            network, (torch.randn(1, 3, SIZE, SIZE),), str(folder / f"{name}.onnx"), dynamo=exporter == "dynamo",
            input_names=["x"], output_names=["y"], opset_version=18, **({"external_data": False} if exporter == "dynamo" else {}),
        )  # fmt: skip
    (folder / "planted.json").write_text(json.dumps(planted))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
