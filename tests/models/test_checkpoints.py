"""Checkpoints: public layouts are recognised by their tensors, wrong ones are named, and no code in a file runs."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch

from app import discovery
from app.models import _safetensors, checkpoints
from app.models.checkpoints import CheckpointError


def make(name: str, **fields: object) -> torch.nn.Module:
    torch.manual_seed(1)
    return discovery.load("app.models.backbones", name).ENTRY.make(**fields)


def ran(network: torch.nn.Module) -> torch.nn.Module:
    """As after training: SPVCNN's point transforms have counted batches."""
    for part in network.point_transforms:
        part[1].num_batches_tracked += 3
    return network


def to_mmdet(name: str) -> str:
    head, *rest = name.split(".")
    tail = ".".join(rest)
    if head == "stem":
        number, *rest = rest
        return ".".join(["backbone.conv_input", str(int(number) // 3), "net", str(int(number) % 3), *rest])
    if head.startswith("stage"):
        return f"backbone.encoder.{int(head[5:]) - 1}.{tail}"
    if head.startswith("up"):
        return f"backbone.decoder.{int(head[2:]) - 1}.{tail}"
    return f"backbone.{name}" if head == "point_transforms" else f"decode_head.conv_seg.{rest[1]}"


def same(one: torch.nn.Module, two: torch.nn.Module) -> bool:
    theirs = two.state_dict()
    return all(torch.equal(value, theirs[name]) for name, value in one.state_dict().items())


@pytest.mark.parametrize("name", ["spvcnn", "minkunet"])
@pytest.mark.parametrize("layout", ["spvnas", "mmdetection3d"])
def test_public_layouts_load(name: str, layout: str, tmp_path: Path) -> None:
    network = make(name, cr=0.64, num_classes=7)
    if name == "spvcnn":
        ran(network)
    state = network.state_dict()
    if layout == "mmdetection3d":
        drop = name == "minkunet"
        state = {to_mmdet(key): value for key, value in state.items() if not (drop and "point_tr" in key)}
        torch.save({"meta": {"epoch": 15}, "state_dict": state}, tmp_path / "weights.pth")
    else:
        torch.save({"model": {f"module.{key}": value for key, value in state.items()}}, tmp_path / "weights.pth")
    loaded = checkpoints.load(tmp_path / "weights.pth")
    assert type(loaded).__name__.lower() == name
    assert (loaded.config.cr, loaded.config.num_classes) == (0.64, 7)
    kept = [key for key in network.state_dict() if "point_transforms" not in key or name == "spvcnn"]
    assert all(torch.equal(network.state_dict()[key], loaded.state_dict()[key]) for key in kept)


def test_spvnas_is_told_from_its_tensors(tmp_path: Path) -> None:
    network = make("spvnas")
    torch.save({"model": network.state_dict()}, tmp_path / "init")
    loaded = checkpoints.load(tmp_path / "init")
    assert loaded.config == network.config
    assert same(network, loaded)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("pointnet", {"width": 8}),
        ("dgcnn", {"width": 8, "neighbours": 4}),
        ("pointnet2", {"width": 8, "centres": (8, 4), "radii": (1.0, 3.0)}),
        ("minkunet", {"cr": 0.125, "num_classes": 3}),
        ("spvcnn", {"cr": 0.125, "in_channels": 5}),
    ],
)
def test_our_own_files_come_back(name: str, fields: dict[str, object], tmp_path: Path) -> None:
    network = make(name, **fields)
    checkpoints.save(tmp_path / "w.safetensors", network, name, metadata={"run": "r1"})
    loaded = checkpoints.load(tmp_path / "w.safetensors")
    assert loaded.config == network.config
    assert same(network, loaded)
    assert checkpoints.read(tmp_path / "w.safetensors").metadata["run"] == "r1"
    assert not list(tmp_path.glob("*.partial"))


def test_mismatch_names_tensors_and_shapes() -> None:
    wide, narrow = make("minkunet", cr=0.25), make("minkunet", cr=0.125)
    state = wide.state_dict()
    del state["classifier.0.bias"]
    state["other"] = torch.zeros(3)
    before = {name: value.clone() for name, value in narrow.state_dict().items()}
    with pytest.raises(CheckpointError) as caught:
        checkpoints.fill(narrow, state, "weights.pth")
    words = str(caught.value)
    for part in ("stem.0.kernel is (27, 4, 8), needed (27, 4, 4)", "missing: classifier.0.bias (19)", "other (3)"):
        assert part in words
    assert all(torch.equal(before[name], value) for name, value in narrow.state_dict().items())


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path(self.target),))

    def __init__(self, target: str) -> None:
        self.target = target


