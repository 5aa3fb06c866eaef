"""MaskCLIP's dense path through CLIP's two image towers: what every place of a picture says by itself.

The last attention is left out: a place's value goes on where otherwise the mean of all places' values would.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from app.models.clip.info import Tower


def kind(visual: nn.Module) -> Tower:
    """Which way through a tower is known; "other" where none is."""
    from open_clip.modified_resnet import ModifiedResNet
    from open_clip.transformer import VisionTransformer

    if isinstance(visual, VisionTransformer) and visual.attn_pool is None and visual.proj is not None:
        return "vit"
    return "resnet" if isinstance(visual, ModifiedResNet) else "other"


def cell(visual: Any) -> int:
    """Edge of the square of pixels that one place stands for."""
    return 32 if kind(visual) == "resnet" else int(visual.patch_size[0])


def dense(visual: Any, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Features (B, h, w, D) and keys (B, h, w, C) of (B, 3, H, W) pictures, neither of unit length.

    H and W are whole multiples of :func:`cell`. The tower is "vit" or "resnet".
    """
    return (_resnet if kind(visual) == "resnet" else _vit)(visual, pictures)


def _resnet(visual: Any, pictures: Tensor) -> tuple[Tensor, Tensor]:
    x = visual.stem(pictures)
    x = visual.layer4(visual.layer3(visual.layer2(visual.layer1(x))))
    x = x.permute(0, 2, 3, 1)
    pool = visual.attnpool
    # A linear map over the last axis is a 1 × 1 convolution. As in MaskCLIP, the pool's position embedding,
    # which is added before its attention and has the one size it was trained with, stays out.
    return pool.c_proj(pool.v_proj(x)), pool.k_proj(x)


def _vit(visual: Any, pictures: Tensor) -> tuple[Tensor, Tensor]:
    patches = visual.conv1(pictures)
    count, width, rows, columns = patches.shape
    x = patches.flatten(2).transpose(1, 2)
    first = visual.class_embedding.to(x.dtype).expand(count, 1, width)
    x = torch.cat([first, x], dim=1) + positions(visual, rows, columns).to(x.dtype)
    x = visual.ln_pre(x)
    *before, last = visual.transformer.resblocks
    for block in before:
        x = block(x)
    # Without attention no place of the last block needs another one, the class token included.
    x, keys = _by_itself(last, x[:, 1:])
    x = visual.ln_post(x) @ visual.proj
    return x.reshape(count, rows, columns, -1), keys.reshape(count, rows, columns, -1)


def positions(visual: Any, rows: int, columns: int) -> Tensor:
    """(1 + rows·columns, C) position embedding for another grid of patches, resized bicubically."""
    table = visual.positional_embedding
    height, width = visual.grid_size
    if (height, width) == (rows, columns):
        return table
    grid = table[1:].float().reshape(1, height, width, -1).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, (rows, columns), mode="bicubic", align_corners=False, antialias=True)
    return torch.cat([table[:1].float(), grid.flatten(2)[0].T]).to(table.dtype)


def _by_itself(block: Any, x: Tensor) -> tuple[Tensor, Tensor]:
    """A residual attention block in which every place attends to itself alone, and the places' keys.

    The softmax over one place is 1, so queries are not needed: the value goes to the output projection.
    """
    attention = block.attn
    size = x.shape[-1]
    bias = attention.in_proj_bias
    weight, bias = attention.in_proj_weight[size:], None if bias is None else bias[size:]
    both = F.linear(block.ln_1(x), weight, bias)
    keys, values = both[..., :size], both[..., size:]
    # The three that follow exist in open_clip's own block alone (scaled heads, norm inside or after attention).
    if getattr(attention, "head_scale", None) is not None:
        scale = attention.head_scale.reshape(-1).repeat_interleave(attention.head_dim)
        values = values * scale
    values = getattr(attention, "ln_inner", nn.Identity())(values)
    update = getattr(block, "ln_attn", nn.Identity())(attention.out_proj(values))
    x = x + block.ls_1(update)
    return x + block.ls_2(block.mlp(block.ln_2(x))), keys
