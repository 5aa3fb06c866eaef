"""MinkUNet: the sparse U-Net of the public spvnas checkpoints (two residual blocks a stage).

C. Choy et al., 4D Spatio-Temporal ConvNets, CVPR 2019, in the form that mit-han-lab published weights for.
"""

from __future__ import annotations

from torch import Tensor

from app.models.backbones.base import Entry
from app.models.backbones.spvcnn import Config, UNet
from app.models.sparse import voxelise


class MinkUNet(UNet):
    """The voxel branch alone.

    It has the point transforms too, though nothing calls them: the public MinkUNet checkpoints hold them.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.point_transforms.requires_grad_(False)

    def embed(self, coords: Tensor, feats: Tensor) -> Tensor:
        """(N, feature_channels): see :class:`Backbone`."""
        self.check(coords, feats)
        x, rows = voxelise(coords, feats)
        x0, x1, x2, x3, x4 = self.descend(self.stem(x))
        y = x4
        for stage, skip in enumerate((x3, x2, x1, x0), start=1):
            y = self.ascend(stage, y, skip)
        return y.feats.index_select(0, rows)


ENTRY = Entry("minkunet", "MinkUNet", Config, MinkUNet)