@pytest.mark.parametrize("plain", [True, False])
def test_code_in_a_file_is_refused_and_not_run(plain: bool, tmp_path: Path) -> None:
    target = tmp_path / "was-run"
    if plain:
        (tmp_path / "w.pth").write_bytes(pickle.dumps({"model": Bomb(str(target))}))
    else:
        torch.save({"model": Bomb(str(target))}, tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match=r"w\.pth"):
        checkpoints.load(tmp_path / "w.pth")
    assert not target.exists()


@pytest.mark.parametrize("kind", ["pth", "safetensors"])
@pytest.mark.parametrize("keep", [0, 5, 40, 0.5, 0.99])
def test_truncated_files_are_refused(kind: str, keep: float, tmp_path: Path) -> None:
    network = make("pointnet", width=4)
    path = tmp_path / f"w.{kind}"
    if kind == "pth":
        torch.save(network.state_dict(), path)
    else:
        checkpoints.save(path, network, "pointnet")
    raw = path.read_bytes()
    path.write_bytes(raw[: int(keep if keep >= 5 or keep == 0 else keep * len(raw))])
    with pytest.raises(CheckpointError, match=r"w\."):
        checkpoints.load(path)


def test_other_files_are_named(tmp_path: Path) -> None:
    torch.save({"conv.weight": torch.zeros(3)}, tmp_path / "resnet.pth")
    with pytest.raises(CheckpointError, match=r"no known network.*conv\.weight"):
        checkpoints.load(tmp_path / "resnet.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(CheckpointError, match="not named tensors"):
        checkpoints.load(tmp_path / "list.pth")
    with pytest.raises(CheckpointError, match="cannot be read"):
        checkpoints.load(tmp_path / "nowhere.pth")
    (tmp_path / "text.pth").write_text("these are no weights")
    with pytest.raises(CheckpointError, match="neither a torch file"):
        checkpoints.load(tmp_path / "text.pth")


def test_safetensors_keep_every_dtype_and_empty_ones(tmp_path: Path) -> None:
    tensors = {
        "a": torch.arange(6, dtype=torch.bfloat16).reshape(2, 3), "b": torch.tensor(True),
        "c": torch.zeros(0, 4), "d": torch.tensor([1, -2], dtype=torch.int64), "e": torch.rand(3).half(),
    }  # fmt: skip
    _safetensors.write(tmp_path / "t", tensors, {"about": "x"})
    found, metadata = _safetensors.read(tmp_path / "t")
    assert metadata == {"about": "x"}
    for name, value in tensors.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value)


def test_net_config_of_a_searched_network() -> None:
    spvnas = discovery.load("app.models.backbones", "spvnas")
    default = spvnas.Config()
    found: dict[str, object] = {
        "num_classes": 19,
        "output_channels": list(default.widths),
        "pres": 0.05,
        "vres": 0.05,
    }
    for number, middles in enumerate(default.middles):
        stage = f"{'down' if number < 4 else 'up'}sample.{number % 4}"
        found |= {f"{stage}.transition": default.transitions[number], f"{stage}.feature": len(middles)}
        for block, middle in enumerate(middles):
            found[f"{stage}.feature.layers.{block}.net.layers.0"] = middle
    assert spvnas.config_from_json(json.dumps(found)) == default
    del found["upsample.2.transition"]
    with pytest.raises(ValueError, match=r"lacks the entry 'upsample\.2\.transition'"):
        spvnas.config_from_json(json.dumps(found))
    with pytest.raises(ValueError, match="not JSON"):
        spvnas.config_from_json("{")


def test_a_header_of_any_length_is_read(tmp_path: Path) -> None:
    """The first byte of a safetensors file is the lowest of its header's length: 0x80 is how a pickle begins."""
    network = make("minkunet", cr=0.07)
    seen = set()
    for pad in range(0, 264, 8):
        path = tmp_path / "pad.safetensors"
        checkpoints.save(path, network, "minkunet", metadata={"note": "x" * pad})
        seen.add(path.read_bytes()[0])
        assert checkpoints.read(path).metadata["network"] == "minkunet"
    assert 0x80 in seen
