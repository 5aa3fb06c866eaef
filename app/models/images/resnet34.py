"""ResNet-34 up to its last stage, with torchvision's names of layers, so that weights for ImageNet fit.

K. He et al., Deep Residual Learning for Image Recognition, CVPR 2016.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional as F

from app.models import checkpoints

BLOCKS = (3, 4, 6, 3)
WIDTH = 64

_CLASSIFIER = "fc."


class Block(nn.Module):
    """Two 3 × 3 convolutions beside a shortcut."""

    def __init__(self, given: int, wide: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(given, wide, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(wide)
        self.conv2 = nn.Conv2d(wide, wide, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(wide)
        self.downsample: nn.Module | None = None
        if stride != 1 or given != wide:
            self.downsample = nn.Sequential(nn.Conv2d(given, wide, 1, stride, bias=False), nn.BatchNorm2d(wide))

    def forward(self, x: Tensor) -> Tensor:
        """(I, given, h, w) → (I, wide, h / stride, w / stride)."""
        y = F.relu(self.bn1(self.conv1(x)))
        shortcut = x if self.downsample is None else self.downsample(x)
        return F.relu(self.bn2(self.conv2(y)) + shortcut)


class ResNet34(nn.Module):
    """``width``: channels of the stem, 64 as published, less for small machines; ``channels``: of the stages."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        if width < 1:
            raise ValueError(f"the width of the image branch is at least 1; got {width}")
        self.channels = tuple(width * 2**stage for stage in range(4))
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        given = width
        for stage, (wide, blocks) in enumerate(zip(self.channels, BLOCKS, strict=True)):
            first = Block(given, wide, 1 if stage == 0 else 2)
            setattr(
                self, f"layer{stage + 1}", nn.Sequential(first, *(Block(wide, wide, 1) for _ in range(1, blocks)))
            )
            given = wide

    def forward(self, images: Tensor) -> list[Tensor]:
        """(I, 3, h, w) normalised pictures → features of the stages, at 1/4, 1/8, 1/16 and 1/32 of the size."""
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(images))), 3, 2, 1)
        found = []
        for stage in range(1, 5):
            x = getattr(self, f"layer{stage}")(x)
            found.append(x)
        return found

    def load(self, path: Path) -> None:
        """Take weights from a file with torchvision's names; its classifier is left out.

        ``CheckpointError`` where it cannot be read, or is of another network.
        """
        state = checkpoints.read(path).state
        checkpoints.fill(self, {n: value for n, value in state.items() if not n.startswith(_CLASSIFIER)}, path)
