"""Which network a set of tensors belongs to: told by their names and shapes, never by the file's name.

Known layouts: our own and mit-han-lab/spvnas (the same names in its torchsparse 1.4 and 2.x eras), and
mmdetection3d's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from app.models.backbones._blocks import BASE_WIDTHS

State = dict[str, Tensor]

_MMDET: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"^backbone\.conv_input\.(\d)\.net\.(\d)\."), lambda m: f"stem.{3 * int(m[1]) + int(m[2])}."),
    (re.compile(r"^backbone\.encoder\.(\d)\."), lambda m: f"stage{int(m[1]) + 1}."),
    (re.compile(r"^backbone\.decoder\.(\d)\."), lambda m: f"up{int(m[1]) + 1}."),
    (re.compile(r"^backbone\.point_transforms\."), lambda m: "point_transforms."),
    (re.compile(r"^decode_head\.conv_seg\."), lambda m: "classifier.0."),
)


@dataclass(frozen=True)
class Recognised:
    """A network's name, the config fields its tensors tell, and the tensors under our names."""

    network: str
    fields: dict[str, Any]
    state: State = field(repr=False)
    layout: str


def recognise(state: Mapping[str, Tensor]) -> Recognised | None:
    """The network of a state dict, or None where no layout fits."""
    renamed, layout = _ours(state)
    if "downsample.0.transition.net.conv.kernel" in renamed:
        return _spvnas(renamed)
    if "stem.0.kernel" in renamed and "stage1.0.net.0.kernel" in renamed:
        return _unet(renamed, layout)
    return _dense(renamed)


def _ours(state: Mapping[str, Tensor]) -> tuple[State, str]:
    renamed = dict(state)
    for prefix in ("module.", "model."):
        if renamed and all(name.startswith(prefix) for name in renamed):
            renamed = {name[len(prefix) :]: value for name, value in renamed.items()}
    layout = "spvnas"
    if "backbone.conv_input.0.net.0.kernel" in renamed:
        layout = "mmdetection3d"
        renamed = {_from_mmdet(name): value for name, value in renamed.items()}
    return {name: _flat(name, value) for name, value in renamed.items()}, layout


def _from_mmdet(name: str) -> str:
    for pattern, change in _MMDET:
        found = pattern.match(name)
        if found:
            return change(found) + name[found.end() :]
    return name


def _flat(name: str, value: Tensor) -> Tensor:
    """torchsparse 2.x stores some 1³ kernels as (1, Cin, Cout)."""
    return value[0] if name.endswith("kernel") and value.ndim == 3 and value.shape[0] == 1 else value


def _unet(state: State, layout: str) -> Recognised | None:
    names = ["stem.0.kernel", *(f"stage{s}.1.net.0.kernel" for s in (1, 2, 3, 4))]
    names += [f"up{s}.0.net.0.kernel" for s in (1, 2, 3, 4)]
    if any(name not in state or state[name].ndim != 3 for name in names) or "classifier.0.weight" not in state:
        return None
    fields: dict[str, Any] = {
        "cr": width_ratio([int(state[name].shape[2]) for name in names]),
        "in_channels": int(state["stem.0.kernel"].shape[1]),
        "num_classes": int(state["classifier.0.weight"].shape[0]),
    }
    if fields["cr"] is None:
        return None
    # Both published networks hold point transforms, but only SPVCNN ever runs them: its batches were counted.
    counted = state.get("point_transforms.0.1.num_batches_tracked")
    mean = state.get("point_transforms.0.1.running_mean")
    runs = mean is not None and (bool(mean.any()) or (counted is not None and int(counted) > 0))
    return Recognised("spvcnn" if runs else "minkunet", fields, state, layout)


def width_ratio(widths: list[int]) -> float | None:
    """The shortest decimal ratio that truncates to these nine widths; None where there is none."""
    low = max(width / base for width, base in zip(widths, BASE_WIDTHS, strict=True))
    high = min((width + 1) / base for width, base in zip(widths, BASE_WIDTHS, strict=True))
    for digits in range(1, 7):
        scale = 10**digits
        for ratio in (int(low * scale) / scale, (int(low * scale) + 1) / scale):
            if low <= ratio < high and [int(ratio * base) for base in BASE_WIDTHS] == widths:
                return ratio
    return None


def _spvnas(state: State) -> Recognised | None:
    stages = [f"{way}sample.{i}" for way in ("down", "up") for i in range(4)]
    try:
        middles = tuple(
            tuple(
                int(state[f"{stage}.feature.{block}.net.0.net.conv.kernel"].shape[2])
                for block in (0, 1)
                if block == 0 or f"{stage}.feature.1.net.0.net.conv.kernel" in state
            )
            for stage in stages
        )
        ends = (int(state[f"{stage}.feature.0.net.1.net.conv.kernel"].shape[2]) for stage in stages)
        classifier = state["classifier.linear.weight"]
        fields: dict[str, Any] = {
            "in_channels": int(state["stem.0.kernel"].shape[1]),
            "num_classes": int(classifier.shape[0]),
            "supernet_width": int(classifier.shape[1]),
            "widths": (int(state["stem.0.kernel"].shape[2]), *ends),
            "transitions": tuple(int(state[f"{stage}.transition.net.conv.kernel"].shape[2]) for stage in stages),
            "middles": middles,
        }
    except (KeyError, IndexError):
        return None
    return Recognised("spvnas", fields, state, "spvnas")


def _dense(state: State) -> Recognised | None:
    """PointNet, PointNet++ and DGCNN of ours; what tensors do not tell (neighbours, radii) keeps its default."""
    shapes = {name: tuple(value.shape) for name, value in state.items()}
    if {"local.0.weight", "cloud.0.weight", "classifier.weight"} <= shapes.keys():
        width, given = shapes["local.0.weight"]
        fields = {"in_channels": given, "width": width, "num_classes": shapes["classifier.weight"][0]}
        return Recognised("pointnet", fields, state, "ours")
    if {"down.0.0.weight", "back.0.0.weight", "classifier.1.weight"} <= shapes.keys():
        half, given = shapes["down.0.0.weight"]
        fields = {"in_channels": given - 3, "width": half, "num_classes": shapes["classifier.1.weight"][0]}
        return Recognised("pointnet2", fields, state, "ours")
    if {"layers.0.0.weight", "cloud.0.weight", "classifier.1.weight"} <= shapes.keys():
        width, given = shapes["layers.0.0.weight"]
        fields = {"in_channels": given // 2, "width": width, "num_classes": shapes["classifier.1.weight"][0]}
        return Recognised("dgcnn", fields, state, "ours")
    return None
